import { Duration, type Stack } from 'aws-cdk-lib';
import { Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Topic } from 'aws-cdk-lib/aws-sns';
import { Queue } from 'aws-cdk-lib/aws-sqs';
import { describe, expect, test } from 'vitest';
import { defineBoundary, keep } from '../../core/contract.ts';
import { LIMITS } from '../../lib/limits.ts';
import { LocalCache } from '../../lib/local-cache.ts';
import type { LocalCacheProps } from '../../lib/local-cache-props.ts';
import { lab, shelf } from '../support/lab.ts';
import { propertiesOf, resourcesOf, shopTemplates, stackTemplate } from '../support/shop.ts';
import type { Template } from '../support/table-writers.ts';

const DAY_SECONDS = 24 * 60 * 60;
const shop = shopTemplates();
const { Ordering, Warehouse } = shop;

/** The queue that an ARN in a template refers to. */
function queueAt(template: Template | undefined, arn: { readonly 'Fn::GetAtt': readonly [string, string] }) {
  return propertiesOf(template, 'AWS::SQS::Queue', arn['Fn::GetAtt'][0]);
}

describe('the shop', () => {
  test('has one stack per boundary, each of which says what it deployed, and one that watches them', () => {
    const deployed = Object.entries(shop).map(([stack, { Outputs = {} }]) => [
      stack,
      ...Object.keys(Outputs).filter((id) => id.includes('Freshet')),
    ]);
    expect(deployed).toEqual([
      ...['Geography', 'Ordering', 'Warehouse'].map((stack) => [stack, expect.stringContaining('Freshet')]),
      ['Monitoring'],
    ]);
  });
});

describe.each([
  ['Ordering', Ordering, ['Country', 'Currency'], ['by_region']],
  ['Warehouse', Warehouse, ['Country'], ['by_region']],
])('the cache of %s', (_, template, types, indexes) => {
  const queue = propertiesOf(template, 'AWS::SQS::Queue', 'CacheQueue');
  const subscription = propertiesOf(template, 'AWS::SNS::Subscription');
  const projector = propertiesOf(template, 'AWS::Lambda::Function', 'Projector');
  const mapping = propertiesOf(template, 'AWS::Lambda::EventSourceMapping', 'Projector');
  const table = propertiesOf(template, 'AWS::DynamoDB::Table', 'Table');

  test('subscribes its queue to its types and nothing else, raw', () => {
    expect(subscription).toMatchObject({ Protocol: 'sqs', RawMessageDelivery: true, FilterPolicy: { type: types } });
    expect(Object.keys(subscription.FilterPolicy)).toEqual(['type']);
    expect(subscription.FilterPolicyScope ?? 'MessageAttributes').toBe('MessageAttributes');
    expect(queueAt(template, subscription.Endpoint)).toBe(queue);
  });

  test('sets aside what cannot be delivered and what crashes its projector, in FIFO queues of their own', () => {
    const undelivered = queueAt(template, subscription.RedrivePolicy.deadLetterTargetArn);
    const dead = queueAt(template, queue.RedrivePolicy.deadLetterTargetArn);
    expect(new Set([undelivered, dead, queue]).size).toBe(3);
    for (const one of [undelivered, dead, queue]) {
      expect(one).toMatchObject({ FifoQueue: true, MessageRetentionPeriod: 14 * DAY_SECONDS });
      expect(one.ContentBasedDeduplication ?? false).toBe(false);
    }
  });

  test('does not give up on those who wait behind a failing message', () => {
    expect(queue.RedrivePolicy.maxReceiveCount).toBe(1000);
  });

  test('hides a message for at least six time-outs of its function', () => {
    expect(projector.Timeout).toBeGreaterThan(0);
    expect(queue.VisibilityTimeout).toBeGreaterThanOrEqual(LIMITS.visibilityPerFunctionTimeout * projector.Timeout);
  });

  test('takes no message that would not fit into an item of the parking table with its reason', () => {
    // 400 KB an item (ddb/Constraints); names, types and 4 bytes for each of up to 1,000 characters of the explanation.
    expect(queue.MaximumMessageSize).toBeLessThanOrEqual(400 * 1024 - 10_000);
    // What an SNS message may hold must still get in (sns/large-message-payloads).
    expect(queue.MaximumMessageSize).toBeGreaterThanOrEqual(256 * 1024);
  });

  test('projects ten messages at most at once, several batches side by side, and reports failures one by one', () => {
    expect(mapping).toMatchObject({
      BatchSize: 10,
      FunctionResponseTypes: ['ReportBatchItemFailures'],
      ScalingConfig: { MaximumConcurrency: 10 },
    });
    expect(mapping.MaximumBatchingWindowInSeconds).toBeUndefined();
    expect(queueAt(template, mapping.EventSourceArn)).toBe(queue);
  });

  test('runs its projector on Node 24 on arm64 and tells it how long a tombstone lives', () => {
    expect(projector).toMatchObject({ Runtime: 'nodejs24.x', Architectures: ['arm64'] });
    expect(projector.Environment.Variables.TOMBSTONE_LIFE_SECONDS).toBe(String(60 * DAY_SECONDS));
  });

  test('keeps items by partition and id, forgets expired ones, and has an index for each declared one', () => {
    expect(table).toMatchObject({
      BillingMode: 'PAY_PER_REQUEST',
      KeySchema: [
        { AttributeName: 'pk', KeyType: 'HASH' },
        { AttributeName: 'id', KeyType: 'RANGE' },
      ],
      TimeToLiveSpecification: { AttributeName: 'expiresAt', Enabled: true },
      GlobalSecondaryIndexes: indexes.map((index) => ({
        IndexName: index,
        KeySchema: [
          { AttributeName: index, KeyType: 'HASH' },
          { AttributeName: 'id', KeyType: 'RANGE' },
        ],
        Projection: { ProjectionType: 'ALL' },
      })),
    });
  });
});

/** An owner's queues that a cache sends to. */
const queues = (stack: Stack) => ({
  resyncQueue: new Queue(stack, 'Resync'),
  reportQueue: new Queue(stack, 'Reports'),
});

const build = (given: Partial<LocalCacheProps> = {}) =>
  stackTemplate((stack) => {
    const topic = new Topic(stack, 'Changes', { fifo: true });
    new LocalCache(stack, 'Cache', {
      boundary: shelf,
      sources: [{ boundary: lab, topic, ...queues(stack) }],
      ...given,
    });
  });

describe('LocalCache', () => {
  test('lets a function of the service read items and lists, and no more', () => {
    const template = stackTemplate((stack) => {
      const topic = new Topic(stack, 'Changes', { fifo: true });
      const cache = new LocalCache(stack, 'Cache', {
        boundary: shelf,
        sources: [{ boundary: lab, topic, ...queues(stack) }],
      });
      cache.grantRead(new Role(stack, 'Consumer', { assumedBy: new ServicePrincipal('lambda.amazonaws.com') }));
    });
    const { PolicyDocument } = propertiesOf(template, 'AWS::IAM::Policy', 'Consumer');
    expect(PolicyDocument.Statement).toHaveLength(1);
    expect(PolicyDocument.Statement[0].Action.toSorted()).toEqual([
      'dynamodb:BatchGetItem',
      'dynamodb:GetItem',
      'dynamodb:Query',
    ]);
  });

  test('keeps its table when the stack goes, unless told otherwise', () => {
    const [[, table] = []] = resourcesOf(build(), 'AWS::DynamoDB::Table');
    expect(table).toMatchObject({ DeletionPolicy: 'Retain' });
  });

  test('takes the longest concurrency and the shortest tombstone life that are allowed', () => {
    const template = build({ maxConcurrency: 1000, tombstoneLife: Duration.days(52) });
    expect(
      propertiesOf(template, 'AWS::Lambda::EventSourceMapping', 'Projector').ScalingConfig.MaximumConcurrency,
    ).toBe(1000);
    const { Variables } = propertiesOf(template, 'AWS::Lambda::Function', 'Projector').Environment;
    expect(Variables.TOMBSTONE_LIFE_SECONDS).toBe(String(52 * DAY_SECONDS));
  });

  test('keeps pollers of its own for the queue instead of those that Lambda scales, where that is asked for', () => {
    const mapping = propertiesOf(
      build({ provisionedPollers: { minimum: 2, maximum: 2000 } }),
      'AWS::Lambda::EventSourceMapping',
      'Projector',
    );
    expect(mapping.ProvisionedPollerConfig).toEqual({ MinimumPollers: 2, MaximumPollers: 2000 });
    expect(mapping.ScalingConfig).toBeUndefined();
  });

  const noCaches = defineBoundary(import.meta.url, { name: 'idle' });
  const other = defineBoundary(import.meta.url, { name: 'other', owns: { X: { schema: lab.owns.Thing.schema } } });
  const both = defineBoundary(import.meta.url, {
    name: 'both',
    caches: { Thing: keep(lab.owns.Thing), X: keep(other.owns.X) },
  });

  test.each<[string, Partial<LocalCacheProps>, RegExp]>([
    ['concurrency below 2', { maxConcurrency: 1 }, /^maxConcurrency: given: 1\. An integer from 2 to 1000/],
    ['concurrency above 1,000', { maxConcurrency: 1001 }, /given: 1001\. An integer from 2 to 1000/],
    ['concurrency with a fraction', { maxConcurrency: 2.5 }, /given: 2\.5\. An integer from 2 to 1000/],
    [
      'pollers below 2',
      { provisionedPollers: { minimum: 1, maximum: 10 } },
      /^provisionedPollers: given: 1 to 10\. Integers: minimum from 2 to 200, maximum from the minimum to 2000\.$/,
    ],
    ['more than 200 pollers at least', { provisionedPollers: { minimum: 201, maximum: 300 } }, /given: 201 to 300\./],
    ['more than 2,000 pollers', { provisionedPollers: { minimum: 2, maximum: 2001 } }, /given: 2 to 2001\./],
    ['pollers with a fraction', { provisionedPollers: { minimum: 2, maximum: 2.5 } }, /given: 2 to 2\.5\./],
    ['fewer pollers at most than at least', { provisionedPollers: { minimum: 5, maximum: 4 } }, /given: 5 to 4\./],
    [
      'pollers beside a concurrency',
      { maxConcurrency: 10, provisionedPollers: { minimum: 2, maximum: 10 } },
      /^provisionedPollers: given with maxConcurrency\. Give one of them/,
    ],
    [
      'a short tombstone life',
      { tombstoneLife: Duration.days(51) },
      /^tombstoneLife: given: 51 days\. At least 52 days/,
    ],
    ['no source', { sources: [] }, /^sources: given: none\. shelf caches types of: lab\./],
    ['a source that is not needed', { boundary: noCaches }, /^boundary: idle caches no entity type\. Declare one/],
    ['a missing source', { boundary: both }, /^sources: given: lab\. both caches types of: lab, other\./],
  ])('refuses %s: says what was given and what is allowed', (_, given, message) => {
    expect(() => build(given)).toThrow(message);
  });

  test('refuses a source given twice and one of another owner', () => {
    const sources = (...boundaries: LocalCacheProps['boundary'][]) =>
      stackTemplate((stack) => {
        const topic = new Topic(stack, 'Changes', { fifo: true });
        const asked = queues(stack);
        new LocalCache(stack, 'Cache', {
          boundary: shelf,
          sources: boundaries.map((boundary) => ({ boundary, topic, ...asked })),
        });
      });
    expect(() => sources(lab, lab)).toThrow('sources: given: lab, lab. shelf caches types of: lab.');
    expect(() => sources(other)).toThrow('sources: given: other. shelf caches types of: lab.');
  });
});
