import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { CLAIMS, refuted } from '../../bench/compare/claims.ts';
import { comparisonPage } from '../../bench/compare/page.ts';
import type { Comparison } from '../../bench/compare/result.ts';
import { breakEven } from '../../bench/compare/tables.ts';
import { ROOT } from '../../bench/support/assembly.ts';

const read = (...path: string[]) => readFileSync(join(ROOT, ...path), 'utf8');
const committed: Comparison = JSON.parse(read('bench', 'compare', 'results.json'));

/** The committed results with each row of a part changed that is asked for. */
function changed<Part extends 'reads' | 'staleness' | 'load' | 'absences'>(
  part: Part,
  which: Partial<Comparison[Part][number]>,
  change: (row: Comparison[Part][number]) => Partial<Comparison[Part][number]>,
): Comparison {
  const isAsked = (row: object) => Object.entries(which).every(([key, value]) => Reflect.get(row, key) === value);
  const rows = committed[part].map((row) => (isAsked(row) ? { ...row, ...change(row) } : row));
  return { ...committed, [part]: rows };
}

describe('the comparison that is committed', () => {
  test('holds all that its page claims', () => {
    expect(refuted(committed)).toEqual([]);
  });

  test('is what the page tells', () => {
    expect(read('docs', 'comparison.md')).toBe(comparisonPage(committed));
  });

  test('says from how many reads a copy costs less than calls', () => {
    const reads = breakEven(committed, 3, 'carry');
    expect(reads).toBeGreaterThan(0);
    expect(reads).toBeLessThan(1_000);
  });
});

describe('mutant: a run is refuted in which', () => {
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
      'a slow owner slows reads of the cache',
      2,
      changed('reads', { state: 'slow', way: 'carry' }, () => ({ p50Ms: 200 })),
    ],
    [
      'consumers of events ask the owner',
      3,
      changed('load', { consumers: 10, way: 'carry' }, () => ({ ownerRequests: { byChange: 1, byReads: 0 } })),
    ],
    [
      'calls stay away from the owner',
      4,
      changed('load', { consumers: 3, way: 'call' }, () => ({ ownerRequests: { byChange: 0, byReads: 0 } })),
    ],
    ['a slow owner delays events', 5, changed('staleness', { state: 'slow', way: 'carry' }, () => ({ p50Ms: 1_000 }))],
    [
      'a product is old after an outage',
      6,
      changed('absences', { absence: 'owner', way: 'carry' }, () => ({ newestAfter: 1 })),
    ],
    ['an event is lost', 7, changed('absences', { absence: 'consumer', way: 'carry' }, () => ({ received: 1 }))],
    [
      'callbacks that failed come to an end by themselves',
      8,
      changed('absences', { absence: 'api', way: 'notify' }, () => ({ stranded: 0 })),
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
  ])('%s', (_, claim, comparison) => {
    expect(refuted(comparison)).toEqual([CLAIMS[claim]?.text]);
  });
});
