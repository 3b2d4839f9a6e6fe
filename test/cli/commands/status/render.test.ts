import { describe, expect, test } from 'vitest';
import { troubles } from '../../../../cli/commands/status/document.ts';
import { renderStatus } from '../../../../cli/commands/status/render.ts';
import { overall } from '../../../../cli/observe/figures.ts';
import { NORMAL, reportOf } from '../../../support/status.ts';

const alarm = { name: 'Lag', boundary: 'ordering', description: 'Falls behind. Runbook: lag', since: null };
const cause = { cache: 'ordering', backlog: 31_000, drainSeconds: 240 };

/** The values of the only cache, by column. */
function columnsOf(text: string): Record<string, string> {
  const cells = text
    .split('\n')
    .filter((line) => line.startsWith('│'))
    .map((line) =>
      line
        .split('│')
        .slice(1, -1)
        .map((cell) => cell.trim()),
    );
  const [firstHead = [], first = [], secondHead = [], second = []] = cells;
  const heads = [...firstHead, ...secondHead];
  return Object.fromEntries(heads.map((head, index) => [head, [...first, ...second][index] ?? '']));
}

describe('renderStatus', () => {
  test('the status shows rates, lag and lead times with their units, and a dash for unknown values', () => {
    const measured = { productionRate: 0.25, consumptionRate: 1_200, drainSeconds: 51, backlog: 61_000 };
    const cache = { ...measured, leadTimeP50Ms: 12.4, leadTimeP99Ms: 65_000, utilisationPercent: 12.5 };
    expect(columnsOf(renderStatus(reportOf({ cache })))).toMatchObject({
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
    expect(columnsOf(renderStatus(reportOf({})))).toMatchObject({ in: '-', out: '-', 'drain time': '-' });
  });

  test('the status shows ∞ as the drain time of a backlog that does not drain', () => {
    const cache = { backlog: 5, productionRate: 2, consumptionRate: 1, drainSeconds: null };
    expect(columnsOf(renderStatus(reportOf({ cache })))).toMatchObject({ 'drain time': '∞' });
  });

  test('the status leaves out optional columns without values, and shows them when they have values', () => {
    const quiet = columnsOf(renderStatus(reportOf({})));
    const optional = ['entities', 'gap', 'discarded', 'held', 'utilisation', 'oldest', 'dead letters'];
    for (const column of optional) expect(quiet).not.toHaveProperty([column]);
    const cache = { entities: 4, gap: 1, discarded: 2, held: 3, utilisationPercent: 9, oldestAgeSeconds: 61 };
    const busy = columnsOf(renderStatus(reportOf({ cache: { ...cache, deadLetters: 7 } })));
    expect(optional.map((column) => busy[column])).toEqual(['4', '1', '2', '3', '9%', '1m', '7']);
  });

  test('the status counts the backfilled types while others are not backfilled', () => {
    const shown = (readiness: Record<string, 'empty' | 'filling' | 'ready'>) =>
      columnsOf(renderStatus(reportOf({ cache: { readiness } }))).backfill;
    expect(shown({ A: 'empty', B: 'empty' })).toBe('none');
    expect(shown({ A: 'ready', B: 'ready' })).toBe('ready');
    expect(shown({ A: 'ready', B: 'filling' })).toBe('1 of 2 ready');
    expect(shown({})).toBe('-');
  });

  test('the status shows the flow state of an owner and the cache that causes it', () => {
    const paced = { ...NORMAL, state: 'paced' as const, pacePerSecond: 40, cause };
    expect(renderStatus(reportOf({ owner: { flow: paced } }))).toContain(
      'flow paced to 40/s, because cache ordering lags by 31,000 events (drained in 4m)',
    );
    const endless = { ...cause, drainSeconds: null };
    const refusing = { ...NORMAL, state: 'refusing' as const, retryAfterSeconds: 90, cause: endless };
    expect(renderStatus(reportOf({ owner: { flow: refusing } }))).toContain(
      'flow refusing, because cache ordering lags by 31,000 events (no end in sight), retry after 1m',
    );
    const missing = { ...NORMAL, reportsMissing: ['ordering'] };
    expect(renderStatus(reportOf({ owner: { flow: missing } }))).toContain('flow normal, no report from ordering');
  });

  test('the status shows the description of each raised alarm', () => {
    expect(renderStatus(reportOf({ alarms: [alarm] }))).toContain('ALARM ordering: Lag: Falls behind. Runbook: lag');
  });
});

describe('troubles', () => {
  test.each<[string, Parameters<typeof reportOf>[0]]>([
    ['an owner has parked records', { owner: { setAside: 1 } }],
    ['a cache has parked events', { cache: { setAside: 1 } }],
    ['a cache has dead letters', { cache: { deadLetters: 1 } }],
    ['an owner refuses writes', { owner: { flow: { ...NORMAL, state: 'refusing', cause } } }],
    ['a relay is stopped', { owner: { relay: 'stopped' } }],
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
