import { afterEach, describe, expect, test } from 'vitest';
import type { FlowDocument } from '../../../cli/console/api/documents.ts';
import { createLive, type Live } from '../../../cli/console/live.ts';
import type { LiveClient } from '../../../cli/console/live-clients.ts';
import { flowOf } from './world.ts';

/** A clock that stands until a test moves it, and the time to the next timer. */
function createClock() {
  let now = 0;
  let timer: { readonly atMs: number; readonly then: () => void } | undefined;
  return {
    now: () => now,
    after(milliseconds: number, then: () => void) {
      const set = { atMs: now + milliseconds, then };
      timer = set;
      return () => {
        if (timer === set) timer = undefined;
      };
    },
    /** Milliseconds to the next look; undefined if none is planned. */
    next: () => timer && timer.atMs - now,
    pass(milliseconds: number) {
      now += milliseconds;
    },
    async fire() {
      const due = timer;
      timer = undefined;
      now = Math.max(now, due?.atMs ?? now);
      due?.then();
      await settled();
    },
  };
}

/** Lets the promises of a look run to their ends. */
function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

interface FakeClient extends LiveClient {
  readonly got: string[];
  isDropped: boolean;
}

/** @param takes whether the client takes what it is sent */
function createClient(takes = true): FakeClient {
  const client: FakeClient = {
    got: [],
    isDropped: false,
    send(text) {
      client.got.push(text);
      return takes ? Promise.resolve() : new Promise(() => {});
    },
    drop() {
      client.isDropped = true;
    },
  };
  return client;
}

const eventsOf = ({ got }: FakeClient) => got.map((text) => /^event: (\w+)$/m.exec(text)?.[1] ?? text);

function dataOf(client: FakeClient): unknown {
  return JSON.parse(/^data: (.*)$/m.exec(client.got.at(-1) ?? '')?.[1] ?? 'null');
}

let live: Live | undefined;
afterEach(() => live?.close());

/** A loop whose looks give the documents that the test puts into `next`. */
function world({ isLocal = true } = {}) {
  const clock = createClock();
  const state = { looks: 0, next: flowOf() as FlowDocument | Error };
  const created = createLive({
    async read() {
      state.looks += 1;
      if (state.next instanceof Error) throw state.next;
      return { ...state.next, at: new Date(clock.now()).toISOString() };
    },
    isLocal: () => isLocal,
    explain: (error) => ({ error: `explained: ${error instanceof Error ? error.message : error}` }),
    clock,
  });
  live = created;
  return { clock, state, live: created };
}

const alarm = { name: 'a', boundary: 'ordering', description: '', since: null, runbookEntry: null };

describe('the live flow', () => {
  test('a page gets the flow at once, and again only when it changed; otherwise it gets “same”', async () => {
    const { clock, state, live } = world();
    const client = createClient();
    live.join(client);
    await settled();
    expect(eventsOf(client)).toEqual(['flow']);
    expect(dataOf(client)).toMatchObject({ at: '1970-01-01T00:00:00.000Z', owners: [] });
    await clock.fire();
    state.next = flowOf({ stoppedFunctions: ['p'] });
    await clock.fire();
    expect(eventsOf(client)).toEqual(['flow', 'same', 'flow']);
    expect(dataOf(client)).toMatchObject({ stoppedFunctions: ['p'] });
    for (const text of client.got) expect(text.endsWith('\n\n')).toBe(true);
  });

  test('all pages share one look, and a new page gets the newest flow without a look of its own', async () => {
    const { clock, state, live } = world();
    const [one, other] = [createClient(), createClient()];
    live.join(one);
    await settled();
    live.join(other);
    expect(eventsOf(other)).toEqual(['flow']);
    expect(state.looks).toBe(1);
    await clock.fire();
    expect(state.looks).toBe(2);
    expect([one.got.length, other.got.length]).toEqual([2, 2]);
  });

  test('nothing is looked at while no page is open, and the next page gets no old flow', async () => {
    const { clock, state, live } = world();
    const leave = live.join(createClient());
    await settled();
    leave();
    expect(clock.next()).toBeUndefined();
    expect(state.looks).toBe(1);
    state.next = flowOf({ stoppedFunctions: ['p'] });
    const client = createClient();
    live.join(client);
    await settled();
    expect(state.looks).toBe(2);
    expect(eventsOf(client)).toEqual(['flow']);
    expect(dataOf(client)).toMatchObject({ stoppedFunctions: ['p'] });
  });

  test('a page that closes during a look ends the looks', async () => {
    const { clock, live } = world();
    const leave = live.join(createClient());
    leave();
    await settled();
    expect(clock.next()).toBeUndefined();
  });

  test('an action of the page is looked at without waiting, and the local cloud counts as moving then', async () => {
    const { live, clock, state } = world();
    live.join(createClient());
    await settled();
    for (let second = 0; second < 12; second += 1) await clock.fire();
    expect(clock.next()).toBe(3_000);
    const before = state.looks;
    live.acted();
    await settled();
    expect({ looks: state.looks, next: clock.next() }).toEqual({ looks: before + 1, next: 1_000 });
  });

  test('the local cloud is looked at every second while it moves, and every 3 seconds after 10 still ones', async () => {
    const { clock, state, live } = world();
    live.join(createClient());
    await settled();
    expect(clock.next()).toBe(1_000);
    for (let second = 0; second < 10; second += 1) await clock.fire();
    expect(clock.next()).toBe(3_000);
    // Staleness grows by itself while nothing moves.
    state.next = flowOf({ caches: [cacheOf(1)] });
    await clock.fire();
    for (let look = 0; look < 10; look += 1) {
      state.next = flowOf({ caches: [cacheOf(look + 2)] });
      await clock.fire();
    }
    expect(clock.next()).toBe(3_000);
    state.next = flowOf({ stoppedFunctions: ['p'] });
    await clock.fire();
    expect(clock.next()).toBe(1_000);
  });

  test('a deployment on AWS is looked at every 5 seconds', async () => {
    const { clock, live } = world({ isLocal: false });
    live.join(createClient());
    await settled();
    expect(clock.next()).toBe(5_000);
  });

  test('a look that fails is told to the pages, looks go on more rarely, and the next flow is sent although it is the same', async () => {
    const { clock, state, live } = world();
    const client = createClient();
    live.join(client);
    await settled();
    const flow = state.next;
    state.next = new Error('gone');
    const pauses: unknown[] = [];
    for (let failure = 0; failure < 5; failure += 1) {
      await clock.fire();
      pauses.push(clock.next());
    }
    expect(pauses).toEqual([1_000, 2_000, 4_000, 5_000, 5_000]);
    expect(dataOf(client)).toEqual({ error: 'explained: gone' });
    const late = createClient();
    live.join(late);
    expect(eventsOf(late)).toEqual(['trouble']);
    state.next = flow;
    await clock.fire();
    expect(eventsOf(client)).toEqual(['flow', ...Array(5).fill('trouble'), 'flow']);
    await clock.fire();
    expect(eventsOf(client).at(-1)).toBe('same');
  });

  test('a page that takes nothing is dropped, and the other pages go on', async () => {
    const { clock, live } = world();
    const [slow, good] = [createClient(false), createClient()];
    live.join(slow);
    live.join(good);
    await settled();
    for (let look = 0; look < 3; look += 1) await clock.fire();
    expect(slow).toMatchObject({ isDropped: false });
    await clock.fire();
    expect(slow).toMatchObject({ isDropped: true });
    await clock.fire();
    expect(slow.got).toHaveLength(4);
    expect(good.got).toHaveLength(6);
  });

  test('the last page that takes nothing ends the looks when it is dropped', async () => {
    const { clock, live } = world();
    live.join(createClient(false));
    await settled();
    for (let look = 0; look < 4; look += 1) await clock.fire();
    expect(clock.next()).toBeUndefined();
  });

  test('pages are told when the deployment is replaced, and a look at the former one is ignored', async () => {
    const clock = createClock();
    const answers: ((document: FlowDocument) => void)[] = [];
    live = createLive({
      read: () => new Promise((resolve) => answers.push(resolve)),
      isLocal: () => true,
      explain: String as never,
      clock,
    });
    const client = createClient();
    live.join(client);
    live.replaced();
    answers[0]?.(flowOf({ stoppedFunctions: ['former'] }));
    await settled();
    expect(eventsOf(client)).toEqual(['deployment']);
    expect(clock.next()).toBe(0);
    await clock.fire();
    answers[1]?.(flowOf({ stoppedFunctions: ['new'] }));
    await settled();
    expect(eventsOf(client)).toEqual(['deployment', 'flow']);
    expect(dataOf(client)).toMatchObject({ stoppedFunctions: ['new'] });
  });

  test('changes of alarms are remembered from the first look on, the newest first and at most 200', async () => {
    const { clock, state, live } = world();
    state.next = flowOf({ alarms: [alarm] });
    live.join(createClient());
    await settled();
    expect(live.alarmChanges()).toEqual([]);
    state.next = flowOf({ alarms: [{ ...alarm, name: 'b', since: '2026-12-01T00:00:00.000Z' }] });
    await clock.fire();
    expect(live.alarmChanges()).toEqual([
      { at: '2026-12-01T00:00:00.000Z', name: 'b', boundary: 'ordering', state: 'ALARM' },
      { at: '1970-01-01T00:00:01.000Z', name: 'a', boundary: 'ordering', state: 'OK' },
    ]);
    await clock.fire();
    expect(live.alarmChanges()).toHaveLength(2);
    for (let look = 0; look < 300; look += 1) {
      state.next = flowOf({ alarms: look % 2 === 0 ? [] : [alarm] });
      await clock.fire();
    }
    expect(live.alarmChanges()).toHaveLength(200);
  });

  test('alarms that could not be read have neither begun nor ended', async () => {
    const { clock, state, live } = world();
    state.next = flowOf({ alarms: [alarm] });
    live.join(createClient());
    await settled();
    for (const alarms of [null, [alarm], null]) {
      state.next = flowOf({ alarms });
      await clock.fire();
    }
    expect(live.alarmChanges()).toEqual([]);
    state.next = flowOf({ alarms: [] });
    await clock.fire();
    expect(live.alarmChanges()).toMatchObject([{ name: 'a', state: 'OK' }]);
  });

  test('alarms of a former deployment have not ended when it is replaced', async () => {
    const { clock, state, live } = world();
    state.next = flowOf({ alarms: [alarm] });
    live.join(createClient());
    await settled();
    state.next = flowOf();
    live.replaced();
    await settled();
    await clock.fire();
    expect(live.alarmChanges()).toEqual([]);
    state.next = flowOf({ alarms: [alarm] });
    await clock.fire();
    expect(live.alarmChanges()).toMatchObject([{ name: 'a', state: 'ALARM' }]);
  });

  test('a closed loop drops its pages and looks no more', async () => {
    const { clock, state, live } = world();
    const client = createClient();
    live.join(client);
    await settled();
    live.close();
    expect(client.isDropped).toBe(true);
    live.join(createClient());
    await settled();
    expect([clock.next(), state.looks]).toEqual([undefined, 1]);
  });
});

function cacheOf(stalenessSeconds: number): FlowDocument['caches'][number] {
  return {
    name: 'ordering',
    backlog: 0,
    highWater: null,
    productionRate: 0,
    consumptionRate: 0,
    drainSeconds: null,
    leadTimeP50Ms: null,
    leadTimeP99Ms: null,
    stalenessSeconds,
    hottestGroup: null,
    projector: { name: 'p', state: 'running' },
    parked: 0,
    deadLetters: 0,
    readiness: {},
  };
}
