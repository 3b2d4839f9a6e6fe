import { UpdateItemCommand } from '@aws-sdk/client-dynamodb';
import { ListEventSourceMappingsCommand, UpdateEventSourceMappingCommand } from '@aws-sdk/client-lambda';
import { ListSubscriptionsByTopicCommand, SubscribeCommand, UnsubscribeCommand } from '@aws-sdk/client-sns';
import { PurgeQueueCommand } from '@aws-sdk/client-sqs';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { snsClient, sqsClient } from '../../adapters/aws/clients.ts';
import { keyItem } from '../../adapters/aws/items.ts';
import { lambdaClient } from '../../cli/clients/invoke.ts';
import { compareCaches } from '../../cli/compare/compare-caches.ts';
import { isHeartbeatGroup } from '../../core/entity.ts';
import { HEALED_METRIC } from '../../core/metrics.ts';
import { type Depot, startDepot } from '../cli/depot/world.ts';

const CACHE = 'lenient';
const PATIENCE = { timeout: 30_000 };
let depot: Depot;

beforeAll(async () => {
  depot = await startDepot();
}, 120_000);
afterAll(() => depot?.stop());

const owner = () => depot.owner.owner;
const clients = () => ({
  sns: snsClient({ endpoint: depot.cloud.endpoints.sns }),
  sqs: sqsClient({ endpoint: depot.cloud.endpoints.sqs }),
  functions: lambdaClient({ endpoint: depot.cloud.endpoints.sqs }),
});

/** Commits an entity that appears, one that changes and one that is deleted, while `cut` holds. */
async function changeThree(cut: () => Promise<unknown>, mend: () => Promise<unknown>): Promise<void> {
  for (const id of ['changes', 'vanishes']) await owner().put('Item', id, { name: 'before' });
  await depot.cloud.idle();
  await cut();
  await owner().put('Item', 'appears', { name: 'new' });
  await owner().put('Item', 'changes', { name: 'after' });
  await owner().delete('Item', 'vanishes');
  await mend();
}

/** Runs an inventory as an operator does. Returns what it printed. */
async function reconcile(): Promise<string> {
  const { code, out, err } = await depot.run('reconcile', CACHE, 'Item');
  expect({ code, err }).toEqual({ code: 0, err: '' });
  return out;
}

async function expectEqual(): Promise<void> {
  const compared = (await compareCaches(depot.deployment)).find(({ cache }) => cache === CACHE);
  expect(compared?.differing).toEqual([]);
}

const healed = () => {
  const dimensions = { service: CACHE, stack: CACHE };
  return depot.cloud.metrics.query({ metric: HEALED_METRIC, dimensions })?.sum;
};

describe('the next inventory finds and heals', { timeout: 120_000 }, () => {
  beforeEach(async () => {
    for (const id of ['appears', 'changes', 'vanishes'])
      await owner()
        .delete('Item', id)
        .catch(() => undefined);
    await depot.cloud.idle();
  });
  afterEach(expectEqual);

  test('what was committed while the queue was unsubscribed from the topic', async () => {
    const { sns } = clients();
    const { topicArn } = depot.owner.deployed;
    const queue = depot.cloud.messaging.queues.require(depot.cache(CACHE).deployed.queueUrl);
    const { Subscriptions = [] } = await sns.send(new ListSubscriptionsByTopicCommand({ TopicArn: topicArn }));
    const found = Subscriptions.find(({ Endpoint }) => Endpoint === queue.arn);
    await changeThree(
      () => sns.send(new UnsubscribeCommand({ SubscriptionArn: found?.SubscriptionArn })),
      async () => {
        await depot.cloud.idle();
        // The subscription of the template, as a deployment creates it again.
        const FilterPolicy = JSON.stringify({ type: ['Item', 'freshet:page'], to: [{ exists: false }, CACHE] });
        const Attributes = { RawMessageDelivery: 'true', FilterPolicy };
        const Endpoint = queue.arn;
        await sns.send(new SubscribeCommand({ TopicArn: topicArn, Protocol: 'sqs', Endpoint, Attributes }));
      },
    );
    expect(await reconcile()).toBe(
      [
        'lenient Item: 3 compared, 1 missing, 2 behind',
        // In the order of the table, which spreads a type over partitions.
        '  Item/changes behind (version 2)',
        '  Item/vanishes behind (version 2)',
        '  Item/appears missing (version 1)',
        '  3 healed',
        'lenient equals its owners',
        '',
      ].join('\n'),
    );
  });

  test('what was in its queue when the queue was purged', async () => {
    const { queueUrl, projector } = depot.cache(CACHE).deployed;
    const { sqs, functions } = clients();
    const { EventSourceMappings = [] } = await functions.send(
      new ListEventSourceMappingsCommand({ FunctionName: projector }),
    );
    const UUID = EventSourceMappings[0]?.UUID;
    // A disabled mapping receives nothing, whereas the mapping of a stopped function holds what it has received.
    const enable = (Enabled: boolean) => functions.send(new UpdateEventSourceMappingCommand({ UUID, Enabled }));
    await changeThree(
      () => enable(false),
      async () => {
        const changes = () =>
          depot.cloud.messaging.queues
            .require(queueUrl)
            .visibleMessages()
            .filter(({ groupId }) => !isHeartbeatGroup(groupId ?? ''));
        await expect.poll(() => changes().length, PATIENCE).toBe(3);
        await sqs.send(new PurgeQueueCommand({ QueueUrl: queueUrl }));
        await enable(true);
      },
    );
    const out = await reconcile();
    expect(out).toContain('  Item/changes behind (version 5)\n');
    expect(out).toContain('  3 healed\n');
  });

  test("what was changed by hand in the cache's table", async () => {
    await owner().put('Item', 'changes', { name: 'of the owner' });
    await depot.cloud.idle();
    await depot.client.send(
      new UpdateItemCommand({
        TableName: depot.cache(CACHE).deployed.table,
        Key: keyItem({ type: 'Item', id: 'changes' }),
        UpdateExpression: 'SET #data = :data',
        ExpressionAttributeNames: { '#data': 'data' },
        ExpressionAttributeValues: { ':data': { S: '{"name":"by hand"}' } },
      }),
    );
    expect(await depot.cache(CACHE).reader.get('Item', 'changes')).toMatchObject({ value: { name: 'by hand' } });
    expect(await reconcile()).toMatch(
      /^lenient Item: 3 compared, 1 different\n {2}Item\/changes different \(version \d+\)\n {2}1 healed\n/,
    );
    expect(await depot.cache(CACHE).reader.get('Item', 'changes')).toMatchObject({ value: { name: 'of the owner' } });
    expect(healed()).toBe(7);
  });
});
