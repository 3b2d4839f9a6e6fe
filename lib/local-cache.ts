import { Duration, type RemovalPolicy } from 'aws-cdk-lib';
import { AttributeType, BillingMode, Table } from 'aws-cdk-lib/aws-dynamodb';
import type { Grant, IGrantable } from 'aws-cdk-lib/aws-iam';
import { SqsEventSource } from 'aws-cdk-lib/aws-lambda-event-sources';
import { type ITopic, SubscriptionFilter } from 'aws-cdk-lib/aws-sns';
import { SqsSubscription } from 'aws-cdk-lib/aws-sns-subscriptions';
import { Queue } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { ATTRIBUTE, indexAttribute } from '../adapters/items.ts';
import { type Boundary, indexNames } from '../core/contract.ts';
import { describeDeployed } from './deployed.ts';
import { freshetFunction } from './freshet-function.ts';
import { LIMITS } from './limits.ts';

/** Where a cache gets an owner's changes from; an `EntityOwner` is one. */
export interface ChangeSource {
  readonly boundary: Boundary;
  readonly topic: ITopic;
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

/**
 * The longest that an event can be under way: a day in the owner's stream (ddb/Streams), 23 days of SNS delivery attempts
 * (sns/sns-message-delivery-retries), 14 days in the queue and 14 in a dead-letter queue (sqs/quotas-queues).
 */
const MIN_TOMBSTONE_LIFE = Duration.days(1 + 23 + 14 + 14);

const FUNCTION_TIMEOUT = Duration.seconds(20);

/** Project and read: a queue on the owners' topics, the projector that alone writes the cache, and the table that the service reads. */
export class LocalCache extends Construct {
  readonly boundary: Boundary;
  /** One item per entity. Grant the service's functions with `grantRead`. */
  readonly table: Table;
  /** SQS FIFO queue of the changes; message group = entity. */
  readonly queue: Queue;
  /** Events that can never be applied, each with its reason, and what the projector never got through. */
  readonly deadLetterQueue: Queue;
  /** Events that SNS couldn't deliver to the queue. */
  readonly subscriptionDeadLetterQueue: Queue;

  constructor(scope: Construct, id: string, props: LocalCacheProps) {
    super(scope, id);
    validate(props);
    const { boundary, sources, tombstoneLife = Duration.days(60), maxConcurrency = 10, removalPolicy } = props;
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
    this.deadLetterQueue = this.fifoQueue('DeadLetters');
    this.subscriptionDeadLetterQueue = this.fifoQueue('Undelivered');
    this.queue = new Queue(this, 'Queue', {
      fifo: true,
      enforceSSL: true,
      retentionPeriod: LIMITS.maxRetention,
      // The dead-letter queue takes 1 MiB, so there is room for the reason that goes with a message.
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
      environment: {
        CACHE_TABLE: this.table.tableName,
        QUEUE_URL: this.queue.queueUrl,
        DEAD_LETTER_QUEUE_URL: this.deadLetterQueue.queueUrl,
        TOMBSTONE_LIFE_SECONDS: String(tombstoneLife.toSeconds()),
      },
    });
    this.table.grant(projector, 'dynamodb:PutItem');
    this.deadLetterQueue.grant(projector, 'sqs:SendMessage');
    projector.addEventSource(
      new SqsEventSource(this.queue, {
        batchSize: LIMITS.fifoBatchSize,
        reportBatchItemFailures: true,
        maxConcurrency,
      }),
    );
    describeDeployed(this, boundary, {
      role: 'cache',
      boundary: boundary.name,
      table: this.table.tableName,
      queueUrl: this.queue.queueUrl,
      deadLetterQueueUrl: this.deadLetterQueue.queueUrl,
      subscriptionDeadLetterQueueUrl: this.subscriptionDeadLetterQueue.queueUrl,
      projector: projector.functionName,
    });
  }

  /** Lets a function of the service read the cache; nothing but the projector writes it. */
  grantRead(grantee: IGrantable): Grant {
    return this.table.grant(grantee, 'dynamodb:GetItem', 'dynamodb:BatchGetItem', 'dynamodb:Query');
  }

  private fifoQueue(id: string): Queue {
    return new Queue(this, id, { fifo: true, enforceSSL: true, retentionPeriod: LIMITS.maxRetention });
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

function validate({ boundary, sources, tombstoneLife, maxConcurrency }: LocalCacheProps): void {
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
  const { minMappingConcurrency: min, maxMappingConcurrency: max } = LIMITS;
  if (
    maxConcurrency !== undefined &&
    !(Number.isInteger(maxConcurrency) && maxConcurrency >= min && maxConcurrency <= max)
  ) {
    throw new Error(`maxConcurrency: given: ${maxConcurrency}. An integer from ${min} to ${max}.`);
  }
}
