import { Duration, Stack } from 'aws-cdk-lib';
import { AttributeType, type Table } from 'aws-cdk-lib/aws-dynamodb';
import { Grant, type IGrantable } from 'aws-cdk-lib/aws-iam';
import type { IFunction, Function as ProjectorFunction } from 'aws-cdk-lib/aws-lambda';
import { DeduplicationScope, FifoThroughputLimit, type Queue } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { ATTRIBUTE, indexAttribute } from '../adapters/aws/items.ts';
import { type Boundary, indexNames } from '../core/contract.ts';
import { acknowledge } from './acknowledge.ts';
import { addProjector, addRepair, addReport, FUNCTION_TIMEOUT } from './cache-functions.ts';
import { checkAtSynth } from './checks/check-at-synth.ts';
import { type DataProtectionProps, dataProtection } from './data-protection.ts';
import { describeDeployed } from './deployed.ts';
import { LIMITS } from './limits.ts';
import { type ChangeSource, type LocalCacheProps, validate } from './local-cache-props.ts';
import { parkingTable, REPAIR_VISIBILITY, repairQueue } from './parking.ts';
import { protectedQueue, protectedTable } from './protected-resources.ts';
import { subscribeQueue } from './subscribe-queue.ts';

/** Project and read: a queue on the owners' topics, the projector that alone writes the cache, and the table that the service reads. */
export class LocalCache extends Construct {
  readonly boundary: Boundary;
  /** One item per entity. Grant the service's functions with `grantRead`. */
  readonly table: Table;
  /** SQS FIFO queue of the changes; message group = entity. */
  readonly queue: Queue;
  /** Events that are parked or held, each with its reason. */
  readonly parkingTable: Table;
  /** What the projector never got through; taken into parking from here. */
  readonly deadLetterQueue: Queue;
  /** Events that SNS couldn't deliver to the queue; taken into parking from here. */
  readonly subscriptionDeadLetterQueue: Queue;
  /** Changes that were missed, until the owner has published the whole state. */
  readonly gapQueue: Queue;
  readonly projector: ProjectorFunction;
  readonly repair: IFunction;
  /** Reports the queue's backlog and rates to the owners. */
  readonly report: IFunction;

  constructor(scope: Construct, id: string, props: LocalCacheProps) {
    super(scope, id);
    validate(props);
    const { boundary, sources } = props;
    for (const source of sources) assertSameEnvironment(this, source);
    const protection = dataProtection(props);
    this.boundary = boundary;
    this.table = protectedTable(this, 'Table', protection, { expires: true, pointInTimeRecovery: false });
    acknowledge(
      this.table,
      'DDB3',
      'a copy: backfill fills it anew with what its owners say now, a backup only with what they said then',
    );
    for (const index of indexNames(boundary)) {
      this.table.addGlobalSecondaryIndex({
        indexName: indexAttribute(index),
        partitionKey: { name: indexAttribute(index), type: AttributeType.STRING },
        sortKey: { name: ATTRIBUTE.id, type: AttributeType.STRING },
      });
    }
    this.parkingTable = parkingTable(this, protection);
    this.gapQueue = repairQueue(this, 'Gaps', protection);
    this.deadLetterQueue = deadLetterQueue(this, 'DeadLetters', protection);
    this.subscriptionDeadLetterQueue = deadLetterQueue(this, 'Undelivered', protection);
    acknowledge(this.subscriptionDeadLetterQueue, 'SQS3', 'is the dead-letter queue of the subscriptions');
    this.queue = protectedQueue(this, 'Queue', protection, {
      fifo: true,
      retentionPeriod: LIMITS.maxRetention,
      // An item of the parking table takes 400 KB, so there is room for the reason that goes with a message.
      maxMessageSizeBytes: LIMITS.topicMessageBytes,
      visibilityTimeout: Duration.seconds(FUNCTION_TIMEOUT.toSeconds() * LIMITS.visibilityPerFunctionTimeout),
      // Those behind a failing message are received with it and count too, so only the backstop for a projector that crashes is here.
      deadLetterQueue: { queue: this.deadLetterQueue, maxReceiveCount: LIMITS.maxMaxReceiveCount },
      ...(props.highThroughput && {
        fifoThroughputLimit: FifoThroughputLimit.PER_MESSAGE_GROUP_ID,
        deduplicationScope: DeduplicationScope.MESSAGE_GROUP,
      }),
    });
    for (const source of sources) this.subscribe(source);
    this.projector = addProjector(this, props);
    this.repair = addRepair(this, props);
    this.report = addReport(this, props);
    checkAtSynth(this);
    describeDeployed(this, boundary, {
      role: 'cache',
      boundary: boundary.name,
      table: this.table.tableName,
      queueUrl: this.queue.queueUrl,
      deadLetterQueueUrl: this.deadLetterQueue.queueUrl,
      subscriptionDeadLetterQueueUrl: this.subscriptionDeadLetterQueue.queueUrl,
      parkingTable: this.parkingTable.tableName,
      gapQueueUrl: this.gapQueue.queueUrl,
      projector: this.projector.functionName,
      repair: this.repair.functionName,
      report: this.report.functionName,
    });
  }

  /** Lets a function of the service read the cache; nothing but the projector, and its rules by the repair function, writes it. */
  grantRead(grantee: IGrantable): Grant {
    const { tableArn, encryptionKey } = this.table;
    encryptionKey?.grantDecrypt(grantee);
    return Grant.addToPrincipal({
      grantee,
      actions: ['dynamodb:GetItem', 'dynamodb:BatchGetItem', 'dynamodb:Query'],
      resourceArns: [tableArn, ...indexNames(this.boundary).map((name) => `${tableArn}/index/${indexAttribute(name)}`)],
    });
  }

  /** The filter names entity types only: a filter on kind or content would lose versions. */
  private subscribe({ boundary, topic }: ChangeSource): void {
    const types = Object.values(this.boundary.caches).filter(({ contract }) => contract.owner === boundary.name);
    subscribeQueue(topic, {
      queue: this.queue,
      deadLetterQueue: this.subscriptionDeadLetterQueue,
      types: types.map(({ contract }) => contract.type),
    });
  }
}

/** A reference of the CDK doesn't get from one account or region into another. */
function assertSameEnvironment(cache: LocalCache, { boundary, topic }: ChangeSource): void {
  const [here, there] = [Stack.of(cache).environment, Stack.of(topic).environment];
  if (here === there) return;
  throw new Error(
    `sources: given: ${boundary.name}, whose stack is of ${there}; this cache's is of ${here}. Give stacks of one account and region, or for an owner ` +
      'of another account an ImportedSource, by what its output Source says.',
  );
}

/** A FIFO queue that the repair function works on. */
function deadLetterQueue(scope: Construct, id: string, protection: DataProtectionProps): Queue {
  return protectedQueue(scope, id, protection, {
    fifo: true,
    retentionPeriod: LIMITS.maxRetention,
    visibilityTimeout: REPAIR_VISIBILITY,
  });
}
