import { describe, expect, test } from 'vitest';
import * as emitted from '../../../core/metrics.ts';
import { evaluateExpression } from '../../support/evaluate-expression.ts';
import { resourcesOf, shopTemplates } from '../../support/shop.ts';

const { Monitoring } = shopTemplates();
const METRIC_ALARM = 'AWS::CloudWatch::Alarm';
const COMPOSITE = 'AWS::CloudWatch::CompositeAlarm';

type Properties = Readonly<Record<string, unknown>>;

/** The properties of all alarms of a resource type, by alarm name. */
function alarmsOf(type: string): Map<string, Properties> {
  return new Map(
    resourcesOf(Monitoring, type).map(([, { Properties }]) => [String(Properties.AlarmName), Properties] as const),
  );
}

const metricAlarms = alarmsOf(METRIC_ALARM);
const composites = alarmsOf(COMPOSITE);
const all = new Map([...metricAlarms, ...composites]);
const [[topicId] = []] = resourcesOf(Monitoring, 'AWS::SNS::Topic');

/** Returns the metrics and the expression of an alarm. */
function looksAt(alarm: Properties | undefined): { metrics: Properties[]; expression: string | undefined } {
  const parts = (alarm?.Metrics ?? []) as {
    Expression?: string;
    MetricStat?: { Metric: Properties; Period: number };
  }[];
  const own = alarm?.MetricName === undefined ? [] : [{ ...alarm }];
  const metrics = parts.flatMap(({ MetricStat }) =>
    MetricStat ? [{ ...MetricStat.Metric, Period: MetricStat.Period }] : [],
  );
  return { metrics: [...own, ...metrics], expression: parts.find(({ Expression }) => Expression)?.Expression };
}

const EMITTED = new Set(
  [
    ...[emitted.OUTCOME_METRICS, emitted.PROJECTOR_METRICS, emitted.RELAY_METRICS],
    ...[emitted.REPORT_METRICS, emitted.GOVERNOR_METRICS],
  ].flatMap((group): string[] => Object.values(group)),
)
  .add(emitted.RELAY_DELAY_METRIC)
  .add(emitted.HEALED_METRIC)
  .add(emitted.DIFFERING_METRIC)
  .add(emitted.ASKED_AGAIN_METRIC);

describe("the shop's alarms", () => {
  test('every owner and every cache of the shop has all its alarms', () => {
    const kinds = (boundary: string) =>
      [...all.keys()].flatMap((name) =>
        name.startsWith(`Monitoring-${boundary}-`) ? [name.split(`-${boundary}-`)[1]] : [],
      );
    const ofCaches = [
      ...['inflow-above-outflow', 'stalled', 'group-stuck', 'age-over-half-of-retention', 'lead-time', 'staleness'],
      ...['parked', 'subscription-dead-letters', 'dead-letters', 'conflicts', 'healed', 'repair-waits', 'differs'],
      ...['throttles', 'behind'],
    ];
    expect(kinds('ordering')).toEqual(ofCaches);
    expect(kinds('warehouse')).toEqual(ofCaches);
    expect(kinds('geography')).toEqual([
      ...['relay-delay', 'stream-use', 'not-published', 'reports-missing', 'writers-slowed', 'writers-refused'],
    ]);
    expect(all.size).toBe(2 * ofCaches.length + 6);
  });

  test('every alarm of the shop says how to treat a missing value and notifies the topic', () => {
    for (const [name, alarm] of metricAlarms) {
      expect([name, alarm.TreatMissingData]).toEqual([
        name,
        expect.stringMatching(/^(breaching|notBreaching|ignore)$/),
      ]);
    }
    for (const [name, alarm] of all)
      expect([name, alarm.AlarmActions]).toEqual([name, expect.arrayContaining([{ Ref: topicId }])]);
  });

  test('alarms that page, and no others, also notify when they end', () => {
    const silent = [...all].filter(
      ([, { AlarmDescription, OKActions }]) =>
        String(AlarmDescription).startsWith('[page]') !== (OKActions !== undefined),
    );
    expect(silent.map(([name]) => name)).toEqual([]);
  });

  test('every alarm of the shop uses only metrics that its boundary emits, in periods of a minute', () => {
    for (const [name, alarm] of metricAlarms) {
      const { metrics } = looksAt(alarm);
      expect(metrics.length).toBeGreaterThan(0);
      // An alarm's expression takes at most ten metrics (cloudwatch/API_PutMetricAlarm).
      expect(metrics.length).toBeLessThan(10);
      for (const { Namespace, MetricName, Dimensions, Period } of metrics) {
        expect([name, Period]).toEqual([name, 60]);
        expect(['Freshet', 'AWS/SQS']).toContain(Namespace);
        if (Namespace !== emitted.METRIC_NAMESPACE) continue;
        expect(EMITTED).toContain(MetricName);
        const boundary = name.split('-')[1] ?? '';
        expect(Dimensions).toEqual([
          { Name: emitted.EMITTER_DIMENSION, Value: boundary },
          { Name: emitted.STACK_DIMENSION, Value: boundary[0]?.toUpperCase() + boundary.slice(1) },
        ]);
      }
    }
  });

  test('an alarm that fills gaps needs fewer datapoints than it evaluates, as the newest minute is often empty', () => {
    const filling = [...metricAlarms.values()].filter((alarm) => looksAt(alarm).expression?.includes('FILL('));
    expect(filling.length).toBeGreaterThan(8);
    for (const { AlarmName, DatapointsToAlarm, EvaluationPeriods } of filling) {
      expect([AlarmName, Number(EvaluationPeriods) - Number(DatapointsToAlarm)]).toEqual([
        AlarmName,
        expect.toSatisfy((n) => n > 1),
      ]);
    }
  });

  test('alarm names and descriptions fit within the limits of CloudWatch', () => {
    for (const [name, { AlarmDescription }] of all) {
      expect(name.length).toBeLessThanOrEqual(255);
      expect(String(AlarmDescription).length).toBeLessThanOrEqual(1024);
    }
  });
});

describe("an alarm's condition", () => {
  const evaluate = (kind: string, values: Readonly<Record<string, number>>) =>
    evaluateExpression(looksAt(metricAlarms.get(`Monitoring-ordering-${kind}`)).expression, values);

  test.each<[string, Record<string, number>, number]>([
    ['stays off while only heartbeats arrive', { age: 0, staleness: 70, deleted: 1 }, 0],
    ['is raised when the projector stops', { age: 400, staleness: 400, deleted: 0 }, 1],
    ['is raised when all messages fail, although the age excludes them', { staleness: 400 }, 1],
    ['is raised when nothing arrives', { age: 0, staleness: 400, deleted: 0 }, 1],
    ['stays off when an old event is parked and the others continue', { age: 0, staleness: 90_000, deleted: 2 }, 0],
    ['stays off under overload', { age: 900, staleness: 900, deleted: 6_000 }, 0],
    ['stays off before the first report', { age: 0, deleted: 0 }, 0],
  ])('the alarm stalled %s', (_, values, expected) => {
    expect(evaluate('stalled', values)).toBe(expected);
  });

  test.each<[string, Record<string, number>, number]>([
    ['stays off while only heartbeats arrive', { age: 1, deleted: 2, backlog: 1 }, 0],
    ['is raised when one event is old and the others continue', { age: 400, deleted: 200, backlog: 5 }, 1],
    ['is raised when one event is old and only heartbeats continue', { age: 400, deleted: 2, backlog: 12 }, 1],
    [
      'is raised when a group fails each time, although the age excludes it',
      { age: 0, returned: 3, deleted: 2, backlog: 3 },
      1,
    ],
    [
      'stays off under overload, when the oldest event has waited as long as the backlog takes',
      { age: 600, deleted: 6_000, backlog: 60_000 },
      0,
    ],
    ['stays off when the table throttles', { age: 2, returned: 30, throttled: 30, deleted: 600, backlog: 50 }, 0],
    ['stays off when the whole queue has stopped', { age: 600, deleted: 0, backlog: 500 }, 0],
  ])('the alarm group-stuck %s', (_, values, expected) => {
    expect(evaluate('group-stuck', values)).toBe(expected);
  });

  test.each<[string, Record<string, number>, number]>([
    ['stays off while only heartbeats arrive', { production: 0.05, consumption: 0.03, backlog: 2 }, 0],
    ['is raised when the backlog grows', { production: 200, consumption: 150, backlog: 3_000 }, 1],
    ['stays off while the backlog shrinks', { production: 100, consumption: 150, backlog: 30_000 }, 0],
    ['is raised when nothing is consumed', { production: 20, consumption: 0, backlog: 900 }, 1],
    ['stays off without a report', {}, 0],
  ])('the alarm inflow-above-outflow %s', (_, values, expected) => {
    expect(evaluate('inflow-above-outflow', values)).toBe(expected);
  });

  test.each<[string, Record<string, number>, number]>([
    ['stays off when no message arrived', { visible: 0, inFlight: 0, deleted: 0 }, 0],
    ['stays off when there is no value', {}, 0],
    ['is raised when a message is in the queue', { visible: 1 }, 1],
    ['is raised when a message was deleted before the queue was measured', { visible: 0, inFlight: 0, deleted: 1 }, 1],
  ])('the alarm subscription-dead-letters %s', (_, values, expected) => {
    expect(evaluate('subscription-dead-letters', values)).toBe(expected);
  });
});

describe('a cache that is behind', () => {
  const rule = String(composites.get('Monitoring-ordering-behind')?.AlarmRule);
  const named = [...rule.matchAll(/ALARM\("([^"]+)"\)/g)].map(([, name = '']) => name);

  test('the alarm behind combines existing alarms, which are created before it', () => {
    expect(named.length).toBeGreaterThan(3);
    for (const name of named) expect([...metricAlarms.keys()]).toContain(name);
    const ids = resourcesOf(Monitoring, METRIC_ALARM).flatMap(([id, { Properties }]) =>
      named.includes(Properties.AlarmName) ? [id] : [],
    );
    const [[, composite] = []] = resourcesOf(Monitoring, COMPOSITE).filter(([id]) => id.includes('ordering'));
    expect(composite).toMatchObject({ DependsOn: expect.arrayContaining(ids) });
  });

  test('the alarms behind and inflow-above-outflow make the cache report at once', () => {
    const invoking = [...all].flatMap(([name, { AlarmActions }]) => {
      const actions = AlarmActions as Record<string, unknown>[];
      return actions.length > 1 ? [[name, JSON.stringify(actions[1])]] : [];
    });
    expect(invoking.sort()).toEqual(
      ['Ordering', 'Warehouse'].flatMap((stack) =>
        ['behind', 'inflow-above-outflow'].map((kind) => [
          `Monitoring-${stack.toLowerCase()}-${kind}`,
          expect.stringMatching(new RegExp(`Fn::ImportValue.*${stack}.*CacheReport`)),
        ]),
      ),
    );
  });

  test('only the alarms behind and inflow-above-outflow may invoke the report function of a cache', () => {
    const permissions = resourcesOf(Monitoring, 'AWS::Lambda::Permission');
    expect(permissions).toHaveLength(4);
    for (const [, { Properties }] of permissions) {
      expect(Properties).toMatchObject({
        Action: 'lambda:InvokeFunction',
        Principal: 'lambda.alarms.cloudwatch.amazonaws.com',
        SourceAccount: { Ref: 'AWS::AccountId' },
        SourceArn: { 'Fn::GetAtt': [expect.stringMatching(/behind|inflowaboveoutflow/), 'Arn'] },
      });
    }
  });
});
