import { type App, NestedStack, Stack } from 'aws-cdk-lib';
import { describe, expect, test } from 'vitest';
import { ChangeTopic } from '../../lib/change-topic.ts';
import { EntityOwner } from '../../lib/entity-owner.ts';
import { FactQueue } from '../../lib/fact-queue.ts';
import { FactTopic } from '../../lib/fact-topic.ts';
import { ImportedSource } from '../../lib/imported-source.ts';
import { LocalCache } from '../../lib/local-cache.ts';
import type { ChangeSource } from '../../lib/local-cache-props.ts';
import { PipelineMonitoring } from '../../lib/monitoring/pipeline-monitoring.ts';
import { Saga } from '../../lib/saga.ts';
import { catalogue, shop } from '../support/boundaries.ts';
import { lab, shelf } from '../support/lab.ts';
import { billing, sales, shipping } from '../support/sagas.ts';
import { appTemplates, resourcesOf, stackTemplate } from '../support/shop.ts';
import type { Template, Templates } from '../support/table-writers.ts';
import { userFunction } from '../support/watched-facts.ts';

/**
 * The types whose resources hold data, have a fixed name, or act on a resource that they share. A policy of a queue or
 * topic counts: when CloudFormation deletes the old policy, it also removes the new one.
 */
const KEPT = [
  'AWS::CloudWatch::Alarm',
  'AWS::CloudWatch::CompositeAlarm',
  'AWS::CloudWatch::Dashboard',
  'AWS::CloudWatch::InsightRule',
  'AWS::DynamoDB::Table',
  'AWS::KMS::Key',
  'AWS::Lambda::EventSourceMapping',
  'AWS::Logs::LogGroup',
  'AWS::SNS::Subscription',
  'AWS::SNS::Topic',
  'AWS::SNS::TopicPolicy',
  'AWS::SQS::Queue',
  'AWS::SQS::QueuePolicy',
];
const NAMES = ['AlarmName', 'DashboardName', 'LogGroupName', 'QueueName', 'RuleName', 'TableName', 'TopicName'];

/** The logical ids, physical names and exports of a template that an update must keep. */
function keptOf(template: Template | undefined): string[] {
  const resources = KEPT.flatMap((type) => resourcesOf(template, type)).map(([id, { Type, Properties = {} }]) => {
    const names = NAMES.flatMap((name) => (name in Properties ? [JSON.stringify(Properties[name])] : []));
    return [Type, id, ...names].join(' ');
  });
  const exports = Object.values(template?.Outputs ?? {}).flatMap((output) => output.Export?.Name ?? []);
  return [...resources, ...exports.map((name) => `export ${name}`)].sort();
}

/** What an update of a stack would remove or replace. */
function lost(before: Templates, after: Templates, stack: string): string[] {
  const kept = keptOf(after[stack]);
  const had = keptOf(before[stack]);
  expect(had.length).toBeGreaterThan(0);
  return had.filter((one) => !kept.includes(one));
}

const env = { region: 'eu-west-1' };
const ARN = 'arn:aws:sqs:eu-west-1:111122223333';
const imported = (stack: Stack) =>
  new ImportedSource(stack, 'Source', {
    boundary: lab,
    topicArn: 'arn:aws:sns:eu-west-1:111122223333:Lab-Changes.fifo',
    resyncQueueArn: `${ARN}:Lab-Resync`,
    reportQueueArn: `${ARN}:Lab-Reports`,
  });

/** An owner and a cache. Each option replaces a part. */
function ownerAndCache(
  app: App,
  options: {
    readonly ownerId?: string;
    readonly cacheId?: string;
    readonly ownerStack?: string;
    readonly source?: (consumer: Stack) => ChangeSource;
    readonly monitoringId?: string;
  } = {},
): { readonly owner: EntityOwner; readonly cache: LocalCache; readonly consumer: Stack } {
  const { ownerId = 'Owner', cacheId = 'Cache', ownerStack = 'Producer', monitoringId = 'Monitoring' } = options;
  const stackOf = (id: string) => (app.node.tryFindChild(id) as Stack | undefined) ?? new Stack(app, id, { env });
  const consumer = stackOf('Consumer');
  const owner = new EntityOwner(stackOf(ownerStack), ownerId, { boundary: lab });
  const source = options.source?.(consumer) ?? owner;
  const cache = new LocalCache(consumer, cacheId, { boundary: shelf, sources: [source] });
  const namePrefix = 'Lab';
  new PipelineMonitoring(stackOf('Watching'), monitoringId, { owners: [owner], caches: [cache], namePrefix });
  return { owner, cache, consumer };
}

const base = appTemplates((app) => ownerAndCache(app));

describe('an owner and a cache', () => {
  test.each([
    ['the construct of the owner is renamed', { ownerId: 'Products' }],
    ['the construct of the cache is renamed', { cacheId: 'ProductsHere' }],
    ['the construct of the monitoring is renamed', { monitoringId: 'Alarms' }],
  ])('no stack replaces what it holds when %s', (_, options) => {
    const after = appTemplates((app) => ownerAndCache(app, options));
    for (const stack of ['Producer', 'Consumer', 'Watching']) expect(lost(base, after, stack)).toEqual([]);
  });

  test.each<[string, Parameters<typeof ownerAndCache>[1]]>([
    ['imports the owner instead of referring to it', { source: imported }],
    ['finds the owner in another stack', { ownerStack: 'Elsewhere' }],
    ['has the owner in its own stack', { ownerStack: 'Consumer' }],
    ['follows a ChangeTopic instead', { source: (stack) => new ChangeTopic(stack, 'Topic', { boundary: lab }) }],
  ])('a cache keeps its queue, subscription and exports when it %s', (_, options) => {
    const after = appTemplates((app) => ownerAndCache(app, options));
    expect(lost(base, after, 'Consumer')).toEqual([]);
  });

  test('an owner keeps its exports when its only cache imports it, so that the update of the owner is accepted', () => {
    const after = appTemplates((app) => ownerAndCache(app, { source: imported }));
    expect(lost(base, after, 'Producer')).toEqual([]);
  });

  test('an owner and its cache keep everything when a second cache is added', () => {
    const products = (app: App, isTwo: boolean) => {
      const { owner, consumer } = ownerAndCache(app);
      const other = new EntityOwner(Stack.of(owner), 'Catalogue', { boundary: catalogue });
      if (isTwo) new LocalCache(consumer, 'Shop', { boundary: shop, sources: [other] });
    };
    const [before, after] = [false, true].map((isTwo) => appTemplates((app) => products(app, isTwo)));
    for (const stack of ['Producer', 'Consumer']) expect(lost(before ?? {}, after ?? {}, stack)).toEqual([]);
  });
});

describe('facts and sagas', () => {
  interface FactOptions {
    readonly ids?: { readonly topic?: string; readonly queue?: string; readonly saga?: string };
    readonly topicStack?: string;
  }

  function factsAndSaga(app: App, { ids = {}, topicStack = 'Producer' }: FactOptions = {}): void {
    const stackOf = (id: string) => (app.node.tryFindChild(id) as Stack | undefined) ?? new Stack(app, id);
    const consumer = stackOf('Consumer');
    const [ofSales, ofBilling] = [sales, billing].map(
      (boundary) => new FactTopic(stackOf(topicStack), boundary.name + (ids.topic ?? ''), { boundary }),
    ) as [FactTopic, FactTopic];
    const facts = [sales.publishes.OrderPlaced];
    const queue = new FactQueue(consumer, ids.queue ?? 'Charges', { name: 'charges', facts, sources: [ofSales] });
    queue.addHandler(userFunction(consumer, 'Charge'));
    const saga = new Saga(consumer, ids.saga ?? 'Shipping', { saga: shipping, sources: [ofSales, ofBilling] });
    saga.addEffectHandler(userFunction(consumer, 'Printer'));
  }

  const before = appTemplates((app) => factsAndSaga(app));

  test.each([
    ['a topic of facts', { topic: 'Facts' }],
    ['a queue of facts', { queue: 'ToCharge' }],
    ['a saga', { saga: 'Parcels' }],
  ])('no stack replaces what it holds when the construct of %s is renamed', (_, ids) => {
    const after = appTemplates((app) => factsAndSaga(app, { ids }));
    for (const stack of ['Producer', 'Consumer']) expect(lost(before, after, stack)).toEqual([]);
  });

  test.each(['Elsewhere', 'Consumer'])('queues of facts keep their subscriptions when the topics move to %s', (to) => {
    const after = appTemplates((app) => factsAndSaga(app, { topicStack: to }));
    expect(lost(before, after, 'Consumer')).toEqual([]);
  });
});

test('a second cache of a boundary in one stack is refused, because both would have the same logical ids', () => {
  const build = () =>
    stackTemplate((stack) => {
      const sources = [new EntityOwner(stack, 'Owner', { boundary: lab })];
      for (const id of ['One', 'Two']) new LocalCache(stack, id, { boundary: shelf, sources });
    });
  expect(build).toThrow(
    'Two: a second Cache of shelf in the stack Test, besides One. Allowed: one in a stack, because',
  );
});

describe('exports', () => {
  /** A cache and a queue of facts, and monitoring of a part of them. */
  function watched(app: App, isAll: boolean, hottestGroups: boolean): void {
    const { owner, cache } = ownerAndCache(app, { monitoringId: 'First' });
    const facts = new Stack(app, 'Facts', { env });
    const sources = [sales, billing].map((boundary) => new FactTopic(facts, boundary.name, { boundary }));
    const ofSales = sources.slice(0, 1);
    const queue = new FactQueue(facts, 'Charges', {
      name: 'charges',
      facts: [sales.publishes.OrderPlaced],
      sources: ofSales,
    });
    queue.addHandler(userFunction(facts, 'Charge'));
    const saga = new Saga(facts, 'Shipping', { saga: shipping, sources });
    saga.addEffectHandler(userFunction(facts, 'Printer'));
    const all = { caches: [cache], factTopics: sources, factQueues: [queue], sagas: [saga] };
    const part = isAll ? all : { caches: [] };
    const stack = new Stack(app, 'Alarms', { env });
    new PipelineMonitoring(stack, 'Monitoring', { owners: [owner], hottestGroups, ...part });
  }

  const everything = appTemplates((app) => watched(app, true, true));

  test.each([
    ['a part of the constructs is watched', false, true],
    ['the hottest groups are no longer counted', true, false],
  ])('every stack keeps its exports when only %s', (_, isAll, hottestGroups) => {
    const after = appTemplates((app) => watched(app, isAll, hottestGroups));
    for (const stack of ['Producer', 'Consumer', 'Facts']) expect(lost(everything, after, stack)).toEqual([]);
  });

  test('no stack exports more when it is watched than when it is alone', () => {
    const alone = appTemplates((app) => {
      const stack = new Stack(app, 'Producer', { env });
      new EntityOwner(stack, 'Owner', { boundary: lab });
    });
    expect(keptOf(alone.Producer)).toEqual(keptOf(everything.Producer));
  });

  test.each([
    'strong',
    'weak',
    'both',
  ])('an app with %s references between stacks keeps the same exports', (strength) => {
    const flags = { '@aws-cdk/core:defaultCrossStackReferences': strength };
    const [all, fewer] = [true, false].map((isAll) => appTemplates((app) => watched(app, isAll, isAll), flags));
    for (const stack of ['Producer', 'Consumer', 'Facts']) expect(lost(all ?? {}, fewer ?? {}, stack)).toEqual([]);
  });

  test('constructs in a nested stack can be watched from another stack', () => {
    const templates = appTemplates((app) => {
      const parent = new Stack(app, 'Parent', { env });
      const nested = new NestedStack(parent, 'Nested');
      const owner = new EntityOwner(nested, 'Owner', { boundary: lab });
      const cache = new LocalCache(new Stack(app, 'Consumer', { env }), 'Cache', { boundary: shelf, sources: [owner] });
      const namePrefix = 'Lab';
      new PipelineMonitoring(new Stack(app, 'Alarms', { env }), 'All', {
        owners: [owner],
        caches: [cache],
        namePrefix,
      });
    });
    expect(keptOf(templates.Parent).filter((one) => one.startsWith('export')).length).toBeGreaterThan(10);
  });
});
