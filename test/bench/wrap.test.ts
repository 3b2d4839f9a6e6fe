import { describe, expect, test } from 'vitest';
import { wrapped } from '../../bench/support/wrap.ts';

const LONG = 'word '.repeat(60).trim();

describe('wrapping a page', () => {
  test('a wrapped paragraph has no line above 118 columns and keeps its words', () => {
    const lines = wrapped(LONG).split('\n');
    expect(lines.length).toBeGreaterThan(1);
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(118);
    expect(lines.join(' ')).toBe(LONG);
  });

  test('wrapping joins the lines of a paragraph and indents the lines of a list item', () => {
    expect(wrapped('one\ntwo\n\n- three\n  four\n- five')).toBe('one two\n\n- three four\n- five');
    expect(wrapped(`- ${LONG}`).split('\n')[1]).toMatch(/^ {2}word/);
  });

  test('wrapping keeps tables, headings, images and code as they are', () => {
    for (const line of [`| ${LONG} |`, `## ${LONG}`, `![${LONG}](x.svg)`]) expect(wrapped(line)).toBe(line);
    const code = `\`\`\`sh\n${LONG}\nnext\n\`\`\``;
    expect(wrapped(code)).toBe(code);
  });

  test('wrapping breaks no line inside a code span or a link', () => {
    const text = `${'word '.repeat(20)}\`npm run compare -- --quick\` ${'word '.repeat(20)}[two words](page.md)`;
    expect(wrapped(text)).toContain('`npm run compare -- --quick`');
    expect(wrapped(text)).toContain('[two words](page.md)');
  });

  test('wrapping a wrapped page changes nothing', () => {
    const page = wrapped(`# Title\n\n${LONG}\n\n- ${LONG}\n- \`a b\`\n\n| a | b |`);
    expect(wrapped(page)).toBe(page);
  });
});
