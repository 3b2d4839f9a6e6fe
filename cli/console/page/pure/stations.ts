import type {
  CacheFlow,
  DeploymentDocument,
  FactQueueFlow,
  FlowDocument,
  FunctionDocument,
  SagaFlow,
} from '../../api/documents.ts';
import type { Sink, Source } from './flow-graph.ts';
import { plural, rate, span, stalenessWords } from './words.ts';

/** A short statement at a station. The icon has the statement's name. */
export interface Sign {
  readonly icon: 'stopped' | 'paused' | 'refusing' | 'paced' | 'alarm' | 'dead' | 'parked' | 'late' | 'fine' | 'unread';
  readonly tone: 'good' | 'warn' | 'bad' | 'calm';
  readonly text: string;
}

/** What the picture shows of a source. */
export interface SourceView extends Source {
  /** The entity types of an owner, or what else it is. */
  readonly subtitle: string;
  readonly signs: readonly Sign[];
  readonly relay: FunctionDocument | undefined;
  readonly relayNote: string;
  /** Events per second into its topic. */
  readonly rate: number | null;
}

/** What the picture shows of a sink. */
export interface SinkView extends Sink {
  readonly backlog: number;
  readonly highWater: number | null;
  readonly productionRate: number | null;
  readonly consumptionRate: number | null;
  readonly drainSeconds: number | null;
  readonly hottest: string | undefined;
  readonly workerTitle: string;
  readonly worker: FunctionDocument | undefined;
  readonly subtitle: string;
  readonly note: string;
  readonly signs: readonly Sign[];
}

/** The sources of a picture with their figures. */
export function sourceViews(
  sources: readonly Source[],
  deployment: DeploymentDocument,
  flow: FlowDocument,
): SourceView[] {
  return sources.map((source) => {
    const { kind, name } = source;
    if (kind === 'elsewhere') {
      return {
        ...source,
        subtitle: 'owner in another deployment',
        signs: [],
        relay: undefined,
        relayNote: '',
        rate: null,
      };
    }
    if (kind === 'facts') {
      const relay = flow.factTopics.find(({ boundary }) => boundary === name)?.relay;
      return {
        ...source,
        subtitle: 'publishes facts',
        signs: alarmSigns(flow, name),
        relay,
        relayNote: '',
        rate: null,
      };
    }
    const owner = flow.owners.find((one) => one.name === name);
    const types = deployment.owners.find((one) => one.name === name)?.types ?? null;
    return {
      ...source,
      subtitle: types === null ? 'types not known' : types.join(', '),
      signs: owner === undefined ? [] : [flowSign(owner.flow), ...parkedSigns(owner.parked), ...alarmSigns(flow, name)],
      relay: owner?.relay,
      relayNote: owner?.relayDelayMs == null ? '' : `${span(owner.relayDelayMs)} delay`,
      rate: owner?.publishedRate ?? null,
    };
  });
}

function flowSign({ state, pacePerSecond }: FlowDocument['owners'][number]['flow']): Sign {
  if (state === 'normal') return { icon: 'fine', tone: 'good', text: 'normal' };
  if (state === 'refusing') return { icon: 'refusing', tone: 'bad', text: 'refusing writes' };
  return { icon: 'paced', tone: 'warn', text: pacePerSecond === null ? 'paced' : `paced to ${rate(pacePerSecond)}` };
}

/** The sinks of a picture with their figures. */
export function sinkViews(sinks: readonly Sink[], flow: FlowDocument): SinkView[] {
  return sinks.flatMap((sink): SinkView[] => {
    const { kind, name } = sink;
    const isNamed = (one: { readonly name: string }) => one.name === name;
    if (kind === 'cache') {
      const cache = flow.caches.find(isNamed);
      return cache === undefined ? [] : [cacheView(sink, cache, flow)];
    }
    const found = (kind === 'saga' ? flow.sagas : flow.factQueues).find(isNamed);
    return found === undefined
      ? []
      : [kind === 'saga' ? sagaView(sink, found as SagaFlow, flow) : queueView(sink, found, flow)];
  });
}

function cacheView(sink: Sink, cache: CacheFlow, flow: FlowDocument): SinkView {
  const { leadTimeP50Ms, leadTimeP99Ms, hottestGroup, stalenessSeconds, readiness } = cache;
  const notReady = Object.entries(readiness).filter(([, state]) => state !== 'ready');
  const filling: Sign[] = notReady.map(([type, state]) => ({ icon: 'late', tone: 'warn', text: `${type} ${state}` }));
  return {
    ...sink,
    ...cache,
    name: sink.name,
    hottest: hottestGroup === null ? undefined : `${hottestGroup.group} (${plural(hottestGroup.events, 'event')})`,
    workerTitle: 'projector',
    worker: cache.projector,
    subtitle: stalenessWords(stalenessSeconds),
    note: leadTimeP50Ms === null ? '' : `lead ${span(leadTimeP50Ms)}, p99 ${span(leadTimeP99Ms)}`,
    signs: [...deadSigns(cache.deadLetters), ...parkedSigns(cache.parked), ...alarmSigns(flow, sink.name), ...filling],
  };
}

const NO_RATES = { highWater: null, productionRate: null, consumptionRate: null, drainSeconds: null };

function queueView(sink: Sink, queue: FactQueueFlow, flow: FlowDocument): SinkView {
  return {
    ...sink,
    ...NO_RATES,
    backlog: queue.backlog,
    hottest: undefined,
    workerTitle: 'handler',
    worker: undefined,
    subtitle: 'facts for its handler',
    note: sink.words.length === 0 ? '' : `from ${sink.words.join(', ')}`,
    signs: [...deadSigns(queue.deadLetters), ...parkedSigns(queue.parked), ...alarmSigns(flow, sink.name)],
  };
}

function sagaView(sink: Sink, saga: SagaFlow, flow: FlowDocument): SinkView {
  const late: Sign[] = saga.due === 0 ? [] : [{ icon: 'late', tone: 'warn', text: `${saga.due} overdue` }];
  const failed: Sign[] =
    saga.effectFailures === 0
      ? []
      : [{ icon: 'dead', tone: 'bad', text: `${plural(saga.effectFailures, 'effect')} failed` }];
  return {
    ...queueView(sink, saga, flow),
    workerTitle: 'decider',
    worker: saga.decider,
    subtitle: saga.waiting === null ? 'saga' : `${plural(saga.waiting, 'instance')} waiting`,
    note: saga.effectBacklog === 0 ? '' : `${plural(saga.effectBacklog, 'effect')} retried`,
    signs: [
      ...failed,
      ...deadSigns(saga.deadLetters),
      ...parkedSigns(saga.parked),
      ...late,
      ...alarmSigns(flow, sink.name),
    ],
  };
}

function parkedSigns(parked: number): Sign[] {
  return parked === 0 ? [] : [{ icon: 'parked', tone: 'warn', text: `${parked} parked` }];
}

function deadSigns(deadLetters: number): Sign[] {
  return deadLetters === 0 ? [] : [{ icon: 'dead', tone: 'bad', text: plural(deadLetters, 'dead letter') }];
}

function alarmSigns({ alarms }: FlowDocument, name: string): Sign[] {
  const raised = (alarms ?? []).filter(({ boundary }) => boundary === name).length;
  return raised === 0 ? [] : [{ icon: 'alarm', tone: 'bad', text: plural(raised, 'alarm') }];
}

/** The state of a function as a sign; undefined if the state says nothing. */
export function functionSign(state: FunctionDocument['state'] | undefined): Sign | undefined {
  switch (state) {
    case 'running':
      return { icon: 'fine', tone: 'good', text: 'running' };
    case 'stopped':
      return { icon: 'stopped', tone: 'bad', text: 'stopped' };
    case 'paused':
      return { icon: 'paused', tone: 'bad', text: 'paused' };
    case 'unknown':
      return { icon: 'unread', tone: 'calm', text: 'unknown' };
    default:
      return undefined;
  }
}
