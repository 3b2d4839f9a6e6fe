import { Duration, Stack } from 'aws-cdk-lib';
import type { Table } from 'aws-cdk-lib/aws-dynamodb';
import type { Grant, IGrantable } from 'aws-cdk-lib/aws-iam';
import type { IFunction, Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda';
import type { Queue } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { DUE_INDEX } from '../adapters/aws/items.ts';
import type { FactContract } from '../core/facts/fact.ts';
import type { Saga as SagaDefinition } from '../core/saga/define.ts';
import { checkAtSynth } from './checks/check-at-synth.ts';
import { type DataProtectionProps, dataProtection } from './data-protection.ts';
import { describeOfFacts } from './deployed.ts';
import { FACT_FUNCTION_TIMEOUT, FactQueue, type FactSource } from './fact-queue.ts';
import { freshetFunction } from './freshet-function.ts';
import { grantObserve, grantQueueDepth } from './grant-operate.ts';
import { LIMITS } from './limits.ts';
import { repairQueue } from './parking.ts';
import { grantIndex, grantSend, grantTable } from './protected-resources.ts';
import type { RetryBudget } from './retry-budget.ts';
import { sagaTable } from './saga-table.ts';
import { runOnSchedule } from './scheduled.ts';
import { stableExports } from './stable-exports.ts';
import { stableIds } from './stable-ids.ts';
import { mapStream } from './stream-source.ts';

/** Props of `Saga`. */
export interface SagaProps extends DataProtectionProps {
  /** The result of `defineSaga`. Its module is bundled into the functions. */
  readonly saga: SagaDefinition;
  /** The topics of the boundaries that publish the saga's facts: one for each of these boundaries, and no others. */
  readonly sources: readonly FactSource[];
  /**
   * How long a settled instance is kept, so that the saga recognises facts that arrive again: at least 28 days, which
   * is the retention of the queue and of its dead-letter queue together. If a topic has an archive, at least 29 days
   * longer than the archive keeps facts. Set a longer `keep` before you lengthen an archive.
   * @default - 60 days, or 29 days longer than the longest archive of the topics
   */
  readonly keep?: Duration;
  /**
   * How often the saga checks its deadlines, and whether its definition has changed: full minutes, 1 to 60. An alert is
   * at most this late. After a change of `needs`, `cancelledBy` or the deadline, waiting instances are reviewed at the
   * next check.
   * @default Duration.minutes(5)
   */
  readonly deadlineInterval?: Duration;
  /**
   * How long a fact or an effect on which a function fails is retried before it is parked, in attempts and in age. It
   * is parked when both limits are reached.
   * @default - 12 attempts and 1 hour
   */
  readonly retryBudget?: RetryBudget;
}

/** A function that carries out a saga's effects. */
export interface EffectHandler {
  /** The function. */
  readonly handler: IFunction;
  /**
   * Effects that Lambda gave up on after 23 hours: the function crashed, or couldn't reach the queue of its retries.
   */
  readonly failureQueue: Queue;
  /** The queue in which effects are retried on which the function failed, and the table of those that it parked. */
  readonly retries: FactQueue;
}

/** The saga whose effects a function carries out. */
const sagaOfHandler = new WeakMap<LambdaFunction, string>();

const DEFAULT_KEEP_DAYS = 60;
const MIN_KEEP = Duration.days(2 * LIMITS.maxRetention.toDays());
/** How long a replayed fact can wait until it is handled, and the day by which a fact must be younger than `keep`. */
const REPLAY_MARGIN_DAYS = MIN_KEEP.toDays() + 1;
const DEFAULT_INTERVAL = Duration.minutes(5);

/**
 * A saga: the queue of its facts, the function that decides, the table of its instances and effects, and the function
 * that checks its deadlines.
 *
 * @throws Error if a prop is outside its range, or if `sources` doesn't match the boundaries of the saga's facts
 */
export class Saga extends Construct {
  /** The saga's name. */
  readonly name: string;
  /** The queue of the saga's facts, under the saga's name. */
  readonly facts: FactQueue;
  /** The instances and the effects that they recorded. Grant access to the service's functions with `grantRead`. */
  readonly table: Table;
  /** Decides when all facts of an instance have arrived. */
  readonly decider: LambdaFunction;
  /** Raises alerts for missed deadlines, and reviews waiting instances after the saga's definition changed. */
  readonly deadlines: LambdaFunction;
  /** Whether the saga has a deadline. */
  readonly hasDeadline: boolean;
  /** How often the saga checks its deadlines. */
  readonly deadlineInterval: Duration;
  private readonly carriedOutBy: EffectHandler[] = [];
  private readonly protection: DataProtectionProps;
  private readonly retryBudget: RetryBudget | undefined;

  constructor(scope: Construct, id: string, props: SagaProps) {
    super(scope, id);
    validate(props);
    const { saga, sources, keep = defaultKeep(sources), deadlineInterval = DEFAULT_INTERVAL, retryBudget } = props;
    this.name = saga.name;
    this.deadlineInterval = deadlineInterval;
    this.protection = dataProtection(props);
    this.retryBudget = retryBudget;
    this.table = sagaTable(this, this.protection);
    this.facts = new FactQueue(this, 'Facts', {
      name: saga.name,
      facts: [...saga.needs, ...saga.cancelledBy],
      sources,
      functionTimeout: FACT_FUNCTION_TIMEOUT,
      ...(retryBudget && { retryBudget }),
      ...this.protection,
    });
    this.decider = freshetFunction(this, 'Decider', {
      entry: 'saga',
      boundary: saga,
      description: `Decides in saga ${saga.name} when all facts have arrived`,
      timeout: FACT_FUNCTION_TIMEOUT,
      memorySize: 512,
      environment: {
        SAGA_TABLE: this.table.tableName,
        FACT_QUEUE: this.facts.settings,
        KEEP_SECONDS: String(keep.toSeconds()),
      },
      ...this.protection,
    });
    grantTable(this.table, this.decider, 'GetItem', 'PutItem');
    // The handler is exported by its logical id.
    stableIds(this, 'Saga', saga.name);
    this.facts.addHandler(this.decider);
    checkAtSynth(this);
    this.hasDeadline = saga.deadlineSeconds !== undefined;
    this.deadlines = this.addDeadlines(saga, keep);
    describeOfFacts(this, {
      role: 'saga',
      name: saga.name,
      stack: Stack.of(this).stackName,
      table: this.table.tableName,
      decider: this.decider.functionName,
      deadlines: this.deadlines.functionName,
      needs: saga.needs.map(reference),
      cancelledBy: saga.cancelledBy.map(reference),
      ...(saga.deadlineSeconds !== undefined && { deadlineSeconds: saga.deadlineSeconds }),
    });
    stableIds(this, 'Saga', saga.name);
    this.exportAll();
  }

  /** Exports what readers, effect handlers and monitoring in other stacks refer to. */
  private exportAll(): void {
    const { tableName, tableArn, tableStreamArn } = this.table;
    const values = [tableName, tableArn, tableStreamArn, this.decider.functionName, this.deadlines?.functionName];
    stableExports(
      this,
      values.filter((value) => value !== undefined),
    );
  }

  private addDeadlines(saga: SagaDefinition, keep: Duration): LambdaFunction {
    const deadlines = freshetFunction(this, 'Deadlines', {
      entry: 'saga-deadlines',
      boundary: saga,
      description: `Raises alerts for instances of saga ${saga.name} that wait too long, and reviews changed ones`,
      timeout: Duration.seconds(50),
      memorySize: 256,
      environment: { SAGA_TABLE: this.table.tableName, KEEP_SECONDS: String(keep.toSeconds()) },
      ...this.protection,
    });
    grantTable(this.table, deadlines, 'GetItem', 'PutItem', 'Query');
    grantIndex(this.table, deadlines, DUE_INDEX);
    runOnSchedule(this, 'DeadlineSchedule', deadlines, this.deadlineInterval);
    return deadlines;
  }

  /**
   * Lets an operator's role run the commands of `freshet` that work on this saga: observe it, and redrive or discard
   * parked facts and effects. Call it after the last `addEffectHandler`.
   */
  grantOperate(grantee: IGrantable): Grant {
    const functions = [this.decider, this.deadlines];
    const handlers = this.carriedOutBy.map(({ handler }) => handler);
    grantObserve(this, grantee, functions, handlers);
    for (const { retries, failureQueue } of this.carriedOutBy) {
      retries.grantOperate(grantee);
      grantQueueDepth(grantee, [failureQueue]);
    }
    grantIndex(this.table, grantee, DUE_INDEX);
    this.facts.grantOperate(grantee);
    return grantTable(this.table, grantee, 'GetItem', 'Query', 'Scan');
  }

  /** Lets a function of the service read instances and effects. Only the saga's own functions can write them. */
  grantRead(grantee: IGrantable): Grant {
    return grantTable(this.table, grantee, 'GetItem', 'Query');
  }

  /**
   * Adds a function of the service that carries out effects. It receives each effect at least once, and calls
   * `effectBatch` with the result of `createEffectRetries`, which reads the environment variable `EFFECT_RETRIES` that
   * this method sets. An effect on which the function fails has the budget and the parking of facts, under the name
   * `SAGA-effects`. A saga can have two such functions; the name of the second one's is `SAGA-effects-2`.
   *
   * @returns the queue of effects that Lambda gave up on after 23 hours
   * @throws Error for a third function, because a stream allows two readers (ddb/Streams); for a function that carries
   *   out the effects of another saga, because `EFFECT_RETRIES` names one queue; and for a function with a timeout of
   *   more than 200 seconds, see `FactQueueProps.functionTimeout`
   */
  addEffectHandler(handler: LambdaFunction): Queue {
    if (this.carriedOutBy.length === LIMITS.streamReaders) {
      throw new Error(
        `handler: a third handler for ${this.name}. Allowed: at most ${LIMITS.streamReaders}, because its stream ` +
          'allows no more readers (ddb/Streams).',
      );
    }
    const other = sagaOfHandler.get(handler);
    if (other !== undefined) {
      throw new Error(
        `handler: already carries out the effects of saga ${other}. Allowed: a function of its own for ${this.name}, ` +
          'because its environment names one queue of retries.',
      );
    }
    sagaOfHandler.set(handler, this.name);
    const failureQueue = repairQueue(this, `EffectFailures${this.carriedOutBy.length + 1}`, this.protection);
    stableIds(this, 'Saga', this.name);
    stableExports(this, [failureQueue.queueUrl, failureQueue.queueArn, failureQueue.queueName]);
    stableExports(handler, [handler.functionName]);
    mapStream(handler, `Effects-${this.name}`, this.table, failureQueue);
    const retries = this.addRetries(handler);
    this.carriedOutBy.push({ handler, failureQueue, retries });
    // The output is in the handler's stack, which already depends on the saga's stack. In the saga's stack, it would
    // make the two stacks depend on each other.
    const { name, table } = this;
    const { tableName } = table;
    const { functionName } = handler;
    describeOfFacts(
      handler,
      {
        role: 'effects',
        name,
        table: tableName,
        handler: functionName,
        handlerId: handler.node.id,
        retries: retries.name,
        failureQueueUrl: failureQueue.queueUrl,
      },
      `Freshet-${name}`,
    );
    return failureQueue;
  }

  /** Adds the queue in which the effects of a function are retried. */
  private addRetries(handler: LambdaFunction): FactQueue {
    const number = this.carriedOutBy.length + 1;
    const suffix = number === 1 ? '' : `-${number}`;
    const retries = new FactQueue(
      this,
      `EffectRetries${number}`,
      {
        name: `${this.name}-effects${suffix}`,
        facts: [],
        sources: [],
        functionTimeout: handler.timeout ?? FACT_FUNCTION_TIMEOUT,
        ...(this.retryBudget && { retryBudget: this.retryBudget }),
        ...this.protection,
      },
      'effects',
    );
    retries.addHandler(handler);
    grantSend(retries.queue, handler);
    handler.addEnvironment('EFFECT_RETRIES', retries.settings);
    return retries;
  }

  /** The functions that `addEffectHandler` has added so far. */
  get effectHandlers(): readonly EffectHandler[] {
    return this.carriedOutBy;
  }
}

/** A fact and the boundary that publishes it, as the saga's output names them. */
function reference({ type, owner }: FactContract): { readonly type: string; readonly owner: string } {
  return { type, owner };
}

/** How long the longest archive of the topics keeps facts, in days; 0 without an archive. */
function archiveDaysOf(sources: readonly FactSource[]): number {
  return Math.max(0, ...sources.map(({ archiveDays = 0 }) => archiveDays));
}

function defaultKeep(sources: readonly FactSource[]): Duration {
  const archiveDays = archiveDaysOf(sources);
  return Duration.days(
    archiveDays === 0 ? DEFAULT_KEEP_DAYS : Math.max(DEFAULT_KEEP_DAYS, archiveDays + REPLAY_MARGIN_DAYS),
  );
}

function validate({ sources, keep = defaultKeep(sources), deadlineInterval = DEFAULT_INTERVAL }: SagaProps): void {
  if (keep.toSeconds() < MIN_KEEP.toSeconds()) {
    throw new Error(
      `keep: too short: ${keep.toHumanString()}. Allowed: at least ${MIN_KEEP.toDays()} days. A fact can wait ` +
        `${LIMITS.maxRetention.toDays()} days in the queue and as long in its dead-letter queue (sqs/quotas-queues).`,
    );
  }
  const archiveDays = archiveDaysOf(sources);
  if (archiveDays > 0 && keep.toSeconds() < Duration.days(archiveDays + REPLAY_MARGIN_DAYS).toSeconds()) {
    throw new Error(
      `keep: too short: ${keep.toHumanString()}. Allowed: at least ${archiveDays + REPLAY_MARGIN_DAYS} days, because ` +
        `an archive keeps facts for ${archiveDays} days. A replayed fact can wait ${MIN_KEEP.toDays()} days, and must ` +
        'be a day younger than keep.',
    );
  }
  const minutes = deadlineInterval.toSeconds() / 60;
  if (!Number.isInteger(minutes) || minutes < 1 || minutes > 60) {
    throw new Error(
      `deadlineInterval: out of range: ${deadlineInterval.toHumanString()}. Allowed: 1 to 60 full minutes ` +
        '(eb/eb-scheduled-rule-pattern).',
    );
  }
}
