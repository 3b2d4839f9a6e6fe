import { Duration } from 'aws-cdk-lib';
import type { Table } from 'aws-cdk-lib/aws-dynamodb';
import { Rule, Schedule } from 'aws-cdk-lib/aws-events';
import { LambdaFunction } from 'aws-cdk-lib/aws-events-targets';
import type { Grant, IGrantable } from 'aws-cdk-lib/aws-iam';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import type { Queue } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { DUE_INDEX } from '../adapters/aws/items.ts';
import type { Saga as SagaDefinition } from '../core/saga/define.ts';
import { checkAtSynth } from './checks/check-at-synth.ts';
import { type DataProtectionProps, dataProtection } from './data-protection.ts';
import { describeOfFacts } from './deployed.ts';
import { FACT_FUNCTION_TIMEOUT, FactQueue, type FactSource } from './fact-queue.ts';
import { freshetFunction } from './freshet-function.ts';
import { LIMITS } from './limits.ts';
import { repairQueue } from './parking.ts';
import { grantIndex, grantTable } from './protected-resources.ts';
import type { RetryBudget } from './retry-budget.ts';
import { sagaTable } from './saga-table.ts';
import { mapStream } from './stream-source.ts';

/** Props of `Saga`. */
export interface SagaProps extends DataProtectionProps {
  /** What `defineSaga` returned; its module is bundled into the functions. */
  readonly saga: SagaDefinition;
  /** The topics of the boundaries whose facts it takes: one for each, and no other. */
  readonly sources: readonly FactSource[];
  /**
   * How long a settled instance is kept, so that its facts are known when they come again: at least 28 days, the retention of the queue and
   * of its dead-letter queue.
   * @default Duration.days(60)
   */
  readonly keep?: Duration;
  /**
   * How often deadlines are looked at: full minutes, 1 to 60. An alert is late by as much at most.
   * @default Duration.minutes(5)
   */
  readonly deadlineInterval?: Duration;
  /**
   * What a fact that the saga's function fails on is given before it is parked, in attempts and in age; both must be used up.
   * @default 12 attempts and 1 hour
   */
  readonly retryBudget?: RetryBudget;
}

/** A function that carries out a saga's effects. */
export interface EffectHandler {
  readonly handler: IFunction;
  /** What the function failed on for 23 hours. */
  readonly failureQueue: Queue;
}

const DEFAULT_KEEP = Duration.days(60);
const MIN_KEEP = Duration.days(2 * LIMITS.maxRetention.toDays());
const DEFAULT_INTERVAL = Duration.minutes(5);

/** A saga: the queue of its facts, the function that decides, the table of its instances and effects, and the watch on its deadlines. */
export class Saga extends Construct {
  readonly name: string;
  /** The queue of its facts, under the saga's name. */
  readonly facts: FactQueue;
  /** Instances and the effects that they recorded. Grant the service's functions with `grantRead`. */
  readonly table: Table;
  readonly decider: IFunction;
  /** Raises alerts; undefined for a saga without a deadline. */
  readonly deadlines: IFunction | undefined;
  /** How often deadlines are looked at. */
  readonly deadlineInterval: Duration;
  private readonly carriedOutBy: EffectHandler[] = [];
  private readonly protection: DataProtectionProps;

  constructor(scope: Construct, id: string, props: SagaProps) {
    super(scope, id);
    validate(props);
    const { saga, sources, keep = DEFAULT_KEEP, deadlineInterval = DEFAULT_INTERVAL, retryBudget } = props;
    this.name = saga.name;
    this.deadlineInterval = deadlineInterval;
    this.protection = dataProtection(props);
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
      protection: this.protection,
    });
    grantTable(this.table, this.decider, 'GetItem', 'PutItem');
    this.facts.addHandler(this.decider);
    checkAtSynth(this);
    this.deadlines = saga.deadlineSeconds === undefined ? undefined : this.addDeadlines(saga);
    describeOfFacts(this, {
      ...{ role: 'saga', name: saga.name, table: this.table.tableName, decider: this.decider.functionName },
      ...(this.deadlines && { deadlines: this.deadlines.functionName }),
    });
  }

  private addDeadlines(saga: SagaDefinition): IFunction {
    const deadlines = freshetFunction(this, 'Deadlines', {
      entry: 'saga-deadlines',
      boundary: saga,
      description: `Raises alerts for what waits too long in saga ${saga.name}`,
      timeout: Duration.seconds(50),
      memorySize: 256,
      environment: { SAGA_TABLE: this.table.tableName },
      protection: this.protection,
    });
    grantTable(this.table, deadlines, 'GetItem', 'PutItem');
    grantIndex(this.table, deadlines, DUE_INDEX);
    new Rule(this, 'DeadlineSchedule', {
      schedule: Schedule.rate(this.deadlineInterval),
      targets: [new LambdaFunction(deadlines, { retryAttempts: 0 })],
    });
    return deadlines;
  }

  /** Lets a function of the service read instances and effects; only the saga's own functions write them. */
  grantRead(grantee: IGrantable): Grant {
    return grantTable(this.table, grantee, 'GetItem', 'Query');
  }

  /**
   * Has a function of the service carry out effects, which uses `effectBatch`: each at least once.
   *
   * @param handler one of two at most: a stream takes no more readers (ddb/Streams)
   * @returns the queue of what the function failed on for 23 hours
   */
  addEffectHandler(handler: IFunction): Queue {
    if (this.carriedOutBy.length === LIMITS.streamReaders) {
      throw new Error(
        `handler: given to ${this.name}: a third. At most ${LIMITS.streamReaders}: its stream takes no more readers (ddb/Streams).`,
      );
    }
    const failureQueue = repairQueue(this, `EffectFailures${this.carriedOutBy.length + 1}`, this.protection);
    mapStream(handler, this.table, failureQueue);
    this.carriedOutBy.push({ handler, failureQueue });
    // In the handler's stack, which knows the saga's: the other way round they would need each other.
    const { name, table } = this;
    const { tableName } = table;
    const { functionName } = handler;
    describeOfFacts(
      handler,
      { role: 'effects', name, table: tableName, handler: functionName, failureQueueUrl: failureQueue.queueUrl },
      `Freshet-${name}`,
    );
    return failureQueue;
  }

  /** The functions that carry out effects: what was given to `addEffectHandler` until now. */
  get effectHandlers(): readonly EffectHandler[] {
    return this.carriedOutBy;
  }
}

function validate({ keep = DEFAULT_KEEP, deadlineInterval = DEFAULT_INTERVAL }: SagaProps): void {
  if (keep.toSeconds() < MIN_KEEP.toSeconds()) {
    throw new Error(
      `keep: given: ${keep.toHumanString()}. At least ${MIN_KEEP.toDays()} days: a fact can wait ${LIMITS.maxRetention.toDays()} days in the ` +
        'queue and as long in its dead-letter queue (sqs/quotas-queues).',
    );
  }
  const minutes = deadlineInterval.toSeconds() / 60;
  if (!Number.isInteger(minutes) || minutes < 1 || minutes > 60) {
    throw new Error(
      `deadlineInterval: given: ${deadlineInterval.toHumanString()}. Full minutes, 1 to 60 (eb/eb-scheduled-rule-pattern).`,
    );
  }
}
