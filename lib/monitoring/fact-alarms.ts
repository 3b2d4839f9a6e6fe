import { Duration } from 'aws-cdk-lib';
import { type IMetric, TreatMissingData } from 'aws-cdk-lib/aws-cloudwatch';
import type { IQueue } from 'aws-cdk-lib/aws-sqs';
import { LATE_SECONDS, STREAM_USE_PERCENT } from '../../core/graphs/lines.ts';
import { OUTCOME_METRICS } from '../../core/metrics.ts';
import { factQueueName } from '../../core/monitoring-names.ts';
import type { FactQueue } from '../fact-queue.ts';
import type { FactTopic } from '../fact-topic.ts';
import { LIMITS } from '../limits.ts';
import type { MetricAlarm } from './alarm.ts';
import { arrivals, emitterOf, freshetMetric, iteratorAge, math, numbered, PERIOD, queueMetrics } from './metrics.ts';
import { WAITED_TOO_LONG } from './owner-alarms.ts';

/** See `LATE_SECONDS`. */
export const LATE = Duration.minutes(LATE_SECONDS / 60);

/**
 * From this age on, an alarm pages: a tenth of the time after which a stream deletes records, as for an owner's
 * changes.
 */
export const STUCK = Duration.minutes((LIMITS.streamRetention.toMinutes() * STREAM_USE_PERCENT) / 100);

/** The number of minutes, within `STUCK`, in which a queue must have been late or stopped. */
const TWO_HOURS = 120;

const { NOT_BREACHING } = TreatMissingData;

/** For something that should never arrive. */
export const onArrival = { above: 0, datapoints: [1, 15], missing: NOT_BREACHING } as const;

/**
 * For the age at a function on a stream. No value means that nothing arrived. Lambda doesn't say how long a failed
 * batch waits for its next try, so few datapoints are enough.
 */
export const onAge = (age: Duration) =>
  ({ above: age.toMilliseconds(), datapoints: [2, 15], missing: NOT_BREACHING }) as const;

/** All alarms on a topic of facts. */
export function factTopicAlarms({ boundary, failureQueue, relay }: FactTopic): Record<string, MetricAlarm> {
  const name = `Boundary ${boundary.name}`;
  return {
    'facts-not-published': {
      severity: 'page',
      sentence: `${name} committed a fact that wasn't published: no service acts on it.`,
      metric: arrivals(failureQueue),
      ...onArrival,
    },
    'facts-delayed': {
      severity: 'ticket',
      sentence: `${name} publishes its facts more than ${LATE.toHumanString()} after their commit.`,
      metric: iteratorAge(relay),
      ...onAge(LATE),
    },
    'facts-unpublished-for-hours': {
      severity: 'page',
      sentence: `${name} has a fact that ${WAITED_TOO_LONG}`,
      metric: iteratorAge(relay),
      ...onAge(STUCK),
    },
  };
}

/**
 * All alarms on a queue of facts, or of the effects on which a saga's function failed. It has the alarm on crashes only
 * if a function handles the messages. No topic delivers effects, so none can be undelivered.
 */
export function factQueueAlarms(facts: FactQueue): Record<string, MetricAlarm> {
  const { queue, handlers, holds } = facts;
  const name = `Queue of ${holds} ${facts.name}`;
  const one = holds === 'facts' ? 'a fact' : 'an effect';
  const notDone = holds === 'facts' ? "the work for them isn't done" : "they aren't carried out";
  const waiting = { metric: waitingIn(queue), above: 0, missing: NOT_BREACHING } as const;
  return {
    ...(holds === 'facts' && { 'facts-undelivered': undelivered(name, facts) }),
    'facts-dead-letters': {
      severity: 'page',
      sentence:
        `${name} received ${one} ${LIMITS.maxMaxReceiveCount} times, and its function never answered: ` +
        `${holds === 'facts' ? "the work for this fact isn't done" : "this effect isn't carried out"}.`,
      metric: arrivals(facts.deadLetterQueue),
      ...onArrival,
    },
    // A later fact doesn't replace a parked fact, unlike a later state.
    'facts-parked': {
      severity: 'page',
      sentence:
        `${name} has parked ${holds} that its function failed to process, or messages that it doesn't accept: ` +
        `${notDone}.`,
      metric: freshetMetric(emitterOf(facts, factQueueName(facts.name)), OUTCOME_METRICS.parked, 'Sum'),
      ...onArrival,
    },
    'facts-waiting': {
      severity: 'ticket',
      sentence: `${name} has ${holds} that have waited for ${LATE.toHumanString()}, or doesn't process any of its ${holds}.`,
      ...waiting,
      datapoints: [10, 15],
    },
    'facts-waiting-for-hours': {
      severity: 'page',
      sentence: `${name} has had waiting ${holds}, or processed none of its ${holds}, for two hours.`,
      ...waiting,
      datapoints: [TWO_HOURS, STUCK.toMinutes()],
    },
    ...(handlers.length > 0 && { 'facts-crashing': crashes(name, facts) }),
  };
}

function undelivered(name: string, { subscriptionDeadLetterQueue }: FactQueue): MetricAlarm {
  return {
    severity: 'page',
    sentence: `${name} misses facts that SNS couldn't deliver to it, and may receive no facts at all.`,
    metric: arrivals(subscriptionDeadLetterQueue),
    ...onArrival,
  };
}

/**
 * The age excludes messages that were received more than three times. So the expression also detects a queue from
 * which nothing is deleted.
 */
function waitingIn(queue: IQueue): IMetric {
  const age = queue.metricApproximateAgeOfOldestMessage({ statistic: 'Maximum', period: PERIOD });
  return math(
    'waiting',
    `IF(FILL(age, 0) > ${LATE.toSeconds()} OR (FILL(visible, 0) + FILL(inFlight, 0) > 0 AND FILL(deleted, 0) == 0), 1, 0)`,
    { age, ...queueMetrics(queue) },
  );
}

/**
 * Lambda's errors exclude failures that a function returns in its answer. A fact that crashes the function is
 * received again after the visibility time-out. So the alarm needs crashes in three minutes within the time of four
 * tries, or within 15 minutes if that is longer. Nothing else parks this fact.
 */
function crashes(name: string, { handlers, visibility, holds }: FactQueue): MetricAlarm {
  const errors = handlers.map((handler) => handler.metricErrors({ statistic: 'Sum', period: PERIOD }));
  const [metrics, names] = numbered('errors', errors);
  return {
    severity: 'page',
    sentence: `${name} has a function that crashes or times out again and again: the ${holds} of its batches wait.`,
    metric: math('errors', names.map((one) => `FILL(${one}, 0)`).join(' + '), metrics),
    above: 0,
    datapoints: [3, Math.max(15, Math.ceil((4 * visibility.toSeconds()) / 60))],
    missing: NOT_BREACHING,
  };
}
