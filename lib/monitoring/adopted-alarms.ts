import { TreatMissingData } from 'aws-cdk-lib/aws-cloudwatch';
import { ADOPT_METRICS, SURVEY_METRICS } from '../../core/metrics.ts';
import type { EntityOwner } from '../entity-owner.ts';
import type { MetricAlarm } from './alarm.ts';
import { emitterOf, freshetMetric, math, PERIOD } from './metrics.ts';
import type { Thresholds } from './monitoring-props.ts';

const { NOT_BREACHING } = TreatMissingData;

/** The alarms on the existing table that an owner adopts; none if it adopts none. */
export function adoptedAlarms(
  owner: EntityOwner,
  { leadTime }: Pick<Thresholds, 'leadTime'>,
): Record<string, MetricAlarm> {
  const { boundary, adopted } = owner;
  if (adopted === undefined) return {};
  const name = `Owner ${boundary.name}`;
  const emitter = emitterOf(owner, boundary.name);
  const { adopter, surveyor } = adopted;
  const sum = { statistic: 'Sum', period: PERIOD };
  return {
    // Without changes, the adopter isn't invoked and emits no value. A stopped function is throttled, and a function
    // that crashes emits errors only.
    'adopter-delay': {
      severity: 'ticket',
      sentence: `${name} copies the changes of its existing table late or not at all.`,
      metric: math(
        'late',
        `IF(FILL(delay, 0) > ${leadTime.toMilliseconds()} OR ` +
          'FILL(failed, 0) + FILL(errors, 0) + FILL(throttles, 0) > 0, 1, 0)',
        {
          delay: freshetMetric(emitter, ADOPT_METRICS.delay, 'Maximum'),
          failed: freshetMetric(emitter, ADOPT_METRICS.failed, 'Sum'),
          errors: adopter.metricErrors(sum),
          throttles: adopter.metricThrottles(sum),
        },
      ),
      above: 0,
      datapoints: [5, 10],
      missing: NOT_BREACHING,
    },
    // A mapping that is off, or can't read the stream, invokes no function. The surveyor sees that.
    'adopter-stopped': {
      severity: 'ticket',
      sentence: `${name} copies no changes of its existing table: its adopter is stopped or can't read the stream.`,
      metric: freshetMetric(emitter, SURVEY_METRICS.stopped, 'Maximum'),
      above: 0,
      datapoints: [5, 10],
      missing: NOT_BREACHING,
    },
    // A surveyor that is stopped or crashes emits no value of its own.
    'survey-overdue': {
      severity: 'ticket',
      sentence: `${name} isn't compared with its existing table: the surveyor fails, is stopped or is too slow.`,
      metric: math('overdue', 'IF(FILL(late, 0) + FILL(errors, 0) + FILL(throttles, 0) > 0, 1, 0)', {
        late: freshetMetric(emitter, SURVEY_METRICS.overdue, 'Maximum'),
        errors: surveyor.metricErrors(sum),
        throttles: surveyor.metricThrottles(sum),
      }),
      above: 0,
      datapoints: [5, 10],
      missing: NOT_BREACHING,
    },
    // The copies are right again, but what lost the changes may lose more of them.
    'survey-mended': {
      severity: 'ticket',
      sentence: `${name} had copies that differed from its existing table, and a survey has mended them.`,
      metric: freshetMetric(emitter, SURVEY_METRICS.mended, 'Sum'),
      above: 0,
      datapoints: [1, 15],
      missing: NOT_BREACHING,
    },
  };
}
