import { Duration } from 'aws-cdk-lib';
import type { Table } from 'aws-cdk-lib/aws-dynamodb';
import { Rule, Schedule } from 'aws-cdk-lib/aws-events';
import { LambdaFunction } from 'aws-cdk-lib/aws-events-targets';
import { type IGrantable, PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import { SqsEventSource } from 'aws-cdk-lib/aws-lambda-event-sources';
import type { ITopic } from 'aws-cdk-lib/aws-sns';
import type { Queue } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { BOUNDARY_PATTERN, type Boundary } from '../core/contract.ts';
import { quoted } from '../core/errors.ts';
import { acknowledge } from './acknowledge.ts';
import type { DataProtectionProps } from './data-protection.ts';
import { freshetFunction } from './freshet-function.ts';
import { LIMITS } from './limits.ts';
import { grantTable, protectedQueue, protectedTable } from './protected-resources.ts';

/** How a cache may slow an owner. */
export interface MaySlow {
  /**
   * The backlog at which writes are refused, in events: at most what may be worked off in time, 10 to 120,000, since beyond that a FIFO queue
   * hides groups from its consumers (sqs/quotas-fifo).
   * @default 60,000
   */
  readonly highWater?: number;
}

/** Props of `FlowControl`. */
export interface FlowControlProps {
  readonly boundary: Boundary;
  /** Where the heartbeats begin: the owner's table, or, where it has none here, its topic. */
  readonly heartbeats: { readonly table: Table } | { readonly topic: ITopic };
  readonly maySlowOwner: Readonly<Record<string, MaySlow>>;
  readonly protection: DataProtectionProps;
}

/** How often caches report and heartbeats are committed. */
export const CONTROL_INTERVAL = LIMITS.minScheduleInterval;

/** What a report and a decision outlive: two that are missed. */
const LIFE = Duration.seconds(3 * CONTROL_INTERVAL.toSeconds());

const GOVERNOR_TIMEOUT = Duration.seconds(30);

const DEFAULT_HIGH_WATER = LIMITS.fifoLookAhead / 2;
const MIN_HIGH_WATER = 10;

/** Govern: takes in the caches' reports, decides how the owner's writers may write, and commits a heartbeat of each type. */
export class FlowControl extends Construct {
  /** Reports, the decision and the writers' token bucket. Losing it means normal flow. */
  readonly table: Table;
  /** Caches report here. */
  readonly reportQueue: Queue;
  readonly governor: IFunction;
  /** The caches that may slow the owner, with defaults filled in. */
  readonly maySlowOwner: Readonly<Record<string, Required<MaySlow>>>;

  constructor(scope: Construct, id: string, props: FlowControlProps) {
    super(scope, id);
    const { boundary, heartbeats, protection } = props;
    this.maySlowOwner = checked(boundary.name, props.maySlowOwner);
    this.table = protectedTable(
      this,
      'Table',
      // Worth nothing once the stack is gone.
      { ...protection, stage: 'development' },
      { pointInTimeRecovery: false },
    );
    acknowledge(
      this.table,
      'DDB3',
      'holds the last minutes: reports, a decision and tokens, which the next minute brings anew',
    );
    this.reportQueue = protectedQueue(this, 'Reports', protection, {
      // An older one counts as missing.
      retentionPeriod: LIFE,
      visibilityTimeout: Duration.seconds(GOVERNOR_TIMEOUT.toSeconds() * LIMITS.visibilityPerFunctionTimeout),
    });
    acknowledge(
      this.reportQueue,
      'SQS3',
      'a report is out of date after three minutes, and the next one says it all again',
    );
    const governor = freshetFunction(this, 'Governor', {
      entry: 'owner-govern',
      boundary,
      description: `Decides how ${boundary.name}'s writers may write while caches lag, and commits its heartbeats`,
      timeout: GOVERNOR_TIMEOUT,
      memorySize: 256,
      environment: {
        ...('table' in heartbeats
          ? { OWNER_TABLE: heartbeats.table.tableName }
          : { TOPIC_ARN: heartbeats.topic.topicArn }),
        FLOW_TABLE: this.table.tableName,
        INTERVAL_SECONDS: String(CONTROL_INTERVAL.toSeconds()),
        REPORT_LIFE_SECONDS: String(LIFE.toSeconds()),
        DECISION_LIFE_SECONDS: String(LIFE.toSeconds()),
        MAY_SLOW_OWNER: JSON.stringify(this.maySlowOwner),
      },
      protection,
    });
    this.governor = governor;
    grantTable(this.table, governor, 'GetItem', 'PutItem', 'Query');
    if ('table' in heartbeats) grantTable(heartbeats.table, governor, 'UpdateItem');
    else heartbeats.topic.grantPublish(governor);
    grantMetrics(governor);
    governor.addEventSource(
      new SqsEventSource(this.reportQueue, {
        reportBatchItemFailures: true,
        maxConcurrency: LIMITS.minMappingConcurrency,
      }),
    );
    new Rule(this, 'Heartbeat', {
      schedule: Schedule.rate(CONTROL_INTERVAL),
      targets: [new LambdaFunction(governor, { retryAttempts: 0 })],
    });
  }

  /** Lets a function read the decision and lease tokens. */
  grantWriter(grantee: IGrantable): void {
    grantTable(this.table, grantee, 'GetItem', 'UpdateItem');
  }
}

/** Lets a function read metrics; CloudWatch knows no narrower resource for it (service authorization reference, CloudWatch). */
export function grantMetrics(grantee: IGrantable): void {
  grantee.grantPrincipal.addToPrincipalPolicy(
    new PolicyStatement({ actions: ['cloudwatch:GetMetricData'], resources: ['*'] }),
  );
}

function checked(owner: string, maySlowOwner: Readonly<Record<string, MaySlow>>): Record<string, Required<MaySlow>> {
  const entries = Object.entries(maySlowOwner).map(([cache, { highWater = DEFAULT_HIGH_WATER }]) => {
    if (!BOUNDARY_PATTERN.test(cache) || cache === owner) {
      throw new Error(
        `maySlowOwner: given: ${quoted(cache)}. The name of a boundary that caches what ${owner} owns: 1 to 30 lower-case letters, digits and ` +
          'hyphens, a letter first.',
      );
    }
    if (!Number.isInteger(highWater) || highWater < MIN_HIGH_WATER || highWater > LIMITS.fifoLookAhead) {
      throw new Error(
        `maySlowOwner.${cache}.highWater: given: ${highWater}. An integer from ${MIN_HIGH_WATER} to ${LIMITS.fifoLookAhead}: ` +
          'beyond that a FIFO queue hides groups from its consumers (sqs/quotas-fifo).',
      );
    }
    return [cache, { highWater }] as const;
  });
  return Object.fromEntries(entries);
}
