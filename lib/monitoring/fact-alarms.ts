import { Duration } from 'aws-cdk-lib';
import { type IMetric, TreatMissingData } from 'aws-cdk-lib/aws-cloudwatch';
import type { IQueue } from 'aws-cdk-lib/aws-sqs';
import { OUTCOME_METRICS } from '../../core/metrics.ts';
import { factQueueName } from '../../core/monitoring-names.ts';
import type { FactQueue } from '../fact-queue.ts';
import type { FactTopic } from '../fact-topic.ts';
import { LIMITS } from '../limits.ts';
import type { MetricAlarm } from './alarm.ts';
import { arrivals, freshetMetric, iteratorAge, math, numbered, PERIOD, queueMetrics } from './metrics.ts';
import { STREAM_USE } from './owner-alarms.ts';

/** Facts come when something happens, and are taken in within seconds: one that has waited for so long waits for somebody. */
export const LATE = Duration.minutes(15);

/** From this age on somebody is woken: a tenth of the time after which a stream forgets, as for an owner's changes. */
export const STUCK = Duration.minutes((LIMITS.streamRetention.toMinutes() * STREAM_USE) / 100);

/** So many minutes of that time a queue must have been late or stood still. */
const TWO_HOURS = 120;

const { NOT_BREACHING } = TreatMissingData;

/** What arrives where nothing should. */
export const onArrival = { above: 0, datapoints: [1, 15], missing: NOT_BREACHING } as const;

/** Of a stream's function: no value means that nothing came. How long a batch that failed waits for its next try isn't said, so few minutes do. */
export const onAge = (age: Duration) =>
  ({ above: age.toMilliseconds(), datapoints: [2, 15], missing: NOT_BREACHING }) as const;

/** All alarms of a topic of facts. */
export function factTopicAlarms({ boundary, failureQueue, relay }: FactTopic): Record<string, MetricAlarm> {
  const name = `Boundary ${boundary.name}`;
  return {
    'facts-not-published': {
      severity: 'page',
      sentence: `${name} committed a fact that wasn't published: nobody does what follows from it.`,
      metric: arrivals(failureQueue),
      ...onArrival,
    },
    'facts-delayed': {
      severity: 'ticket',
      sentence: `${name} publishes its facts later than ${LATE.toHumanString()} after their commit.`,
      metric: iteratorAge(relay),
      ...onAge(LATE),
    },
    'facts-unpublished-for-hours': {
      severity: 'page',
      sentence: `${name} has a fact that has waited for ${STREAM_USE} % of the ${LIMITS.streamRetention.toHours()} hours after which its stream forgets it.`,
      metric: iteratorAge(relay),
      ...onAge(STUCK),
    },
  };
}

/** All alarms of a queue of facts; that on crashes only where a function handles them. */
export function factQueueAlarms(facts: FactQueue): Record<string, MetricAlarm> {
  const { queue, handlers } = facts;
  const name = `Queue of facts ${facts.name}`;
  const waiting = { metric: waitingIn(queue), above: 0, missing: NOT_BREACHING } as const;
  return {
    'facts-undelivered': {
      severity: 'page',
      sentence: `${name} doesn't get facts that SNS couldn't deliver to it: none may come through.`,
      metric: arrivals(facts.subscriptionDeadLetterQueue),
      ...onArrival,
    },
    'facts-dead-letters': {
      severity: 'page',
      sentence: `${name} received a fact ${LIMITS.maxMaxReceiveCount} times and its function never answered: what follows from it isn't done.`,
      metric: arrivals(facts.deadLetterQueue),
      ...onArrival,
    },
    // Nothing that comes later makes good for a fact, unlike for a state.
    'facts-parked': {
      severity: 'page',
      sentence: `${name} has set facts aside, which its function failed on for too long or which are none: what follows from them isn't done.`,
      metric: freshetMetric({ name: factQueueName(facts.name) }, OUTCOME_METRICS.parked, 'Sum'),
      ...onArrival,
    },
    'facts-waiting': {
      severity: 'ticket',
      sentence: `${name} has facts that have waited for ${LATE.toHumanString()}, or lets none through.`,
      ...waiting,
      datapoints: [10, 15],
    },
    'facts-waiting-for-hours': {
      severity: 'page',
      sentence: `${name} has had facts that wait, or let none through, for two hours.`,
      ...waiting,
      datapoints: [TWO_HOURS, STUCK.toMinutes()],
    },
    ...(handlers.length > 0 && { 'facts-crashing': crashes(name, facts) }),
  };
}

/** The age passes over what was received more than three times, so a queue that stands still is told by that nothing is deleted. */
function waitingIn(queue: IQueue): IMetric {
  const age = queue.metricApproximateAgeOfOldestMessage({ statistic: 'Maximum', period: PERIOD });
  return math(
    'waiting',
    `IF(FILL(age, 0) > ${LATE.toSeconds()} OR (FILL(visible, 0) + FILL(inFlight, 0) > 0 AND FILL(deleted, 0) == 0), 1, 0)`,
    { age, ...queueMetrics(queue) },
  );
}

/**
 * Errors don't count what a function answers with. A fact that crashes it each time is there again when its visibility time-out is over: three such
 * tries out of four. Nothing else parks it.
 */
function crashes(name: string, { handlers, visibility }: FactQueue): MetricAlarm {
  const errors = handlers.map((handler) => handler.metricErrors({ statistic: 'Sum', period: PERIOD }));
  const [metrics, names] = numbered('errors', errors);
  return {
    severity: 'page',
    sentence: `${name} has a function that crashes or runs out of time again and again: the facts of its batches wait.`,
    metric: math('errors', names.map((one) => `FILL(${one}, 0)`).join(' + '), metrics),
    above: 0,
    datapoints: [3, Math.max(15, Math.ceil((4 * visibility.toSeconds()) / 60))],
    missing: NOT_BREACHING,
  };
}
