import { Duration, type Stack } from 'aws-cdk-lib';
import { describe, expect, test } from 'vitest';
import { FactQueue } from '../../../lib/fact-queue.ts';
import { FactTopic } from '../../../lib/fact-topic.ts';
import { PipelineMonitoring } from '../../../lib/monitoring/pipeline-monitoring.ts';
import { evaluateExpression } from '../../support/evaluate-expression.ts';
import { sales, shipping } from '../../support/sagas.ts';
import { resourcesOf, stackTemplate } from '../../support/shop.ts';
import { userFunction, type WatchedFacts, watchedFacts, watchedFactsAsIs } from '../../support/watched-facts.ts';

const template = watchedFactsAsIs();

interface Alarm {
  readonly AlarmDescription: string;
  readonly AlarmActions: readonly unknown[];
  readonly OKActions?: readonly unknown[];
  readonly MetricName?: string;
  readonly Namespace?: string;
  readonly Statistic?: string;
  readonly Period?: number;
  readonly Threshold: number;
  readonly Dimensions?: readonly { readonly Name: string; readonly Value: unknown }[];
  readonly Metrics?: readonly {
    readonly Expression?: string;
    readonly MetricStat?: { readonly Metric: object; readonly Stat: string; readonly Period: number };
  }[];
  readonly DatapointsToAlarm: number;
  readonly EvaluationPeriods: number;
  readonly TreatMissingData: string;
}

const alarmsOf = (from: typeof template): ReadonlyMap<string, Alarm> =>
  new Map(resourcesOf(from, 'AWS::CloudWatch::Alarm').map(([, { Properties }]) => [Properties.AlarmName, Properties]));
const alarms = alarmsOf(template);
/**
 * The properties and the metric of an alarm on one metric. CDK writes a metric with a label in the form for several
 * metrics.
 */
const metricOf = (name: string) => {
  const alarm = alarms.get(`Test-${name}`);
  const [stat] = (alarm?.Metrics ?? []).flatMap(({ MetricStat }) => MetricStat ?? []);
  return { ...alarm, ...(stat && { ...stat.Metric, Statistic: stat.Stat }) };
};
const kindsOf = (name: string, of = alarms) =>
  [...of.keys()].flatMap((alarm) => {
    const kind = alarm.slice(`Test-${name}-`.length);
    // The names of the queues of a saga's effects begin with the saga's name.
    return alarm.startsWith(`Test-${name}-`) && !/^effects(-2)?-facts/.test(kind) ? [kind] : [];
  });
const severityOf = (name: string) => /^\[(\w+)\]/.exec(alarms.get(name)?.AlarmDescription ?? '')?.[1];

const OF_TOPIC = ['facts-not-published', 'facts-delayed', 'facts-unpublished-for-hours'];
const OF_QUEUE = [
  ...['facts-undelivered', 'facts-dead-letters', 'facts-parked', 'facts-waiting', 'facts-waiting-for-hours'],
  'facts-crashing',
];
/** No topic delivers effects. */
const OF_RETRIES = OF_QUEUE.filter((kind) => kind !== 'facts-undelivered');
const OF_SAGA = [
  ...['saga-overdue', 'saga-deadlines-silent', 'effects-failed', 'effects-delayed', 'effects-waiting-for-hours'],
];

describe('the alarms on facts and sagas', () => {
  test('every topic and queue of facts has its alarms, and every saga has its own and those of its queue', () => {
    expect(kindsOf('sales')).toEqual(OF_TOPIC);
    expect(kindsOf('billing')).toEqual(OF_TOPIC);
    expect(kindsOf('charges')).toEqual(OF_QUEUE);
    expect(kindsOf('shipping')).toEqual([...OF_QUEUE, ...OF_SAGA]);
    for (const retries of ['shipping-effects', 'shipping-effects-2']) {
      expect(kindsOf(retries).filter((kind) => kind.startsWith('facts'))).toEqual(OF_RETRIES);
    }
    const ofQueues = 2 * OF_QUEUE.length + 2 * OF_RETRIES.length;
    expect(alarms.size).toBe(2 * OF_TOPIC.length + ofQueues + OF_SAGA.length);
  });

  test("the alarms on the queue of a saga's failed effects speak of effects", () => {
    for (const retries of ['shipping-effects', 'shipping-effects-2']) {
      for (const kind of OF_RETRIES) {
        const sentence = alarms.get(`Test-${retries}-${kind}`)?.AlarmDescription.split('#')[0]?.split('http')[0];
        expect(sentence).toMatch(/^\[\w+\] Queue of effects shipping-effects.* effects?\b/);
        expect(sentence).not.toMatch(/\bfacts?\b/);
      }
    }
  });

  test('a saga without a deadline has no alarm on overdue instances', () => {
    const without = alarmsOf(watchedFacts({ saga: { saga: { ...shipping, deadlineSeconds: undefined } } }));
    expect(kindsOf('shipping', without)).toEqual([...OF_QUEUE, ...OF_SAGA.filter((kind) => kind !== 'saga-overdue')]);
  });

  test('an alarm pages if facts or effects are not processed, and will not be soon or without help', () => {
    const pages = [...alarms.keys()].filter((name) => severityOf(name) === 'page');
    expect(
      [...new Set(pages.map((name) => name.replace(/^Test-[a-z]+-(effects-(2-)?(?=facts))?/, '')))].sort(),
    ).toEqual([
      ...['effects-failed', 'effects-waiting-for-hours', 'facts-crashing', 'facts-dead-letters', 'facts-not-published'],
      ...['facts-parked', 'facts-undelivered', 'facts-unpublished-for-hours', 'facts-waiting-for-hours'],
    ]);
    for (const name of pages) expect([name, alarms.get(name)?.OKActions?.length]).toEqual([name, 1]);
  });

  test('every alarm on facts and sagas evaluates minutes and tolerates missing minutes', () => {
    for (const [name, alarm] of alarms) {
      const periods = [alarm.Period, ...(alarm.Metrics ?? []).map(({ MetricStat }) => MetricStat?.Period)];
      expect([name, new Set(periods.filter((one) => one !== undefined))]).toEqual([name, new Set([60])]);
      expect(alarm.TreatMissingData).toMatch(/^(notBreaching|breaching)$/);
      // An alarm's expression takes at most ten metrics (cloudwatch/API_PutMetricAlarm).
      expect(alarm.Metrics?.length ?? 1).toBeLessThan(10);
      if (!JSON.stringify(alarm.Metrics ?? '').includes('FILL(')) continue;
      expect([name, alarm.EvaluationPeriods - alarm.DatapointsToAlarm > 1]).toEqual([name, true]);
    }
  });

  test.each<[string, object]>([
    ['charges-facts-parked', { Namespace: 'Freshet', MetricName: 'Parked', Statistic: 'Sum', Threshold: 0 }],
    ['shipping-saga-overdue', { Namespace: 'Freshet', MetricName: 'SagaOverdue', Statistic: 'Sum', Threshold: 0 }],
    ['sales-facts-delayed', { Namespace: 'AWS/Lambda', MetricName: 'IteratorAge', Threshold: 900_000 }],
    ['sales-facts-unpublished-for-hours', { MetricName: 'IteratorAge', Threshold: 8_640_000 }],
    ['charges-facts-waiting-for-hours', { DatapointsToAlarm: 120, EvaluationPeriods: 144 }],
    ['charges-facts-crashing', { DatapointsToAlarm: 3, EvaluationPeriods: 15 }],
  ])('the alarm %s uses its metric and threshold', (name, expected) => {
    expect(metricOf(name)).toMatchObject(expected);
  });

  test('alarms on metrics that Freshet emits use the name of the queue or the saga, and its stack', () => {
    for (const [name, Value] of [
      ['charges-facts-parked', 'charges:queue'],
      ['shipping-facts-parked', 'shipping:queue'],
      ['shipping-saga-overdue', 'shipping'],
    ] as const) {
      expect(metricOf(name).Dimensions).toEqual([
        { Name: 'service', Value },
        { Name: 'stack', Value: 'Test' },
      ]);
    }
  });

  test('the alarm saga-deadlines-silent waits for half of four checks, for any check interval', () => {
    const silent = (of = alarms) => of.get('Test-shipping-saga-deadlines-silent');
    expect(silent()).toMatchObject({ DatapointsToAlarm: 20, EvaluationPeriods: 22, TreatMissingData: 'breaching' });
    const hourly = alarmsOf(watchedFacts({ saga: { deadlineInterval: Duration.hours(1) } }));
    expect(silent(hourly)).toMatchObject({ DatapointsToAlarm: 240, EvaluationPeriods: 242 });
  });
});

describe("an alarm's condition", () => {
  const evaluate = (name: string, values: Readonly<Record<string, number>>) =>
    evaluateExpression(alarms.get(`Test-${name}`)?.Metrics?.find(({ Expression }) => Expression)?.Expression, values);

  test.each<[string, Record<string, number>, number]>([
    ['stays off when nothing happens', {}, 0],
    ['stays off when all facts are processed', { age: 2, visible: 3, inFlight: 10, deleted: 40 }, 0],
    ['is raised when the oldest fact is late', { age: 901, visible: 900, inFlight: 100, deleted: 40 }, 1],
    [
      'is raised when all facts fail, although the age excludes them',
      { age: 0, visible: 0, inFlight: 3, deleted: 0 },
      1,
    ],
    ['stays off when one fact fails and the others are processed', { age: 0, inFlight: 1, deleted: 5 }, 0],
  ])('the alarm facts-waiting %s', (_, values, expected) => {
    expect(evaluate('charges-facts-waiting', values)).toBe(expected);
    expect(evaluate('charges-facts-waiting-for-hours', values)).toBe(expected);
  });

  test.each<[string, Record<string, number>, number]>([
    ['counts a minute without a check', {}, 1],
    ['does not count a minute with a check', { invoked: 1, errors: 0 }, 0],
    ['counts a minute in which the check failed', { invoked: 1, errors: 1 }, 1],
  ])('the alarm saga-deadlines-silent %s', (_, values, expected) => {
    expect(evaluate('shipping-saga-deadlines-silent', values)).toBe(expected);
  });

  test('the alarm facts-crashing evaluates four visibility time-outs if they are longer than 15 minutes', () => {
    const slow = (stack: Stack) => {
      const topic = new FactTopic(stack, 'Slow', { boundary: sales });
      const facts = [sales.publishes.OrderPlaced];
      const functionTimeout = Duration.seconds(200);
      const queue = new FactQueue(stack, 'Queue', { name: 'slow', facts, sources: [topic], functionTimeout });
      queue.addHandler(userFunction(stack, 'Handler'));
      new PipelineMonitoring(stack, 'Monitoring', { owners: [], caches: [], factQueues: [queue] });
    };
    expect(alarmsOf(stackTemplate(slow)).get('Test-slow-facts-crashing')).toMatchObject({
      ...{ DatapointsToAlarm: 3, EvaluationPeriods: 80 },
    });
  });

  test('the alarm effects-failed is raised by a message in the failure queue of any effect handler', () => {
    expect(evaluate('shipping-effects-failed', {})).toBe(0);
    expect(evaluate('shipping-effects-failed', { of0x0: 1 })).toBe(1);
    expect(evaluate('shipping-effects-failed', { of1x2: 1 })).toBe(1);
  });
});

describe('the dashboard', () => {
  const { DashboardBody } = resourcesOf(template, 'AWS::CloudWatch::Dashboard')[0]?.[1].Properties ?? {};
  const body = JSON.stringify(DashboardBody);

  test('the dashboard has a part for each topic of facts, queue of facts and saga', () => {
    const titles = ['Facts of sales', 'Facts of billing', 'Queue of facts charges'];
    const ofSaga = ['Queue of facts shipping-effects', 'Queue of facts shipping-effects-2', 'Saga shipping'];
    expect([...body.matchAll(/## ([^\\"]+)/g)].map(([, title]) => title)).toEqual([...titles, ...ofSaga]);
  });

  test.each([
    'Published',
    'Diverted',
    'sales:facts',
    'IteratorAge',
    'Settled',
    'Returned',
    'Parked',
    'SagaOverdue',
    'SagaDecided',
    'errors of Charge',
    'failed: Printer',
    'failed: Mailer',
    'dead letters',
    'undelivered',
  ])('the dashboard shows "%s" for facts and sagas', (what) => {
    expect(body).toContain(what);
  });
});

describe('watched queues of facts', () => {
  test('a queue of facts that is given twice is refused, because the alarms are named after it', () => {
    const twice = ({ factQueues }: WatchedFacts) => ({ factQueues: [...factQueues, ...factQueues] });
    expect(() => watchedFacts({ monitoring: twice })).toThrow(
      'factQueues, sagas: charges was given twice. Give each name once: the alarms are named after it.',
    );
  });

  test('a handler that is added after PipelineMonitoring is refused, because it would not be watched', () => {
    const after = (stack: Stack, { factQueues: [charges] }: WatchedFacts) =>
      charges?.addHandler(userFunction(stack, 'Late'));
    const unhandled = () => watchedFacts({ after, isHandled: false });
    expect(unhandled).toThrow(/charges: addHandler was called after .*Monitoring was created/);
  });
});
