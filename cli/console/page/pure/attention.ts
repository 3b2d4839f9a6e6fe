import type { CacheFlow, FlowDocument, FunctionDocument, OwnerFlow } from '../../api/documents.ts';
import { routeTo } from './route.ts';
import { count, drainWords, plural, rate, seconds } from './words.ts';

/** What a sign means; each has its own icon. */
export type Sign =
  | 'stopped'
  | 'paused'
  | 'refusing'
  | 'paced'
  | 'alarm'
  | 'dead'
  | 'parked'
  | 'over'
  | 'late'
  | 'unread';

/** Something that needs the attention of an operator. */
export interface Attention {
  readonly sign: Sign;
  readonly isUrgent: boolean;
  /** The key of the station in the picture, such as `cache/ordering`; undefined if it isn't at one station. */
  readonly at: string | undefined;
  readonly text: string;
  /** The address of the view that shows more. */
  readonly href: string;
}

/** Everything that needs attention now, the most urgent first. */
export function attentionOf(flow: FlowDocument): Attention[] {
  const all = [
    ...flow.owners.flatMap(ofOwner),
    ...flow.factTopics.flatMap(({ boundary, relay }) =>
      ofFunction(`facts/${boundary}`, `Relay of the facts of ${boundary}`, relay),
    ),
    ...flow.caches.flatMap(ofCache),
    ...flow.factQueues.flatMap((queue) => ofQueue(`fact-queue/${queue.name}`, `Queue of facts ${queue.name}`, queue)),
    ...flow.sagas.flatMap((saga) => {
      const at = `saga/${saga.name}`;
      const name = `Saga ${saga.name}`;
      return [
        ...ofFunction(at, `Decider of ${saga.name}`, saga.decider),
        ...ofQueue(at, name, saga),
        ...(saga.due === 0
          ? []
          : [
              sign(
                'late',
                false,
                at,
                `${name}: ${plural(saga.due, 'instance')} overdue`,
                routeTo('sagas', { saga: saga.name }),
              ),
            ]),
        ...(saga.effectFailures === 0
          ? []
          : [
              sign(
                'dead',
                true,
                at,
                `${name}: ${plural(saga.effectFailures, 'effect')} failed`,
                routeTo('sagas', { saga: saga.name }),
              ),
            ]),
      ];
    }),
    ...(flow.alarms ?? []).map((alarm) =>
      sign(
        'alarm',
        true,
        stationOf(alarm.boundary, flow),
        `Alarm ${alarm.name}`,
        routeTo('numbers', { alarm: alarm.name }),
      ),
    ),
    ...otherFunctions(flow),
    ...unreadOf(flow).map((text) => sign('unread', false, undefined, `Not read: ${text}`, routeTo('flow'))),
  ];
  return [...all.filter(({ isUrgent }) => isUrgent), ...all.filter(({ isUrgent }) => !isUrgent)];
}

function sign(kind: Sign, isUrgent: boolean, at: string | undefined, text: string, href: string): Attention {
  return { sign: kind, isUrgent, at, text, href };
}

function ofOwner({ name, flow, relay, parked }: OwnerFlow): Attention[] {
  const at = `owner/${name}`;
  const cause =
    flow.cause === null ? '' : `, because ${flow.cause.cache} lags by ${plural(flow.cause.backlog, 'event')}`;
  const pace = flow.pacePerSecond === null ? '' : ` to ${rate(flow.pacePerSecond)}`;
  return [
    ...(flow.state === 'refusing' ? [sign('refusing', true, at, `${name} refuses writes${cause}`, station(at))] : []),
    ...(flow.state === 'paced'
      ? [sign('paced', false, at, `Writes to ${name} are paced${pace}${cause}`, station(at))]
      : []),
    ...ofFunction(at, `Relay of ${name}`, relay),
    ...ofParked(at, `Owner ${name}`, name, parked),
  ];
}

function ofCache(cache: CacheFlow): Attention[] {
  const at = `cache/${cache.name}`;
  const isOver = cache.highWater !== null && cache.backlog >= cache.highWater;
  const text = `Queue of ${cache.name}: ${count(cache.backlog)} messages, high water ${count(cache.highWater ?? 0)}, ${drainWords(cache)}`;
  return [
    ...ofFunction(at, `Projector of ${cache.name}`, cache.projector),
    ...(isOver ? [sign('over', true, at, text, station(at))] : []),
    ...ofQueue(at, `Cache ${cache.name}`, cache),
  ];
}

function ofQueue(
  at: string,
  title: string,
  { name, deadLetters, parked }: Pick<CacheFlow, 'name' | 'deadLetters' | 'parked'>,
): Attention[] {
  const dead = `${title}: ${plural(deadLetters, 'dead letter')}`;
  return [
    ...(deadLetters === 0 ? [] : [sign('dead', true, at, dead, station(at))]),
    ...ofParked(at, title, name, parked),
  ];
}

function ofParked(at: string, title: string, name: string, parked: number): Attention[] {
  if (parked === 0) return [];
  return [sign('parked', false, at, `${title}: ${plural(parked, 'event')} parked`, routeTo('parked', { at: name }))];
}

function ofFunction(at: string, title: string, { state }: FunctionDocument): Attention[] {
  if (state === 'stopped') return [sign('stopped', true, at, `${title} is stopped`, station(at))];
  return state === 'paused' ? [sign('paused', true, at, `${title}: its mapping is paused`, station(at))] : [];
}

/** Functions that are stopped and aren't stations of the picture. */
function otherFunctions({ owners, caches, factTopics, sagas, stoppedFunctions }: FlowDocument): Attention[] {
  const stations = new Set([
    ...[...owners, ...factTopics].map(({ relay }) => relay.name),
    ...caches.map(({ projector }) => projector.name),
    ...sagas.map(({ decider }) => decider.name),
  ]);
  return stoppedFunctions
    .filter((name) => !stations.has(name))
    .map((name) =>
      sign('stopped', true, undefined, `Function ${name} is stopped`, routeTo('flow', { function: name })),
    );
}

function unreadOf({ alarms, unread }: FlowDocument): readonly string[] {
  return alarms !== null || unread.some((text) => text.startsWith('alarms')) ? unread : ['alarms', ...unread];
}

function station(at: string): string {
  return routeTo('flow', { at });
}

function stationOf(
  boundary: string,
  { owners, caches, factTopics, factQueues, sagas }: FlowDocument,
): string | undefined {
  const has = (list: readonly { readonly name: string }[]) => list.some(({ name }) => name === boundary);
  if (has(caches)) return `cache/${boundary}`;
  if (has(owners)) return `owner/${boundary}`;
  if (has(factQueues)) return `fact-queue/${boundary}`;
  if (has(sagas)) return `saga/${boundary}`;
  return factTopics.some((topic) => topic.boundary === boundary) ? `facts/${boundary}` : undefined;
}

/** The flow state of an owner in words. */
export function flowStateWords({ state, pacePerSecond, retryAfterSeconds, cause }: OwnerFlow['flow']): string {
  const because =
    cause === null
      ? ''
      : `, because ${cause.cache} lags by ${plural(cause.backlog, 'event')} (${
          cause.drainSeconds === null ? "doesn't drain" : `drains in ${seconds(cause.drainSeconds)}`
        })`;
  if (state === 'normal') return 'normal: writes are admitted freely';
  if (state === 'paced') return `paced${pacePerSecond === null ? '' : ` to ${rate(pacePerSecond)}`}${because}`;
  return `refusing writes${because}; try again after ${seconds(retryAfterSeconds)}`;
}
