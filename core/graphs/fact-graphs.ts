import { OUTCOME_METRICS, PROJECTOR_METRICS, RELAY_METRICS, SAGA_METRICS } from '../metrics.ts';
import { errorsOf, type Graph, iteratorAge, oldestMessage, own, visibleMessages } from './graph.ts';
import { LATE_SECONDS } from './lines.ts';

/** The line above which facts are late, in the units of an iterator's age and of a queue's age. */
const LATE_IN_MS = { value: LATE_SECONDS * 1000, label: 'late' };
const LATE_IN_SECONDS = { value: LATE_SECONDS, label: 'late' };

/** The titles of the parts about a topic of facts, a queue of facts and a saga. */
export const FACT_TITLES = {
  topic: (boundary: string): string => `Facts of ${boundary}`,
  queue: (name: string): string => `Queue of facts ${name}`,
  saga: (name: string): string => `Saga ${name}`,
};

/** The graphs of a topic of facts. */
export function factTopicGraphs(): Graph<'relay' | 'failureQueue'>[] {
  const { published, diverted, failed } = RELAY_METRICS;
  return [
    {
      title: 'Facts published',
      left: { unit: 'facts', series: [published, diverted, failed].map((metric) => own(metric, 'Sum')) },
    },
    {
      title: 'Age of the facts at the relay',
      left: { unit: 'ms', series: [iteratorAge('relay')], line: LATE_IN_MS },
    },
    {
      title: 'Unpublished facts and errors',
      left: {
        unit: 'count',
        series: [visibleMessages('failureQueue', 'not published'), errorsOf('relay', 'relay errors')],
      },
    },
  ];
}

/**
 * The graphs of a queue of facts, or of the effects on which a saga's function failed. Handlers are resources of their
 * own, under their ids.
 *
 * @param holds what the queue holds
 * @param handlers the ids of the functions that handle its messages, as far as they are known
 */
export function factQueueGraphs(holds: 'facts' | 'effects', handlers: readonly string[]): Graph[] {
  const [what, unit] = holds === 'facts' ? ['Facts', 'facts'] : ['Failed effects', 'effects'];
  const { settled, returned } = PROJECTOR_METRICS;
  return [
    {
      title: `${what} settled, returned and parked`,
      left: { unit, series: [settled, returned, OUTCOME_METRICS.parked].map((metric) => own(metric, 'Sum')) },
    },
    {
      title: `${what} waiting`,
      left: {
        unit,
        series: [
          visibleMessages('queue', 'visible'),
          {
            kind: 'queue',
            of: 'queue',
            metric: 'ApproximateNumberOfMessagesNotVisible',
            statistic: 'Maximum',
            label: 'in flight',
          },
        ],
      },
      right: { unit: 's', series: [oldestMessage('queue')], line: LATE_IN_SECONDS },
    },
    {
      title: 'Dead letters and errors',
      left: {
        unit: 'count',
        series: [
          visibleMessages('deadLetterQueue', 'dead letters'),
          ...(holds === 'facts' ? [visibleMessages('subscriptionDeadLetterQueue', 'undelivered')] : []),
          ...handlers.map((id) => errorsOf(handlerResource(id), `errors of ${id}`)),
        ],
      },
    },
  ];
}

/** The resource of a handler, by its id. */
export function handlerResource(id: string): `handler:${string}` {
  return `handler:${id}`;
}

/** The resource of the queue of effects that Lambda gave up on, by the id of their handler. */
export function failureResource(id: string): `failures:${string}` {
  return `failures:${id}`;
}

/**
 * The graphs of a saga, without those of its queue.
 *
 * @param handlers the ids of the functions that carry out its effects
 */
export function sagaGraphs(handlers: readonly string[]): Graph[] {
  return [
    {
      title: 'Outcomes of facts',
      left: { unit: 'facts', series: Object.values(SAGA_METRICS).map((metric) => own(metric, 'Sum')) },
      isStacked: true,
    },
    ...(handlers.length === 0
      ? []
      : [
          {
            title: 'Age of the effects at their handlers',
            left: {
              unit: 'ms',
              series: handlers.map((id) => iteratorAge(handlerResource(id), id)),
              line: LATE_IN_MS,
            },
          },
        ]),
    {
      title: 'Failed effects and errors',
      left: {
        unit: 'count',
        series: [
          ...handlers.flatMap((id) => [
            visibleMessages(failureResource(id), `failed: ${id}`),
            errorsOf(handlerResource(id), `errors of ${id}`),
          ]),
          errorsOf('deadlines', 'errors of the deadline check'),
        ],
      },
    },
  ];
}
