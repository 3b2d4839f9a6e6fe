import type { Duration } from 'aws-cdk-lib';
import { type IMetric, TreatMissingData } from 'aws-cdk-lib/aws-cloudwatch';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import { SAGA_METRICS } from '../../core/metrics.ts';
import type { EffectHandler, Saga } from '../saga.ts';
import type { MetricAlarm } from './alarm.ts';
import { LATE, onAge, onArrival, STUCK } from './fact-alarms.ts';
import { emitterOf, freshetMetric, iteratorAge, math, numbered, PERIOD, queueMetrics } from './metrics.ts';
import { WAITED_TOO_LONG } from './owner-alarms.ts';

/**
 * The number of recent deadline checks that count. The alarm needs half of them to fail, because the next check makes
 * up for a failed one.
 */
const CHECKS = 4;

/** All alarms on a saga except those on its queue. Alarms on a deadline or effects exist only if the saga has them. */
export function sagaAlarms(saga: Saga): Record<string, MetricAlarm> {
  const { name, deadlines, hasDeadline, deadlineInterval, effectHandlers } = saga;
  return {
    ...(hasDeadline && {
      'saga-overdue': {
        severity: 'ticket',
        sentence: `Saga ${name} has waited for facts beyond its deadline: a process was started but not finished.`,
        metric: freshetMetric(emitterOf(saga, name), SAGA_METRICS.overdue, 'Sum'),
        ...onArrival,
      } as const,
    }),
    'saga-deadlines-silent': silentDeadlines(name, deadlines, deadlineInterval),
    ...(effectHandlers.length > 0 && effectAlarms(name, effectHandlers)),
  };
}

/**
 * A minute counts if no check succeeded in it. The alarm looks at the time of `CHECKS` checks and two minutes more,
 * and is raised if at most half of these checks succeeded.
 */
function silentDeadlines(name: string, deadlines: IFunction, interval: Duration): MetricAlarm {
  const minutes = CHECKS * interval.toMinutes();
  const sum = { statistic: 'Sum', period: PERIOD };
  return {
    severity: 'ticket',
    sentence:
      `Saga ${name} doesn't check its deadlines, or the check fails: overdue instances raise no alert, and a changed ` +
      'definition reaches no waiting instance.',
    metric: math('silent', 'IF(FILL(invoked, 0) > FILL(errors, 0), 0, 1)', {
      invoked: deadlines.metricInvocations(sum),
      errors: deadlines.metricErrors(sum),
    }),
    above: 0,
    datapoints: [minutes, minutes + CHECKS / 2],
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
      sentence: `Saga ${name} decided on effects for which its handler never answered for 23 hours.`,
      metric: math(
        'messages',
        queues.flatMap(([, names]) => names.map((one) => `FILL(${one}, 0)`)).join(' + '),
        Object.assign({}, ...queues.map(([metrics]) => metrics)),
      ),
      ...onArrival,
    },
    'effects-delayed': {
      severity: 'ticket',
      sentence: `Saga ${name} has effects that are carried out more than ${LATE.toHumanString()} after its decision.`,
      metric: oldest,
      ...onAge(LATE),
    },
    'effects-waiting-for-hours': {
      severity: 'page',
      sentence: `Saga ${name} has an effect that ${WAITED_TOO_LONG}`,
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
