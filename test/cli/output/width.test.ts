import { describe, expect, test } from 'vitest';
import { outputWidth, shortened, wrapped } from '../../../cli/output/width.ts';

describe('the width of the output', () => {
  test.each<[string, number | undefined, string | undefined, number]>([
    ['is that of the terminal', 120, '100', 120],
    ['is COLUMNS without a terminal', undefined, '100', 100],
    ['is 80 without both', undefined, undefined, 80],
    ['is 80 if COLUMNS is no number', undefined, 'wide', 80],
    ['is at least 40', 10, undefined, 40],
  ])('the width of the output %s', (_, columns, COLUMNS, width) => {
    expect(outputWidth({ stdout: { columns } as never, env: { COLUMNS } })).toBe(width);
  });
});

describe('wrapped', () => {
  test('a text is wrapped between words, and further lines are indented', () => {
    expect(wrapped('owner geography: relay running, flow normal', 24)).toBe(
      'owner geography: relay\n  running, flow normal',
    );
  });

  test('a word that is longer than a line is broken, and nothing of it is lost', () => {
    const text = wrapped(`see ${'x'.repeat(50)} there`, 20);
    for (const line of text.split('\n')) expect(line.length).toBeLessThanOrEqual(20);
    expect(text.replaceAll(/\s/g, '')).toBe(`see${'x'.repeat(50)}there`);
  });
});

test.each([
  ['short', 10, 'short'],
  ['abcdefghijk', 7, 'abc…ijk'],
  ['abcdefghijk', 6, 'abc…jk'],
])('the name %s in %d characters is %s', (name, most, shown) => {
  expect(shortened(name, most)).toBe(shown);
});
