import { expect, test } from 'vitest';
import type { GraphDocument } from '../../../../cli/console/api/documents.ts';
import { runbookLink } from '../../../../cli/console/page/pure/runbook.ts';
import { chartData, chartNumber, firstShownMs, newest } from '../../../../cli/console/page/pure/series.ts';

const graph: GraphDocument = {
  title: 'Outcomes',
  isStacked: false,
  left: {
    unit: 'events',
    line: { value: 10, label: 'objective' },
    series: [
      {
        label: 'a',
        points: [
          [2_000, 2],
          [1_000, 1],
        ],
      },
      { label: 'b', points: [[3_000, 5]] },
    ],
  },
  right: { unit: 's', line: null, series: [{ label: 'age', points: [[1_000, 7]] }] },
};

test('all curves get a value or null for each time, in the order of time', () => {
  const { times, curves } = chartData(graph);
  expect(times).toEqual([1, 2, 3]);
  expect(curves.map(({ label, side, values }) => [label, side, values])).toEqual([
    ['a', 'left', [1, 2, null]],
    ['b', 'left', [null, null, 5]],
    ['objective', 'left', [10, 10, 10]],
    ['age', 'right', [7, null, null]],
  ]);
});

test('a stacked graph draws sums and keeps the values for the legend; the objective is not stacked', () => {
  const { curves } = chartData({ ...graph, isStacked: true });
  expect(curves.map(({ drawn }) => drawn)).toEqual([
    [1, 2, 0],
    [1, 2, 5],
    [10, 10, 10],
    [7, null, null],
  ]);
  expect(curves[1]?.values).toEqual([null, null, 5]);
});

test('the newest value of a curve is the last one that is there', () => {
  expect(newest({ values: [1, 2, null] })).toBe(2);
  expect(newest({ values: [null] })).toBeUndefined();
});

test('numbers of charts are as exact as they are useful', () => {
  expect([0.3456, 12.34, 1_240.5].map(chartNumber)).toEqual(['0.35', '12.3', '1,241']);
});

test('only an https address at the end of a description is a link to the runbook', () => {
  expect(runbookLink('Late. Runbook: https://example.com/r.md#behind')).toBe('https://example.com/r.md#behind');
  expect(runbookLink('Late. Runbook: javascript:alert(1)')).toBeUndefined();
  expect(runbookLink('Late. Runbook: https://')).toBeUndefined();
  expect(runbookLink('Late.')).toBeUndefined();
});

test('the charts of a young deployment begin with its first value, and those of an old one with their range', () => {
  const MINUTE_MS = 60_000;
  const range = { fromMs: 0, toMs: 15 * MINUTE_MS };
  const parts = (...times: readonly number[]) => [
    {
      title: 'Owner geography',
      graphs: [
        { ...graph, left: { ...graph.left, series: [] }, right: null },
        {
          ...graph,
          right: { unit: 's', line: null, series: [{ label: 'x', points: times.map((at) => [at, 1] as const) }] },
        },
      ].map((one) => ({ ...one, left: { ...one.left, series: [] } })),
    },
  ];
  expect(firstShownMs({ ...range, parts: parts(12 * MINUTE_MS, 13 * MINUTE_MS) })).toBe(12 * MINUTE_MS);
  expect(firstShownMs({ ...range, parts: parts(0, MINUTE_MS) })).toBe(0);
  expect(firstShownMs({ ...range, parts: parts() })).toBe(0);
  // A chart of a few seconds would show nothing but its newest value.
  expect(firstShownMs({ ...range, parts: parts(15 * MINUTE_MS) })).toBe(14 * MINUTE_MS);
});
