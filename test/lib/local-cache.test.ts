import { Duration, type Stack } from 'aws-cdk-lib';
import { Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Topic } from 'aws-cdk-lib/aws-sns';
import { Queue } from 'aws-cdk-lib/aws-sqs';
import { describe, expect, test } from 'vitest';
import { parkedItem } from '../../adapters/project/parked-items.ts';
import { defineBoundary, keep } from '../../core/contract/define-boundary.ts';
import { MAX_MESSAGE_BYTES } from '../../core/relay/message.ts';
import { LIMITS } from '../../lib/limits.ts';
import { LocalCache } from '../../lib/local-cache.ts';
import type { LocalCacheProps } from '../../lib/local-cache-props.ts';
import { noise } from '../support/compressible.ts';
import { message, owned, product } from '../support/events.ts';
import { lab, shelf } from '../support/lab.ts';
import { propertiesOf, resourcesOf, shopTemplates, stackTemplate } from '../support/shop.ts';
import type { Template } from '../support/table-writers.ts';

const DAY_SECONDS = 24 * 60 * 60;
const shop = shopTemplates();
const { Ordering, Warehouse } = shop;

/** Returns the queue to which an ARN in a template refers. */
function queueAt(template: Template | undefined, arn: { readonly 'Fn::GetAtt': readonly [string, string] }) {
  return propertiesOf(template, 'AWS::SQS::Queue', arn['Fn::GetAtt'][0]);
}

describe('the shop', () => {
  test('the shop has a stack for each boundary, with an output that describes it, and one for monitoring', () => {
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
])('the cache of %s', (name, template, types, indexes) => {
  const queue = propertiesOf(template, 'AWS::SQS::Queue', 'CacheQueue');
  const subscription = propertiesOf(template, 'AWS::SNS::Subscription');
  const projector = propertiesOf(template, 'AWS::Lambda::Function', 'Projector');
  const mapping = propertiesOf(template, 'AWS::Lambda::EventSourceMapping', 'Projector');
  const table = propertiesOf(template, 'AWS::DynamoDB::Table', 'Table');

  test(`the subscription of ${name} changes after the projector, so that no new type arrives before it is known`, () => {
    const [[, resource] = []] = resourcesOf(template, 'AWS::SNS::Subscription');
    const [[id] = []] = resourcesOf(template, 'AWS::Lambda::Function').filter(([one]) => one.includes('Projector'));
    expect(resource?.DependsOn).toContain(id);
  });

  test(`the repair function of ${name} changes after the projector, which takes what a backfill sends`, () => {
    const functions = resourcesOf(template, 'AWS::Lambda::Function');
    const [[projector] = []] = functions.filter(([id]) => id.includes('Projector'));
    const [[, repair] = []] = functions.filter(([id]) => id.includes('Repair'));
    expect(repair?.DependsOn).toContain(projector);
  });

  test(`the queue of ${name} is subscribed to its types and to pages only, without what is addressed to others`, () => {
    expect(subscription).toMatchObject({ Protocol: 'sqs', RawMessageDelivery: true });
    expect(subscription.FilterPolicy).toEqual({
      type: [...types, 'freshet:page'],
      to: [{ exists: false }, name.toLowerCase()],
    });
    expect(subscription.FilterPolicyScope ?? 'MessageAttributes').toBe('MessageAttributes');
    expect(queueAt(template, subscription.Endpoint)).toBe(queue);
  });

  test(`the cache of ${name} has two FIFO queues for events that are undeliverable or that crash its projector`, () => {
    const undelivered = queueAt(template, subscription.RedrivePolicy.deadLetterTargetArn);
    const dead = queueAt(template, queue.RedrivePolicy.deadLetterTargetArn);
    expect(new Set([undelivered, dead, queue]).size).toBe(3);
    for (const one of [undelivered, dead, queue]) {
      expect(one).toMatchObject({ FifoQueue: true, MessageRetentionPeriod: 14 * DAY_SECONDS });
      expect(one.ContentBasedDeduplication ?? false).toBe(false);
    }
  });

  test(`the queue of ${name} allows 1,000 receives, because messages behind a failing one are received with it`, () => {
    expect(queue.RedrivePolicy.maxReceiveCount).toBe(1000);
  });

  test(`the queue of ${name} hides a message for at least six timeouts of its function`, () => {
    expect(projector.Timeout).toBeGreaterThan(0);
    expect(queue.VisibilityTimeout).toBeGreaterThanOrEqual(LIMITS.visibilityPerFunctionTimeout * projector.Timeout);
  });

  test(`the queue of ${name} accepts the largest event, which its parking table holds with the reason`, () => {
    expect(queue.MaximumMessageSize).toBe(MAX_MESSAGE_BYTES);
    // Base64 of compressed data can't be compressed below three quarters of its size.
    const body = noise(MAX_MESSAGE_BYTES);
    const reason = { status: 'parked', reason: 'invalid', explanation: '漢'.repeat(1_000) } as const;
    const one = { ...message(owned(product('i'.repeat(1_024)), 1)), body };
    const item = parkedItem({ ...reason, message: one, entity: product('i'.repeat(1_024)), version: 1, parkedAtMs: 1 });
    const sizes = Object.entries(item).map(
      ([key, { S, N, B }]) => Buffer.byteLength(`${key}${S ?? N ?? ''}`) + (B?.length ?? 0),
    );
    // An item can be 400 KB (ddb/Constraints).
    expect(sizes.reduce((sum, bytes) => sum + bytes)).toBeLessThanOrEqual(400 * 1024);
  });

  test(`the projector of ${name} gets ten messages, runs up to ten times at once, and reports single failures`, () => {
    expect(mapping).toMatchObject({
      BatchSize: 10,
      FunctionResponseTypes: ['ReportBatchItemFailures'],
      ScalingConfig: { MaximumConcurrency: 10 },
    });
    expect(mapping.MaximumBatchingWindowInSeconds).toBeUndefined();
    expect(queueAt(template, mapping.EventSourceArn)).toBe(queue);
  });

  test(`the projector of ${name} runs on Node 24 on arm64 and knows how long a tombstone is kept`, () => {
    expect(projector).toMatchObject({ Runtime: 'nodejs24.x', Architectures: ['arm64'] });
    expect(projector.Environment.Variables.TOMBSTONE_LIFE_SECONDS).toBe(String(60 * DAY_SECONDS));
  });

  test(`the table of ${name} has the keys partition and id, expires items, and has every declared index`, () => {
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

/** Creates the owner's queues to which a cache sends. */
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
  test('a function with grantRead can read items and lists of the cache, and nothing else', () => {
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

  test("by default, a cache's table stays when its stack is deleted", () => {
    const [[, table] = []] = resourcesOf(build(), 'AWS::DynamoDB::Table');
    expect(table).toMatchObject({ DeletionPolicy: 'Retain' });
  });

  test('a cache accepts the highest allowed concurrency and the shortest allowed tombstone life', () => {
    const template = build({ maxConcurrency: 1000, tombstoneLife: Duration.days(52) });
    expect(
      propertiesOf(template, 'AWS::Lambda::EventSourceMapping', 'Projector').ScalingConfig.MaximumConcurrency,
    ).toBe(1000);
    const { Variables } = propertiesOf(template, 'AWS::Lambda::Function', 'Projector').Environment;
    expect(Variables.TOMBSTONE_LIFE_SECONDS).toBe(String(52 * DAY_SECONDS));
  });

  test('a cache with provisioned pollers reserves them instead of a maximum concurrency', () => {
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
    [
      'a concurrency below 2',
      { maxConcurrency: 1 },
      /^maxConcurrency: out of range: 1\. Allowed: an integer from 2 to 1000/,
    ],
    ['a concurrency above 1,000', { maxConcurrency: 1001 }, /out of range: 1001\. Allowed: an integer from 2 to 1000/],
    [
      'a concurrency with a fraction',
      { maxConcurrency: 2.5 },
      /out of range: 2\.5\. Allowed: an integer from 2 to 1000/,
    ],
    [
      'fewer than 2 pollers',
      { provisionedPollers: { minimum: 1, maximum: 10 } },
      /^provisionedPollers: out of range: 1 to 10\. Allowed: .* from 2 to 200 .* from the minimum to 2000\.$/,
    ],
    [
      'a minimum above 200 pollers',
      { provisionedPollers: { minimum: 201, maximum: 300 } },
      /out of range: 201 to 300\./,
    ],
    [
      'a maximum above 2,000 pollers',
      { provisionedPollers: { minimum: 2, maximum: 2001 } },
      /out of range: 2 to 2001\./,
    ],
    ['pollers with a fraction', { provisionedPollers: { minimum: 2, maximum: 2.5 } }, /out of range: 2 to 2\.5\./],
    [
      'a maximum of pollers below the minimum',
      { provisionedPollers: { minimum: 5, maximum: 4 } },
      /out of range: 5 to 4\./,
    ],
    [
      'pollers together with a concurrency',
      { maxConcurrency: 10, provisionedPollers: { minimum: 2, maximum: 10 } },
      /^provisionedPollers: set together with maxConcurrency\. Allowed: one of them/,
    ],
    [
      'a short tombstone life',
      { tombstoneLife: Duration.days(51) },
      /^tombstoneLife: too short: 51 days\. Allowed: at least 52 days/,
    ],
    ['no source', { sources: [] }, /^sources: not the owners .* shelf caches: none\. Allowed: each .*: lab\.$/],
    ['a boundary that caches nothing', { boundary: noCaches }, /^boundary: idle caches no entity type\. Declare one/],
    ['a missing source', { boundary: both }, /^sources: not .* both caches: lab\. Allowed: each .*: lab, other\.$/],
  ])('a cache refuses %s and says what was given and what is allowed', (_, given, message) => {
    expect(() => build(given)).toThrow(message);
  });

  test('a cache refuses a source that is given twice and a source that it does not need', () => {
    const sources = (...boundaries: LocalCacheProps['boundary'][]) =>
      stackTemplate((stack) => {
        const topic = new Topic(stack, 'Changes', { fifo: true });
        const asked = queues(stack);
        new LocalCache(stack, 'Cache', {
          boundary: shelf,
          sources: boundaries.map((boundary) => ({ boundary, topic, ...asked })),
        });
      });
    expect(() => sources(lab, lab)).toThrow(
      /^sources: not the owners of the types that shelf caches: lab, lab\. Allowed: .*: lab\.$/,
    );
    expect(() => sources(other)).toThrow(
      /^sources: not the owners of the types that shelf caches: other\. Allowed: .*: lab\.$/,
    );
  });
});
