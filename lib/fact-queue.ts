import { Duration } from 'aws-cdk-lib';
import type { Table } from 'aws-cdk-lib/aws-dynamodb';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import { SqsEventSource } from 'aws-cdk-lib/aws-lambda-event-sources';
import type { ITopic } from 'aws-cdk-lib/aws-sns';
import type { Queue } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import type { Boundary } from '../core/contract.ts';
import type { FactContract } from '../core/fact.ts';
import { acknowledge } from './acknowledge.ts';
import { checkAtSynth } from './checks/check-at-synth.ts';
import { type DataProtectionProps, dataProtection } from './data-protection.ts';
import { LIMITS } from './limits.ts';
import { grantTable, protectedQueue } from './protected-resources.ts';
import { parkingTable } from './set-aside.ts';
import { subscribeQueue } from './subscribe-queue.ts';

/** Where facts come from: a `FactTopic`. */
export interface FactSource {
  readonly boundary: Boundary;
  /** SNS FIFO topic of its facts. */
  readonly topic: ITopic;
}

/** Props of `FactQueue`. */
export interface FactQueueProps extends DataProtectionProps {
  /** The facts that are handled. */
  readonly facts: readonly FactContract[];
  /** The topics of their boundaries: one for each, and no other. */
  readonly sources: readonly FactSource[];
  /**
   * Time-out of the function that handles them, 1 second to 15 minutes.
   * @default Duration.seconds(30)
   */
  readonly functionTimeout?: Duration;
}

/** Function time-out of a `FactQueue` unless another is given. */
export const FACT_FUNCTION_TIMEOUT = Duration.seconds(30);

/** Receives before a fact that its function fails on goes to the dead-letter queue. Those behind it about the same thing count too. */
const MAX_RECEIVE_COUNT = 10;

const DEFAULT_CONCURRENCY = 10;

/** Facts on their way to a function that handles them, and what it couldn't take in. */
export class FactQueue extends Construct {
  /** SQS FIFO queue; message group = what the facts are about. */
  readonly queue: Queue;
  /** Facts that the function failed on every time. */
  readonly deadLetterQueue: Queue;
  /** Facts that SNS couldn't deliver to the queue. */
  readonly subscriptionDeadLetterQueue: Queue;
  /** Messages that are no fact of the contracts, each with its reason. */
  readonly parkingTable: Table;

  constructor(scope: Construct, id: string, props: FactQueueProps) {
    super(scope, id);
    const { facts, sources, functionTimeout = FACT_FUNCTION_TIMEOUT } = props;
    const protection = dataProtection(props);
    validate(facts, sources);
    this.deadLetterQueue = fifoQueue(this, 'DeadLetters', protection);
    this.subscriptionDeadLetterQueue = fifoQueue(this, 'Undelivered', protection);
    acknowledge(this.subscriptionDeadLetterQueue, 'SQS3', 'is the dead-letter queue of the subscriptions');
    this.parkingTable = parkingTable(this, protection);
    this.queue = protectedQueue(this, 'Queue', protection, {
      fifo: true,
      retentionPeriod: LIMITS.maxRetention,
      // An item of the parking table takes 400 KB, so there is room for the reason that goes with a message.
      maxMessageSizeBytes: LIMITS.topicMessageBytes,
      visibilityTimeout: Duration.seconds(functionTimeout.toSeconds() * LIMITS.visibilityPerFunctionTimeout),
      deadLetterQueue: { queue: this.deadLetterQueue, maxReceiveCount: MAX_RECEIVE_COUNT },
    });
    for (const { boundary, topic } of sources) {
      const types = facts.filter(({ owner }) => owner === boundary.name).map(({ type }) => type);
      subscribeQueue(topic, { queue: this.queue, deadLetterQueue: this.subscriptionDeadLetterQueue, types });
    }
    checkAtSynth(this);
  }

  /** Has a function handle the facts, which uses `factBatch`, and lets it park messages; its environment needs the parking table's name. */
  addHandler(handler: IFunction): void {
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

function validate(facts: readonly FactContract[], sources: readonly FactSource[]): void {
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
