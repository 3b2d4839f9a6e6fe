import { randomUUID } from 'node:crypto';
import { Readable } from 'node:stream';
import { DeleteItemCommand } from '@aws-sdk/client-dynamodb';
import { PublishCommand } from '@aws-sdk/client-sns';
import { SendMessageCommand } from '@aws-sdk/client-sqs';
import { expect } from 'vitest';
import { keyItem } from '../../adapters/aws/items.ts';
import { queueBacklog } from '../../adapters/govern/report.ts';
import { createParking } from '../../adapters/project/parking-table.ts';
import { TYPE_ATTRIBUTE } from '../../adapters/relay/topic.ts';
import { type ImportResult, importRows } from '../../cli/commands/import/import-rows.ts';
import type { Deployment, OpenCache, OpenOwner } from '../../cli/deployment/deployment.ts';
import { parkedPages } from '../../cli/deployment/parked.ts';
import { openStacks } from '../../cli/deployment/stacks.ts';
import { readRows } from '../../cli/files/rows.ts';
import { ownedContract } from '../../core/contract/define-boundary.ts';
import { type EntityRef, entityRef, messageGroupId } from '../../core/entity.ts';
import type { OwnedEntity } from '../../core/own/own.ts';
import type { ParkedEvent } from '../../core/project/ports.ts';
import { outgoingMessage } from '../../core/relay/message.ts';
import type { ParkedKey } from '../../core/repair/parked-key.ts';
import type { Redriven } from '../../core/repair/redrive.ts';
import type { Row } from '../../examples/shop/geography/releases.ts';
import { root } from '../support/command-line.ts';
import { type Clients, openClients } from './clients.ts';
import { type Listener, listen } from './listener.ts';
import { type DeployedResource, deployedResources } from './template.ts';

/** How many times as long as MiniStack the deployed shop takes. */
const SLOWNESS = Number(process.env.DEPLOYED_SLOWNESS ?? 1);

/** How long an event may take from the owner to the cache. The functions on the way may have to start first. */
export const ARRIVAL = { timeout: 60_000 * SLOWNESS, interval: 200 };

/** How long something may take that happens once a minute. */
export const SCHEDULE = { timeout: 150_000 * Math.min(SLOWNESS, 3), interval: 1_000 };

/** The stacks that hold an owner or a cache. */
export const STACKS = ['Geography', 'Ordering', 'Warehouse'] as const;

/** The state of a currency with a given name. */
export const currency = (name: string) => ({ name, number: '963', digits: 2, countries: [] });

/** The message group of a currency. */
export function groupOf(id: string): string {
  return messageGroupId(entityRef('Currency', id));
}

/** The deployed shop, and the steps of its tests. */
export interface Shop {
  readonly clients: Clients;
  readonly deployment: Deployment;
  readonly resources: readonly DeployedResource[];
  readonly geography: OpenOwner;
  readonly ordering: OpenCache;
  readonly warehouse: OpenCache;
  /** Imports entities of a type, as `freshet import` does. */
  importAll(type: string, rows: readonly Row[]): Promise<ImportResult>;
  /** Puts a currency and waits until it is in the cache of `ordering`. */
  putAndWait(id: string, name: string): Promise<OwnedEntity>;
  /** Publishes a body to the topic without the owner, in the group of a currency. */
  publish(id: string, body: string): Promise<void>;
  /**
   * Sends a body to the dead-letter queue of `ordering`, as after repeated crashes of the projector. Waits until the
   * body is parked.
   */
  sendDeadLetter(id: string, body: string): Promise<void>;
  /** Redrives all parked events of a currency. */
  redrive(id: string): Promise<readonly Redriven[]>;
  /** Deletes an item from a cache's table. In production, only a fault could do that. */
  removeFromCache(cache: OpenCache, entity: EntityRef): Promise<void>;
  /** Subscribes a new queue to a topic. */
  listen(topicArn: string): Promise<Listener>;
  /** The number of messages in all queues, messages in flight included. */
  queuedMessages(): Promise<number>;
  close(): void;
}

/** Opens the shop that was deployed from an assembly. */
export async function openShop(assembly: string): Promise<Shop> {
  const clients = openClients();
  const resources = await deployedResources(assembly, clients.cloudFormation, clients.dynamoDb);
  const io = { cwd: root, importModule: (url: string) => import(url), stderr: process.stderr };
  const deployment = await openStacks(io, STACKS, {});
  const geography = await deployment.ownerOf('Country');
  const ordering = await deployment.cacheNamed('ordering');
  const warehouse = await deployment.cacheNamed('warehouse');
  return {
    clients,
    deployment,
    resources,
    geography,
    ordering,
    close() {
      deployment.close();
      clients.close();
    },
    warehouse,
    importAll(type, rows) {
      const text = rows.map(({ id, state }) => `${JSON.stringify({ id, ...state })}\n`);
      return importRows({
        owner: geography.owner,
        contract: ownedContract(geography.boundary, type),
        rows: readRows(Readable.from([Buffer.from(text.join(''))]), { format: 'ndjson' }),
        mapping: { idField: 'id', keepId: false },
        writers: 16,
        maxWaitMs: 10_000,
        signal: new AbortController().signal,
        onReject: (place, problem) => console.log(`${place}: ${problem}`),
        onProgress: () => undefined,
      });
    },
    async putAndWait(id, name) {
      const { version } = await geography.owner.put('Currency', id, currency(name));
      await expect.poll(() => ordering.reader.get('Currency', id), ARRIVAL).toMatchObject({ status: 'found', version });
      const owned = await geography.owner.get('Currency', id);
      if (owned === undefined) throw new Error(`the owner doesn't have ${id}`);
      return owned;
    },
    async publish(id, body) {
      await clients.sns.send(
        new PublishCommand({
          TopicArn: geography.deployed.topicArn,
          Message: body,
          MessageGroupId: groupOf(id),
          MessageDeduplicationId: randomUUID(),
          MessageAttributes: { [TYPE_ATTRIBUTE]: { DataType: 'String', StringValue: 'Currency' } },
        }),
      );
    },
    async sendDeadLetter(id, body) {
      const { deadLetterQueueUrl, parkingTable, table: cacheTable } = ordering.deployed;
      const { beginAlone } = createParking({ client: clients.dynamoDb, parkingTable, cacheTable });
      const message = { messageId: randomUUID(), groupId: groupOf(id), sequenceNumber: '1'.padStart(20, '0'), body };
      const nowMs = Date.now();
      await beginAlone({ ...message, receiveCount: 3, sentAtMs: nowMs, firstReceivedAtMs: nowMs }, false);
      await clients.sqs.send(
        new SendMessageCommand({
          QueueUrl: deadLetterQueueUrl,
          MessageBody: body,
          MessageGroupId: message.groupId,
          // SQS gives a dead letter the id of the message as its deduplication id.
          MessageDeduplicationId: message.messageId,
        }),
      );
      const parked = { status: 'parked', reason: 'crashed' };
      await expect.poll(() => parkedEventsOf(ordering, id), ARRIVAL).toMatchObject([parked]);
    },
    async redrive(id) {
      const answer = await ordering.repair.redrive(await keysOf(ordering, id));
      if (answer.kind === 'failed') throw new Error(answer.message);
      return answer.value;
    },
    async removeFromCache({ deployed }, entity) {
      await clients.dynamoDb.send(new DeleteItemCommand({ TableName: deployed.table, Key: keyItem(entity) }));
    },
    listen: (topicArn) => listen(clients, topicArn),
    async queuedMessages() {
      const queues = resources.filter(({ type }) => type === 'AWS::SQS::Queue');
      const backlogs = await Promise.all(queues.map(({ physicalId }) => queueBacklog(clients.sqs, physicalId)));
      return backlogs.reduce((sum, one) => sum + one, 0);
    },
  };
}

/** The body of the event that an owner's relay publishes for an entity. */
export function bodyOf({ boundary }: OpenOwner, owned: OwnedEntity): string {
  const message = outgoingMessage(boundary, owned, { publishedAt: new Date().toISOString() });
  if ('reason' in message) throw new Error(message.message);
  return message.body;
}

/** The parked events of a currency at its owner or in a cache. */
export async function parkedEventsOf({ parked }: OpenOwner | OpenCache, id: string): Promise<ParkedEvent[]> {
  const found: ParkedEvent[] = [];
  for await (const page of parkedPages(parked)) {
    found.push(...page.filter(({ message, entity }) => message.groupId === groupOf(id) || entity?.id === id));
  }
  return found;
}

/** The keys of the parked events of a currency at its owner or in a cache. */
export async function keysOf(at: OpenOwner | OpenCache, id: string): Promise<ParkedKey[]> {
  return (await parkedEventsOf(at, id)).map(({ message: { groupId, sequenceNumber } }) => ({
    groupId,
    sequenceNumber,
  }));
}
