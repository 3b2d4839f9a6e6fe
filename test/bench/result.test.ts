import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { orderingPage } from '../../bench/experiments/ordering/page.ts';
import { ROOT } from '../../bench/support/assembly.ts';
import { drawChart } from '../../bench/support/charts.ts';
import { performancePage } from '../../bench/support/report.ts';
import { figure, ratio, ratioLine, spread } from '../../bench/support/result.ts';

const read = (...path: string[]) => readFileSync(join(ROOT, ...path), 'utf8');

describe('the committed pages', () => {
  test('docs/performance.md is the page that bench/results.json gives', () => {
    expect(read('docs', 'performance.md')).toBe(performancePage(JSON.parse(read('bench', 'results.json'))));
  });

  test('docs/ordering.md is the page that bench/experiments/ordering.json gives', () => {
    const result = JSON.parse(read('bench', 'experiments', 'ordering.json'));
    expect(read('docs', 'ordering.md')).toBe(orderingPage(result));
  });
});

describe('a chart', () => {
  test('a chart is drawn as SVG with its title and every series, and without a style sheet', () => {
    const svg = drawChart({
      file: 'x',
      title: 'A < B',
      unit: 'ms',
      kind: 'bar',
      categories: ['one', 'two'],
      series: [
        { name: 'ours', values: [1, 2] },
        { name: 'theirs', values: [3, 4] },
      ],
    });
    expect(svg).toMatch(/^<svg[^>]*>\n<title>A &lt; B<\/title>/);
    for (const text of ['ours', 'theirs', 'one', 'two', 'ms']) expect(svg).toContain(`>${text}</text>`);
    expect(svg).not.toMatch(/<style|class=/);
  });
});

describe('the figures of a benchmark', () => {
  test('a spread is the median and the range of all rounds, in any order', () => {
    expect(spread([3, 1, 2])).toEqual({ median: 2, min: 1, max: 3, rounds: 3 });
    expect(spread([4, 1, 3, 2]).median).toBe(2.5);
    expect(() => spread([])).toThrow('no rounds');
  });

  test('a ratio compares the sides within each round, so that slow rounds cancel out', () => {
    expect(ratio('peer', [1, 10, 2], [4, 40, 8])).toEqual({ what: 'peer', median: 4, min: 4, max: 4, rounds: 3 });
  });

  test('the line of a ratio says whether the expected median was reached', () => {
    expect(ratioLine(ratio('peer', [1], [4], 4))).toBe('4 x peer (4..4, 1 rounds): at least 4 expected, met');
    expect(ratioLine(ratio('peer', [1], [3.9], 4))).toContain('at least 4 expected, NOT met');
    expect(ratioLine(ratio('peer', [2], [1]))).toBe('0.5 x peer (0.5..0.5, 1 rounds)');
  });

  test('a figure has three significant digits, or no decimals from 100 on', () => {
    expect([0.12345, 12.345, 1234.5, Number.NaN].map(figure)).toEqual(['0.123', '12.3', '1,235', '–']);
  });

  test('docs/performance.md begins with the ratio lines, and each line and table names its command', () => {
    const page = performancePage({
      projector: {
        title: 'Projector',
        command: 'npm run bench -- projector',
        date: '2026-11-23T10:00:00.000Z',
        seconds: 1,
        machine: { cpu: 'c', cores: 2, memoryGb: 4, node: 'v20', system: 'linux x64' },
        ratios: [ratio('peer', [1], [5], 4)],
        tables: [{ title: 'Speed', note: 'Note.', columns: ['a', 'b'], rows: [['x', spread([1, 2, 3])]] }],
        charts: [],
      },
    });
    expect(page.indexOf('5 x peer')).toBeLessThan(page.indexOf('## Projector'));
    expect(page).toContain('| x | 2 (1..3) |');
    expect(page.match(/npm run bench -- projector/g)).toHaveLength(3);
  });
});
