import type { IMetric, IWidget } from 'aws-cdk-lib/aws-cloudwatch';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import type { IQueue } from 'aws-cdk-lib/aws-sqs';
import { OUTCOME_METRICS, PROJECTOR_METRICS, RELAY_METRICS, SAGA_METRICS } from '../../core/metrics.ts';
import { factQueueName, factRelayName } from '../../core/monitoring-names.ts';
import type { FactQueue } from '../fact-queue.ts';
import type { FactTopic } from '../fact-topic.ts';
import type { Saga } from '../saga.ts';
import { LATE } from './fact-alarms.ts';
import { graph } from './graph.ts';
import { freshetMetric, iteratorAge, PERIOD } from './metrics.ts';

const SUM = { statistic: 'Sum', period: PERIOD };
const MOST = { statistic: 'Maximum', period: PERIOD };

/** Where it gets late, on a graph of an iterator's age and on one of a queue's. */
const LATE_MS = { value: LATE.toMilliseconds(), label: 'late' };
const LATE_SECONDS = { value: LATE.toSeconds(), label: 'late' };

const lying = (queue: IQueue, label: string): IMetric =>
  queue.metricApproximateNumberOfMessagesVisible({ ...MOST, label });
const errorsOf = (fn: IFunction, label: string): IMetric => fn.metricErrors({ ...SUM, label });

/** What is drawn of a topic of facts. */
export function factTopicGraphs({ boundary, relay, failureQueue }: FactTopic): IWidget[] {
  const name = factRelayName(boundary.name);
  return [
    graph('Facts published', {
      unit: 'facts',
      metrics: [RELAY_METRICS.published, RELAY_METRICS.diverted, RELAY_METRICS.failed].map((metric) =>
        freshetMetric({ name }, metric, 'Sum'),
      ),
    }),
    graph('Age of the facts that the relay works on', { unit: 'ms', metrics: [iteratorAge(relay)], line: LATE_MS }),
    graph('Not published, errors', {
      unit: 'count',
      metrics: [lying(failureQueue, 'not published'), errorsOf(relay, 'relay errors')],
    }),
  ];
}

/** What is drawn of a queue of facts. */
export function factQueueGraphs(facts: FactQueue): IWidget[] {
  const own = (metric: Parameters<typeof freshetMetric>[1]) =>
    freshetMetric({ name: factQueueName(facts.name) }, metric, 'Sum');
  return [
    graph('Facts settled, returned and parked', {
      unit: 'facts',
      metrics: [PROJECTOR_METRICS.settled, PROJECTOR_METRICS.returned, OUTCOME_METRICS.parked].map(own),
    }),
    graph(
      'Facts that wait',
      {
        unit: 'facts',
        metrics: [
          lying(facts.queue, 'visible'),
          facts.queue.metricApproximateNumberOfMessagesNotVisible({ ...MOST, label: 'in flight' }),
        ],
      },
      { unit: 's', metrics: [facts.queue.metricApproximateAgeOfOldestMessage(MOST)], line: LATE_SECONDS },
    ),
    graph('Dead letters, errors', {
      unit: 'count',
      metrics: [
        lying(facts.deadLetterQueue, 'dead letters'),
        lying(facts.subscriptionDeadLetterQueue, 'undelivered'),
        ...facts.handlers.map((handler) => errorsOf(handler, `errors of ${handler.node.id}`)),
      ],
    }),
  ];
}

/** What is drawn of a saga beside its queue. */
export function sagaGraphs({ name, deadlines, effectHandlers }: Saga): IWidget[] {
  const outcomes = Object.values(SAGA_METRICS).map((metric) => freshetMetric({ name }, metric, 'Sum'));
  return [
    graph('What facts came to', { unit: 'facts', metrics: outcomes }, undefined, true),
    ...(effectHandlers.length === 0
      ? []
      : [
          graph('Age of the effects that are carried out', {
            unit: 'ms',
            metrics: effectHandlers.map(({ handler }) => iteratorAge(handler, handler.node.id)),
            line: LATE_MS,
          }),
        ]),
    graph('Effects that failed, errors', {
      unit: 'count',
      metrics: [
        ...effectHandlers.flatMap(({ handler, failureQueue }) => [
          lying(failureQueue, `failed: ${handler.node.id}`),
          errorsOf(handler, `errors of ${handler.node.id}`),
        ]),
        ...(deadlines ? [errorsOf(deadlines, 'errors of the watch on deadlines')] : []),
      ],
    }),
  ];
}
