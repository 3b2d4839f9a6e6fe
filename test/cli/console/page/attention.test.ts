import { expect, test } from 'vitest';
import type { CacheFlow, FlowDocument, OwnerFlow } from '../../../../cli/console/api/documents.ts';
import { attentionOf, flowStateWords } from '../../../../cli/console/page/pure/attention.ts';
import { sinkViews } from '../../../../cli/console/page/pure/stations.ts';

const cache: CacheFlow = {
  name: 'ordering',
  backlog: 0,
  highWater: 50_000,
  productionRate: 0,
  consumptionRate: 0,
  drainSeconds: null,
  leadTimeP50Ms: 80,
  leadTimeP99Ms: 900,
  stalenessSeconds: 9,
  hottestGroup: null,
  projector: { name: 'projector', state: 'running' },
  parked: 0,
  deadLetters: 0,
  readiness: { Country: 'ready' },
};

const owner: OwnerFlow = {
  name: 'geography',
  flow: {
    state: 'normal',
    pacePerSecond: null,
    retryAfterSeconds: 0,
    cause: null,
    reportsMissing: [],
    decidedAt: null,
  },
  relay: { name: 'relay', state: 'running' },
  relayDelayMs: 100,
  publishedRate: 1,
  parked: 0,
};

const flow: FlowDocument = {
  at: '',
  owners: [owner],
  caches: [cache],
  factTopics: [],
  factQueues: [],
  sagas: [],
  alarms: [],
  stoppedFunctions: [],
  unread: [],
};

const refusing: OwnerFlow['flow'] = {
  ...owner.flow,
  state: 'refusing',
  retryAfterSeconds: 30,
  cause: { cache: 'ordering', backlog: 61_000, drainSeconds: null },
};

test('nothing needs attention while everything runs', () => {
  expect(attentionOf(flow)).toEqual([]);
});

test('each state that holds something up is named with its station', () => {
  const saga = { name: 's', backlog: 0, deadLetters: 0, parked: 0, waiting: 1, effectBacklog: 0 };
  const bad: FlowDocument = {
    ...flow,
    owners: [{ ...owner, flow: refusing, relay: { name: 'relay', state: 'paused' }, parked: 1 }],
    caches: [
      { ...cache, backlog: 61_000, projector: { name: 'projector', state: 'stopped' }, parked: 3, deadLetters: 2 },
    ],
    sagas: [{ ...saga, decider: { name: 'd', state: 'running' }, due: 2, effectFailures: 1 }],
    alarms: [{ name: 'behind', boundary: 'ordering', description: '', since: null, runbookEntry: 'behind' }],
    stoppedFunctions: ['projector', 'label-printer'],
    unread: ['metrics: AccessDenied'],
  };
  const found = attentionOf(bad);
  expect(found.map(({ sign, at, text }) => [sign, at, text])).toEqual([
    ['refusing', 'owner/geography', 'geography refuses writes, because ordering lags by 61,000 events'],
    ['paused', 'owner/geography', 'Relay of geography: its mapping is paused'],
    ['stopped', 'cache/ordering', 'Projector of ordering is stopped'],
    ['over', 'cache/ordering', "Queue of ordering: 61,000 messages, high water 50,000, doesn't drain"],
    ['dead', 'cache/ordering', 'Cache ordering: 2 dead letters'],
    ['dead', 'saga/s', 'Saga s: 1 effect failed'],
    ['alarm', 'cache/ordering', 'Alarm behind'],
    ['stopped', undefined, 'Function label-printer is stopped'],
    ['parked', 'owner/geography', 'Owner geography: 1 event parked'],
    ['parked', 'cache/ordering', 'Cache ordering: 3 events parked'],
    ['late', 'saga/s', 'Saga s: 2 instances overdue'],
    ['unread', undefined, 'Not read: metrics: AccessDenied'],
  ]);
  expect(found.find(({ text }) => text.includes('label-printer'))?.href).toBe('#/flow?function=label-printer');
});

test('alarms that could not be read are said once, and are never taken for no alarm', () => {
  const unread = 'Not read: alarms: AccessDenied';
  expect(attentionOf({ ...flow, alarms: null }).map(({ text }) => text)).toEqual(['Not read: alarms']);
  expect(attentionOf({ ...flow, alarms: null, unread: ['alarms: AccessDenied'] }).map(({ text }) => text)).toEqual([
    unread,
  ]);
});

test('the flow state says why and for how long', () => {
  expect(flowStateWords(owner.flow)).toBe('normal: writes are admitted freely');
  expect(flowStateWords(refusing)).toBe(
    "refusing writes, because ordering lags by 61,000 events (doesn't drain); try again after 30 s",
  );
  expect(flowStateWords({ ...owner.flow, state: 'paced', pacePerSecond: 40 })).toBe('paced to 40/s');
});

test('a cache that is not filled yet says so at its station', () => {
  const sink = { key: 'cache/ordering', kind: 'cache', name: 'ordering', words: [], from: [] } as const;
  const filling = { ...flow, caches: [{ ...cache, readiness: { Country: 'filling' as const } }] };
  expect(sinkViews([sink], filling)[0]?.signs).toEqual([{ icon: 'late', tone: 'warn', text: 'Country filling' }]);
  expect(sinkViews([sink], flow)[0]?.signs).toEqual([]);
});
