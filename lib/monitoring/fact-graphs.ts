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
import { emitterOf, freshetMetric, iteratorAge, PERIOD } from './metrics.ts';

const SUM = { statistic: 'Sum', period: PERIOD };
const MOST = { statistic: 'Maximum', period: PERIOD };

/** The line above which facts are late, in the units of an iterator's age and of a queue's age. */
const LATE_MS = { value: LATE.toMilliseconds(), label: 'late' };
const LATE_SECONDS = { value: LATE.toSeconds(), label: 'late' };

const visibleMessages = (queue: IQueue, label: string): IMetric =>
  queue.metricApproximateNumberOfMessagesVisible({ ...MOST, label });
const errorsOf = (fn: IFunction, label: string): IMetric => fn.metricErrors({ ...SUM, label });

/** The graphs of a topic of facts. */
export function factTopicGraphs(topic: FactTopic): IWidget[] {
  const { boundary, relay, failureQueue } = topic;
  const emitter = emitterOf(topic, factRelayName(boundary.name));
  return [
    graph('Facts published', {
      unit: 'facts',
      metrics: [RELAY_METRICS.published, RELAY_METRICS.diverted, RELAY_METRICS.failed].map((metric) =>
        freshetMetric(emitter, metric, 'Sum'),
      ),
    }),
    graph('Age of the facts at the relay', { unit: 'ms', metrics: [iteratorAge(relay)], line: LATE_MS }),
    graph('Unpublished facts and errors', {
      unit: 'count',
      metrics: [visibleMessages(failureQueue, 'not published'), errorsOf(relay, 'relay errors')],
    }),
  ];
}

/** The graphs of a queue of facts, or of the effects on which a saga's function failed. */
export function factQueueGraphs(facts: FactQueue): IWidget[] {
  const [what, unit] = facts.holds === 'facts' ? ['Facts', 'facts'] : ['Failed effects', 'effects'];
  const own = (metric: Parameters<typeof freshetMetric>[1]) =>
    freshetMetric(emitterOf(facts, factQueueName(facts.name)), metric, 'Sum');
  return [
    graph(`${what} settled, returned and parked`, {
      unit,
      metrics: [PROJECTOR_METRICS.settled, PROJECTOR_METRICS.returned, OUTCOME_METRICS.parked].map(own),
    }),
    graph(
      `${what} waiting`,
      {
        unit,
        metrics: [
          visibleMessages(facts.queue, 'visible'),
          facts.queue.metricApproximateNumberOfMessagesNotVisible({ ...MOST, label: 'in flight' }),
        ],
      },
      { unit: 's', metrics: [facts.queue.metricApproximateAgeOfOldestMessage(MOST)], line: LATE_SECONDS },
    ),
    graph('Dead letters and errors', {
      unit: 'count',
      metrics: [
        visibleMessages(facts.deadLetterQueue, 'dead letters'),
        ...(facts.holds === 'facts' ? [visibleMessages(facts.subscriptionDeadLetterQueue, 'undelivered')] : []),
        ...facts.handlers.map((handler) => errorsOf(handler, `errors of ${handler.node.id}`)),
      ],
    }),
  ];
}

/** The graphs of a saga, without those of its queue. */
export function sagaGraphs(saga: Saga): IWidget[] {
  const { name, deadlines, effectHandlers } = saga;
  const outcomes = Object.values(SAGA_METRICS).map((metric) => freshetMetric(emitterOf(saga, name), metric, 'Sum'));
  return [
    graph('Outcomes of facts', { unit: 'facts', metrics: outcomes }, undefined, true),
    ...(effectHandlers.length === 0
      ? []
      : [
          graph('Age of the effects at their handlers', {
            unit: 'ms',
            metrics: effectHandlers.map(({ handler }) => iteratorAge(handler, handler.node.id)),
            line: LATE_MS,
          }),
        ]),
    graph('Failed effects and errors', {
      unit: 'count',
      metrics: [
        ...effectHandlers.flatMap(({ handler, failureQueue }) => [
          visibleMessages(failureQueue, `failed: ${handler.node.id}`),
          errorsOf(handler, `errors of ${handler.node.id}`),
        ]),
        errorsOf(deadlines, 'errors of the deadline check'),
      ],
    }),
  ];
}
