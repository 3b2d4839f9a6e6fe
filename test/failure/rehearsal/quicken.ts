import type { Stack } from 'aws-cdk-lib';
import { CfnAlarm } from 'aws-cdk-lib/aws-cloudwatch';
import { CfnFunction } from 'aws-cdk-lib/aws-lambda';

/** Shorter ages in the expressions of alarms. */
const AGES: readonly (readonly [string, string])[] = [
  ['FILL(age, 0) > 300', 'FILL(age, 0) > 2'],
  ['FILL(staleness, REPEAT) > 300', 'FILL(staleness, REPEAT) > 30'],
  ['FILL(age, 0) > 900', 'FILL(age, 0) > 2'],
  ['FILL(silence, 0) > 10,', 'FILL(silence, 0) > 0.005,'],
  ['FILL(backlog, 0) > 100', 'FILL(backlog, 0) > 20'],
];

/** Lower thresholds, by the alarm's name. The metrics are the same as in a deployment. */
const THRESHOLDS: Readonly<Record<string, number>> = {
  'lead-time': 2_000,
  staleness: 30,
  'relay-delay': 2_000,
  'stream-use': 0.005,
  'repair-waits': 5,
  'facts-delayed': 2_000,
  'facts-unpublished-for-hours': 4_000,
  'effects-delayed': 2_000,
  'effects-waiting-for-hours': 4_000,
};

/**
 * Alarms for which missing data is breaching need several datapoints. An alarm of one datapoint is raised for long
 * enough to be seen.
 */
const UNCHANGED = ['staleness', 'relay-delay', 'reports-missing', 'saga-deadlines-silent', 'survey-mended'];

/** Lets the alarms of a stack be raised within seconds. */
export function quicken(stack: Stack): void {
  for (const child of stack.node.findAll()) {
    if (child instanceof CfnAlarm) {
      const kind = Object.keys(THRESHOLDS).find((one) => child.alarmName?.endsWith(`-${one}`)) ?? '';
      child.threshold = THRESHOLDS[kind] ?? child.threshold ?? 0;
      if (!UNCHANGED.some((one) => child.alarmName?.endsWith(`-${one}`))) {
        // The waits between the tries of a failing event aren't shorter here.
        const most = /-(group-stuck|facts-crashing)$/.test(child.alarmName ?? '') ? 1 : 2;
        child.datapointsToAlarm = Math.min(most, child.datapointsToAlarm ?? 1);
        child.evaluationPeriods = Math.min(4, child.evaluationPeriods ?? 1);
      }
      const metrics = stack.resolve(child.metrics) as { expression?: string }[] | undefined;
      if (metrics !== undefined) {
        child.metrics = metrics.map(({ expression, ...rest }) => ({
          ...rest,
          ...(expression !== undefined && {
            expression: AGES.reduce((text, [long, short]) => text.replace(long, short), expression),
          }),
        })) as CfnAlarm.MetricDataQueryProperty[];
      }
    }
    if (child instanceof CfnFunction) {
      const { variables } = (stack.resolve(child.environment) ?? {}) as { variables?: Record<string, unknown> };
      if (variables?.INTERVAL_SECONDS !== undefined)
        child.addPropertyOverride('Environment.Variables.INTERVAL_SECONDS', '5');
      if (variables?.REPORT_LIFE_SECONDS !== undefined)
        child.addPropertyOverride('Environment.Variables.REPORT_LIFE_SECONDS', '8');
    }
  }
}
