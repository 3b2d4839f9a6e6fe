import { describe, expect, test } from 'vitest';
import { troubles } from '../../../../cli/commands/status/document.ts';
import { renderStatus } from '../../../../cli/commands/status/render.ts';
import type { FactQueueStatus } from '../../../../cli/observe/facts.ts';
import { overall } from '../../../../cli/observe/figures.ts';
import { NORMAL, QUIET_QUEUE, QUIET_SAGA, reportOf } from '../../../support/status.ts';

const alarm = { name: 'Lag', boundary: 'ordering', description: 'Falls behind. Runbook: lag', since: null };
const cause = { cache: 'ordering', backlog: 31_000, drainSeconds: 240 };

/** The values of all tables, by column. Each table has one row. */
function columnsOf(text: string): Record<string, string> {
  const rows = text
    .split('\n')
    .filter((line) => line.startsWith('│'))
    .map((line) =>
      line
        .split('│')
        .slice(1, -1)
        .map((cell) => cell.trim()),
    );
  return Object.fromEntries(
    rows.flatMap((heads, index) =>
      index % 2 === 1 ? [] : heads.map((head, column) => [head, rows[index + 1]?.[column] ?? '']),
    ),
  );
}

const LONG = 'an-unreasonably-long-name-of-30';
const busyCache = {
  cache: LONG,
  entities: 1_234_567,
  applied: 12_345_678,
  superseded: 1_234_567,
  outdated: 1_234_567,
  duplicate: 1_234_567,
  gap: 123_456,
  discarded: 123_456,
  parked: 123_456,
  held: 123_456,
  leadTimeP50Ms: 9_876,
  leadTimeP99Ms: 9_999,
  backlog: 1_234_567,
  productionRate: 1_234,
  consumptionRate: 1_234,
  utilisationPercent: 100,
  oldestAgeSeconds: 5_000,
  stalenessSeconds: 5_000,
  deadLetters: 1_234,
  setAside: 1_234,
};
const busySaga = {
  saga: LONG,
  waiting: 1_234_567,
  due: 1_234_567,
  decided: 123_456_789,
  cancelled: 1_234_567,
  backlog: 1_234_567,
  deadLetters: 12_345,
  parked: 12_345,
  delivery: 'replaying' as const,
  effectQueues: [
    { queue: `${LONG}-effects`, backlog: 1_234_567, deadLetters: 12_345, parked: 12_345, delivery: 'live' as const },
  ],
  effectFailures: 1_234,
};
const longestLine = (text: string) => Math.max(...text.split('\n').map((line) => [...line].length));

describe('renderStatus', () => {
  test('the status shows rates, lag and lead times with their units, and a dash for unknown values', () => {
    const measured = { productionRate: 0.25, consumptionRate: 1_200, drainSeconds: 51, backlog: 61_000 };
    const cache = { ...measured, leadTimeP50Ms: 12.4, leadTimeP99Ms: 65_000, utilisationPercent: 12.5 };
    expect(columnsOf(renderStatus(reportOf({ cache }), 200))).toMatchObject({
      cache: 'ordering',
      backlog: '61,000',
      in: '0.3/s',
      out: '1,200/s',
      'drain time': '51s',
      'lead p50': '12 ms',
      'lead p99': '1m',
      utilisation: '13%',
      staleness: '-',
    });
    expect(columnsOf(renderStatus(reportOf({}), 200))).toMatchObject({ in: '-', out: '-', 'drain time': '-' });
  });

  test('the status shows ∞ as the drain time of a backlog that does not drain', () => {
    const cache = { backlog: 5, productionRate: 2, consumptionRate: 1, drainSeconds: null };
    expect(columnsOf(renderStatus(reportOf({ cache }), 200))).toMatchObject({ 'drain time': '∞' });
  });

  test('the status leaves out optional columns without values, and shows them when they have values', () => {
    const quiet = columnsOf(renderStatus(reportOf({}), 200));
    const optional = ['entities', 'gap', 'discarded', 'held', 'utilisation', 'oldest', 'dead letters'];
    for (const column of optional) expect(quiet).not.toHaveProperty([column]);
    const cache = { entities: 4, gap: 1, discarded: 2, held: 3, utilisationPercent: 9, oldestAgeSeconds: 61 };
    const busy = columnsOf(renderStatus(reportOf({ cache: { ...cache, deadLetters: 7 } }), 200));
    expect(optional.map((column) => busy[column])).toEqual(['4', '1', '2', '3', '9%', '1m', '7']);
  });

  test('the status counts the backfilled types while others are not backfilled', () => {
    const shown = (readiness: Record<string, 'empty' | 'filling' | 'ready'>) =>
      columnsOf(renderStatus(reportOf({ cache: { readiness } }), 200)).backfill;
    expect(shown({ A: 'empty', B: 'empty' })).toBe('none yet');
    expect(shown({ A: 'ready', B: 'ready' })).toBe('ready');
    expect(shown({ A: 'ready', B: 'filling' })).toBe('1 of 2 ready');
    expect(shown({})).toBe('-');
  });

  test('the status shows the flow state of an owner and the cache that causes it', () => {
    const paced = { ...NORMAL, state: 'paced' as const, pacePerSecond: 40, cause };
    expect(renderStatus(reportOf({ owner: { flow: paced } }), 200)).toContain(
      'flow paced to 40/s, because cache ordering lags by 31,000 events (drained in 4m)',
    );
    const endless = { ...cause, drainSeconds: null };
    const refusing = { ...NORMAL, state: 'refusing' as const, retryAfterSeconds: 90, cause: endless };
    expect(renderStatus(reportOf({ owner: { flow: refusing } }), 200)).toContain(
      'flow refusing, because cache ordering lags by 31,000 events (no end in sight), retry after 1m',
    );
    const missing = { ...NORMAL, reportsMissing: ['ordering'] };
    expect(renderStatus(reportOf({ owner: { flow: missing } }), 200)).toContain('flow normal, no report from ordering');
  });

  test('the status shows the description of each raised alarm', () => {
    expect(renderStatus(reportOf({ alarms: [alarm] }), 200)).toContain(
      'ALARM ordering: Lag: Falls behind. Runbook: lag',
    );
  });

  test.each([40, 80, 100])('no line of the status is longer than %d columns, and no figure is cut', (width) => {
    const url = `https://github.com/freshet-dev/freshet/blob/main/docs/runbook.md#${'x'.repeat(60)}`;
    const busy = reportOf({
      owner: { owner: LONG, published: 12_345_678, conflated: 1_234, diverted: 12, setAside: 12_345 },
      cache: busyCache,
      factQueues: [{ queue: LONG, backlog: 1_234_567, deadLetters: 12_345, parked: 12_345, delivery: 'replaying' }],
      sagas: [busySaga],
      alarms: [{ ...alarm, name: 'x'.repeat(255), description: `Falls behind. Runbook: ${url}` }],
    });
    const text = renderStatus(busy, width);
    expect(longestLine(text)).toBeLessThanOrEqual(width);
    expect(text).toContain('…');
    const figures = columnsOf(text);
    expect(figures).toMatchObject({ applied: '12,345,678', backlog: '1,234,567', decided: '123,456,789' });
    expect(text.replaceAll(/\s/g, '')).toContain(url);
  });

  test('a wide terminal shows the outcomes of a cache in one table', () => {
    const tables = (width: number) => renderStatus(reportOf({ cache: busyCache }), width).split('┌').length - 1;
    expect([tables(80) > 2, tables(240)]).toEqual([true, 2]);
  });

  test('queues of facts and sagas have tables of their own', () => {
    const factQueues = [{ ...QUIET_QUEUE, backlog: 7, parked: 2 }];
    const sagas = [
      { ...QUIET_SAGA, waiting: 3, due: 1, decided: 40, cancelled: 5, effectQueues: [{ ...QUIET_QUEUE, parked: 6 }] },
    ];
    expect(columnsOf(renderStatus(reportOf({ factQueues }), 80))).toMatchObject({
      'fact queue': 'accounting',
      backlog: '7',
      'parked now': '2',
    });
    expect(columnsOf(renderStatus(reportOf({ sagas }), 160))).toMatchObject({
      saga: 'shipping',
      waiting: '3',
      due: '1',
      decided: '40',
      cancelled: '5',
      'facts parked': '0',
      'effects parked': '6',
    });
    expect(renderStatus(reportOf({}), 80)).not.toMatch(/fact queue|saga/);
  });

  test('the status shows how facts are delivered, unless they are delivered as they are published', () => {
    const shown = (delivery: FactQueueStatus['delivery']) =>
      renderStatus(reportOf({ factQueues: [{ ...QUIET_QUEUE, delivery }], sagas: [{ ...QUIET_SAGA, delivery }] }), 160);
    expect(shown('replaying').match(/replaying/g)).toHaveLength(2);
    expect(shown('live')).not.toMatch(/delivery|live/);
    expect(shown('paused')).toMatch(/needs a person: accounting: it receives no new facts.*replay accounting --resume/);
  });
});

describe('troubles', () => {
  test.each<[string, Parameters<typeof reportOf>[0]]>([
    ['an owner has parked records', { owner: { setAside: 1 } }],
    ['a cache has parked events', { cache: { setAside: 1 } }],
    ['a cache has dead letters', { cache: { deadLetters: 1 } }],
    ['an owner refuses writes', { owner: { flow: { ...NORMAL, state: 'refusing', cause } } }],
    ['a relay is stopped', { owner: { relay: 'stopped' } }],
    ['a queue of facts has parked facts', { factQueues: [{ ...QUIET_QUEUE, parked: 1 }] }],
    ['a queue of facts has dead letters', { factQueues: [{ ...QUIET_QUEUE, deadLetters: 1 }] }],
    ['a saga has parked facts', { sagas: [{ ...QUIET_SAGA, parked: 1 }] }],
    ['a saga has parked effects', { sagas: [{ ...QUIET_SAGA, effectQueues: [{ ...QUIET_QUEUE, parked: 1 }] }] }],
    ['Lambda gave up on effects of a saga', { sagas: [{ ...QUIET_SAGA, effectFailures: 1 }] }],
    ['a queue is paused by a replay that ended', { factQueues: [{ ...QUIET_QUEUE, delivery: 'paused' }] }],
    ['a replay of a saga failed', { sagas: [{ ...QUIET_SAGA, delivery: 'failed' }] }],
    ['a subscription of a queue was deleted', { factQueues: [{ ...QUIET_QUEUE, delivery: 'missing' }] }],
    ['an alarm is raised', { alarms: [alarm] }],
  ])('a person is needed if %s', (_, differing) => {
    expect(troubles(reportOf(differing))).toHaveLength(1);
  });

  test('no person is needed if all is well, or while an owner is paced', () => {
    expect(troubles(reportOf({}))).toEqual([]);
    const paced = { ...NORMAL, state: 'paced' as const, pacePerSecond: 1, cause };
    expect(troubles(reportOf({ owner: { flow: paced }, cache: { backlog: 31_000 } }))).toEqual([]);
  });
});

describe('overall', () => {
  test('a percentile over several minutes weights each minute by its number of values', () => {
    const minutes = (values: number[]) => values.map((value, index) => ({ atMs: index * 60_000, value }));
    expect(overall(minutes([100, 1_000]), minutes([9, 1]))).toBe(190);
    expect(overall([], [])).toBeNull();
  });
});
