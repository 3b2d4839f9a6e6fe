import { type App, Stack } from 'aws-cdk-lib';
import { describe, expect, test } from 'vitest';
import { EntityOwner } from '../../../lib/entity-owner.ts';
import { FactQueue } from '../../../lib/fact-queue.ts';
import { FactTopic } from '../../../lib/fact-topic.ts';
import { LocalCache } from '../../../lib/local-cache.ts';
import { PipelineMonitoring } from '../../../lib/monitoring/pipeline-monitoring.ts';
import { Saga } from '../../../lib/saga.ts';
import { lab, shelf } from '../../support/lab.ts';
import { billing, sales, shipping } from '../../support/sagas.ts';
import { appTemplates, resourcesOf } from '../../support/shop.ts';
import { userFunction } from '../../support/watched-facts.ts';

/** Everything that emits metrics, in one stack, with its monitoring. */
function stage(app: App, id: string): void {
  const stack = new Stack(app, id);
  const owner = new EntityOwner(stack, 'Owner', { boundary: lab, maySlowOwner: { shelf: {} } });
  const cache = new LocalCache(stack, 'Cache', { boundary: shelf, sources: [owner] });
  const sources = [sales, billing].map((boundary) => new FactTopic(stack, boundary.name, { boundary }));
  const facts = [sales.publishes.OrderPlaced];
  const charges = new FactQueue(stack, 'Charges', { name: 'charges', facts, sources: sources.slice(0, 1) });
  charges.addHandler(userFunction(stack, 'Charge'));
  const saga = new Saga(stack, 'Shipping', { saga: shipping, sources });
  const watched = { owners: [owner], caches: [cache], factTopics: sources, factQueues: [charges], sagas: [saga] };
  new PipelineMonitoring(stack, 'Monitoring', watched);
}

describe('two stages of an app in one account', () => {
  const templates = appTemplates((app) => {
    for (const id of ['Dev', 'Test']) stage(app, id);
  });
  const of = (id: string, ...types: string[]) => types.flatMap((type) => resourcesOf(templates[id], type));
  /** The `Freshet` metrics in a template, each as its name and its dimensions. */
  const metricsIn = (id: string) => {
    const watching = of(id, 'AWS::CloudWatch::Alarm', 'AWS::CloudWatch::Dashboard').map(([, one]) => one.Properties);
    const text = JSON.stringify(watching).replaceAll('\\"', '"');
    const ofAlarms = text.matchAll(/"Dimensions":\[([^\]]*)\],"MetricName":"(\w+)","Namespace":"Freshet"/g);
    const ofGraphs = text.matchAll(/\["Freshet","(\w+)",([^\]{]*)/g);
    return [
      ...[...ofAlarms].map(([, dimensions, name]) => `${name} ${dimensions}`),
      ...[...ofGraphs].map(([, name, dimensions]) => `${name} ${dimensions}`),
    ];
  };

  test('no metric of an alarm or a graph is the same in both stages', () => {
    const [dev, other] = [metricsIn('Dev'), metricsIn('Test')];
    expect(new Set(dev).size).toBeGreaterThan(60);
    expect(dev.filter((metric) => other.includes(metric))).toEqual([]);
  });

  test('no alarm, dashboard, rule or topic has the same name in both stages', () => {
    const names = (id: string) =>
      [
        ...['AWS::CloudWatch::Alarm', 'AWS::CloudWatch::CompositeAlarm', 'AWS::CloudWatch::Dashboard'],
        ...['AWS::CloudWatch::InsightRule', 'AWS::SNS::Topic'],
      ]
        .flatMap((type) => of(id, type))
        .flatMap(([, { Properties }]) => {
          const { AlarmName, DashboardName, RuleName, TopicName } = Properties;
          const name = AlarmName ?? DashboardName ?? TopicName;
          // The name of a rule contains the physical name of the projector, which CloudFormation makes unique.
          return typeof name === 'string' && RuleName === undefined ? [name] : [];
        });
    expect(names('Dev').length).toBeGreaterThan(30);
    expect(names('Dev').filter((name) => names('Test').includes(name))).toEqual([]);
  });

  test("every function that emits metrics is told its stack's name, or finds it in the settings of its queue", () => {
    const functions = of('Dev', 'AWS::Lambda::Function').filter(([id]) => !id.startsWith('Charge'));
    expect(functions.length).toBeGreaterThan(9);
    for (const [id, { Properties }] of functions) {
      expect([id, Properties.Environment.Variables.STACK_NAME]).toEqual([id, 'Dev']);
    }
    const [, decider] = functions.find(([id]) => id.startsWith('SagaDecider')) ?? [];
    expect(JSON.stringify(decider?.Properties.Environment.Variables.FACT_QUEUE)).toContain('\\"stack\\":\\"Dev\\"');
  });
});
