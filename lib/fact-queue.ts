import { Duration, Stack } from 'aws-cdk-lib';
import type { Table } from 'aws-cdk-lib/aws-dynamodb';
import type { Grant, IGrantable } from 'aws-cdk-lib/aws-iam';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import type { CfnSubscription, ITopic } from 'aws-cdk-lib/aws-sns';
import type { Queue } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import type { Boundary } from '../core/contract/contract.ts';
import { BOUNDARY_PATTERN } from '../core/contract/define-boundary.ts';
import { quoted } from '../core/errors.ts';
import type { FactContract } from '../core/facts/fact.ts';
import { acknowledge } from './acknowledge.ts';
import { checkAtSynth } from './checks/check-at-synth.ts';
import { type DataProtectionProps, dataProtection } from './data-protection.ts';
import { describeOfFacts } from './deployed.ts';
import { grantObserve, grantQueueDepth, grantReplay } from './grant-operate.ts';
import { LIMITS } from './limits.ts';
import { parkingTable } from './parking.ts';
import { fifoDeadLetterQueue, fifoQueue, grantSend, grantTable } from './protected-resources.ts';
import { mapQueue } from './queue-source.ts';
import { assertBudget, DEFAULT_BUDGET, type RetryBudget } from './retry-budget.ts';
import { stableExports } from './stable-exports.ts';
import { stableIds } from './stable-ids.ts';
import { subscribeQueue, updateAfter } from './subscribe-queue.ts';

/** A source of facts: a `FactTopic`. */
export interface FactSource {
  /** The boundary that publishes the facts. */
  readonly boundary: Boundary;
  /** SNS FIFO topic of the boundary's facts. */
  readonly topic: ITopic;
  /**
   * How long the topic's archive keeps facts, in days. For a topic of another app or account, give the `archiveDays` of
   * its `FactTopic`: a saga must remember what it did with facts for longer, and an operator needs rights for replays.
   * @default - the topic has no archive
   */
  readonly archiveDays?: number | undefined;
}

/** Props of `FactQueue`. */
export interface FactQueueProps extends DataProtectionProps {
  /**
   * Name of the handler: 1 to 30 lower-case letters, digits and hyphens, starting with a letter. Metrics, alarms and
   * `freshet parked` use it. Choose a name that no boundary, saga or other fact queue of the app has.
   */
  readonly name: string;
  /** The facts that the function handles, at least one, each type once. */
  readonly facts: readonly FactContract[];
  /** The topics of the boundaries that publish these facts: one for each of these boundaries, and no others. */
  readonly sources: readonly FactSource[];
  /**
   * Timeout of the function that handles the facts, 1 to 200 seconds. A fact that crashes the function becomes a dead
   * letter after a thousand receives, six timeouts and at least two minutes apart. This must happen within the 14 days
   * for which the queue keeps the fact.
   * @default Duration.seconds(30)
   */
  readonly functionTimeout?: Duration;
  /**
   * How long a fact is retried before it is parked, in attempts and in age. The fact is parked when both limits are
   * reached.
   * @default - 12 attempts and 1 hour
   */
  readonly retryBudget?: RetryBudget;
}

/** Timeout of a fact queue's function if `FactQueueProps.functionTimeout` isn't set. */
export const FACT_FUNCTION_TIMEOUT = Duration.seconds(30);

/** With this timeout, a thousand receives take less than the 14 days for which the queue keeps a fact. */
const MAX_FUNCTION_TIMEOUT = Duration.seconds(200);

/**
 * While Lambda throttles the function, each visibility timeout costs a fact one of its thousand receives. With this
 * one, they last for 33 hours, also if the function's timeout is a few seconds.
 */
const MIN_VISIBILITY = Duration.minutes(2);

const DEFAULT_CONCURRENCY = 10;

/**
 * The queue of a service's facts, for one function that handles them, and the table of facts that the function couldn't
 * handle.
 *
 * @throws Error if a prop is outside its range, or if `sources` doesn't match the boundaries of `facts`
 */
export class FactQueue extends Construct {
  /** The handler's name, see `FactQueueProps.name`. */
  readonly name: string;
  /** SQS FIFO queue of the facts. The message group is the id that a fact is about. */
  readonly queue: Queue;
  /** Facts for which the function never returned a result, because it crashed or timed out every time. */
  readonly deadLetterQueue: Queue;
  /** Facts that SNS couldn't deliver to the queue. */
  readonly subscriptionDeadLetterQueue: Queue;
  /**
   * Facts that still failed at the end of their retry budget, and messages that aren't a declared fact, each with its
   * reason.
   */
  readonly parkingTable: Table;
  /** The `settings` of `createFactQueue`. Put them into the environment of the function that handles the facts. */
  readonly settings: string;
  /** How long a fact stays invisible after a receive. It returns then if the function hasn't finished. */
  readonly visibility: Duration;
  /** What the queue holds: facts, or the effects on which a saga's function failed. */
  readonly holds: 'facts' | 'effects';
  private readonly handledBy: IFunction[] = [];
  private readonly sources: readonly FactSource[];
  private readonly subscriptions: readonly CfnSubscription[];

  /**
   * @param holds what the queue holds. The queue of a saga's failed effects has no facts and no sources: the saga's
   *   function sends the effects
   */
  constructor(scope: Construct, id: string, props: FactQueueProps, holds: 'facts' | 'effects' = 'facts') {
    super(scope, id);
    this.holds = holds;
    this.sources = props.sources;
    const { name, facts, sources, functionTimeout = FACT_FUNCTION_TIMEOUT, retryBudget = DEFAULT_BUDGET } = props;
    const protection = dataProtection(props);
    validate(props, holds);
    this.name = name;
    this.deadLetterQueue = fifoDeadLetterQueue(this, 'DeadLetters', protection);
    this.subscriptionDeadLetterQueue = fifoDeadLetterQueue(this, 'Undelivered', protection);
    acknowledge(this.subscriptionDeadLetterQueue, 'SQS3', 'this queue is the dead-letter queue of the subscriptions');
    this.parkingTable = parkingTable(this, protection);
    this.visibility = Duration.seconds(
      Math.max(MIN_VISIBILITY.toSeconds(), functionTimeout.toSeconds() * LIMITS.visibilityPerFunctionTimeout),
    );
    this.queue = fifoQueue(this, 'Queue', protection, {
      // An item of the parking table can be 400 KB, which leaves room for the reason that is stored with a message.
      maxMessageSizeBytes: LIMITS.topicMessageBytes,
      visibilityTimeout: this.visibility,
      // Facts queued behind a failing fact are received with it, and their receives count too. So the count is high,
      // and this dead-letter queue is only for facts that crash the function.
      deadLetterQueue: { queue: this.deadLetterQueue, maxReceiveCount: LIMITS.maxMaxReceiveCount },
    });
    const subscribe = holds === 'facts' ? subscribeQueue : () => [];
    this.subscriptions = subscribe(
      this,
      sources.map(({ boundary, topic }) => ({
        boundary,
        topic,
        types: facts.filter(({ owner }) => owner === boundary.name).map(({ type }) => type),
      })),
    );
    this.settings = Stack.of(this).toJsonString({
      name,
      stack: Stack.of(this).stackName,
      queueUrl: this.queue.queueUrl,
      parkingTable: this.parkingTable.tableName,
      budget: { attempts: retryBudget.attempts, ageSeconds: retryBudget.age.toSeconds() },
    });
    checkAtSynth(this);
    describeOfFacts(this, {
      role: 'fact-queue',
      name,
      stack: Stack.of(this).stackName,
      ...(holds === 'facts' && { boundaries: sources.map(({ boundary }) => boundary.name) }),
      queueUrl: this.queue.queueUrl,
      deadLetterQueueUrl: this.deadLetterQueue.queueUrl,
      subscriptionDeadLetterQueueUrl: this.subscriptionDeadLetterQueue.queueUrl,
      parkingTable: this.parkingTable.tableName,
      ...(holds === 'facts' && { subscriptions: this.subscriptions.map(({ ref }) => ref) }),
    });
    stableIds(this, 'FactQueue', name);
    this.exportAll();
  }

  /** Exports what a handler and monitoring in other stacks refer to. */
  private exportAll(): void {
    const { queue, deadLetterQueue, subscriptionDeadLetterQueue, parkingTable: parking } = this;
    stableExports(this, [
      queue.queueUrl,
      queue.queueArn,
      queue.queueName,
      deadLetterQueue.queueName,
      subscriptionDeadLetterQueue.queueName,
      parking.tableName,
      parking.tableArn,
    ]);
  }

  /**
   * Lets an operator's role run the commands of `freshet` that work on this queue: see how many facts wait, redrive or
   * discard parked facts, and replay facts if a topic has an archive.
   */
  grantOperate(grantee: IGrantable): Grant {
    grantObserve(this, grantee, []);
    if (this.holds === 'facts') grantReplay(grantee, this.sources);
    grantQueueDepth(grantee, [this.queue, this.deadLetterQueue, this.subscriptionDeadLetterQueue]);
    grantSend(this.queue, grantee);
    return grantTable(this.parkingTable, grantee, 'BatchWriteItem', 'Query', 'Scan');
  }

  /** The function that `addHandler` added, as a list; empty before. */
  get handlers(): readonly IFunction[] {
    return this.handledBy;
  }

  /**
   * Adds the function that handles the facts, and lets it receive and park them. The function calls `factBatch`, and
   * needs `settings` in its environment.
   *
   * @throws Error if the queue already has a handler, because two handlers would each get only a part of the facts
   */
  addHandler(handler: IFunction): void {
    if (this.handledBy.length > 0) {
      throw new Error(
        `handler: a second handler for ${this.name}. Allowed: one, because two would each get only a part of the ` +
          'facts.',
      );
    }
    this.handledBy.push(handler);
    stableExports(handler, [handler.functionName]);
    updateAfter(this.subscriptions, handler);
    grantTable(this.parkingTable, handler, 'PutItem');
    mapQueue(handler, `Facts-${this.name}`, this.queue, {
      batchSize: LIMITS.fifoBatchSize,
      maxConcurrency: DEFAULT_CONCURRENCY,
    });
  }
}

function validate(
  { name, facts, sources, retryBudget, functionTimeout = FACT_FUNCTION_TIMEOUT }: FactQueueProps,
  holds: 'facts' | 'effects',
): void {
  // The name of a queue of effects is made from the name of its saga, which was checked.
  if (holds === 'facts' && !BOUNDARY_PATTERN.test(name)) {
    throw new Error(
      `name: not a valid name of a handler: ${quoted(name)}. Allowed: 1 to 30 lower-case letters, digits and ` +
        'hyphens, starting with a letter.',
    );
  }
  if (retryBudget !== undefined) assertBudget(retryBudget);
  if (functionTimeout.toSeconds() < 1 || functionTimeout.toSeconds() > MAX_FUNCTION_TIMEOUT.toSeconds()) {
    const [prop, message] = holds === 'facts' ? ['functionTimeout', 'A fact'] : ['handler: timeout', 'An effect'];
    throw new Error(
      `${prop}: out of range: ${functionTimeout.toHumanString()}. Allowed: 1 to ` +
        `${MAX_FUNCTION_TIMEOUT.toSeconds()} seconds. ${message} that crashes the function must become a dead letter ` +
        'before the queue deletes it.',
    );
  }
  if (holds === 'effects') return;
  const types = facts.map(({ type }) => type);
  if (new Set(types).size < types.length) {
    // An event's id starts with its type, and the queue deduplicates the messages of all topics together.
    throw new Error(
      `facts: the same type twice: ${types.join(', ')}. Allowed: each type once. Facts of two boundaries need ` +
        'different names.',
    );
  }
  const owners = [...new Set(facts.map(({ owner }) => owner))].sort();
  const given = sources.map(({ boundary }) => boundary.name).sort();
  if (owners.length > 0 && owners.join() === given.join()) return;
  throw new Error(
    `sources: not the boundaries of the facts: ${given.join(', ') || 'none'}. Allowed: the FactTopic of each ` +
      `boundary that publishes one of the facts, once: ${owners.join(', ') || 'none'}.`,
  );
}
