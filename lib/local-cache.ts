import { Duration, type RemovalPolicy, Stack } from 'aws-cdk-lib';
import { AttributeType, BillingMode, Table } from 'aws-cdk-lib/aws-dynamodb';
import type { Grant, IGrantable } from 'aws-cdk-lib/aws-iam';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import { SqsEventSource } from 'aws-cdk-lib/aws-lambda-event-sources';
import { type ITopic, SubscriptionFilter } from 'aws-cdk-lib/aws-sns';
import { SqsSubscription } from 'aws-cdk-lib/aws-sns-subscriptions';
import { type IQueue, Queue } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { ATTRIBUTE, indexAttribute } from '../adapters/items.ts';
import { type Boundary, indexNames } from '../core/contract.ts';
import { describeDeployed } from './deployed.ts';
import { freshetFunction } from './freshet-function.ts';
import { LIMITS } from './limits.ts';
import { parkingTable, REPAIR_TIMEOUT, REPAIR_VISIBILITY, repairQueue } from './set-aside.ts';

/** Where a cache gets an owner's changes from; an `EntityOwner` is one. */
export interface ChangeSource {
  readonly boundary: Boundary;
  readonly topic: ITopic;
  /** Where the cache asks for an entity's whole state when it missed a change. */
  readonly resyncQueue: IQueue;
}

/** Props of `LocalCache`. */
export interface LocalCacheProps {
  /** The boundary whose cache this is; its module is bundled into the projector. */
  readonly boundary: Boundary;
  /** The owners of the types that the boundary caches: exactly those. */
  readonly sources: readonly ChangeSource[];
  /**
   * How long a deletion is remembered. An older event that returns later would bring the entity back.
   * Range: from 52 days, the longest an event can be under way (see MIN_TOMBSTONE_LIFE).
   * @default Duration.days(60)
   */
  readonly tombstoneLife?: Duration;
  /**
   * An event that was published longer ago is parked: a deletion that overtook it may be forgotten by then.
   * Range: from 52 days, so that no event that is still under way is parked, to a day less than `tombstoneLife`.
   * @default tombstoneLife less a day
   */
  readonly maxEventAge?: Duration;
  /**
   * What a failing event is given before it counts as poison, in attempts and in age; both must be used up.
   * @default 12 attempts and 1 hour
   */
  readonly retryBudget?: RetryBudget;
  /**
   * Competing consumers: projectors that run at once at most, 2 to 1,000. Entities are spread over them, one entity is never on two.
   * @default 10
   */
  readonly maxConcurrency?: number;
  /**
   * What happens to the table when the stack goes.
   * @default RemovalPolicy.RETAIN
   */
  readonly removalPolicy?: RemovalPolicy;
}

/** How long a failing event is tried again. */
export interface RetryBudget {
  /** Receives, 1 to 1,000. */
  readonly attempts: number;
  /** Since the event came into the queue; 1 second to 14 days. */
  readonly age: Duration;
}

/**
 * The longest that an event can be under way: a day in the owner's stream (ddb/Streams), 23 days of SNS delivery attempts
 * (sns/sns-message-delivery-retries), 14 days in the queue and 14 in a dead-letter queue (sqs/quotas-queues).
 */
const MIN_TOMBSTONE_LIFE = Duration.days(1 + 23 + 14 + 14);

const DEFAULT_TOMBSTONE_LIFE = Duration.days(60);

/** A deletion is remembered for so much longer than an event may be old: clocks differ, and so do the moments of writing and reading. */
const TOMBSTONE_MARGIN = Duration.days(1);

const DEFAULT_BUDGET: RetryBudget = { attempts: 12, age: Duration.hours(1) };

const FUNCTION_TIMEOUT = Duration.seconds(20);

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

  constructor(scope: Construct, id: string, props: LocalCacheProps) {
    super(scope, id);
    validate(props);
    const { boundary, sources, maxConcurrency = 10, removalPolicy } = props;
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
        maxConcurrency,
      }),
    );
    const repair = this.addRepair(props);
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
      repair: repair.functionName,
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

function validate({
  boundary,
  sources,
  tombstoneLife,
  maxConcurrency,
  maxEventAge,
  retryBudget,
}: LocalCacheProps): void {
  const needed = new Set(Object.values(boundary.caches).map(({ contract }) => contract.owner));
  const given = sources.map((source) => source.boundary.name);
  if (needed.size === 0)
    throw new Error(`boundary: ${boundary.name} caches no entity type. Declare one under "caches".`);
  if (given.length !== needed.size || given.some((name) => !needed.has(name)) || new Set(given).size !== given.length) {
    throw new Error(
      `sources: given: ${given.join(', ') || 'none'}. ${boundary.name} caches types of: ${[...needed].join(', ')}. Give each of these owners once.`,
    );
  }
  if (tombstoneLife !== undefined && tombstoneLife.toSeconds() < MIN_TOMBSTONE_LIFE.toSeconds()) {
    throw new Error(
      `tombstoneLife: given: ${tombstoneLife.toHumanString()}. At least ${MIN_TOMBSTONE_LIFE.toHumanString()}: an event can be under way ` +
        'that long in stream, topic, queue and dead-letter queue, and would bring a deleted entity back.',
    );
  }
  const maxAge = (tombstoneLife ?? DEFAULT_TOMBSTONE_LIFE).minus(TOMBSTONE_MARGIN);
  if (
    maxEventAge &&
    (maxEventAge.toSeconds() < MIN_TOMBSTONE_LIFE.toSeconds() || maxEventAge.toSeconds() > maxAge.toSeconds())
  ) {
    throw new Error(
      `maxEventAge: given: ${maxEventAge.toHumanString()}. From ${MIN_TOMBSTONE_LIFE.toHumanString()}, the longest an event can be under way, to ` +
        `${maxAge.toHumanString()}, a day less than tombstoneLife: an older event could bring a deleted entity back.`,
    );
  }
  if (retryBudget !== undefined) validateBudget(retryBudget);
  const { minMappingConcurrency: min, maxMappingConcurrency: max } = LIMITS;
  if (
    maxConcurrency !== undefined &&
    !(Number.isInteger(maxConcurrency) && maxConcurrency >= min && maxConcurrency <= max)
  ) {
    throw new Error(`maxConcurrency: given: ${maxConcurrency}. An integer from ${min} to ${max}.`);
  }
}

function validateBudget({ attempts, age }: RetryBudget): void {
  if (!Number.isInteger(attempts) || attempts < 1 || attempts > LIMITS.maxMaxReceiveCount) {
    throw new Error(`retryBudget.attempts: given: ${attempts}. An integer from 1 to ${LIMITS.maxMaxReceiveCount}.`);
  }
  if (age.toSeconds() < 1 || age.toSeconds() > LIMITS.maxRetention.toSeconds()) {
    throw new Error(
      `retryBudget.age: given: ${age.toHumanString()}. From 1 second to ${LIMITS.maxRetention.toHumanString()}, as long as the queue keeps a message.`,
    );
  }
}
