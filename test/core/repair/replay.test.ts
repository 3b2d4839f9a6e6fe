import { describe, expect, test } from 'vitest';
import {
  awaitBounded,
  type Following,
  follow,
  RESUME_MARGIN_MS,
  type ReplayableSubscription,
  ReplayInProgress,
  ReplayReplaced,
  replay,
  resume,
} from '../../../core/repair/replay.ts';
import { virtualAccount } from '../../local/fifo/virtual-account.ts';
import { inVirtualTime, modelSubscription } from '../../support/replay-world.ts';

const DAY_MS = 86_400_000;
const HOUR_MS = 3_600_000;

/** A topic with an archive of ten days, to which a fact was published each hour of five days; the last ones live. */
function world({ liveDays = 2 } = {}) {
  const { messaging, clock, fifoQueue } = virtualAccount();
  const ArchivePolicy = JSON.stringify({ MessageRetentionPeriod: '10' });
  const topic = messaging.createTopic('t.fifo', { FifoTopic: 'true', ArchivePolicy });
  const queue = fifoQueue('q.fifo');
  const startMs = clock.ms;
  const received: string[] = [];
  const published = new Map<string, number>();
  let subscription = undefined as ReturnType<typeof messaging.subscribe> | undefined;

  function drain(): void {
    for (let messages = queue.receive(10); messages.length > 0; messages = queue.receive(10)) {
      for (const { body, receiptHandle } of messages) {
        received.push(body);
        queue.delete(receiptHandle);
      }
    }
  }
  function publish(): void {
    const name = `fact-${published.size + 1}`;
    published.set(name, clock.ms);
    topic.publish({ message: name, groupId: name, deduplicationId: name });
    clock.ms += HOUR_MS;
    drain();
  }
  for (let hour = 0; hour < 5 * 24; hour += 1) {
    if (hour === (5 - liveDays) * 24) {
      subscription = messaging.subscribe(topic.arn, 'sqs', queue.arn, { RawMessageDelivery: 'true' });
    }
    publish();
  }
  const own = subscription ?? messaging.subscribe(topic.arn, 'sqs', queue.arn, { RawMessageDelivery: 'true' });
  const between = (fromMs: number, toMs = Number.POSITIVE_INFINITY) =>
    [...published].flatMap(([name, atMs]) => (atMs >= fromMs && atMs <= toMs ? [name] : []));
  return {
    messaging,
    clock,
    topic,
    own,
    port: modelSubscription(messaging, own),
    startMs,
    received,
    publish,
    drain,
    between,
  };
}

/** The facts that a subscription should have had and hasn't. */
const lacking = (expected: readonly string[], received: readonly string[]) =>
  expected.filter((name) => !received.includes(name));

describe('a replay', () => {
  test('without an end brings all facts since its start once, and then live ones', async () => {
    const { messaging, port, received, publish, drain, between, startMs } = world({ liveDays: 0 });
    const last = await replay(port, { fromMs: startMs + DAY_MS }, inVirtualTime(messaging, drain));
    publish();
    drain();
    expect(last?.delivery).toBe('live');
    expect(received).toEqual(between(startMs + DAY_MS));
  });

  test('with an end leaves the subscription live, skips what was delivered before, and loses no fact meanwhile', async () => {
    const { messaging, clock, port, received, publish, drain, between, startMs } = world();
    const liveFrom = startMs + 3 * DAY_MS;
    const [fromMs, toMs, stoppedMs] = [startMs, startMs + DAY_MS, clock.ms];
    received.length = 0;
    const last = await replay(port, { fromMs, toMs }, inVirtualTime(messaging, publish));
    publish();
    drain();
    expect(last?.delivery).toBe('live');
    expect(stoppedMs).toBeGreaterThan(liveFrom);
    expect(lacking([...between(fromMs, toMs), ...between(stoppedMs)], received)).toEqual([]);
    // The facts between the end and the last hour before the replay aren't delivered again.
    expect(received.filter((name) => between(toMs + 1, stoppedMs - RESUME_MARGIN_MS - 1).includes(name))).toEqual([]);
  });

  test('a start before the archive begins with the archive', async () => {
    const { messaging, port, received, drain, between, startMs } = world({ liveDays: 0 });
    await replay(port, { fromMs: startMs - DAY_MS }, inVirtualTime(messaging, drain));
    drain();
    expect(received).toEqual(between(startMs));
  });

  test('an archive that has moved on between its reading and the start is no reason to fail', async () => {
    const { messaging, clock, port, drain, startMs } = world({ liveDays: 0 });
    clock.ms = startMs + 12 * DAY_MS;
    const moving: ReplayableSubscription = {
      ...port,
      async beginningMs() {
        const beginningMs = await port.beginningMs();
        clock.ms += 100;
        return beginningMs;
      },
    };
    const last = await replay(moving, { fromMs: 0 }, inVirtualTime(messaging, drain));
    expect(last).toMatchObject({ delivery: 'live', fromMs: startMs + 2 * DAY_MS + 5_100 });
  });

  test('Ctrl-C ends a bounded replay, and the subscription is live again without a loss', async () => {
    const { messaging, port, received, publish, drain, between, clock, startMs } = world();
    const stop = new AbortController();
    const stoppedMs = clock.ms;
    const following = inVirtualTime(messaging, () => stop.abort(), stop.signal);
    const last = await replay(port, { fromMs: startMs, toMs: startMs + DAY_MS }, following);
    expect(last).toMatchObject({ delivery: 'replaying', fromMs: stoppedMs - RESUME_MARGIN_MS });
    expect(last).not.toHaveProperty('toMs');
    publish();
    messaging.replays.advance();
    messaging.replays.advance();
    drain();
    expect(lacking(between(stoppedMs), received)).toEqual([]);
  });

  test('a failed replay is told, and a bounded one leaves no pause', async () => {
    const { messaging, own, port, topic, drain, startMs } = world();
    let isOff = false;
    const following = inVirtualTime(messaging, () => {
      if (isOff) return;
      isOff = true;
      topic.setAttributes({ ArchivePolicy: '{}' });
      messaging.replays.advance();
      topic.setAttributes({ ArchivePolicy: '{"MessageRetentionPeriod":"10"}' });
    });
    const last = await replay(port, { fromMs: startMs, toMs: startMs + DAY_MS }, following);
    expect(last?.delivery).toBe('failed');
    messaging.replays.advance();
    drain();
    expect(own.attributes()).toMatchObject({ ReplayStatus: 'Completed' });
    expect(JSON.parse(own.attributes().ReplayPolicy ?? '')).not.toHaveProperty('EndingPoint');
  });

  test('a few failed looks and stale ones do not end the following', async () => {
    const { messaging, port, drain, startMs, received, between } = world({ liveDays: 0 });
    const live = { delivery: 'live' } as const;
    let looks = 0;
    const late: ReplayableSubscription = {
      ...port,
      async state() {
        looks += 1;
        if (looks <= 2) return port.state();
        if (looks <= 4) return live;
        if (looks <= 7) throw new Error('throttled');
        return port.state();
      },
    };
    await replay(late, { fromMs: startMs, toMs: startMs + DAY_MS }, inVirtualTime(messaging, drain));
    drain();
    expect(lacking(between(startMs, startMs + DAY_MS), received)).toEqual([]);
    const broken = { ...port, state: () => Promise.reject(new Error('throttled')) };
    await expect(follow(broken, inVirtualTime(messaging))).rejects.toThrow('throttled');
  });
});

describe('waiting for a bounded replay', () => {
  test('whose command was killed ends in the pause, after some looks, and resuming then loses nothing', async () => {
    const { messaging, clock, port, received, publish, drain, between, startMs } = world();
    const stoppedMs = clock.ms;
    await port.replay(startMs, startMs + DAY_MS);
    const following = inVirtualTime(messaging, publish);
    expect(await awaitBounded(port, following)).toBe('ended');
    expect(await port.state()).toMatchObject({ delivery: 'paused' });
    expect(following.seen.filter(({ delivery }) => delivery === 'paused')).toHaveLength(3);
    const last = await follow(port, inVirtualTime(messaging, drain), await resume(port));
    drain();
    expect(last.delivery).toBe('live');
    expect(lacking([...between(startMs, startMs + DAY_MS), ...between(stoppedMs)], received)).toEqual([]);
  });

  test('whose command lets the subscription continue ends with that, and leaves it alone', async () => {
    const { messaging, port, startMs } = world();
    await port.replay(startMs, startMs + DAY_MS);
    const other = async () => {
      if ((await port.state()).delivery === 'paused') await port.replay(startMs + DAY_MS);
    };
    const following = inVirtualTime(messaging);
    const pause = async () => {
      await following.pause();
      await other();
    };
    expect(await awaitBounded(port, { ...following, pause })).toBe('ended');
    expect(await port.state()).toMatchObject({ delivery: 'live', fromMs: startMs + DAY_MS });
    expect(await resume(port)).toBeUndefined();
  });

  test('is given up by Ctrl-C, which changes nothing', async () => {
    const { messaging, port, own, startMs } = world();
    await port.replay(startMs, startMs + DAY_MS);
    const before = own.attributes();
    expect(
      await awaitBounded(
        port,
        inVirtualTime(messaging, () => {}, AbortSignal.abort()),
      ),
    ).toBe('given-up');
    expect(own.attributes()).toEqual(before);
  });

  test.each(['live', 'paused'])('is none at a subscription that is %s', async (delivery) => {
    const { messaging, port, startMs } = world();
    if (delivery === 'paused') await port.replay(startMs, startMs + DAY_MS);
    for (let steps = 0; steps < 3; steps += 1) messaging.replays.advance();
    const following = inVirtualTime(messaging);
    expect(await awaitBounded(port, following)).toBe('ended');
    expect(following.seen).toEqual([]);
    expect(await port.state()).toMatchObject({ delivery });
  });
});

describe('two replays at one subscription', () => {
  test('none begins while a bounded one is in progress, and nothing is changed', async () => {
    const { messaging, port, own, startMs } = world();
    await port.replay(startMs, startMs + DAY_MS);
    const before = own.attributes();
    const following = inVirtualTime(messaging);
    await expect(replay(port, { fromMs: startMs }, following)).rejects.toThrow(ReplayInProgress);
    await expect(resume(port)).rejects.toThrow(ReplayInProgress);
    expect(own.attributes()).toEqual(before);
  });

  test.each([
    ['bounded', DAY_MS, 2 * DAY_MS],
    ['unbounded', DAY_MS, undefined],
  ])('one that a %s one replaces fails, and leaves the other one alone', async (_, from, to) => {
    const { messaging, port, own, startMs } = world();
    const other = { fromMs: startMs + from, toMs: to === undefined ? undefined : startMs + to };
    let looks = 0;
    const following = inVirtualTime(messaging, () => {
      looks += 1;
      if (looks === 1) void port.replay(other.fromMs, other.toMs);
    });
    const span = { fromMs: startMs, toMs: startMs + 4 * DAY_MS };
    await expect(replay(port, span, following)).rejects.toThrow(ReplayReplaced);
    expect(JSON.parse(own.attributes().ReplayPolicy ?? '')).toMatchObject({
      StartingPoint: new Date(other.fromMs).toISOString(),
    });
    expect(await port.state()).toMatchObject({ fromMs: other.fromMs, ...(to && { toMs: other.toMs }) });
  });

  test('Ctrl-C leaves a replay alone that replaced it', async () => {
    const { messaging, port, startMs } = world();
    const stop = new AbortController();
    const between = () => {
      void port.replay(startMs + HOUR_MS);
      stop.abort();
    };
    const span = { fromMs: startMs, toMs: startMs + 4 * DAY_MS };
    await expect(replay(port, span, inVirtualTime(messaging, between, stop.signal))).rejects.toThrow(ReplayReplaced);
    expect(await port.state()).toMatchObject({ fromMs: startMs + HOUR_MS });
  });

  test('one that is replaced by a replay of the same times as an earlier one leaves it alone', async () => {
    const { messaging, clock, port, received, drain, between, startMs } = world({ liveDays: 0 });
    await replay(port, { fromMs: startMs }, inVirtualTime(messaging, drain));
    drain();
    received.length = 0;
    let looks = 0;
    const following = {
      ...inVirtualTime(messaging),
      async pause() {
        looks += 1;
        if (looks === 1) await port.replay(startMs);
        clock.ms += HOUR_MS;
      },
    };
    const span = { fromMs: startMs, toMs: startMs + DAY_MS };
    await expect(replay(port, span, following)).rejects.toThrow(ReplayReplaced);
    messaging.replays.advance();
    messaging.replays.advance();
    drain();
    expect(received).toEqual(between(startMs));
  });

  test('a pause that SNS shows for long after a resume is not the end of what was resumed', async () => {
    const { messaging, port, drain, startMs, received, between } = world();
    await port.replay(startMs, startMs + DAY_MS);
    messaging.replays.advance();
    messaging.replays.advance();
    const paused = await port.state();
    let late = 0;
    const slow: ReplayableSubscription = {
      ...port,
      async state() {
        late -= 1;
        return late > 0 ? paused : port.state();
      },
      replay(...span) {
        late = 10;
        return port.replay(...span);
      },
    };
    expect(paused.delivery).toBe('paused');
    received.length = 0;
    const span = { fromMs: startMs + DAY_MS, toMs: startMs + 2 * DAY_MS };
    const last = await replay(slow, span, inVirtualTime(messaging, drain));
    drain();
    expect(last?.delivery).toBe('live');
    expect(lacking(between(span.fromMs, span.toMs), received)).toEqual([]);
  });

  test('Ctrl-C before the replay is begun starts nothing, and after it tells what was started', async () => {
    const { messaging, port, own, startMs } = world();
    const span = { fromMs: startMs, toMs: startMs + DAY_MS };
    const before = own.attributes();
    const stop = AbortSignal.abort();
    expect(await replay(port, span, inVirtualTime(messaging, undefined, stop))).toBeUndefined();
    expect(own.attributes()).toEqual(before);
    const live = { ...port, state: async () => ({ delivery: 'live' }) as const };
    const started = { fromMs: startMs };
    expect(await follow(live, inVirtualTime(messaging, undefined, stop), started)).toEqual({
      delivery: 'replaying',
      ...started,
    });
  });

  test('a state that SNS shows for long before the new one is not the end of the new one', async () => {
    const { messaging, port, drain, startMs, received, between } = world({ liveDays: 0 });
    let looks = 0;
    const late: ReplayableSubscription = {
      ...port,
      async state() {
        looks += 1;
        return looks < 20 ? { delivery: 'live' } : port.state();
      },
    };
    await replay(late, { fromMs: startMs, toMs: startMs + DAY_MS }, inVirtualTime(messaging, drain));
    drain();
    expect(lacking(between(startMs, startMs + DAY_MS), received)).toEqual([]);
  });

  test('a refusal is told with the reason of SNS', async () => {
    const { messaging, port, startMs } = world();
    const refusing: ReplayableSubscription = { ...port, replay: async () => ({ refused: 'ReplayPolicy: too old' }) };
    await expect(replay(refusing, { fromMs: startMs }, inVirtualTime(messaging))).rejects.toThrow(
      'the topic refuses the replay: ReplayPolicy: too old',
    );
  });
});

/** A subscription of a process that is killed at its nth call: before the call acts, or after it. */
function mortal(port: ReplayableSubscription, dies: { readonly at: number; readonly after: boolean }) {
  let calls = 0;
  const alive = async <T>(call: () => Promise<T>): Promise<T> => {
    calls += 1;
    if (calls > dies.at || (calls === dies.at && !dies.after)) throw new Error('killed');
    const result = await call();
    if (calls === dies.at) throw new Error('killed');
    return result;
  };
  const killable: ReplayableSubscription = {
    state: () => alive(port.state),
    beginningMs: () => alive(port.beginningMs),
    replay: (...span) => alive(() => port.replay(...span)),
  };
  return { killable, calls: () => calls };
}

describe('a process that is killed during a bounded replay', () => {
  /** Runs and kills the replay, repairs the subscription, and returns what is lost. */
  async function killedAt(
    at: number,
    after: boolean,
    repair: (port: ReplayableSubscription, f: Following, span: { fromMs: number; toMs: number }) => Promise<unknown>,
  ) {
    const { messaging, clock, port, own, received, publish, drain, between, startMs } = world();
    const span = { fromMs: startMs, toMs: startMs + DAY_MS };
    const stoppedMs = clock.ms;
    const { killable, calls } = mortal(port, { at, after });
    const isKilled = await replay(killable, span, inVirtualTime(messaging, publish)).then(
      () => false,
      () => true,
    );
    // The replay that runs at AWS goes on, and more facts are published.
    for (let step = 0; step < 5; step += 1) {
      messaging.replays.advance();
      publish();
    }
    await repair(port, inVirtualTime(messaging, publish), span);
    await follow(port, inVirtualTime(messaging, publish));
    publish();
    drain();
    return {
      isKilled,
      calls: calls(),
      state: (await port.state()).delivery,
      lost: lacking(between(stoppedMs), received),
      own,
    };
  }

  const repairs = {
    'freshet replay --resume': (port: ReplayableSubscription) => resume(port, 'replace'),
    'the same command again': (port: ReplayableSubscription, f: Following, span: { fromMs: number; toMs: number }) =>
      replay(port, span, f, 'replace'),
  };

  test.each(
    Object.entries(repairs),
  )('at any of its calls: %s lets the subscription work, and no fact is lost', async (_, repair) => {
    let killed = 0;
    for (let at = 1; ; at += 1) {
      const results = [await killedAt(at, false, repair), await killedAt(at, true, repair)];
      for (const { state, lost } of results) expect({ at, state, lost }).toEqual({ at, state: 'live', lost: [] });
      if (results.every(({ isKilled }) => !isKilled)) break;
      killed += 1;
    }
    expect(killed).toBeGreaterThan(8);
  });

  test('without a repair, some of these subscriptions stay paused and lose facts, so the test can fail', async () => {
    const lost: string[] = [];
    for (let at = 1; at < 20; at += 1) lost.push(...(await killedAt(at, true, async () => {})).lost);
    expect(lost).not.toEqual([]);
  });
});
