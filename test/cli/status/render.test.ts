import { describe, expect, test } from 'vitest';
import { troubles } from '../../../cli/status/document.ts';
import { overall } from '../../../cli/status/gather.ts';
import { renderStatus } from '../../../cli/status/render.ts';
import { NORMAL, reportOf } from '../../support/status.ts';

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

describe('the status as text', () => {
  test('shows rates, lag and lead time with their units, and what is not known as a dash', () => {
    const measured = { productionRate: 0.25, consumptionRate: 1_200, drainSeconds: 51, backlog: 61_000 };
    const cache = { ...measured, leadTimeP50Ms: 12.4, leadTimeP99Ms: 65_000, utilisationPercent: 12.5 };
    expect(columnsOf(renderStatus(reportOf({ cache })))).toMatchObject({
      ...{ cache: 'ordering', backlog: '61,000', in: '0.3/s', out: '1,200/s', 'drain time': '51s' },
      ...{ 'lead p50': '12 ms', 'lead p99': '1m', utilisation: '13%', staleness: '-' },
    });
    expect(columnsOf(renderStatus(reportOf({})))).toMatchObject({ in: '-', out: '-', 'drain time': '-' });
  });

  test('shows a drain time without end as infinite', () => {
    const cache = { backlog: 5, productionRate: 2, consumptionRate: 1, drainSeconds: null };
    expect(columnsOf(renderStatus(reportOf({ cache })))).toMatchObject({ 'drain time': '∞' });
  });

  test('leaves out columns that say nothing, and brings them back when they do', () => {
    const quiet = columnsOf(renderStatus(reportOf({})));
    const seldom = ['entities', 'gap', 'discarded', 'held', 'utilisation', 'oldest', 'dead letters'];
    for (const column of seldom) expect(quiet).not.toHaveProperty([column]);
    const cache = { entities: 4, gap: 1, discarded: 2, held: 3, utilisationPercent: 9, oldestAgeSeconds: 61 };
    const busy = columnsOf(renderStatus(reportOf({ cache: { ...cache, deadLetters: 7 } })));
    expect(seldom.map((column) => busy[column])).toEqual(['4', '1', '2', '3', '9%', '1m', '7']);
  });

  test('counts the types that are filled while some are not', () => {
    const shown = (readiness: Record<string, 'empty' | 'filling' | 'ready'>) =>
      columnsOf(renderStatus(reportOf({ cache: { readiness } }))).backfill;
    expect(shown({ A: 'empty', B: 'empty' })).toBe('none');
    expect(shown({ A: 'ready', B: 'ready' })).toBe('ready');
    expect(shown({ A: 'ready', B: 'filling' })).toBe('1 of 2 ready');
    expect(shown({})).toBe('-');
  });

  test('says of an owner how it lets its writers write, since which cache lags', () => {
    const paced = { ...NORMAL, state: 'paced' as const, pacePerSecond: 40, cause };
    expect(renderStatus(reportOf({ owner: { flow: paced } }))).toContain(
      'flow paced to 40/s, since cache ordering lags by 31,000 events (drained in 4m)',
    );
    const endless = { ...cause, drainSeconds: null };
    const refusing = { ...NORMAL, state: 'refusing' as const, retryAfterSeconds: 90, cause: endless };
    expect(renderStatus(reportOf({ owner: { flow: refusing } }))).toContain(
      'flow refusing, since cache ordering lags by 31,000 events (no end in sight), retry after 1m',
    );
    const missing = { ...NORMAL, reportsMissing: ['ordering'] };
    expect(renderStatus(reportOf({ owner: { flow: missing } }))).toContain('flow normal, no report of ordering');
  });

  test('describes each alarm that is raised', () => {
    expect(renderStatus(reportOf({ alarms: [alarm] }))).toContain('ALARM ordering: Lag: Falls behind. Runbook: lag');
  });
});

describe('a person is needed', () => {
  test.each<[string, Parameters<typeof reportOf>[0]]>([
    ['when an owner has something set aside', { owner: { setAside: 1 } }],
    ['when a cache has something set aside', { cache: { setAside: 1 } }],
    ['when there are dead letters', { cache: { deadLetters: 1 } }],
    ['when an owner refuses writes', { owner: { flow: { ...NORMAL, state: 'refusing', cause } } }],
    ['when a relay is stopped', { owner: { relay: 'stopped' } }],
    ['when an alarm is raised', { alarms: [alarm] }],
  ])('%s', (_, differing) => {
    expect(troubles(reportOf(differing))).toHaveLength(1);
  });

  test('neither when all is well nor while an owner paces its writers, which recovers by itself', () => {
    expect(troubles(reportOf({}))).toEqual([]);
    const paced = { ...NORMAL, state: 'paced' as const, pacePerSecond: 1, cause };
    expect(troubles(reportOf({ owner: { flow: paced }, cache: { backlog: 31_000 } }))).toEqual([]);
  });
});

describe('a percentile over several minutes', () => {
  test('weighs each by its number of values', () => {
    const minutes = (values: number[]) => values.map((value, index) => ({ atMs: index * 60_000, value }));
    expect(overall(minutes([100, 1_000]), minutes([9, 1]))).toBe(190);
    expect(overall([], [])).toBeNull();
  });
});
