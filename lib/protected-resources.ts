import { Stack } from 'aws-cdk-lib';
import { AttributeType, BillingMode, type StreamViewType, Table, TableEncryption } from 'aws-cdk-lib/aws-dynamodb';
import { Grant, type IGrantable } from 'aws-cdk-lib/aws-iam';
import { CfnTopic, FifoThroughputScope, Topic } from 'aws-cdk-lib/aws-sns';
import {
  DeduplicationScope,
  FifoThroughputLimit,
  type IQueue,
  Queue,
  QueueEncryption,
  type QueueProps,
} from 'aws-cdk-lib/aws-sqs';
import type { Construct } from 'constructs';
import { ATTRIBUTE } from '../adapters/aws/items.ts';
import type { Boundary } from '../core/contract/contract.ts';
import { type DataProtectionProps, deletionProtection, removalPolicy } from './data-protection.ts';
import { LIMITS } from './limits.ts';

/** The settings in which Freshet's tables differ. */
export interface ProtectedTableProps {
  /**
   * The images of an item that the table's stream contains.
   * @default - no stream
   */
  readonly stream?: StreamViewType;
  /**
   * Whether items can expire.
   * @default false
   */
  readonly expires?: boolean;
  /** Whether the table can be restored to any second of the last 35 days. */
  readonly pointInTimeRecovery: boolean;
}

/** Creates a table with the key of all Freshet tables, kept and encrypted according to the data protection. */
export function protectedTable(
  scope: Construct,
  id: string,
  protection: DataProtectionProps,
  { stream, expires = false, pointInTimeRecovery }: ProtectedTableProps,
): Table {
  const { encryptionKey } = protection;
  return new Table(scope, id, {
    partitionKey: { name: ATTRIBUTE.partition, type: AttributeType.STRING },
    sortKey: { name: ATTRIBUTE.id, type: AttributeType.STRING },
    billingMode: BillingMode.PAY_PER_REQUEST,
    removalPolicy: removalPolicy(protection),
    deletionProtection: deletionProtection(protection),
    pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: pointInTimeRecovery },
    ...(stream !== undefined && { stream }),
    ...(expires && { timeToLiveAttribute: ATTRIBUTE.expiresAt }),
    ...(encryptionKey && { encryption: TableEncryption.CUSTOMER_MANAGED, encryptionKey }),
  });
}

/** Creates a queue that refuses requests without TLS, encrypted according to the data protection. */
export function protectedQueue(
  scope: Construct,
  id: string,
  { encryptionKey }: DataProtectionProps,
  props: QueueProps,
): Queue {
  return new Queue(scope, id, {
    ...props,
    enforceSSL: true,
    ...(encryptionKey
      ? { encryption: QueueEncryption.KMS, encryptionMasterKey: encryptionKey }
      : { encryption: QueueEncryption.SQS_MANAGED }),
  });
}

/**
 * Creates a FIFO queue that keeps messages for as long as SQS allows. Its throughput and its deduplication count per
 * message group: in us-east-1 it accepts 70,000 calls a second of each kind instead of 300, at the same price
 * (sqs/high-throughput-fifo, 2026-11-29). It doesn't deduplicate across message groups, which Freshet doesn't need: one
 * entity, and whatever a fact is about, is one group.
 */
export function fifoQueue(
  scope: Construct,
  id: string,
  protection: DataProtectionProps,
  props: Pick<QueueProps, 'deadLetterQueue' | 'maxMessageSizeBytes' | 'visibilityTimeout'>,
): Queue {
  return protectedQueue(scope, id, protection, {
    fifo: true,
    fifoThroughputLimit: FifoThroughputLimit.PER_MESSAGE_GROUP_ID,
    deduplicationScope: DeduplicationScope.MESSAGE_GROUP,
    retentionPeriod: LIMITS.maxRetention,
    ...props,
  });
}

/** Creates a FIFO queue of dead letters. It takes the largest message, because a refused dead letter would be lost. */
export function fifoDeadLetterQueue(
  scope: Construct,
  id: string,
  protection: DataProtectionProps,
  props: Pick<QueueProps, 'visibilityTimeout'> = {},
): Queue {
  return fifoQueue(scope, id, protection, { maxMessageSizeBytes: LIMITS.maxMessageBytes, ...props });
}

/** The settings in which Freshet's topics differ. */
export interface FifoTopicProps {
  /**
   * Whether throughput and deduplication count per message group.
   * @default false
   */
  readonly highThroughput?: boolean | undefined;
  /**
   * How long the topic's archive keeps messages, in days.
   * @default - no archive
   */
  readonly archiveDays?: number | undefined;
  /**
   * Largest message, in bytes: up to 1 MiB. Above 256 KiB, a topic accepts at most 100 subscriptions. That is the limit
   * of every FIFO topic (sns/large-message-payloads, 2026-11-30). The CDK's `Topic` has no prop for it.
   * @default - 256 KiB
   */
  readonly maxMessageBytes?: number;
}

/**
 * Creates an SNS FIFO topic that refuses requests without TLS, encrypted according to the data protection. Its name
 * consists of the names of the stack, of the boundary and of the construct. The name that the CDK would give it depends
 * on the path of the construct, so a renamed construct would replace the topic, and two deployments of an app would
 * have topics of one name.
 */
export function fifoTopic(
  scope: Construct,
  id: string,
  { name }: Pick<Boundary, 'name'>,
  { encryptionKey }: DataProtectionProps,
  { highThroughput = false, archiveDays, maxMessageBytes }: FifoTopicProps = {},
): Topic {
  const topic = new Topic(scope, id, {
    topicName: `${Stack.of(scope).stackName}-${name}-${id}.fifo`,
    fifo: true,
    // Deduplication ids contain entity and version. With content hashes, the changes A, B, A would lose the last A.
    contentBasedDeduplication: false,
    enforceSSL: true,
    ...(highThroughput && { fifoThroughputScope: FifoThroughputScope.MESSAGE_GROUP }),
    ...(archiveDays !== undefined && { messageRetentionPeriodInDays: archiveDays }),
    ...(encryptionKey && { masterKey: encryptionKey }),
  });
  const resource = topic.node.defaultChild;
  // As a text, which CloudFormation converts as it does the value of a parameter. LocalStack refuses a number.
  if (maxMessageBytes !== undefined && resource instanceof CfnTopic)
    resource.addPropertyOverride('MaximumMessageSize', String(maxMessageBytes));
  return topic;
}

/** The actions that a user of a table needs on the table's key (ddb/encryption.usagenotes, 2026-11-25). */
const TABLE_KEY_ACTIONS = [
  'kms:Decrypt',
  'kms:DescribeKey',
  'kms:Encrypt',
  'kms:ReEncryptFrom',
  'kms:ReEncryptTo',
  'kms:GenerateDataKey',
  'kms:GenerateDataKeyWithoutPlaintext',
];

/**
 * Lets a function use a table's key and call some of DynamoDB's actions on the table. Unlike `Table.grant`, it grants
 * nothing on the table's indexes.
 *
 * @param actions names without their prefix, such as `GetItem`
 */
export function grantTable(table: Table, grantee: IGrantable, ...actions: readonly string[]): Grant {
  table.encryptionKey?.grant(grantee, ...TABLE_KEY_ACTIONS);
  return Grant.addToPrincipal({
    grantee,
    actions: actions.map((action) => `dynamodb:${action}`),
    resourceArns: [table.tableArn],
  });
}

/** Lets a function query some indexes of a table. */
export function grantIndex(table: Table, grantee: IGrantable, ...indexes: readonly string[]): Grant {
  return Grant.addToPrincipal({
    grantee,
    actions: ['dynamodb:Query'],
    resourceArns: indexes.map((index) => `${table.tableArn}/index/${index}`),
  });
}

/** The actions that a sender to an encrypted queue needs on the queue's key (sqs/sqs-key-management, 2026-11-25). */
export const SEND_KEY_ACTIONS = ['kms:Decrypt', 'kms:GenerateDataKey'] as const;

/** Lets a function send to a queue and use the queue's key. */
export function grantSend(queue: IQueue, grantee: IGrantable): void {
  queue.encryptionMasterKey?.grant(grantee, ...SEND_KEY_ACTIONS);
  queue.grant(grantee, 'sqs:SendMessage');
}
