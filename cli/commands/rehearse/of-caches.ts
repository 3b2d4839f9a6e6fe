import { paginateDescribeAlarms } from '@aws-sdk/client-cloudwatch';
import { DeleteItemCommand, GetItemCommand, PutItemCommand, UpdateItemCommand } from '@aws-sdk/client-dynamodb';
import { SendMessageCommand } from '@aws-sdk/client-sqs';
import { ATTRIBUTE, keyItem } from 'freshet-aws/internal/adapters/aws/items';
import { type EntityRef, entityName, messageGroupId } from 'freshet-aws/internal/core/entity';
import type { Deployment, OpenCache } from '../../deployment/deployment.ts';
import { UsageError } from '../../errors.ts';
import { all, nameOf, sendingMalformed, setting, stopping, unique } from './actions.ts';
import { conflictingEvent, entitiesOf, eventOf, sendCopies } from './events.ts';
import type { Impossible, Provoked, Rehearsal } from './rehearsal.ts';

/** More than a backlog that is normal, see `ONE_ROUND` in lib/monitoring/cache-alarms.ts. */
const BACKLOG = 150;

/** The objective for lead time in milliseconds, if no alarm watches it (`Objectives.leadTime`). */
const DEFAULT_LEAD_TIME_MS = 60_000;

/** The longest delay of a queue (sqs-api/API_SetQueueAttributes). */
const MAX_DELAY_SECONDS = 900;

function ofCache(
  does: string,
  after: string,
  provoke: (deployment: Deployment, cache: OpenCache) => Promise<Provoked>,
): Rehearsal {
  const on = 'cache';
  return {
    on,
    does,
    after,
    provoke: async (deployment, name) => provoke(deployment, await deployment.cacheNamed(name)),
  };
}

/** The alarms on a cache. */
export const CACHE_REHEARSALS: Readonly<Record<string, Rehearsal | Impossible>> = {
  behind: ofCache('stops the projector', '10 minutes', (deployment, { deployed }) =>
    stopping(deployment, deployed.projector),
  ),
  stalled: ofCache('stops the projector', '10 minutes', (deployment, { deployed }) =>
    stopping(deployment, deployed.projector),
  ),
  staleness: ofCache(
    'stops the report function, so that the cache reports no staleness',
    '10 minutes',
    (deployment, { deployed }) => stopping(deployment, deployed.report),
  ),
  'inflow-above-outflow': ofCache(
    `stops the projector and sends ${BACKLOG} copies of events to the queue`,
    '10 minutes',
    async (deployment, cache) => {
      const kept = await entitiesOf(deployment, cache);
      const stopped = await stopping(deployment, cache.deployed.projector);
      await sendCopies(cache, kept, BACKLOG);
      return all(stopped, {
        did: [`sent ${BACKLOG} copies of events to ${nameOf(cache.deployed.queueUrl)}`],
        undo: [],
      });
    },
  ),
  'lead-time': ofCache(
    'delays each message of the queue by one and a half times the objective for lead time; change entities meanwhile',
    '8 minutes in which entities change',
    async (deployment, { name, deployed }) => {
      const objectiveMs = (await leadTimeThreshold(deployment, name)) ?? DEFAULT_LEAD_TIME_MS;
      const seconds = Math.min(MAX_DELAY_SECONDS, Math.ceil((objectiveMs * 1.5) / 1000));
      return setting(deployment, deployed.queueUrl, { DelaySeconds: String(seconds) });
    },
  ),
  'group-stuck': ofCache(
    "removes the digest from one entity's item in the cache's table and sends the entity's event again",
    '5 minutes',
    damageItem,
  ),
  'age-over-half-of-retention': {
    on: 'cache',
    because: 'it is raised by an event that has waited for 7 days, and nothing makes a message older than it is',
  },
  parked: ofCache('sends a message that is not an event', '2 minutes', (deployment, cache) =>
    sendingMalformed(deployment, cache.deployed.queueUrl, cache.name),
  ),
  'subscription-dead-letters': ofCache(
    'sends the copy of an event to the dead-letter queue of the subscription, as SNS does with an event that it ' +
      "can't deliver",
    '2 minutes',
    async (deployment, cache) => {
      const [first] = await entitiesOf(deployment, cache);
      const groupId = messageGroupId(first.owned.entity);
      const queueUrl = cache.deployed.subscriptionDeadLetterQueueUrl;
      await sendTo(deployment, queueUrl, eventOf(first));
      return {
        did: [`sent the event of ${entityName(first.owned.entity)} to ${nameOf(queueUrl)}`],
        undo: [{ kind: 'discard', place: cache.name, groupId }],
      };
    },
  ),
  'dead-letters': ofCache(
    'stops the repair function and sends the copy of an event to the dead-letter queue, as SQS does after 1,000 receives',
    '2 minutes',
    async (deployment, cache) => {
      const [first] = await entitiesOf(deployment, cache);
      const stopped = await stopping(deployment, cache.deployed.repair);
      const queueUrl = cache.deployed.deadLetterQueueUrl;
      await sendTo(deployment, queueUrl, eventOf(first));
      return all(stopped, {
        did: [`sent the event of ${entityName(first.owned.entity)} to ${nameOf(queueUrl)}`],
        undo: [],
      });
    },
  ),
  conflicts: ofCache(
    'sends an event with the version that the cache holds, but with the state of another entity',
    '2 minutes',
    async (deployment, cache) => {
      const { event, of } = conflictingEvent(await entitiesOf(deployment, cache));
      await cache.send([event]);
      const { entity, version } = of.owned;
      return {
        did: [`sent version ${version} of ${entityName(entity)} to the queue with the state of another entity`],
        undo: [{ kind: 'discard', place: cache.name, groupId: event.groupId }],
      };
    },
  ),
  healed: ofCache(
    "deletes an entity's item from the cache's table and starts an inventory",
    '2 minutes',
    async (deployment, cache) => {
      const [{ owned }] = await entitiesOf(deployment, cache);
      return beforeInventory(cache, owned.entity.type, () => removeItem(deployment, cache, owned.entity));
    },
  ),
  differs: ofCache(
    "copies an entity's item in the cache's table to an id that the owner doesn't know, and starts an inventory",
    '2 minutes',
    async (deployment, cache) => {
      const [{ owned }] = await entitiesOf(deployment, cache);
      return beforeInventory(cache, owned.entity.type, () => copyItem(deployment, cache, owned.entity));
    },
  ),
  'repair-waits': ofCache(
    'stops the repair function and starts an inventory, whose page stays in the queue',
    '35 minutes',
    async (deployment, cache) => {
      const [{ owned }] = await entitiesOf(deployment, cache);
      await cache.repair.inventory(owned.entity.type, { heals: true });
      const stopped = await stopping(deployment, cache.deployed.repair);
      return all({ did: [`started an inventory of ${owned.entity.type}`], undo: [] }, stopped);
    },
  ),
  throttles: { on: 'cache', because: 'the DynamoDB engine of the local cloud never throttles a request' },
};

/** The threshold of the alarm on the lead time of a cache, in milliseconds; undefined if there is no such alarm. */
async function leadTimeThreshold({ clients }: Deployment, name: string): Promise<number | undefined> {
  for await (const { MetricAlarms = [] } of paginateDescribeAlarms({ client: clients.metrics }, {})) {
    const alarm = MetricAlarms.find(({ AlarmName }) => AlarmName?.endsWith(`-${name}-lead-time`));
    if (alarm !== undefined) return alarm.Threshold;
  }
  return undefined;
}

async function sendTo(
  { clients }: Deployment,
  QueueUrl: string,
  { body, groupId, deduplicationId }: ReturnType<typeof eventOf>,
): Promise<void> {
  await clients.queues.send(
    new SendMessageCommand({
      QueueUrl,
      MessageBody: body,
      MessageGroupId: groupId,
      MessageDeduplicationId: deduplicationId,
    }),
  );
}

/** Changes a cache's table and then starts an inventory. @throws UsageError if an inventory runs */
async function beforeInventory(cache: OpenCache, type: string, change: () => Promise<Provoked>): Promise<Provoked> {
  const running = await cache.notes.inventory(type);
  // It may have passed the entity already.
  if (running !== undefined && running.endedAt === undefined)
    throw new UsageError(`an inventory of ${type} runs in ${cache.name}. Try again when it has ended.`);
  const changed = await change();
  await cache.repair.inventory(type, { heals: true });
  return all(changed, { did: [`started an inventory of ${type}`], undo: [] });
}

/** Copies an entity's item to an id that the owner doesn't know. */
async function copyItem({ clients }: Deployment, { deployed }: OpenCache, entity: EntityRef): Promise<Provoked> {
  const TableName = deployed.table;
  const { Item: item = {} } = await clients.tables.send(
    new GetItemCommand({ TableName, Key: keyItem(entity), ConsistentRead: true }),
  );
  const copy = { type: entity.type, id: unique() };
  const { [ATTRIBUTE.stopped]: _, ...unstopped } = item;
  await clients.tables.send(new PutItemCommand({ TableName, Item: { ...unstopped, ...keyItem(copy) } }));
  return {
    did: [`copied the item of ${entityName(entity)} in ${TableName} to ${entityName(copy)}`],
    undo: [{ kind: 'delete', table: TableName, key: keyItem(copy) }],
  };
}

/** Removes an entity from a cache, as a write past the projector does. The cache doesn't notice it by itself. */
async function removeItem({ clients }: Deployment, { deployed }: OpenCache, entity: EntityRef): Promise<Provoked> {
  const { Attributes: item = {} } = await clients.tables.send(
    new DeleteItemCommand({ TableName: deployed.table, Key: keyItem(entity), ReturnValues: 'ALL_OLD' }),
  );
  return {
    did: [`deleted the item of ${entityName(entity)} from ${deployed.table}`],
    undo: [{ kind: 'put', table: deployed.table, item, unless: ATTRIBUTE.version }],
  };
}

/** Makes an item unreadable. The projector then fails on each event of the entity, and on no other event. */
async function damageItem(deployment: Deployment, cache: OpenCache): Promise<Provoked> {
  const { tables } = deployment.clients;
  const [first] = await entitiesOf(deployment, cache);
  const where = { TableName: cache.deployed.table, Key: keyItem(first.owned.entity) };
  const { Item: item = {} } = await tables.send(new GetItemCommand({ ...where, ConsistentRead: true }));
  await tables.send(
    new UpdateItemCommand({
      ...where,
      UpdateExpression: 'REMOVE #digest',
      ExpressionAttributeNames: { '#digest': ATTRIBUTE.digest },
    }),
  );
  await cache.send([eventOf(first)]);
  const name = entityName(first.owned.entity);
  return {
    did: [`removed the digest from the item of ${name} in ${cache.deployed.table}`, `sent the event of ${name} again`],
    undo: [
      {
        kind: 'put',
        table: cache.deployed.table,
        item,
        unless: ATTRIBUTE.digest,
      },
    ],
  };
}
