import type { Duration } from 'aws-cdk-lib';
import { type IMetric, TreatMissingData } from 'aws-cdk-lib/aws-cloudwatch';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import { SAGA_METRICS } from '../../core/metrics.ts';
import { LIMITS } from '../limits.ts';
import type { EffectHandler, Saga } from '../saga.ts';
import type { MetricAlarm } from './alarm.ts';
import { LATE, onAge, onArrival, STUCK } from './fact-alarms.ts';
import { freshetMetric, iteratorAge, math, numbered, PERIOD, queueMetrics } from './metrics.ts';
import { STREAM_USE } from './owner-alarms.ts';

/** Looks at deadlines of which half must have failed or been left out before somebody is told: one that fails is made up for by the next. */
const LOOKS = 4;

/** All alarms of a saga but those of its queue; those on deadlines and on effects only where it has them. */
export function sagaAlarms(saga: Saga): Record<string, MetricAlarm> {
  const { name, deadlines, deadlineInterval, effectHandlers } = saga;
  return {
    ...(deadlines && {
      'saga-overdue': {
        severity: 'ticket',
        sentence: `Saga ${name} waits for facts beyond its deadline: something was begun that nobody ends.`,
        metric: freshetMetric(saga, SAGA_METRICS.overdue, 'Sum'),
        ...onArrival,
      } as const,
      'saga-deadlines-silent': silentDeadlines(name, deadlines, deadlineInterval),
    }),
    ...(effectHandlers.length > 0 && effectAlarms(name, effectHandlers)),
  };
}

/** Minutes in which it ran and didn't fail are counted: half of those that there should be, less two, and nobody looks at deadlines. */
function silentDeadlines(name: string, deadlines: IFunction, interval: Duration): MetricAlarm {
  const minutes = LOOKS * interval.toMinutes();
  const sum = { statistic: 'Sum', period: PERIOD };
  return {
    severity: 'ticket',
    sentence: `Saga ${name} doesn't look at its deadlines, or fails to: what waits too long raises no alert.`,
    metric: math('silent', 'IF(FILL(invoked, 0) > FILL(errors, 0), 0, 1)', {
      invoked: deadlines.metricInvocations(sum),
      errors: deadlines.metricErrors(sum),
    }),
    above: 0,
    datapoints: [minutes, minutes + LOOKS / 2],
    missing: TreatMissingData.BREACHING,
  };
}

function effectAlarms(name: string, handlers: readonly EffectHandler[]): Record<string, MetricAlarm> {
  const queues = handlers.map(({ failureQueue }, index) => {
    const { visible, inFlight, deleted } = queueMetrics(failureQueue);
    return numbered(`of${index}x`, [visible, inFlight, deleted]);
  });
  const oldest = oldestOf(handlers.map(({ handler }) => iteratorAge(handler)));
  return {
    'effects-failed': {
      severity: 'page',
      sentence: `Saga ${name} decided on effects that its handler failed on for 23 hours: they aren't carried out.`,
      metric: math(
        'messages',
        queues.flatMap(([, names]) => names.map((one) => `FILL(${one}, 0)`)).join(' + '),
        Object.assign({}, ...queues.map(([metrics]) => metrics)),
      ),
      ...onArrival,
    },
    'effects-delayed': {
      severity: 'ticket',
      sentence: `Saga ${name} has effects carried out later than ${LATE.toHumanString()} after its decision.`,
      metric: oldest,
      ...onAge(LATE),
    },
    'effects-waiting-for-hours': {
      severity: 'page',
      sentence: `Saga ${name} has an effect that has waited for ${STREAM_USE} % of the ${LIMITS.streamRetention.toHours()} hours after which its stream forgets it.`,
      metric: oldest,
      ...onAge(STUCK),
    },
  };
}

function oldestOf(ages: readonly IMetric[]): IMetric {
  const [first, ...others] = ages;
  if (first !== undefined && others.length === 0) return first;
  const [metrics, names] = numbered('age', ages);
  return math('oldest', `MAX([${names.map((one) => `FILL(${one}, 0)`).join(', ')}])`, metrics);
}
