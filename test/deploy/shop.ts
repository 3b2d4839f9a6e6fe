import { randomUUID } from 'node:crypto';
import { Readable } from 'node:stream';
import { DeleteItemCommand } from '@aws-sdk/client-dynamodb';
import { PublishCommand, SubscribeCommand, UnsubscribeCommand } from '@aws-sdk/client-sns';
import {
  CreateQueueCommand,
  DeleteMessageCommand,
  DeleteQueueCommand,
  GetQueueAttributesCommand,
  ReceiveMessageCommand,
  SendMessageCommand,
  SetQueueAttributesCommand,
} from '@aws-sdk/client-sqs';
import { expect } from 'vitest';
import { keyItem } from '../../adapters/aws/items.ts';
import { queueBacklog } from '../../adapters/govern/report.ts';
import { TYPE_ATTRIBUTE } from '../../adapters/relay/topic.ts';
import { asidePages } from '../../cli/deployment/parked.ts';
import { type ImportResult, importRows } from '../../cli/import/import-rows.ts';
import { readRows } from '../../cli/import/rows.ts';
import { type CacheSession, cacheNamed, type OwnerSession, ownerOf, type Session } from '../../cli/session.ts';
import { ownedContract } from '../../core/contract.ts';
import { type EntityRef, entityRef, messageGroupId } from '../../core/entity.ts';
import type { OwnedEntity } from '../../core/own/own.ts';
import type { SetAside } from '../../core/project/ports.ts';
import { outgoingMessage } from '../../core/relay/message.ts';
import type { Redriven, SetAsideKey } from '../../core/repair/redrive.ts';
import type { Row } from '../../examples/shop/geography/releases.ts';
import { type Clients, openClients } from './clients.ts';
import { openDeployed } from './session.ts';
import { type DeployedResource, deployedResources, readTemplates } from './template.ts';

/** How long events may take through stream, topic, queue and functions that may have to start first. */
export const ARRIVAL = { timeout: 60_000, interval: 200 };

/** A state of a currency. */
export const currency = (name: string) => ({ name, number: '963', digits: 2, countries: [] });

/** The message group of a currency. */
export function groupOf(id: string): string {
  return messageGroupId(entityRef('Currency', id));
}

/** The shop as it is deployed, and what is done to it. */
export interface Shop {
  readonly clients: Clients;
  readonly session: Session;
  readonly resources: readonly DeployedResource[];
  readonly geography: OwnerSession;
  readonly ordering: CacheSession;
  readonly warehouse: CacheSession;
  /** Imports rows as `freshet import` does. */
  imported(type: string, rows: readonly Row[]): Promise<ImportResult>;
  /** Puts a currency and waits until it is in the cache that keeps currencies. */
  published(id: string, name: string): Promise<OwnedEntity>;
  /** Publishes a body straight to the topic, in a currency's group. */
  publish(id: string, body: string): Promise<void>;
  /** Sends a body to the cache's dead-letter queue, as if the projector had never got through with it, and waits until it is parked. */
  die(id: string, body: string): Promise<void>;
  /** Redrives all that is set aside of a currency. */
  redriven(id: string): Promise<readonly Redriven[]>;
  /** Takes an item out of a cache's table, as nothing but a fault would. */
  lose(cache: CacheSession, entity: EntityRef): Promise<void>;
  /** Subscribes a queue to a topic until it is stopped; `next` takes what comes. */
  listen(topicArn: string): Promise<Listener>;
  /** Messages in all queues, those under way included. */
  waiting(): Promise<number>;
  close(): void;
}

/** Hears what a topic delivers. */
export interface Listener {
  /** The body of the next message; undefined if none came within a second. */
  next(): Promise<unknown>;
  stop(): Promise<void>;
}

/** Opens what was deployed from an assembly. */
export async function openShop(assembly: string): Promise<Shop> {
  const clients = openClients();
  const resources = await deployedResources(assembly, clients.cloudFormation, clients.dynamoDb);
  const session = await openDeployed(clients, [...readTemplates(assembly).keys()]);
  const geography = ownerOf(session, 'Country');
  const ordering = cacheNamed(session, 'ordering');
  return {
    ...{ clients, session, resources, geography, ordering, close: clients.close },
    warehouse: cacheNamed(session, 'warehouse'),
    imported(type, rows) {
      const text = rows.map(({ id, state }) => `${JSON.stringify({ id, ...state })}\n`);
      return importRows({
        owner: geography.owner,
        contract: ownedContract(geography.boundary, type),
        rows: readRows(Readable.from([Buffer.from(text.join(''))]), 'ndjson'),
        mapping: { idField: 'id', keepId: false },
        ...{ writers: 16, maxWaitMs: 10_000, signal: new AbortController().signal },
        onReject: (place, problem) => console.log(`${place}: ${problem}`),
        onProgress: () => undefined,
      });
    },
    async published(id, name) {
      const { version } = await geography.owner.put('Currency', id, currency(name));
      await expect.poll(() => ordering.reader.get('Currency', id), ARRIVAL).toMatchObject({ status: 'found', version });
      const owned = await geography.owner.get('Currency', id);
      if (owned === undefined) throw new Error(`${id} isn't owned`);
      return owned;
    },
    async publish(id, body) {
      await clients.sns.send(
        new PublishCommand({
          TopicArn: geography.deployed.topicArn,
          Message: body,
          ...{ MessageGroupId: groupOf(id), MessageDeduplicationId: randomUUID() },
          MessageAttributes: { [TYPE_ATTRIBUTE]: { DataType: 'String', StringValue: 'Currency' } },
        }),
      );
    },
    async die(id, body) {
      await clients.sqs.send(
        new SendMessageCommand({
          QueueUrl: ordering.deployed.deadLetterQueueUrl,
          MessageBody: body,
          ...{ MessageGroupId: groupOf(id), MessageDeduplicationId: randomUUID() },
        }),
      );
      const parked = { status: 'parked', reason: 'crashed' };
      await expect.poll(() => setAsideOf(ordering, id), ARRIVAL).toMatchObject([parked]);
    },
    async redriven(id) {
      const answer = await ordering.repair.redrive(await keysOf(ordering, id));
      if (answer.kind === 'failed') throw new Error(answer.message);
      return answer.value;
    },
    async lose({ deployed }, entity) {
      await clients.dynamoDb.send(new DeleteItemCommand({ TableName: deployed.table, Key: keyItem(entity) }));
    },
    listen: (topicArn) => listen(clients, topicArn),
    async waiting() {
      const queues = resources.filter(({ type }) => type === 'AWS::SQS::Queue');
      const backlogs = await Promise.all(queues.map(({ physicalId }) => queueBacklog(clients.sqs, physicalId)));
      return backlogs.reduce((sum, one) => sum + one, 0);
    },
  };
}

async function listen({ sns, sqs }: Clients, TopicArn: string): Promise<Listener> {
  const { QueueUrl } = await sqs.send(new CreateQueueCommand({ QueueName: `deploy-suite-${randomUUID()}` }));
  const { Attributes } = await sqs.send(new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ['QueueArn'] }));
  const Resource = Attributes?.QueueArn;
  const statement = {
    Effect: 'Allow',
    Principal: { Service: 'sns.amazonaws.com' },
    Action: 'sqs:SendMessage',
    Resource,
  };
  const Policy = JSON.stringify({ Version: '2012-10-17', Statement: [statement] });
  await sqs.send(new SetQueueAttributesCommand({ QueueUrl, Attributes: { Policy } }));
  const { SubscriptionArn } = await sns.send(
    new SubscribeCommand({
      ...{ TopicArn, Protocol: 'sqs', Endpoint: Resource, ReturnSubscriptionArn: true },
      Attributes: { RawMessageDelivery: 'true' },
    }),
  );
  return {
    async next() {
      const { Messages: [message] = [] } = await sqs.send(new ReceiveMessageCommand({ QueueUrl, WaitTimeSeconds: 1 }));
      if (message === undefined) return undefined;
      await sqs.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle: message.ReceiptHandle }));
      return JSON.parse(message.Body ?? '');
    },
    async stop() {
      await sns.send(new UnsubscribeCommand({ SubscriptionArn }));
      await sqs.send(new DeleteQueueCommand({ QueueUrl }));
    },
  };
}

/** The event that an owner's relay publishes of an entity. */
export function bodyOf({ boundary }: OwnerSession, owned: OwnedEntity): string {
  const message = outgoingMessage(boundary, owned, { publishedAt: new Date().toISOString() });
  if ('reason' in message) throw new Error(message.message);
  return message.body;
}

/** What is set aside of a currency. */
export async function setAsideOf({ aside }: OwnerSession | CacheSession, id: string): Promise<SetAside[]> {
  const found: SetAside[] = [];
  for await (const page of asidePages(aside)) {
    found.push(...page.filter(({ message, entity }) => message.groupId === groupOf(id) || entity?.id === id));
  }
  return found;
}

/** The keys of all that is set aside of a currency. */
export async function keysOf(at: OwnerSession | CacheSession, id: string): Promise<SetAsideKey[]> {
  return (await setAsideOf(at, id)).map(({ message: { groupId, sequenceNumber } }) => ({ groupId, sequenceNumber }));
}
