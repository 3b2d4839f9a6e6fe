import { expect, test } from 'vitest';
import { readCompositeAlarm, readMetricAlarm } from '../../../local/cloudwatch/alarm-definition.ts';
import { createAlarms } from '../../../local/cloudwatch/alarms.ts';
import { createMetricStore } from '../../../local/cloudwatch/metric-store.ts';
import type { InvokeResult } from '../../../local/lambda/invoke-result.ts';

const functionArn = 'arn:aws:lambda:us-east-1:000000000000:function:act';
const topicArn = 'arn:aws:sns:us-east-1:000000000000:alerts';

/** Alarms in virtual time, whose clock begins on a full minute. */
function watching(minuteMs = 60_000) {
  const clock = { ms: Date.parse('2026-11-23T00:00:00Z') };
  const metrics = createMetricStore(() => clock.ms);
  const invoked: { name: string; event: unknown }[] = [];
  const failures: string[] = [];
  const answer: { result: InvokeResult } = { result: { ok: true, payload: null } };
  const alarms = createAlarms({
    region: 'us-east-1',
    accountId: '000000000000',
    metrics,
    now: () => clock.ms,
    minuteMs,
    async invoke(name, event) {
      invoked.push({ name, event });
      return answer.result;
    },
    onFailure: (name, reason) => failures.push(`${name} ${reason}`),
  });
  const put = (value: number, metric = 'Parked') => metrics.put('Freshet', metric, {}, value, clock.ms - 1);
  const evaluateAfter = async (ms: number) => {
    clock.ms += ms;
    await alarms.evaluate();
  };
  const stateOf = (name: string) => alarms.list().find((each) => each.name === name)?.state;
  return { clock, alarms, invoked, failures, answer, put, evaluateAfter, stateOf };
}

const parked = {
  Namespace: 'Freshet',
  MetricName: 'Parked',
  Statistic: 'Sum',
  Period: 60,
  ComparisonOperator: 'GreaterThanThreshold',
  Threshold: 0,
  EvaluationPeriods: 1,
  TreatMissingData: 'notBreaching',
};

/** A template's Metrics for an expression over Freshet's metrics m1, m2 and so on. */
const math = (Expression: string, names: readonly string[], Namespace = 'Freshet') => ({
  ComparisonOperator: 'GreaterThanOrEqualToThreshold',
  Threshold: 1,
  EvaluationPeriods: 1,
  Metrics: [
    { Id: 'e1', Expression, Label: 'expression' },
    ...names.map((MetricName, index) => ({
      Id: `m${index + 1}`,
      ReturnData: false,
      MetricStat: { Metric: { Namespace, MetricName }, Period: 60, Stat: 'Sum' },
    })),
  ],
});

test('an alarm goes off once, invokes its function, and returns to OK', async () => {
  const { clock, alarms, invoked, put, evaluateAfter, stateOf } = watching();
  alarms.add(
    readMetricAlarm('parked', { ...parked, AlarmDescription: 'see the runbook', AlarmActions: [functionArn] }),
  );
  expect(stateOf('parked')).toBe('INSUFFICIENT_DATA');
  await evaluateAfter(60_000);
  expect(stateOf('parked')).toBe('OK');
  clock.ms += 60_000;
  put(2);
  await alarms.evaluate();
  await alarms.evaluate();
  expect(stateOf('parked')).toBe('ALARM');
  expect(invoked).toEqual([
    {
      name: 'act',
      event: {
        source: 'aws.cloudwatch',
        alarmArn: 'arn:aws:cloudwatch:us-east-1:000000000000:alarm:parked',
        accountId: '000000000000',
        time: '2026-11-23T00:02:00.000+0000',
        region: 'us-east-1',
        alarmData: {
          alarmName: 'parked',
          state: {
            value: 'ALARM',
            reason: expect.stringContaining('Threshold Crossed: 1 out of the last 1 datapoints [2 '),
            timestamp: '2026-11-23T00:02:00.000+0000',
          },
          previousState: expect.objectContaining({ value: 'OK' }),
          configuration: {
            description: 'see the runbook',
            metrics: [
              {
                id: 'm1',
                metricStat: {
                  metric: { namespace: 'Freshet', name: 'Parked', dimensions: {} },
                  period: 60,
                  stat: 'Sum',
                },
                returnData: true,
              },
            ],
          },
        },
      },
    },
  ]);
  // The single datapoint counts while it is in the evaluation range.
  await evaluateAfter(60_000);
  expect(stateOf('parked')).toBe('ALARM');
  await evaluateAfter(120_000);
  expect(stateOf('parked')).toBe('OK');
  expect(invoked).toHaveLength(1);
});

test('an alarm with disabled actions invokes no function', async () => {
  const { alarms, invoked, put, evaluateAfter, stateOf } = watching();
  const properties = { ...parked, ActionsEnabled: false, AlarmActions: [functionArn] };
  alarms.add(readMetricAlarm('parked', properties));
  put(1);
  await evaluateAfter(0);
  expect([stateOf('parked'), invoked]).toEqual(['ALARM', []]);
});

test('a failed function of an alarm is reported, and other actions are listed as not emulated', async () => {
  const { alarms, failures, answer, put, evaluateAfter } = watching();
  answer.result = { ok: false, error: 'Unhandled', message: 'Error: broken' };
  alarms.add(readMetricAlarm('parked', { ...parked, AlarmActions: [functionArn, topicArn] }));
  put(1);
  await evaluateAfter(0);
  expect(failures).toEqual(['act [action of alarm parked] Unhandled: Error: broken']);
  expect(alarms.list()[0]?.notEmulated).toEqual([topicArn]);
});

test("a shorter minute scales an alarm's periods down to a second", async () => {
  const { clock, alarms, put, stateOf, evaluateAfter } = watching(1000);
  alarms.add(readMetricAlarm('parked', { ...parked, EvaluationPeriods: 3 }));
  for (let second = 0; second < 3; second += 1) {
    clock.ms += 1000;
    put(1);
    await alarms.evaluate();
    expect(stateOf('parked')).toBe(second < 2 ? 'OK' : 'ALARM');
  }
  await evaluateAfter(5000);
  expect(stateOf('parked')).toBe('OK');
});

test('an alarm can watch an expression over two metrics', async () => {
  const { alarms, put, evaluateAfter, stateOf } = watching();
  alarms.add(readMetricAlarm('stuck', math('IF(m1 > 0 AND FILL(m2, 0) == 0, 1, 0)', ['Age', 'Deleted'])));
  await evaluateAfter(60_000);
  expect(stateOf('stuck')).toBe('OK');
  put(5, 'Age');
  await evaluateAfter(0);
  expect(stateOf('stuck')).toBe('ALARM');
  put(1, 'Deleted');
  await evaluateAfter(0);
  expect(stateOf('stuck')).toBe('OK');
});

test('a composite alarm follows other alarms, including composite ones', async () => {
  const { clock, alarms, invoked, put, stateOf } = watching();
  const AlarmRule = 'ALARM(inner) AND NOT ALARM(calm)';
  alarms.add(readCompositeAlarm('outer', { AlarmRule, AlarmActions: [functionArn] }));
  alarms.add(readCompositeAlarm('inner', { AlarmRule: 'ALARM("parked") OR ALARM("calm")' }));
  alarms.add(readMetricAlarm('parked', parked));
  alarms.add(readMetricAlarm('calm', { ...parked, MetricName: 'Never' }));
  await alarms.evaluate();
  expect(['outer', 'inner'].map(stateOf)).toEqual(['OK', 'OK']);
  clock.ms += 60_000;
  put(1);
  await alarms.evaluate();
  expect(['outer', 'inner'].map(stateOf)).toEqual(['ALARM', 'ALARM']);
  expect(alarms.list()[0]?.reason).toBe(`${AlarmRule} is true: inner is ALARM, calm is OK`);
  expect(invoked).toHaveLength(1);
  expect(invoked[0]?.event).toMatchObject({ alarmData: { configuration: { alarmRule: AlarmRule } } });
});

test.each([
  [
    'a metric that is not written locally',
    { ...parked, Namespace: 'AWS/DynamoDB', MetricName: 'ReadThrottleEvents' },
    "the local cloud doesn't write",
  ],
  [
    'an expression over a metric that is not written locally',
    math('m1', ['WriteThrottleEvents'], 'AWS/DynamoDB'),
    "the local cloud doesn't write",
  ],
  ['an unknown function', math('ANOMALY_DETECTION_BAND(m1)', ['Age']), 'ANOMALY_DETECTION_BAND is not supported'],
  ['a Metrics Insights query', math('SELECT MAX(Age) FROM Freshet', []), 'Metrics Insights queries are not emulated'],
  [
    'anomaly detection',
    { ...math('m1', ['Age']), ComparisonOperator: 'LessThanLowerOrGreaterThanUpperThreshold' },
    'anomaly detection',
  ],
  ['an unknown statistic', { ...parked, Statistic: undefined, ExtendedStatistic: 'tm90' }, 'tm90 is not supported'],
])('an alarm on %s stays without data and gives the reason', async (_, properties, reason) => {
  const { alarms, evaluateAfter } = watching();
  alarms.add(readMetricAlarm('odd', properties));
  await evaluateAfter(60_000);
  expect(alarms.notEvaluated).toEqual([{ name: 'odd', reason: expect.stringContaining(reason) }]);
  const why = expect.stringMatching(/^Not evaluated locally: /);
  expect(alarms.list()).toMatchObject([{ state: 'INSUFFICIENT_DATA', reason: why }]);
});

test('a composite alarm on an unknown alarm gives the reason why it is not evaluated', () => {
  const { alarms } = watching();
  alarms.add(readCompositeAlarm('lonely', { AlarmRule: 'ALARM(none)' }));
  expect(alarms.notEvaluated).toEqual([{ name: 'lonely', reason: 'there is no alarm none' }]);
});

test('an alarm on an expression without a comparable result stays without data and gives the reason', async () => {
  const { alarms, put, evaluateAfter } = watching();
  alarms.add(readMetricAlarm('number', math('SUM(m1)', ['Age'])));
  put(1, 'Age');
  await evaluateAfter(60_000);
  const reason = expect.stringContaining('its result is a number');
  expect(alarms.list()).toMatchObject([{ state: 'INSUFFICIENT_DATA', reason }]);
});

test('an evaluation of alarms at an earlier time than the last one changes nothing', async () => {
  const { clock, alarms, put, evaluateAfter, stateOf } = watching();
  alarms.add(readMetricAlarm('parked', parked));
  clock.ms += 120_000;
  put(1);
  await evaluateAfter(0);
  await alarms.evaluate(clock.ms - 60_000);
  expect(stateOf('parked')).toBe('ALARM');
});
