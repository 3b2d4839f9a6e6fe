import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { comparisonCharts } from '../../bench/compare/charts.ts';
import { CLAIMS, refuted } from '../../bench/compare/claims.ts';
import { CACHES_PER_MONTH } from '../../bench/compare/monthly.ts';
import { comparisonPage } from '../../bench/compare/page.ts';
import { type Comparison, loadOf } from '../../bench/compare/result.ts';
import { breakEven, VOLUMES } from '../../bench/compare/tables.ts';
import { ROOT } from '../../bench/support/assembly.ts';
import { drawChart } from '../../bench/support/charts.ts';

const read = (...path: string[]) => readFileSync(join(ROOT, ...path), 'utf8');
const committed: Comparison = JSON.parse(read('bench', 'compare', 'results.json'));

/** The committed results, in which the selected rows of one part are changed. */
function changed<Part extends 'reads' | 'staleness' | 'load' | 'absences'>(
  part: Part,
  which: Partial<Comparison[Part][number]>,
  change: (row: Comparison[Part][number]) => Partial<Comparison[Part][number]>,
): Comparison {
  const isAsked = (row: object) => Object.entries(which).every(([key, value]) => Reflect.get(row, key) === value);
  const rows = committed[part].map((row) => (isAsked(row) ? { ...row, ...change(row) } : row));
  return { ...committed, [part]: rows };
}

describe('the committed comparison', () => {
  test('the committed results fulfil every claim of the page', () => {
    expect(refuted(committed)).toEqual([]);
  });

  test('docs/comparison.md is the page that the committed results give', () => {
    expect(read('docs', 'comparison.md')).toBe(comparisonPage(committed));
  });

  test('the break-even falls with the number of changes, and equals a calculation by hand', () => {
    const [few = 0, more = 0, most = 0] = VOLUMES.map((volume) => breakEven(committed, 3, 'carry', volume));
    expect(most).toBeGreaterThan(0);
    expect([few > more, more > most]).toEqual([true, true]);
    // By hand: the extra cost of a change with its share of the monthly cost, divided by the savings of three reads.
    const { change, read } = loadOf(committed, 3, 'carry');
    const call = loadOf(committed, 3, 'call');
    const saved = 3 * (call.read.perMillion - read.perMillion);
    expect(more).toBeCloseTo((change.perMillion - call.change.perMillion + CACHES_PER_MONTH[3]) / saved, 6);
  });

  test('the monthly costs of caches are the totals in docs/cost.md', () => {
    const row = /\| \*\*total\*\* \| \*\*([\d.]+)\*\* \| \*\*([\d.]+)\*\* \| \*\*([\d.]+)\*\* \|/.exec(
      read('docs', 'cost.md'),
    );
    expect(row?.slice(1).map(Number)).toEqual(Object.values(CACHES_PER_MONTH));
  });

  test.each(comparisonCharts(committed))('the chart $file is drawn from the committed results', (chart) => {
    expect(read('docs', 'charts', `${chart.file}.svg`)).toBe(drawChart(chart));
  });
});

describe('mutant: the claims of the comparison', () => {
  test.each<[string, number, Comparison]>([
    [
      'a call is answered by an owner that is down',
      0,
      changed('reads', { state: 'down', way: 'call' }, () => ({ answered: 1 })),
    ],
    [
      'a read of the cache fails while the owner is down',
      0,
      changed('reads', { state: 'down', way: 'carry' }, () => ({ answered: 0 })),
    ],
    ['a slow owner answers no call', 1, changed('reads', { state: 'slow', way: 'call' }, () => ({ answered: 0 }))],
    [
      'an owner that hangs gets no reads at all',
      0,
      changed('reads', { state: 'hangs', way: 'notify' }, () => ({ asked: 0, answered: 0 })),
    ],
    [
      'a slow owner slows reads of the cache',
      2,
      changed('reads', { state: 'slow', way: 'carry' }, ({ p50Ms }) => ({ p50Ms: p50Ms + 60 })),
    ],
    [
      'consumers of events ask the owner',
      3,
      changed('load', { consumers: 10, way: 'carry' }, () => ({ ownerRequests: { byChange: 1, byReads: 0 } })),
    ],
    [
      'no call reaches the owner',
      4,
      changed('load', { consumers: 3, way: 'call' }, () => ({ ownerRequests: { byChange: 0, byReads: 0 } })),
    ],
    ['a slow owner delays events', 5, changed('staleness', { state: 'slow', way: 'carry' }, () => ({ p50Ms: 100 }))],
    [
      'a slow owner does not delay callbacks',
      5,
      changed('staleness', { state: 'slow', way: 'notify' }, () => ({ p50Ms: 100 })),
    ],
    [
      'a copy keeps an old product after an outage',
      6,
      changed('absences', { absence: 'owner', way: 'carry' }, () => ({ newestAfter: 1 })),
    ],
    [
      'a failed callback needs an operator',
      6,
      changed('absences', { absence: 'api', way: 'notify' }, () => ({ stranded: 1 })),
    ],
    ['an event is lost', 7, changed('absences', { absence: 'consumer', way: 'carry' }, () => ({ received: 1 }))],
    [
      'callbacks bring every change',
      7,
      changed('absences', { absence: 'api', way: 'notify' }, ({ changes }) => ({ received: changes })),
    ],
    ['no callback is answered', 7, changed('absences', { absence: 'owner', way: 'notify' }, () => ({ received: 0 }))],
    [
      'a callback is answered while the API is away',
      8,
      changed('absences', { absence: 'api', way: 'notify' }, () => ({ whileAway: { answered: 6, newest: 1 } })),
    ],
    [
      'event-carried state waits for the API',
      8,
      changed('absences', { absence: 'api', way: 'carry' }, () => ({ recoveryMs: 1 })),
    ],
    [
      'events are smaller than notifications and answers',
      9,
      changed('load', { consumers: 1, way: 'carry' }, () => ({ bytes: { messages: 1, answers: 0 } })),
    ],
    [
      'a call costs nothing',
      10,
      changed('load', { way: 'call' }, ({ read: cost }) => ({ read: { ...cost, perMillion: 0 } })),
    ],
  ])('a run in which %s is refuted', (_, claim, comparison) => {
    expect(refuted(comparison)).toEqual([CLAIMS[claim]?.text]);
  });
});
