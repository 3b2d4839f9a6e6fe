import { describe, expect, test } from 'vitest';
import { run } from '../../../../cli/commands/replay/run.ts';
import type { Target } from '../../../../cli/commands/replay/targets.ts';
import type { Work } from '../../../../cli/work.ts';
import type { SubscriptionState } from '../../../../core/repair/replay.ts';
import { commandIo } from '../../../support/command-io.ts';

const NOW_MS = Date.now();
const HOUR_MS = 3_600_000;

/** A subscription whose replays stay in progress for some looks. */
function target(boundary: string, given: { looks?: number; onLook?: () => void; fails?: boolean } = {}) {
  const { looks = 1, onLook = () => {}, fails = false } = given;
  const started: [number, number | undefined][] = [];
  let state: SubscriptionState = { delivery: 'live' };
  let left = 0;
  const its: Target = {
    arn: `arn:${boundary}`,
    boundary,
    async state() {
      if (state.delivery !== 'replaying') return state;
      onLook();
      left -= 1;
      if (left < 0) state = { ...state, delivery: state.toMs === undefined ? 'live' : 'paused' };
      return state;
    },
    beginningMs: async () => NOW_MS - 10 * HOUR_MS,
    async replay(fromMs, toMs) {
      if (fails) throw new Error('no connection');
      started.push([fromMs, toMs]);
      state = { delivery: 'replaying', fromMs, ...(toMs !== undefined && { toMs }) };
      left = looks;
      return 'started';
    },
  };
  return { its, started };
}

function workWith(signal: AbortSignal) {
  const io = commandIo();
  return { io, work: { io, signal, deployment: { isLocal: true } } as unknown as Work };
}

describe('running replays', () => {
  test('each subscription ends live, and what it replays is told once', async () => {
    const { io, work } = workWith(new AbortController().signal);
    const [one, two] = [target('sales', { looks: 3 }), target('billing')];
    const outcomes = await run(work, 'shipping', [one.its, two.its], { span: { from: 'beginning' } }, {});
    expect(outcomes.map(({ boundary, state }) => [boundary, state])).toEqual([
      ['sales', 'live'],
      ['billing', 'live'],
    ]);
    expect(
      io
        .err()
        .split('\n')
        .filter((line) => line.includes('of sales')),
    ).toHaveLength(1);
  });

  test('Ctrl-C during a bounded replay lets the subscription continue from before the replay', async () => {
    const stop = new AbortController();
    const { work } = workWith(stop.signal);
    const { its, started } = target('sales', { looks: 1_000, onLook: () => stop.abort() });
    const span = { from: NOW_MS - 5 * HOUR_MS, to: NOW_MS - 4 * HOUR_MS };
    const outcomes = await run(work, 'shipping', [its], { span }, {});
    expect(outcomes).toMatchObject([{ state: 'replaying' }]);
    expect(started).toEqual([
      [span.from, span.to],
      [expect.closeTo(NOW_MS - HOUR_MS, -4), undefined],
    ]);
  });

  test('Ctrl-C before the start replays nothing', async () => {
    const stop = new AbortController();
    stop.abort();
    const { its, started } = target('sales');
    const outcomes = await run(workWith(stop.signal).work, 'shipping', [its], { span: { from: 'beginning' } }, {});
    expect([outcomes[0]?.state, started]).toEqual(['not-begun', []]);
  });

  test('a failed request is told with how to repair the subscription, and the other subscriptions go on', async () => {
    const { work } = workWith(new AbortController().signal);
    const targets = [target('sales', { fails: true }), target('billing')].map(({ its }) => its);
    const outcomes = await run(work, 'shipping', targets, { span: { from: 'beginning' } }, { stack: ['Shop'] });
    expect(outcomes.map(({ state }) => state)).toEqual(['failed', 'live']);
    expect(outcomes[0]?.error).toMatch(
      /Error: no connection To let new facts follow: .* replay shipping --resume --stack Shop$/,
    );
  });

  test('a bounded replay in progress is told, and replaced only on demand', async () => {
    const { work } = workWith(new AbortController().signal);
    const { its, started } = target('sales', { looks: 1_000 });
    await its.replay(NOW_MS - 5 * HOUR_MS, NOW_MS - 4 * HOUR_MS);
    const span = { from: 'beginning' as const };
    const outcomes = await run(work, 'shipping', [its], { span }, {});
    expect(outcomes[0]).toMatchObject({
      state: 'failed',
      error: expect.stringMatching(/^a replay from \S+Z to \S+Z is in progress\. Wait .* --replace /),
    });
    expect(started).toHaveLength(1);
    const last = target('sales');
    await last.its.replay(NOW_MS - 5 * HOUR_MS, NOW_MS - 4 * HOUR_MS);
    expect(await run(work, 'shipping', [last.its], { replace: true }, {})).toMatchObject([{ state: 'live' }]);
  });

  test('a replay that another one replaced is told as failed, without advice that would replace the other', async () => {
    const stop = new AbortController();
    const { its } = target('sales', { looks: 1_000, onLook: () => stop.abort() });
    const other: Target = {
      ...its,
      async replay(...span) {
        const started = await its.replay(...span);
        if (span[1] !== undefined) await its.replay(NOW_MS - 9 * HOUR_MS);
        return started;
      },
    };
    const span = { from: NOW_MS - 5 * HOUR_MS, to: NOW_MS - 4 * HOUR_MS };
    const [outcome] = await run(workWith(stop.signal).work, 'shipping', [other], { span }, {});
    expect(outcome).toMatchObject({ state: 'failed', error: expect.stringMatching(/^another replay replaced it\. /) });
    expect(outcome?.error).not.toContain('--resume');
  });
});
