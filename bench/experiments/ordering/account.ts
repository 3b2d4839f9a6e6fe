import { randomUUID } from 'node:crypto';
import {
  CreateQueueCommand,
  DeleteMessageCommand,
  GetQueueAttributesCommand,
  type Message,
  ReceiveMessageCommand,
  SendMessageBatchCommand,
  type SQSClient,
  SQSServiceException,
  StartMessageMoveTaskCommand,
} from '@aws-sdk/client-sqs';
import { dynamoDbClient, sqsClient } from '../../../adapters/aws/clients.ts';
import { createEngineClient } from '../../../local/engine/client.ts';
import { startEngine } from '../../../local/engine/start-engine.ts';
import { createMessaging } from '../../../local/fifo/messaging.ts';
import { startWire } from '../../../local/wire/server.ts';
import { setBenchCredentials } from '../../support/account.ts';

/** The most entries of a SendMessageBatch call (sqs/quotas-messages, 2026-11-23). */
const BATCH = 10;

/** Errors of a FIFO queue for the handle of a message whose visibility has ended (sqs-api/API_DeleteMessage). */
const EXPIRED_HANDLE = new Set(['InvalidParameterValue', 'ReceiptHandleIsInvalid']);

/** A change of an item, from the table's stream: the versions before and after it. */
export interface Change {
  readonly before: number | undefined;
  readonly after: number | undefined;
}

/** A queue with a dead-letter queue. */
export interface TestQueue {
  send(messages: readonly { body: string; group: string }[]): Promise<void>;
  /** Waits up to a second for the next message. */
  receive(signal: AbortSignal): Promise<Message | undefined>;
  /** Deletes a message. Does nothing if its visibility has ended; the message is then delivered again. */
  delete(message: Message): Promise<void>;
  /** Visible and in-flight messages of the queue (`waiting`) and of its dead-letter queue (`dead`). */
  counts(): Promise<{ waiting: number; dead: number }>;
  /** Moves the dead-letter queue's messages back (sqs-api/API_StartMessageMoveTask). */
  redrive(): Promise<void>;
}

export interface QueueLimits {
  readonly visibilitySeconds: number;
  /** How often a message is received before it moves to the dead-letter queue. */
  readonly maxReceiveCount: number;
}

/** SQS and DynamoDB on this machine, for the unmodified SDK. */
export type Account = Awaited<ReturnType<typeof startAccount>>;

/** Starts an engine for DynamoDB and an endpoint for SQS. */
export async function startAccount() {
  setBenchCredentials();
  const engine = await startEngine();
  const raw = createEngineClient(engine.url);
  const identity = { region: 'us-east-1', accountId: '000000000000' };
  const wire = await startWire({ messaging: createMessaging({ now: Date.now, newId: randomUUID, ...identity }) });
  const dynamodb = dynamoDbClient({ endpoint: engine.url });
  const sqs = sqsClient({ endpoint: wire.url });
  const call = <T>(target: string, input: object) => raw.call<T>(target, input);

  return {
    dynamodb,
    createQueue: (name: string, isFifo: boolean, limits: QueueLimits) => createQueue(sqs, name, isFifo, limits),
    async createTable(tableName: string): Promise<void> {
      await call('DynamoDB_20120810.CreateTable', {
        TableName: tableName,
        KeySchema: [
          { AttributeName: 'pk', KeyType: 'HASH' },
          { AttributeName: 'id', KeyType: 'RANGE' },
        ],
        AttributeDefinitions: ['pk', 'id'].map((AttributeName) => ({ AttributeName, AttributeType: 'S' })),
        BillingMode: 'PAY_PER_REQUEST',
        StreamSpecification: { StreamEnabled: true, StreamViewType: 'NEW_AND_OLD_IMAGES' },
      });
    },
    /** All changes in the table's stream, in order. */
    async changes(tableName: string): Promise<Change[]> {
      const { Table } = await call<{ Table: { LatestStreamArn: string } }>('DynamoDB_20120810.DescribeTable', {
        TableName: tableName,
      });
      const StreamArn = Table.LatestStreamArn;
      const { StreamDescription } = await call<{ StreamDescription: { Shards: { ShardId: string }[] } }>(
        'DynamoDBStreams_20120810.DescribeStream',
        { StreamArn },
      );
      const changes: Change[] = [];
      for (const { ShardId } of StreamDescription.Shards) {
        const start = { StreamArn, ShardId, ShardIteratorType: 'TRIM_HORIZON' };
        let { ShardIterator: at } = await call<Iterator>('DynamoDBStreams_20120810.GetShardIterator', start);
        while (at !== undefined) {
          const page = await call<StreamPage>('DynamoDBStreams_20120810.GetRecords', { ShardIterator: at });
          if (page.Records.length === 0) break;
          changes.push(
            ...page.Records.map(({ dynamodb: { OldImage, NewImage } }) => ({
              before: versionOf(OldImage),
              after: versionOf(NewImage),
            })),
          );
          at = page.NextShardIterator;
        }
      }
      return changes;
    },
    /** The version of every item. */
    async versions(tableName: string): Promise<(number | undefined)[]> {
      const { Items } = await call<{ Items: Image[] }>('DynamoDB_20120810.Scan', { TableName: tableName });
      return Items.map(versionOf);
    },
    async stop(): Promise<void> {
      dynamodb.destroy();
      sqs.destroy();
      raw.close();
      await wire.close();
      await engine.stop();
    },
  };
}

interface Iterator {
  ShardIterator?: string;
}

type Image = { version?: { N?: string } } | undefined;

interface StreamPage {
  Records: { dynamodb: { OldImage?: Image; NewImage?: Image } }[];
  NextShardIterator?: string;
}

function versionOf(image: Image): number | undefined {
  return image?.version?.N === undefined ? undefined : Number(image.version.N);
}

async function createQueue(sqs: SQSClient, name: string, isFifo: boolean, limits: QueueLimits): Promise<TestQueue> {
  const create = async (queueName: string, attributes: Record<string, string>) => {
    const { QueueUrl } = await sqs.send(
      new CreateQueueCommand({
        QueueName: isFifo ? `${queueName}.fifo` : queueName,
        Attributes: { ...attributes, ...(isFifo && { FifoQueue: 'true' }) },
      }),
    );
    const { Attributes } = await sqs.send(new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ['QueueArn'] }));
    return { QueueUrl, arn: Attributes?.QueueArn };
  };
  const dead = await create(`${name}-dead`, {});
  const { QueueUrl } = await create(name, {
    VisibilityTimeout: String(limits.visibilitySeconds),
    RedrivePolicy: JSON.stringify({ deadLetterTargetArn: dead.arn, maxReceiveCount: limits.maxReceiveCount }),
    ...(isFifo && { DeduplicationScope: 'messageGroup', FifoThroughputLimit: 'perMessageGroupId' }),
  });
  const waitingIn = async (url: string | undefined): Promise<number> => {
    const AttributeNames = ['ApproximateNumberOfMessages', 'ApproximateNumberOfMessagesNotVisible'] as const;
    const command = new GetQueueAttributesCommand({ QueueUrl: url, AttributeNames: [...AttributeNames] });
    const { Attributes = {} } = await sqs.send(command);
    return AttributeNames.reduce((sum, attribute) => sum + Number(Attributes[attribute]), 0);
  };

  return {
    async send(messages) {
      for (let from = 0; from < messages.length; from += BATCH) {
        const Entries = messages.slice(from, from + BATCH).map(({ body, group }, index) => ({
          Id: String(index),
          MessageBody: body,
          ...(isFifo && { MessageGroupId: group, MessageDeduplicationId: String(from + index) }),
        }));
        const { Failed = [] } = await sqs.send(new SendMessageBatchCommand({ QueueUrl, Entries }));
        if (Failed.length > 0) throw new Error(`SendMessageBatch failed for these entries: ${JSON.stringify(Failed)}`);
      }
    },
    async receive(abortSignal) {
      const command = new ReceiveMessageCommand({
        QueueUrl,
        MaxNumberOfMessages: 1,
        WaitTimeSeconds: 1,
        MessageSystemAttributeNames: ['ApproximateReceiveCount', 'MessageGroupId'],
      });
      const { Messages = [] } = await sqs.send(command, { abortSignal });
      return Messages[0];
    },
    async delete({ ReceiptHandle }) {
      try {
        await sqs.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle }));
      } catch (error) {
        if (!(error instanceof SQSServiceException && EXPIRED_HANDLE.has(error.name))) throw error;
      }
    },
    counts: async () => ({ waiting: await waitingIn(QueueUrl), dead: await waitingIn(dead.QueueUrl) }),
    async redrive() {
      await sqs.send(new StartMessageMoveTaskCommand({ SourceArn: dead.arn }));
    },
  };
}
