import { describe, expect, test } from 'vitest';
import { ADOPT_METRICS, SURVEY_METRICS } from '../../../core/metrics.ts';
import { evaluateExpression } from '../../support/evaluate-expression.ts';
import { propertiesOf, resourcesOf, shopTemplates } from '../../support/shop.ts';
import { watchedAdopting } from '../../support/watched-adopting.ts';

const template = watchedAdopting();
const alarms = new Map(
  resourcesOf(template, 'AWS::CloudWatch::Alarm').map(([, { Properties }]) => [
    String(Properties.AlarmName).replace('Test-workshop-', ''),
    Properties,
  ]),
);
const QUIET = { delay: undefined, failed: undefined, errors: undefined, throttles: undefined };

describe('monitoring of an owner that adopts a table', () => {
  test('it has alarms on its adopter and its survey besides those of every owner', () => {
    expect([...alarms.keys()]).toEqual([
      ...['relay-delay', 'stream-use', 'not-published', 'adopter-delay'],
      ...['adopter-stopped', 'survey-overdue', 'survey-mended'],
    ]);
  });

  test.each<[string, Partial<Record<keyof typeof QUIET, number>>, number]>([
    ['no change', {}, 0],
    ['a change within the objective', { delay: 60_000, errors: 0, throttles: 0 }, 0],
    ['a change that was copied late', { delay: 60_001 }, 1],
    ['a record that fails', { delay: 100, failed: 1 }, 1],
    ['a function that crashes', { errors: 1 }, 1],
    ['a function that is stopped', { throttles: 1 }, 1],
  ])('the adopter is late in a minute with %s: %o', (_, values, late) => {
    const metrics = alarms.get('adopter-delay')?.Metrics as { Expression?: string }[];
    const expression = metrics.find(({ Expression }) => Expression)?.Expression;
    expect(evaluateExpression(expression, { ...QUIET, ...values })).toBe(late);
  });

  test('an adopter whose mapping is off raises an alarm, although nothing is invoked', () => {
    expect(JSON.stringify(alarms.get('adopter-stopped'))).toContain(`"${SURVEY_METRICS.stopped}"`);
  });

  test.each([
    ['no failure', {}, 0],
    ['a survey in time', { late: 0, errors: 0 }, 0],
    ['no survey for two days', { late: 1 }, 1],
    ['a surveyor that crashes', { errors: 1 }, 1],
    ['a surveyor that is stopped', { throttles: 1 }, 1],
  ])('the survey is overdue in a minute with %s: %o', (_, values, overdue) => {
    const metrics = alarms.get('survey-overdue')?.Metrics as { Expression?: string }[];
    const expression = metrics.find(({ Expression }) => Expression)?.Expression;
    const all = { late: undefined, errors: undefined, throttles: undefined, ...values };
    expect(evaluateExpression(expression, all)).toBe(overdue);
  });

  test('one copy that a survey mended raises the alarm on the survey', () => {
    const alarm = alarms.get('survey-mended');
    expect(alarm).toMatchObject({ Threshold: 0, DatapointsToAlarm: 1, TreatMissingData: 'notBreaching' });
    expect(JSON.stringify(alarm)).toContain(`"${SURVEY_METRICS.mended}"`);
  });

  test('the dashboard draws the adopter and the survey of an adopting owner, and of no other', () => {
    const drawn = JSON.stringify(propertiesOf(template, 'AWS::CloudWatch::Dashboard').DashboardBody);
    const other = JSON.stringify(propertiesOf(shopTemplates().Monitoring, 'AWS::CloudWatch::Dashboard').DashboardBody);
    for (const metric of [ADOPT_METRICS.delay, ADOPT_METRICS.setAside, SURVEY_METRICS.mended]) {
      expect(drawn).toContain(metric);
      expect(other).not.toContain(metric);
    }
  });
});
