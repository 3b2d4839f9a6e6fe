import { Duration, Stack } from 'aws-cdk-lib';
import type { Table } from 'aws-cdk-lib/aws-dynamodb';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import { SqsEventSource } from 'aws-cdk-lib/aws-lambda-event-sources';
import type { ITopic } from 'aws-cdk-lib/aws-sns';
import type { Queue } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { BOUNDARY_PATTERN, type Boundary } from '../core/contract.ts';
import { quoted } from '../core/errors.ts';
import type { FactContract } from '../core/facts/fact.ts';
import { acknowledge } from './acknowledge.ts';
import { checkAtSynth } from './checks/check-at-synth.ts';
import { type DataProtectionProps, dataProtection } from './data-protection.ts';
import { describeOfFacts } from './deployed.ts';
import { LIMITS } from './limits.ts';
import { parkingTable } from './parking.ts';
import { grantTable, protectedQueue } from './protected-resources.ts';
import { assertBudget, DEFAULT_BUDGET, type RetryBudget } from './retry-budget.ts';
import { subscribeQueue } from './subscribe-queue.ts';

/** Where facts come from: a `FactTopic`. */
export interface FactSource {
  readonly boundary: Boundary;
  /** SNS FIFO topic of its facts. */
  readonly topic: ITopic;
}

/** Props of `FactQueue`. */
export interface FactQueueProps extends DataProtectionProps {
  /**
   * Who handles the facts, under which they are counted, alarms are named and `freshet parked` finds them: lower-case letters, digits and hyphens, at
   * most 30, a letter first. Unique in an account and region, among boundaries and sagas too.
   */
  readonly name: string;
  /** The facts that are handled. */
  readonly facts: readonly FactContract[];
  /** The topics of their boundaries: one for each, and no other. */
  readonly sources: readonly FactSource[];
  /**
   * Time-out of the function that handles them, 1 to 200 seconds: a fact that it doesn't survive is received a thousand times, six time-outs apart, before
   * it is a dead letter, and the queue keeps it for 14 days.
   * @default Duration.seconds(30)
   */
  readonly functionTimeout?: Duration;
  /**
   * What a fact that its handler fails on is given before it is parked, in attempts and in age; both must be used up.
   * @default 12 attempts and 1 hour
   */
  readonly retryBudget?: RetryBudget;
}

/** Function time-out of a `FactQueue` unless another is given. */
export const FACT_FUNCTION_TIMEOUT = Duration.seconds(30);

/** So that a thousand receives end before the queue forgets a fact. */
const MAX_FUNCTION_TIMEOUT = Duration.seconds(200);

const DEFAULT_CONCURRENCY = 10;

/** Facts on their way to a function that handles them, and what it couldn't take in. */
export class FactQueue extends Construct {
  readonly name: string;
  /** SQS FIFO queue; message group = what the facts are about. */
  readonly queue: Queue;
  /** Facts that the function never answered for: it crashed on them, or ran out of time. */
  readonly deadLetterQueue: Queue;
  /** Facts that SNS couldn't deliver to the queue. */
  readonly subscriptionDeadLetterQueue: Queue;
  /** Facts that the function failed on until their budget was used up, and messages that are no fact of the contracts; each with its reason. */
  readonly parkingTable: Table;
  /** What `createFactQueue` takes: put it in the environment of the function that handles the facts. */
  readonly settings: string;
  /** When a fact that the function never answered for comes again. */
  readonly visibility: Duration;
  private readonly handledBy: IFunction[] = [];

  constructor(scope: Construct, id: string, props: FactQueueProps) {
    super(scope, id);
    const { name, facts, sources, functionTimeout = FACT_FUNCTION_TIMEOUT, retryBudget = DEFAULT_BUDGET } = props;
    const protection = dataProtection(props);
    validate(props);
    this.name = name;
    this.deadLetterQueue = fifoQueue(this, 'DeadLetters', protection);
    this.subscriptionDeadLetterQueue = fifoQueue(this, 'Undelivered', protection);
    acknowledge(this.subscriptionDeadLetterQueue, 'SQS3', 'is the dead-letter queue of the subscriptions');
    this.parkingTable = parkingTable(this, protection);
    this.visibility = Duration.seconds(functionTimeout.toSeconds() * LIMITS.visibilityPerFunctionTimeout);
    this.queue = protectedQueue(this, 'Queue', protection, {
      fifo: true,
      retentionPeriod: LIMITS.maxRetention,
      // An item of the parking table takes 400 KB, so there is room for the reason that goes with a message.
      maxMessageSizeBytes: LIMITS.topicMessageBytes,
      visibilityTimeout: this.visibility,
      // Those behind a failing fact are received with it and count too, so only the backstop for a function that crashes is here.
      deadLetterQueue: { queue: this.deadLetterQueue, maxReceiveCount: LIMITS.maxMaxReceiveCount },
    });
    for (const { boundary, topic } of sources) {
      const types = facts.filter(({ owner }) => owner === boundary.name).map(({ type }) => type);
      subscribeQueue(topic, { queue: this.queue, deadLetterQueue: this.subscriptionDeadLetterQueue, types });
    }
    this.settings = Stack.of(this).toJsonString({
      ...{ name, queueUrl: this.queue.queueUrl, parkingTable: this.parkingTable.tableName },
      budget: { attempts: retryBudget.attempts, ageSeconds: retryBudget.age.toSeconds() },
    });
    checkAtSynth(this);
    describeOfFacts(this, {
      ...{ role: 'fact-queue', name, queueUrl: this.queue.queueUrl },
      deadLetterQueueUrl: this.deadLetterQueue.queueUrl,
      subscriptionDeadLetterQueueUrl: this.subscriptionDeadLetterQueue.queueUrl,
      parkingTable: this.parkingTable.tableName,
    });
  }

  /** The functions that handle the facts: what was given to `addHandler` until now. */
  get handlers(): readonly IFunction[] {
    return this.handledBy;
  }

  /** Has a function handle the facts, one and no other, which uses `factBatch`, and lets it park them; its environment needs `settings`. */
  addHandler(handler: IFunction): void {
    if (this.handledBy.length > 0) {
      throw new Error(`handler: given to ${this.name}: a second. One: two would take the facts from each other.`);
    }
    this.handledBy.push(handler);
    grantTable(this.parkingTable, handler, 'PutItem');
    handler.addEventSource(
      new SqsEventSource(this.queue, {
        batchSize: LIMITS.fifoBatchSize,
        reportBatchItemFailures: true,
        maxConcurrency: DEFAULT_CONCURRENCY,
      }),
    );
  }
}

function fifoQueue(scope: Construct, id: string, protection: DataProtectionProps): Queue {
  return protectedQueue(scope, id, protection, { fifo: true, retentionPeriod: LIMITS.maxRetention });
}

function validate({
  name,
  facts,
  sources,
  retryBudget,
  functionTimeout = FACT_FUNCTION_TIMEOUT,
}: FactQueueProps): void {
  if (!BOUNDARY_PATTERN.test(name)) {
    throw new Error(
      `name: given: ${quoted(name)}. 1 to 30 lower-case letters, digits and hyphens, a letter first: who handles the facts.`,
    );
  }
  if (retryBudget !== undefined) assertBudget(retryBudget);
  if (functionTimeout.toSeconds() < 1 || functionTimeout.toSeconds() > MAX_FUNCTION_TIMEOUT.toSeconds()) {
    throw new Error(
      `functionTimeout: given: ${functionTimeout.toHumanString()}. 1 to ${MAX_FUNCTION_TIMEOUT.toSeconds()} seconds: what the function doesn't survive must become a ` +
        'dead letter before the queue forgets it.',
    );
  }
  const types = facts.map(({ type }) => type);
  if (new Set(types).size < types.length) {
    // The id of an event begins with its type, and a queue deduplicates what comes from all topics.
    throw new Error(
      `facts: given: ${types.join(', ')}. Each type once: facts of two boundaries need names of their own.`,
    );
  }
  const owners = [...new Set(facts.map(({ owner }) => owner))].sort();
  const given = sources.map(({ boundary }) => boundary.name).sort();
  if (owners.length > 0 && owners.join() === given.join()) return;
  throw new Error(
    `sources: given: ${given.join(', ') || 'none'}. The facts are of: ${owners.join(', ') || 'none'}. Give the FactTopic of each, once.`,
  );
}
