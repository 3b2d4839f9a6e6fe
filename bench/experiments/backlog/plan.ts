import type { Measured, Run, Story } from './stories.ts';

/** About how many events a second one consumer processes: batches of ten groups in parallel, 150 ms for each write. */
const CAPACITY = 62;

const MANY = 5_000;
const steady = (perSecond: number) => () => perSecond;

const burst = (seconds: number) => (seconds >= 5 && seconds < 10 ? 20 * CAPACITY : CAPACITY / 4);
const peaks = (seconds: number) => (seconds % 10 < 4 ? 1.8 * CAPACITY : CAPACITY / 4);

const burstRun = (isGoverned: boolean): Run => ({
  name: isGoverned ? 'with the governor' : 'without',
  consumers: 1,
  isGoverned,
  load: { parts: MANY, seconds: 12, rate: burst, maxWaitMs: 240_000 },
  drainSeconds: 200,
});

/** The stories of the experiment, in the order of the page. */
export const STORIES: readonly Story[] = [
  {
    file: 'backlog-one-producer',
    title: 'One producer faster than one consumer',
    claim: 'The backlog grows during the whole load, `inflow-above-outflow` fires, and the drain time is infinite.',
    runs: [
      {
        name: 'one consumer',
        consumers: 1,
        isGoverned: false,
        load: { parts: MANY, seconds: 45, rate: steady(1.5 * CAPACITY), maxWaitMs: 0 },
        drainSeconds: 0,
      },
    ],
    check: ([one]) => [
      ...(one && one.endBacklog >= 0.9 * one.worstBacklog ? [] : ['the backlog did not grow until the end']),
      ...(one?.predictedDrain === null ? [] : [`the drain time was ${one?.predictedDrain}, not infinite`]),
      ...(one?.alarms.some((name) => name.includes('inflow')) ? [] : ['`inflow-above-outflow` did not fire']),
    ],
  },
  {
    file: 'backlog-competing-consumers',
    title: 'Eight competing consumers',
    claim: 'With many groups the backlog drains. With one group it does not, and the hottest group is that group.',
    runs: [
      {
        name: 'many groups',
        consumers: 8,
        isGoverned: false,
        load: { parts: MANY, seconds: 30, rate: steady(3 * CAPACITY), maxWaitMs: 0 },
        drainSeconds: 30,
      },
      {
        name: 'one group',
        consumers: 8,
        isGoverned: false,
        load: { parts: 1, seconds: 30, rate: steady(3 * CAPACITY), maxWaitMs: 0 },
        drainSeconds: 0,
      },
    ],
    check: ([many, one]) => [
      ...(many?.drainedAfter != null && many.drainedAfter < 10 ? [] : ['with many groups the backlog did not drain']),
      ...(one && one.endBacklog > 0.5 * one.accepted - 10 * CAPACITY && one.endBacklog > 1_000
        ? []
        : ['with one group the backlog drained']),
      ...(one?.hottestGroup === 'Part/part-0' ? [] : [`the hottest group was ${one?.hottestGroup}`]),
    ],
  },
  {
    file: 'backlog-burst',
    title: 'A burst of twenty times the capacity',
    claim:
      'Without the governor the whole burst is queued. ' +
      'With the governor, writers wait and the backlog stays near high water.',
    runs: [burstRun(false), burstRun(true)],
    check: ([free, governed]) => [
      ...(free && governed && governed.worstBacklog < free.worstBacklog
        ? []
        : ['the governor did not lower the worst backlog']),
      ...((governed?.states.refusing ?? 0) === 1
        ? []
        : [`writes came to be refused ${governed?.states.refusing} times, not once`]),
      ...lossless(free),
      ...lossless(governed),
    ],
  },
  {
    file: 'backlog-peaks',
    title: 'Peaks and valleys',
    claim:
      'Peaks of 1.8 times the capacity, with an average load below the capacity, drain in the valleys. ' +
      'The flow state stays `normal`.',
    runs: [
      {
        name: 'peaks and valleys',
        consumers: 1,
        isGoverned: true,
        load: { parts: MANY, seconds: 40, rate: peaks, maxWaitMs: 0 },
        drainSeconds: 30,
      },
    ],
    check: ([one]) => [
      ...(one?.refused === 0 && one.states.paced + one.states.refusing === 0 ? [] : ['the flow state left normal']),
      ...lossless(one),
    ],
  },
  {
    file: 'backlog-throttled',
    title: "The cache's table throttled to 10 % of its need for a minute",
    claim: 'Nothing is parked, and the throughput recovers by itself.',
    runs: [
      {
        name: 'throttled from 10 s to 70 s',
        consumers: 2,
        isGoverned: false,
        load: { parts: MANY, seconds: 90, rate: steady(40), maxWaitMs: 0 },
        drainSeconds: 90,
        throttle: { from: 10, to: 70, writesPerSecond: 4 },
      },
    ],
    check: ([one]) => [...(one?.parked === 0 ? [] : [`${one?.parked} events were parked or held`]), ...lossless(one)],
  },
];

/** Problems of a run whose accepted writes should all have reached the cache. */
function lossless(one: Measured | undefined): string[] {
  if (one === undefined) return ['a run is missing'];
  if (one.drainedAfter === null) return [`${one.run}: the backlog did not drain within the run`];
  return one.differing === 0 && one.failed === 0
    ? []
    : [`${one.run}: ${one.differing} parts differ from the owner, ${one.failed} writes failed`];
}
