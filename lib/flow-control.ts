import { Duration } from 'aws-cdk-lib';
import type { Table } from 'aws-cdk-lib/aws-dynamodb';
import { type IGrantable, PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda';
import type { ITopic } from 'aws-cdk-lib/aws-sns';
import type { Queue } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import type { Boundary } from '../core/contract/contract.ts';
import { BOUNDARY_PATTERN } from '../core/contract/define-boundary.ts';
import { quoted } from '../core/errors.ts';
import { acknowledge } from './acknowledge.ts';
import type { DataProtectionProps } from './data-protection.ts';
import { freshetFunction } from './freshet-function.ts';
import { LIMITS } from './limits.ts';
import { grantTable, protectedQueue, protectedTable } from './protected-resources.ts';
import { mapQueue } from './queue-source.ts';
import { runOnSchedule } from './scheduled.ts';

/** How much a cache may lag before it slows an owner's writers. */
export interface MaySlow {
  /**
   * The backlog at which the owner refuses writes, in events: an integer from 10 to 120,000. Set it to a backlog that
   * the cache can still work off in acceptable time. Beyond 120,000 events, a FIFO queue hides message groups from its
   * consumers (sqs/quotas-fifo).
   * @default 60000
   */
  readonly highWater?: number;
}

/** Props of `FlowControl`. */
export interface FlowControlProps {
  /** The boundary that owns the entity types. */
  readonly boundary: Boundary;
  /**
   * Where the governor writes heartbeats: the owner's table, or its topic if the owner has no table of Freshet's.
   * `relay`: nowhere, because the owner's relay commits them; see `beatBy`.
   */
  readonly heartbeats: { readonly table: Table } | { readonly topic: ITopic } | 'relay';
  /** See `OwnerProps.maySlowOwner`. */
  readonly maySlowOwner: Readonly<Record<string, MaySlow>>;
  /** How data is kept and encrypted. */
  readonly protection: DataProtectionProps;
  /** See `OwnerProps.compressEvents`. */
  readonly compressEvents: boolean | undefined;
}

/** Interval in which caches send reports and the governor writes heartbeats. */
export const CONTROL_INTERVAL = LIMITS.minScheduleInterval;

/** How long a report or a decision is valid: three intervals, so that two in a row can be missing. */
const LIFE = Duration.seconds(3 * CONTROL_INTERVAL.toSeconds());

const GOVERNOR_TIMEOUT = Duration.seconds(30);

const DEFAULT_HIGH_WATER = LIMITS.fifoLookAhead / 2;
const MIN_HIGH_WATER = 10;

/**
 * Govern: receives the caches' reports, decides whether the owner's writers are slowed or refused, and writes a
 * heartbeat of each entity type.
 */
export class FlowControl extends Construct {
  /** The reports, the decision and the writers' token bucket. If the table is lost, writers aren't slowed. */
  readonly table: Table;
  /** The queue to which caches send their reports. */
  readonly reportQueue: Queue;
  /** Decides the owner's flow state from the reports. */
  readonly governor: LambdaFunction;
  /** The caches that may slow the owner, with defaults applied. */
  readonly maySlowOwner: Readonly<Record<string, Required<MaySlow>>>;

  constructor(scope: Construct, id: string, props: FlowControlProps) {
    super(scope, id);
    const { boundary, protection } = props;
    this.maySlowOwner = checked(boundary.name, props.maySlowOwner);
    this.table = protectedTable(
      this,
      'Table',
      // The table's data is worthless without the stack.
      { ...protection, stage: 'development' },
      { pointInTimeRecovery: false },
    );
    acknowledge(
      this.table,
      'DDB3',
      'the table holds reports, a decision and tokens of the last minutes; the next minute replaces them',
    );
    this.reportQueue = protectedQueue(this, 'Reports', protection, {
      // A report older than this counts as missing.
      retentionPeriod: LIFE,
      visibilityTimeout: Duration.seconds(GOVERNOR_TIMEOUT.toSeconds() * LIMITS.visibilityPerFunctionTimeout),
    });
    acknowledge(
      this.reportQueue,
      'SQS3',
      'a report is outdated after three minutes, and the next report contains everything again',
    );
    this.governor = this.addGovernor(props);
  }

  private addGovernor({ boundary, heartbeats, protection, compressEvents = true }: FlowControlProps): LambdaFunction {
    const governor = freshetFunction(this, 'Governor', {
      entry: heartbeats === 'relay' ? 'postgres-govern' : 'owner-govern',
      boundary,
      description: `Decides whether writers of ${boundary.name} are slowed while caches lag, and writes heartbeats`,
      timeout: GOVERNOR_TIMEOUT,
      memorySize: 256,
      environment: {
        ...heartbeatEnvironment(heartbeats),
        FLOW_TABLE: this.table.tableName,
        INTERVAL_SECONDS: String(CONTROL_INTERVAL.toSeconds()),
        REPORT_LIFE_SECONDS: String(LIFE.toSeconds()),
        DECISION_LIFE_SECONDS: String(LIFE.toSeconds()),
        MAY_SLOW_OWNER: JSON.stringify(this.maySlowOwner),
        COMPRESS_EVENTS: String(compressEvents),
      },
      ...protection,
    });
    grantTable(this.table, governor, 'GetItem', 'PutItem', 'Query');
    if (heartbeats !== 'relay') {
      if ('table' in heartbeats) grantTable(heartbeats.table, governor, 'UpdateItem');
      else heartbeats.topic.grantPublish(governor);
    }
    grantMetrics(governor);
    mapQueue(governor, 'Reports', this.reportQueue, { maxConcurrency: LIMITS.minMappingConcurrency });
    runOnSchedule(this, 'Heartbeat', governor, CONTROL_INTERVAL, { afterDeployment: true });
    return governor;
  }

  /** Lets the governor invoke the relay that commits the heartbeats, when a cache asks for them. */
  beatBy(relay: LambdaFunction): void {
    this.governor.addEnvironment('RELAY', relay.functionName);
    // `grantInvoke` also grants versions and aliases, which the relay doesn't have.
    this.governor.addToRolePolicy(
      new PolicyStatement({ actions: ['lambda:InvokeFunction'], resources: [relay.functionArn] }),
    );
  }

  /** Lets a function read the decision and lease tokens, as `createFlow` does. */
  grantWriter(grantee: IGrantable): void {
    grantTable(this.table, grantee, 'GetItem', 'UpdateItem');
  }
}

function heartbeatEnvironment(heartbeats: FlowControlProps['heartbeats']): Record<string, string> {
  if (heartbeats === 'relay') return {};
  return 'table' in heartbeats ? { OWNER_TABLE: heartbeats.table.tableName } : { TOPIC_ARN: heartbeats.topic.topicArn };
}

/**
 * Lets a function read metrics. The action accepts no narrower resource (service authorization reference, CloudWatch).
 */
export function grantMetrics(grantee: IGrantable): void {
  grantee.grantPrincipal.addToPrincipalPolicy(
    new PolicyStatement({ actions: ['cloudwatch:GetMetricData'], resources: ['*'] }),
  );
}

function checked(owner: string, maySlowOwner: Readonly<Record<string, MaySlow>>): Record<string, Required<MaySlow>> {
  const entries = Object.entries(maySlowOwner).map(([cache, { highWater = DEFAULT_HIGH_WATER }]) => {
    if (!BOUNDARY_PATTERN.test(cache) || cache === owner) {
      throw new Error(
        `maySlowOwner: not the name of another boundary: ${quoted(cache)}. Allowed: the name of a boundary that ` +
          `caches types of ${owner}: 1 to 30 lower-case letters, digits and hyphens, starting with a letter.`,
      );
    }
    if (!Number.isInteger(highWater) || highWater < MIN_HIGH_WATER || highWater > LIMITS.fifoLookAhead) {
      throw new Error(
        `maySlowOwner.${cache}.highWater: out of range: ${highWater}. Allowed: an integer from ${MIN_HIGH_WATER} to ` +
          `${LIMITS.fifoLookAhead}. Beyond that, a FIFO queue hides groups from its consumers (sqs/quotas-fifo).`,
      );
    }
    return [cache, { highWater }] as const;
  });
  return Object.fromEntries(entries);
}
