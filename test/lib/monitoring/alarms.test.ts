import { describe, expect, test } from 'vitest';
import * as emitted from '../../../core/metrics.ts';
import { evaluateExpression } from '../../support/evaluate-expression.ts';
import { resourcesOf, shopTemplates } from '../../support/shop.ts';

const { Monitoring } = shopTemplates();
const METRIC_ALARM = 'AWS::CloudWatch::Alarm';
const COMPOSITE = 'AWS::CloudWatch::CompositeAlarm';

type Properties = Readonly<Record<string, unknown>>;

/** The properties of all alarms of a type, by name. */
function alarmsOf(type: string): Map<string, Properties> {
  return new Map(
    resourcesOf(Monitoring, type).map(([, { Properties }]) => [String(Properties.AlarmName), Properties] as const),
  );
}

const metricAlarms = alarmsOf(METRIC_ALARM);
const composites = alarmsOf(COMPOSITE);
const all = new Map([...metricAlarms, ...composites]);
const [[topicId] = []] = resourcesOf(Monitoring, 'AWS::SNS::Topic');

/** The metrics and the expression of an alarm. */
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
).add(emitted.RELAY_DELAY_METRIC);

describe("the shop's alarms", () => {
  test('are those of each owner and each cache', () => {
    const kinds = (boundary: string) =>
      [...all.keys()].flatMap((name) =>
        name.startsWith(`Monitoring-${boundary}-`) ? [name.split(`-${boundary}-`)[1]] : [],
      );
    const ofCaches = [
      ...['inflow-above-outflow', 'stalled', 'group-stuck', 'age-over-half-of-retention', 'lead-time', 'staleness'],
      ...['parked', 'subscription-dead-letters', 'dead-letters', 'conflicts', 'throttles', 'behind'],
    ];
    expect(kinds('ordering')).toEqual(ofCaches);
    expect(kinds('warehouse')).toEqual(ofCaches);
    expect(kinds('geography')).toEqual([
      ...['relay-delay', 'stream-use', 'not-published', 'reports-missing', 'writers-slowed', 'writers-refused'],
    ]);
    expect(all.size).toBe(2 * ofCaches.length + 6);
  });

  test('all say what a missing value means, and tell the topic', () => {
    for (const [name, alarm] of metricAlarms) {
      expect([name, alarm.TreatMissingData]).toEqual([
        name,
        expect.stringMatching(/^(breaching|notBreaching|ignore)$/),
      ]);
    }
    for (const [name, alarm] of all)
      expect([name, alarm.AlarmActions]).toEqual([name, expect.arrayContaining([{ Ref: topicId }])]);
  });

  test('that page also say when it is over', () => {
    const silent = [...all].filter(
      ([, { AlarmDescription, OKActions }]) =>
        String(AlarmDescription).startsWith('[page]') !== (OKActions !== undefined),
    );
    expect(silent.map(([name]) => name)).toEqual([]);
  });

  test('look only at metrics that are emitted, of a boundary that emits them, in periods of a minute', () => {
    for (const [name, alarm] of metricAlarms) {
      const { metrics } = looksAt(alarm);
      expect(metrics.length).toBeGreaterThan(0);
      // Of an expression an alarm takes ten metrics (cloudwatch/API_PutMetricAlarm).
      expect(metrics.length).toBeLessThan(10);
      for (const { Namespace, MetricName, Dimensions, Period } of metrics) {
        expect([name, Period]).toEqual([name, 60]);
        expect(['Freshet', 'AWS/SQS']).toContain(Namespace);
        if (Namespace !== emitted.METRIC_NAMESPACE) continue;
        expect(EMITTED).toContain(MetricName);
        expect(Dimensions).toEqual([{ Name: emitted.BOUNDARY_DIMENSION, Value: name.split('-')[1] }]);
      }
    }
  });

  test('where they fill gaps, need fewer datapoints than they look at: the newest minute is often empty', () => {
    const filling = [...metricAlarms.values()].filter((alarm) => looksAt(alarm).expression?.includes('FILL('));
    expect(filling.length).toBeGreaterThan(8);
    for (const { AlarmName, DatapointsToAlarm, EvaluationPeriods } of filling) {
      expect([AlarmName, Number(EvaluationPeriods) - Number(DatapointsToAlarm)]).toEqual([
        AlarmName,
        expect.toSatisfy((n) => n > 1),
      ]);
    }
  });

  test('fit what CloudWatch takes of names and descriptions', () => {
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
    ['idle but for heartbeats', { age: 0, staleness: 70, deleted: 1 }, 0],
    ['a projector that stands still', { age: 400, staleness: 400, deleted: 0 }, 1],
    ['nothing but messages that fail, which the age passes over', { staleness: 400 }, 1],
    ['nothing arrives', { age: 0, staleness: 400, deleted: 0 }, 1],
    ['an old event is parked, all else goes on', { age: 0, staleness: 90_000, deleted: 2 }, 0],
    ['overload', { age: 900, staleness: 900, deleted: 6_000 }, 0],
    ['no report yet', { age: 0, deleted: 0 }, 0],
  ])('stalled: %s', (_, values, expected) => {
    expect(evaluate('stalled', values)).toBe(expected);
  });

  test.each<[string, Record<string, number>, number]>([
    ['idle but for heartbeats', { age: 1, deleted: 2, backlog: 1 }, 0],
    ['one old event, the others flow', { age: 400, deleted: 200, backlog: 5 }, 1],
    ['one old event among heartbeats', { age: 400, deleted: 2, backlog: 12 }, 1],
    ['a group that fails each time, which the age passes over', { age: 0, returned: 3, deleted: 2, backlog: 3 }, 1],
    ['overload: the oldest has waited as long as the backlog takes', { age: 600, deleted: 6_000, backlog: 60_000 }, 0],
    ['a table that throttles', { age: 2, returned: 30, throttled: 30, deleted: 600, backlog: 50 }, 0],
    ['everything stands still', { age: 600, deleted: 0, backlog: 500 }, 0],
  ])('group-stuck: %s', (_, values, expected) => {
    expect(evaluate('group-stuck', values)).toBe(expected);
  });

  test.each<[string, Record<string, number>, number]>([
    ['idle but for heartbeats', { production: 0.05, consumption: 0.03, backlog: 2 }, 0],
    ['a backlog that grows', { production: 200, consumption: 150, backlog: 3_000 }, 1],
    ['a backlog that is worked off', { production: 100, consumption: 150, backlog: 30_000 }, 0],
    ['nothing is consumed', { production: 20, consumption: 0, backlog: 900 }, 1],
    ['no report', {}, 0],
  ])('inflow-above-outflow: %s', (_, values, expected) => {
    expect(evaluate('inflow-above-outflow', values)).toBe(expected);
  });

  test.each<[string, Record<string, number>, number]>([
    ['nothing came', { visible: 0, inFlight: 0, deleted: 0 }, 0],
    ['no value at all', {}, 0],
    ['one lies there', { visible: 1 }, 1],
    ['one came and was taken out before anybody looked', { visible: 0, inFlight: 0, deleted: 1 }, 1],
  ])('subscription-dead-letters: %s', (_, values, expected) => {
    expect(evaluate('subscription-dead-letters', values)).toBe(expected);
  });
});

describe('a cache that is behind', () => {
  const rule = String(composites.get('Monitoring-ordering-behind')?.AlarmRule);
  const named = [...rule.matchAll(/ALARM\("([^"]+)"\)/g)].map(([, name = '']) => name);

  test('is told from alarms that exist, which are made before', () => {
    expect(named.length).toBeGreaterThan(3);
    for (const name of named) expect([...metricAlarms.keys()]).toContain(name);
    const ids = resourcesOf(Monitoring, METRIC_ALARM).flatMap(([id, { Properties }]) =>
      named.includes(Properties.AlarmName) ? [id] : [],
    );
    const [[, composite] = []] = resourcesOf(Monitoring, COMPOSITE).filter(([id]) => id.includes('ordering'));
    expect(composite).toMatchObject({ DependsOn: expect.arrayContaining(ids) });
  });

  test('and a backlog that grows have the cache report at once', () => {
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

  test('may call its report function, and only these alarms may', () => {
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
