import type { CacheStatus, OwnerStatus, StatusReport } from '../../cli/commands/status/document.ts';
import type { CacheView, WatchView } from '../../cli/commands/watch/document.ts';
import type { FactQueueStatus, SagaStatus } from '../../cli/observe/facts.ts';
import type { FlowStatus } from '../../cli/observe/flow-status.ts';

/** Flow control that doesn't slow the writers. */
export const NORMAL: FlowStatus = {
  state: 'normal',
  pacePerSecond: null,
  retryAfterSeconds: 0,
  cause: null,
  reportsMissing: [],
  decidedAt: '2026-01-01T00:00:00.000Z',
};

const QUIET_OWNER: OwnerStatus = {
  owner: 'geography',
  relay: 'running',
  published: 0,
  conflated: 0,
  diverted: 0,
  setAside: 0,
  relayDelayMs: null,
  streamUsePercent: null,
  flow: NORMAL,
};

const QUIET_CACHE: CacheStatus = {
  cache: 'ordering',
  readiness: {},
  entities: null,
  applied: 0,
  superseded: 0,
  outdated: 0,
  duplicate: 0,
  gap: 0,
  discarded: 0,
  parked: 0,
  held: 0,
  leadTimeP50Ms: null,
  leadTimeP99Ms: null,
  backlog: 0,
  productionRate: null,
  consumptionRate: null,
  drainSeconds: null,
  utilisationPercent: null,
  oldestAgeSeconds: null,
  stalenessSeconds: null,
  deadLetters: 0,
  setAside: 0,
};

/** An idle queue of facts. */
export const QUIET_QUEUE: FactQueueStatus = {
  queue: 'accounting',
  backlog: 0,
  deadLetters: 0,
  parked: 0,
  delivery: 'live',
};

/** A saga without instances. */
export const QUIET_SAGA: SagaStatus = {
  saga: 'shipping',
  waiting: null,
  due: 0,
  decided: null,
  cancelled: null,
  backlog: 0,
  deadLetters: 0,
  parked: 0,
  delivery: 'live',
  effectQueues: [],
  effectFailures: 0,
};

/** A status report on one idle owner and one idle cache. @param differing the values that differ from that */
export function reportOf(
  differing: { owner?: Partial<OwnerStatus>; cache?: Partial<CacheStatus> } & Partial<
    Pick<StatusReport, 'alarms' | 'factQueues' | 'sagas' | 'stoppedFunctions' | 'unknownFunctions' | 'unread'>
  >,
): StatusReport {
  return {
    place: 'the local cloud',
    readAt: '2026-01-01T00:00:00.000Z',
    sinceSeconds: 10_800,
    owners: [{ ...QUIET_OWNER, ...differing.owner }],
    caches: [{ ...QUIET_CACHE, ...differing.cache }],
    factQueues: differing.factQueues ?? [],
    sagas: differing.sagas ?? [],
    alarms: differing.alarms ?? [],
    stoppedFunctions: differing.stoppedFunctions ?? [],
    unknownFunctions: differing.unknownFunctions ?? [],
    unread: differing.unread ?? [],
  };
}

const QUIET_VIEW: CacheView = {
  cache: 'ordering',
  backlog: 0,
  productionRate: null,
  consumptionRate: null,
  drainSeconds: null,
  leadTimeP50Ms: null,
  leadTimeP99Ms: null,
  stalenessSeconds: null,
  hottestGroup: null,
};

/** A view of one idle owner and one idle cache. @param differing the values that differ from that */
export function viewOf(
  differing: { flow?: Partial<FlowStatus>; cache?: Partial<CacheView> } & Partial<
    Pick<WatchView, 'alarms' | 'factQueues' | 'sagas' | 'stoppedFunctions' | 'unknownFunctions' | 'unread'>
  > = {},
): WatchView {
  return {
    at: '2026-01-01T12:34:56.789Z',
    owners: [{ owner: 'geography', flow: { ...NORMAL, ...differing.flow } }],
    caches: [{ ...QUIET_VIEW, ...differing.cache }],
    factQueues: differing.factQueues ?? [],
    sagas: differing.sagas ?? [],
    alarms: differing.alarms ?? [],
    stoppedFunctions: differing.stoppedFunctions ?? [],
    unknownFunctions: differing.unknownFunctions ?? [],
    unread: differing.unread ?? [],
  };
}
