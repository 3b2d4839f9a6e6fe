import { describe, expect, test } from 'vitest';
import { renderLine, renderPage } from '../../../../cli/commands/watch/render.ts';
import { viewOf } from '../../../support/status.ts';

const hottestGroup = { group: 'Currency/EUR', events: 1_234 };
const busy = { backlog: 1_200, productionRate: 20, consumptionRate: 10, drainSeconds: null, leadTimeP50Ms: 35 };

describe('renderLine', () => {
  test('a line shows flow state, rates, backlog, drain time, lead times, staleness and hottest group', () => {
    const cache = { ...busy, leadTimeP99Ms: 410, stalenessSeconds: 75, hottestGroup };
    expect(renderLine(viewOf({ cache }))).toBe(
      '2026-01-01T12:34:56.789Z | geography: flow normal | ordering: backlog 1,200, in 20/s, out 10/s, drain ∞, lead p50 35 ms, lead p99 410 ms, ' +
        'staleness 1m, hottest Currency/EUR (1,234 events)',
    );
  });

  test('a line names the raised alarms', () => {
    const alarms = [{ name: 'Lag', boundary: 'ordering', description: 'Falls behind.', since: null }];
    expect(renderLine(viewOf({ alarms }))).toContain('ALARM ordering: Lag');
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
    expect(page).toMatch(/backlog +0 {2}█▁/);
  });
});
