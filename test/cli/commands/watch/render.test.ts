import { describe, expect, test } from 'vitest';
import { renderLines, renderPage } from '../../../../cli/commands/watch/render.ts';
import { viewOf } from '../../../support/status.ts';

const hottestGroup = { group: 'Currency/EUR', events: 1_234 };
const busy = { backlog: 1_200, productionRate: 20, consumptionRate: 10, drainSeconds: null, leadTimeP50Ms: 35 };

const queue = { queue: 'accounting', backlog: 7 };
const saga = { saga: 'shipping', waiting: 3, due: 1, backlog: 2, effectBacklog: 4 };

describe('renderLines', () => {
  test('a refresh shows flow state, rates, backlog, drain time, lead times, staleness and hottest group', () => {
    const cache = { ...busy, leadTimeP99Ms: 410, stalenessSeconds: 75, hottestGroup };
    expect(renderLines(viewOf({ cache }), 80).split('\n')).toEqual([
      '2026-01-01T12:34:56.789Z',
      '  geography: flow normal',
      '  ordering: backlog 1,200, in 20/s, out 10/s, drain ∞, lead p50 35 ms, lead p99',
      '    410 ms, staleness 1m, hottest Currency/EUR (1,234 events)',
    ]);
  });

  test('a refresh names the raised alarms', () => {
    const alarms = [{ name: 'Lag', boundary: 'ordering', description: 'Falls behind.', since: null }];
    expect(renderLines(viewOf({ alarms }), 80)).toContain('ALARM ordering: Lag');
  });

  test('a refresh shows queues of facts and sagas', () => {
    const lines = renderLines(viewOf({ factQueues: [queue], sagas: [saga] }), 80).split('\n');
    expect(lines.slice(-2)).toEqual([
      '  fact queue accounting: backlog 7',
      '  saga shipping: 3 waiting, 1 due, backlog 2, effects to retry 4',
    ]);
    expect(renderLines(viewOf({ sagas: [{ ...saga, waiting: null }] }), 80)).toContain('saga shipping: 1 due, ');
  });

  test('no line of a refresh is longer than the width, and no figure is cut', () => {
    const group = { group: `Product/${'x'.repeat(79)}`, events: 1_234_567 };
    const cache = { ...busy, cache: 'a-cache-with-a-name-of-30-chars', hottestGroup: group };
    const text = renderLines(viewOf({ cache }), 80);
    for (const line of text.split('\n')) expect(line.length).toBeLessThanOrEqual(80);
    expect(text.replaceAll(/\s+/g, ' ')).toMatch(/hottest Product\/x+…x+ \(1,234,567 events\)/);
  });
});

describe('renderPage', () => {
  const views = [0, 4, 8].map((backlog) => viewOf({ cache: { ...busy, backlog } }));

  test('the page draws the looks as curves that begin at zero', () => {
    const page = renderPage(views, 'the local cloud', 100);
    expect(page).toMatch(/backlog +8 {2}▁▄█/);
    expect(page).toMatch(/lead p99 +- {2} {3}$/m);
    expect(page).toContain('ordering: drain time ∞, staleness -, hottest group -');
    expect(page).toContain('geography: flow normal');
    expect(page).toContain('no alarm');
  });

  test('the page keeps within the width of the terminal and shows the newest looks', () => {
    const long = viewOf({ cache: { hottestGroup: { ...hottestGroup, group: 'x'.repeat(200) } } });
    const page = renderPage([...views, long], 'the local cloud', 28);
    for (const line of page.split('\n')) expect(line.length).toBeLessThanOrEqual(28);
    expect(page.replaceAll(/\s+/g, ' ')).toContain('(1,234 events)');
    expect(page).toMatch(/backlog +0 {2}█▁/);
  });

  test('the page shows queues of facts and sagas', () => {
    const page = renderPage([viewOf({ factQueues: [queue], sagas: [saga] })], 'the local cloud', 80);
    expect(page).toContain('fact queue accounting: backlog 7');
    expect(page).toContain('saga shipping: 3 waiting, 1 due, backlog 2, effects to retry 4');
  });

  test('alarms and stopped functions come last, where a terminal with few rows shows them', () => {
    const alarms = [{ name: 'Lag', boundary: 'ordering', description: 'Falls behind.', since: null }];
    const view = viewOf({ alarms, sagas: [saga], stoppedFunctions: ['relay'], unknownFunctions: ['a', 'b', 'c', 'd'] });
    expect(renderPage([view], 'the local cloud', 120).split('\n').slice(-4)).toEqual([
      'geography: flow normal',
      'ALARM ordering: Lag: Falls behind.',
      'STOPPED relay',
      'unknown whether stopped (lambda:GetFunctionConcurrency is missing or throttled): a, b, c and 1 more',
    ]);
  });
});
