import { Duration, Stack } from 'aws-cdk-lib';
import { AttributeType, BillingMode, Table } from 'aws-cdk-lib/aws-dynamodb';
import { Rule, Schedule } from 'aws-cdk-lib/aws-events';
import { LambdaFunction } from 'aws-cdk-lib/aws-events-targets';
import type { Grant, IGrantable } from 'aws-cdk-lib/aws-iam';
import type { IFunction, Function as ProjectorFunction } from 'aws-cdk-lib/aws-lambda';
import { SqsEventSource } from 'aws-cdk-lib/aws-lambda-event-sources';
import { SubscriptionFilter } from 'aws-cdk-lib/aws-sns';
import { SqsSubscription } from 'aws-cdk-lib/aws-sns-subscriptions';
import { Queue } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { ATTRIBUTE, indexAttribute } from '../adapters/items.ts';
import { type Boundary, indexNames } from '../core/contract.ts';
import { checkAtSynth } from './checks/check-at-synth.ts';
import { describeDeployed } from './deployed.ts';
import { CONTROL_INTERVAL, grantMetrics } from './flow-control.ts';
import { freshetFunction } from './freshet-function.ts';
import { LIMITS } from './limits.ts';
import {
  type ChangeSource,
  DEFAULT_BUDGET,
  DEFAULT_TOMBSTONE_LIFE,
  type LocalCacheProps,
  TOMBSTONE_MARGIN,
  validate,
} from './local-cache-props.ts';
import { parkingTable, REPAIR_TIMEOUT, REPAIR_VISIBILITY, repairQueue } from './set-aside.ts';

const FUNCTION_TIMEOUT = Duration.seconds(20);
const REPORT_TIMEOUT = Duration.seconds(30);
const DEFAULT_CONCURRENCY = 10;

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
    const { boundary, sources, removalPolicy } = props;
    this.boundary = boundary;
    this.table = new Table(this, 'Table', {
      partitionKey: { name: ATTRIBUTE.partition, type: AttributeType.STRING },
      sortKey: { name: ATTRIBUTE.id, type: AttributeType.STRING },
      billingMode: BillingMode.PAY_PER_REQUEST,
      timeToLiveAttribute: ATTRIBUTE.expiresAt,
      ...(removalPolicy !== undefined && { removalPolicy }),
    });
    for (const index of indexNames(boundary)) {
      this.table.addGlobalSecondaryIndex({
        indexName: indexAttribute(index),
        partitionKey: { name: indexAttribute(index), type: AttributeType.STRING },
        sortKey: { name: ATTRIBUTE.id, type: AttributeType.STRING },
      });
    }
    this.parkingTable = parkingTable(this, removalPolicy);
    this.gapQueue = repairQueue(this, 'Gaps');
    this.deadLetterQueue = this.fifoQueue('DeadLetters');
    this.subscriptionDeadLetterQueue = this.fifoQueue('Undelivered');
    this.queue = new Queue(this, 'Queue', {
      fifo: true,
      enforceSSL: true,
      retentionPeriod: LIMITS.maxRetention,
      // An item of the parking table takes 400 KB, so there is room for the reason that goes with a message.
      maxMessageSizeBytes: LIMITS.topicMessageBytes,
      visibilityTimeout: Duration.seconds(FUNCTION_TIMEOUT.toSeconds() * LIMITS.visibilityPerFunctionTimeout),
      // Those behind a failing message are received with it and count too, so only the backstop for a projector that crashes is here.
      deadLetterQueue: { queue: this.deadLetterQueue, maxReceiveCount: LIMITS.maxMaxReceiveCount },
    });
    for (const source of sources) this.subscribe(source);
    const projector = freshetFunction(this, 'Projector', {
      entry: 'projector',
      boundary,
      description: `Applies changes to the local cache of ${boundary.name}`,
      timeout: FUNCTION_TIMEOUT,
      memorySize: 512,
      environment: { ...this.environment(props), QUEUE_URL: this.queue.queueUrl },
    });
    this.table.grant(projector, 'dynamodb:GetItem', 'dynamodb:PutItem', 'dynamodb:UpdateItem');
    this.parkingTable.grant(projector, 'dynamodb:PutItem', 'dynamodb:UpdateItem', 'dynamodb:DeleteItem');
    this.gapQueue.grant(projector, 'sqs:SendMessage');
    projector.addEventSource(
      new SqsEventSource(this.queue, {
        batchSize: LIMITS.fifoBatchSize,
        reportBatchItemFailures: true,
        ...scaling(props),
      }),
    );
    this.projector = projector;
    this.repair = this.addRepair(props);
    this.report = this.addReport(sources);
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
      projector: projector.functionName,
      repair: this.repair.functionName,
      report: this.report.functionName,
    });
  }

  /** What projector and repair function share. */
  private environment({ tombstoneLife = DEFAULT_TOMBSTONE_LIFE, maxEventAge, retryBudget }: LocalCacheProps) {
    const { attempts, age } = retryBudget ?? DEFAULT_BUDGET;
    return {
      CACHE_TABLE: this.table.tableName,
      PARKING_TABLE: this.parkingTable.tableName,
      GAP_QUEUE_URL: this.gapQueue.queueUrl,
      TOMBSTONE_LIFE_SECONDS: String(tombstoneLife.toSeconds()),
      MAX_EVENT_AGE_SECONDS: String((maxEventAge ?? tombstoneLife.minus(TOMBSTONE_MARGIN)).toSeconds()),
      RETRY_ATTEMPTS: String(attempts),
      RETRY_AGE_SECONDS: String(age.toSeconds()),
    };
  }

  /** Heals gaps, takes dead letters into parking, and does what an operator asks: by the projector's rules and conditions. */
  private addRepair(props: LocalCacheProps): IFunction {
    const { boundary, sources } = props;
    const resyncQueues = sources.map((source) => [source.boundary.name, source.resyncQueue.queueUrl]);
    const repair = freshetFunction(this, 'Repair', {
      entry: 'cache-repair',
      boundary,
      description: `Repairs the local cache of ${boundary.name}`,
      timeout: REPAIR_TIMEOUT,
      memorySize: 512,
      environment: {
        ...this.environment(props),
        GAP_QUEUE_ARN: this.gapQueue.queueArn,
        DEAD_LETTER_QUEUE_ARN: this.deadLetterQueue.queueArn,
        RESYNC_QUEUES: Stack.of(this).toJsonString(Object.fromEntries(resyncQueues)),
      },
    });
    this.table.grant(repair, 'dynamodb:GetItem', 'dynamodb:PutItem', 'dynamodb:UpdateItem');
    const parking = ['GetItem', 'PutItem', 'UpdateItem', 'DeleteItem', 'Query', 'BatchWriteItem'];
    this.parkingTable.grant(repair, ...parking.map((action) => `dynamodb:${action}`));
    this.gapQueue.grant(repair, 'sqs:SendMessage');
    for (const { resyncQueue } of sources) resyncQueue.grant(repair, 'sqs:SendMessage');
    for (const queue of [this.gapQueue, this.deadLetterQueue, this.subscriptionDeadLetterQueue]) {
      repair.addEventSource(new SqsEventSource(queue, { reportBatchItemFailures: true, maxConcurrency: 2 }));
    }
    return repair;
  }

  /** Measures the queue once per control interval and tells the owners. */
  private addReport(sources: readonly ChangeSource[]): IFunction {
    const reportQueues = sources.map((source) => [source.boundary.name, source.reportQueue.queueUrl]);
    const report = freshetFunction(this, 'Report', {
      entry: 'cache-report',
      boundary: this.boundary,
      description: `Reports how far the local cache of ${this.boundary.name} lags`,
      timeout: REPORT_TIMEOUT,
      memorySize: 256,
      environment: {
        CACHE_TABLE: this.table.tableName,
        PARKING_TABLE: this.parkingTable.tableName,
        QUEUE_URL: this.queue.queueUrl,
        INTERVAL_SECONDS: String(CONTROL_INTERVAL.toSeconds()),
        REPORT_QUEUES: Stack.of(this).toJsonString(Object.fromEntries(reportQueues)),
      },
    });
    this.table.grant(report, 'dynamodb:GetItem');
    this.parkingTable.grant(report, 'dynamodb:Scan');
    this.queue.grant(report, 'sqs:GetQueueAttributes');
    grantMetrics(report);
    for (const { reportQueue } of sources) reportQueue.grant(report, 'sqs:SendMessage');
    new Rule(this, 'ReportSchedule', {
      schedule: Schedule.rate(CONTROL_INTERVAL),
      targets: [new LambdaFunction(report, { retryAttempts: 0 })],
    });
    return report;
  }

  /** Lets a function of the service read the cache; nothing but the projector, and its rules by the repair function, writes it. */
  grantRead(grantee: IGrantable): Grant {
    return this.table.grant(grantee, 'dynamodb:GetItem', 'dynamodb:BatchGetItem', 'dynamodb:Query');
  }

  private fifoQueue(id: string): Queue {
    return new Queue(this, id, {
      fifo: true,
      enforceSSL: true,
      retentionPeriod: LIMITS.maxRetention,
      visibilityTimeout: REPAIR_VISIBILITY,
    });
  }

  /** The filter names entity types only: a filter on kind or content would lose versions. */
  private subscribe({ boundary, topic }: ChangeSource): void {
    const types = Object.values(this.boundary.caches).filter(({ contract }) => contract.owner === boundary.name);
    topic.addSubscription(
      new SqsSubscription(this.queue, {
        rawMessageDelivery: true,
        deadLetterQueue: this.subscriptionDeadLetterQueue,
        filterPolicy: {
          type: SubscriptionFilter.stringFilter({ allowlist: types.map(({ contract }) => contract.type) }),
        },
      }),
    );
  }
}

/** How the mapping scales: provisioned pollers and a maximum concurrency exclude each other (lambda/services-sqs-scaling). */
function scaling({ maxConcurrency, provisionedPollers }: LocalCacheProps) {
  if (provisionedPollers === undefined) return { maxConcurrency: maxConcurrency ?? DEFAULT_CONCURRENCY };
  const { minimum, maximum } = provisionedPollers;
  return { provisionedPollerConfig: { minimumPollers: minimum, maximumPollers: maximum } };
}
