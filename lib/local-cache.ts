import { Duration, Stack } from 'aws-cdk-lib';
import { AttributeType, type Table } from 'aws-cdk-lib/aws-dynamodb';
import { Grant, type IGrantable } from 'aws-cdk-lib/aws-iam';
import type { Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda';
import type { CfnSubscription } from 'aws-cdk-lib/aws-sns';
import type { Queue } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { ATTRIBUTE, indexAttribute } from '../adapters/aws/items.ts';
import type { Boundary } from '../core/contract/contract.ts';
import { indexNames } from '../core/contract/define-boundary.ts';
import { environmentNames } from '../core/environment.ts';
import { MAX_MESSAGE_BYTES } from '../core/relay/message.ts';
import { PAGE_TYPE } from '../core/repair/pages.ts';
import { acknowledge } from './acknowledge.ts';
import { addProjector, addRepair, addReport, FUNCTION_TIMEOUT } from './cache-functions.ts';
import { checkAtSynth } from './checks/check-at-synth.ts';
import { type DataProtectionProps, dataProtection } from './data-protection.ts';
import { describeDeployed } from './deployed.ts';
import { grantObserve, grantQueueDepth } from './grant-operate.ts';
import { LIMITS } from './limits.ts';
import { type ChangeSource, type LocalCacheProps, validate } from './local-cache-props.ts';
import { parkingTable, REPAIR_VISIBILITY, repairQueue } from './parking.ts';
import { fifoDeadLetterQueue, fifoQueue, grantTable, protectedTable } from './protected-resources.ts';
import { setEnvironment } from './set-environment.ts';
import { stableExports } from './stable-exports.ts';
import { stableIds } from './stable-ids.ts';
import { subscribeQueue, updateAfter } from './subscribe-queue.ts';

/**
 * Project and read: a queue that is subscribed to the owners' topics, the projector that applies the queue's events to
 * the cache, and the table that the service reads.
 *
 * @throws Error if a prop is outside its range, or if a source is in another account or region and isn't imported with
 *   `ImportedSource`
 */
export class LocalCache extends Construct {
  /** The boundary that reads the cache. */
  readonly boundary: Boundary;
  /** One item per entity. Grant access to the service's functions with `grantRead`. */
  readonly table: Table;
  /** SQS FIFO queue of the changes. The message group is the entity. */
  readonly queue: Queue;
  /** Parked and held events, each with its reason. */
  readonly parkingTable: Table;
  /** Events for which the projector never returned a result. The repair function parks them. */
  readonly deadLetterQueue: Queue;
  /** Events that SNS couldn't deliver to the queue. The repair function parks them. */
  readonly subscriptionDeadLetterQueue: Queue;
  /** Missed changes. Each stays in the queue until the owner has published the entity's whole state. */
  readonly gapQueue: Queue;
  /** Pages of the owners, with which the cache fills and checks itself, and the entities that it looks at again. */
  readonly pageQueue: Queue;
  /** Applies the queue's events to the cache. */
  readonly projector: LambdaFunction;
  /** Closes gaps, parks or projects dead letters, and carries out repairs that an operator starts. */
  readonly repair: LambdaFunction;
  /** Reports the cache's backlog and rates to its owners. */
  readonly report: LambdaFunction;

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
      "the table is a copy: a backfill restores the owners' present entities, a backup only older ones",
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
    this.pageQueue = repairQueue(this, 'Pages', protection);
    const consumed = { visibilityTimeout: REPAIR_VISIBILITY };
    this.deadLetterQueue = fifoDeadLetterQueue(this, 'DeadLetters', protection, consumed);
    this.subscriptionDeadLetterQueue = fifoDeadLetterQueue(this, 'Undelivered', protection, consumed);
    acknowledge(this.subscriptionDeadLetterQueue, 'SQS3', 'this queue is the dead-letter queue of the subscriptions');
    this.queue = eventQueue(this, protection, this.deadLetterQueue);
    const subscriptions = this.subscribe(sources);
    this.projector = addProjector(this, props);
    updateAfter(subscriptions, this.projector);
    this.repair = addRepair(this, props);
    updateAfter([this.repair], this.projector);
    this.report = addReport(this, props);
    checkAtSynth(this);
    describeDeployed(this, boundary, {
      role: 'cache',
      boundary: boundary.name,
      stack: Stack.of(this).stackName,
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
    stableIds(this, 'Cache', boundary.name);
    this.exportAll();
  }

  /** Exports what readers and monitoring in other stacks refer to. */
  private exportAll(): void {
    const { table, queue, deadLetterQueue, subscriptionDeadLetterQueue, gapQueue, projector, repair, report } = this;
    stableExports(this, [
      table.tableName,
      table.tableArn,
      queue.queueName,
      deadLetterQueue.queueName,
      subscriptionDeadLetterQueue.queueName,
      gapQueue.queueName,
      projector.functionName,
      projector.logGroup.logGroupName,
      repair.functionName,
      report.functionName,
      report.functionArn,
    ]);
  }

  /**
   * Lets a function of the service read the cache. Only Freshet's own functions can write the cache. It sets the
   * environment variable that `readerFromEnvironment` reads, if the grantee is a function of this app.
   */
  grantRead(grantee: IGrantable): Grant {
    setEnvironment(grantee, { [environmentNames(this.boundary.name).cacheTable]: this.table.tableName });
    const { tableArn, encryptionKey } = this.table;
    encryptionKey?.grantDecrypt(grantee);
    return Grant.addToPrincipal({
      grantee,
      actions: ['dynamodb:GetItem', 'dynamodb:BatchGetItem', 'dynamodb:Query'],
      resourceArns: [tableArn, ...indexNames(this.boundary).map((name) => `${tableArn}/index/${indexAttribute(name)}`)],
    });
  }

  /**
   * Lets an operator's role run the commands of `freshet` that work on this cache: observe it, read it, redrive,
   * release and discard parked events, and start a backfill or an inventory. The role may not write the table or send
   * to the queue. It may invoke the repair function, which handles a forged message like an event. Commands that write
   * at the owner, such as `resync` and `reconcile --delete-unknown`, also need `EntityOwner.grantOperate`.
   */
  grantOperate(grantee: IGrantable): Grant {
    const { projector, repair, report, queue, gapQueue, deadLetterQueue, subscriptionDeadLetterQueue } = this;
    grantObserve(this, grantee, [projector, repair, report]);
    grantQueueDepth(grantee, [queue, gapQueue, deadLetterQueue, subscriptionDeadLetterQueue]);
    repair.grantInvoke(grantee);
    grantTable(this.parkingTable, grantee, 'BatchWriteItem', 'Query', 'Scan');
    return grantTable(this.table, grantee, 'GetItem', 'BatchGetItem', 'Query', 'Scan');
  }

  /**
   * The subscription's filter contains entity types, pages and the addressee only, because a filter on kind or content
   * would lose versions.
   */
  private subscribe(sources: readonly ChangeSource[]): readonly CfnSubscription[] {
    const contracts = Object.values(this.boundary.caches).map(({ contract }) => contract);
    return subscribeQueue(
      this,
      sources.map(({ boundary, topic }) => ({
        boundary,
        topic,
        types: [...contracts.filter(({ owner }) => owner === boundary.name).map(({ type }) => type), PAGE_TYPE],
      })),
      this.boundary.name,
    );
  }
}

/** Throws for a source in another account or region, because the CDK can't pass references between them. */
function assertSameEnvironment(cache: LocalCache, { boundary, topic }: ChangeSource): void {
  const [here, there] = [Stack.of(cache).environment, Stack.of(topic).environment];
  if (here === there) return;
  throw new Error(
    `sources: ${boundary.name} is in another account or region: ${there}, whereas this cache is in ${here}. Allowed: ` +
      "stacks of one account and region. For an owner in another account, use an ImportedSource with the owner's " +
      'output Source.',
  );
}

/** Creates the queue of a cache's events. */
function eventQueue(cache: LocalCache, protection: DataProtectionProps, deadLetters: Queue): Queue {
  return fifoQueue(cache, 'Queue', protection, {
    // The parking table compresses a large message, so that it fits into an item with the reason that it was parked.
    maxMessageSizeBytes: MAX_MESSAGE_BYTES,
    visibilityTimeout: Duration.seconds(FUNCTION_TIMEOUT.toSeconds() * LIMITS.visibilityPerFunctionTimeout),
    // Messages queued behind a failing message are received with it, and their receives count too. So the count is
    // high, and this dead-letter queue is only for messages that crash the projector, or that it never tries.
    deadLetterQueue: { queue: deadLetters, maxReceiveCount: LIMITS.maxMaxReceiveCount },
  });
}
