import { Annotations, Duration, Stack } from 'aws-cdk-lib';
import type { Table } from 'aws-cdk-lib/aws-dynamodb';
import { type IGrantable, PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda';
import type { Topic } from 'aws-cdk-lib/aws-sns';
import type { Queue } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import type { Boundary } from '../core/contract/contract.ts';
import { adoptedTypes } from '../core/contract/define-boundary.ts';
import { assertPublishable } from '../core/contract/publishable.ts';
import { environmentNames } from '../core/environment.ts';
import { quoted } from '../core/errors.ts';
import { MAX_MESSAGE_BYTES } from '../core/relay/message.ts';
import { REPAIR_RATE, rateProblem } from '../core/repair/rate.ts';
import { checkAtSynth } from './checks/check-at-synth.ts';
import { type DataProtectionProps, dataProtection } from './data-protection.ts';
import { contractsPath, describeDeployed, describeOfFacts, describeSource, sharedOf } from './deployed.ts';
import type { FactSource } from './fact-queue.ts';
import { CONTROL_INTERVAL, FlowControl } from './flow-control.ts';
import { type FunctionNetwork, freshetFunction } from './freshet-function.ts';
import { grantObserve } from './grant-operate.ts';
import type { ChangeSource } from './local-cache-props.ts';
import { shareWith } from './other-accounts.ts';
import type { OwnerProps } from './owner-props.ts';
import { parkingTable, REPAIR_TIMEOUT, repairQueue } from './parking.ts';
import { fifoTopic, grantSend, grantTable } from './protected-resources.ts';
import { mapQueue } from './queue-source.ts';
import { runOnSchedule } from './scheduled.ts';
import { setEnvironment } from './set-environment.ts';
import { stableExports } from './stable-exports.ts';
import { stableIds } from './stable-ids.ts';

/** How Freshet's functions reach an owner's PostgreSQL database. */
export interface PostgresDatabase {
  /** Host name of the database, of its cluster's writer endpoint, or of an RDS Proxy. */
  readonly host: string;
  /**
   * Port of the database.
   * @default 5432
   */
  readonly port?: number;
  /** Name of the database. */
  readonly name: string;
  /** The user of Freshet's functions, which has the role `freshet_relay` of the migration. */
  readonly user: string;
  /**
   * The schema of the owner's tables.
   * @default 'freshet'
   */
  readonly schema?: string;
  /**
   * How the functions authenticate. `iam`: with a token of their role, over TLS; the user has the role `rds_iam`.
   * `none`: not at all, over an open connection, for a database on your machine; only with the stage `development`.
   * @default 'iam'
   */
  readonly auth?: 'iam' | 'none';
  /**
   * The resource id of what `host` names, for the right to connect: `db-…` of an instance, `cluster-…` of an Aurora
   * cluster, `prx-…` of an RDS Proxy. Needed for `iam`.
   * @default - none
   */
  readonly resourceId?: string;
  /**
   * The VPC of the database, with subnets from which SNS, SQS, DynamoDB and CloudWatch Logs can be reached, by a NAT
   * gateway or by endpoints, and with security groups that the database lets in. See docs/postgres.md.
   * @default - the functions run outside a VPC, and the database is reachable from there
   */
  readonly network?: FunctionNetwork;
}

/** Props of `PostgresOwner`. */
export interface PostgresOwnerProps extends OwnerProps {
  /** The database in which the migration of `freshet-aws/postgres` has made the owner's tables. */
  readonly database: PostgresDatabase;
  /**
   * How long each invocation of the relay waits for further changes, 0 to 60 seconds. A new one begins every minute.
   * With 60 seconds, a relay always runs, and a change is published within about 0.2 seconds. With 0, an invocation
   * ends when the outbox is empty: writers must wake it (`createRelayWake`), or changes wait for up to a minute.
   * @default Duration.seconds(60)
   */
  readonly keepRelaying?: Duration;
  /**
   * Age of a change from which the relay publishes several versions of an entity as one whole state: 0 seconds to 1
   * hour.
   * @default Duration.seconds(10)
   */
  readonly conflateAfter?: Duration;
  /**
   * Messages a second that one invocation of the repair function publishes at most, an integer from 50 to 1,500. At
   * most two invocations run at a time. @default 500
   */
  readonly repairRate?: number;
}

const DEFAULT_PORT = 5432;
const DEFAULT_KEEP = CONTROL_INTERVAL;
const DEFAULT_CONFLATE_AFTER = Duration.seconds(10);
const MAX_CONFLATE_AFTER = Duration.hours(1);

/**
 * The schedule's interval, 20 seconds in which the relay takes no lane any more, and 40 seconds for what it does when a
 * backlog is worked off. Two invocations may overlap; each takes lanes that the other one doesn't have.
 */
const RELAY_TIMEOUT = Duration.seconds(2 * CONTROL_INTERVAL.toSeconds());

/** Lambda's certificates of Amazon RDS, which Node.js doesn't load by itself (lam/lambda-nodejs). */
const RDS_CERTIFICATES = '/var/runtime/ca-cert.pem';

/**
 * Own and relay for a boundary whose entities are in PostgreSQL: the relay of the outbox, the topics of its changes and
 * of its facts, and the function that answers its caches. The service writes with `createPostgresOwner` in its own
 * transactions.
 *
 * @throws Error if the boundary owns no entity type, or if a prop is outside its range
 */
export class PostgresOwner extends Construct implements ChangeSource {
  /** The boundary that owns the entity types. */
  readonly boundary: Boundary;
  /** SNS FIFO topic of every version. The message group is the entity. */
  readonly topic: Topic;
  /** The source of the boundary's facts for a `FactQueue` or a `Saga`; undefined if the boundary publishes none. */
  readonly facts: (FactSource & { readonly topic: Topic }) | undefined;
  /** Rows of the outbox that can never be published, each with its reason. */
  readonly failureQueue: Queue;
  /** The queue in which caches request an entity's whole state. */
  readonly resyncQueue: Queue;
  /** The rows of the failure queue, stored. */
  readonly parkingTable: Table;
  /** Slows or refuses writers while a cache lags. */
  readonly flow: FlowControl;
  /** Publishes the outbox. */
  readonly relay: LambdaFunction;
  /** Publishes to each cache the entities and pages that it asks for, and parks the rows of the failure queue. */
  readonly repair: LambdaFunction;

  constructor(scope: Construct, id: string, props: PostgresOwnerProps) {
    super(scope, id);
    const { boundary, maySlowOwner = {}, database } = props;
    const protection = dataProtection(props);
    assertPublishable(boundary);
    assertProps(props, protection);
    this.boundary = boundary;
    this.topic = fifoTopic(this, 'Changes', boundary, protection, {
      highThroughput: props.highThroughput,
      maxMessageBytes: MAX_MESSAGE_BYTES,
    });
    if (Object.keys(boundary.publishes).length > 0) {
      this.facts = { boundary, topic: fifoTopic(this, 'Facts', boundary, protection) };
    }
    this.failureQueue = repairQueue(this, 'RelayFailures', protection);
    this.resyncQueue = repairQueue(this, 'Resync', protection);
    this.parkingTable = parkingTable(this, protection);
    this.flow = new FlowControl(this, 'Flow', {
      boundary,
      heartbeats: 'relay',
      maySlowOwner,
      protection,
      compressEvents: props.compressEvents,
    });
    this.relay = this.addRelay(props, protection);
    this.flow.beatBy(this.relay);
    this.repair = this.addRepair(props, protection);
    if (database.network === undefined && database.auth !== 'none') {
      Annotations.of(this).addInfo(`${boundary.name}: the functions run outside a VPC. Give database.network for one.`);
    }
    shareWith(props.consumerAccounts ?? [], this, props.encryptionKey);
    describeSource(this, this);
    checkAtSynth(this);
    this.describe();
    stableIds(this, 'Owner', boundary.name);
    const { flow, relay, repair, failureQueue, facts } = this;
    stableExports(this, [
      ...sharedOf(this),
      ...(facts ? [facts.topic.topicArn] : []),
      flow.table.tableName,
      flow.table.tableArn,
      flow.governor.functionName,
      relay.functionName,
      relay.functionArn,
      repair.functionName,
      failureQueue.queueName,
    ]);
  }

  private describe(): void {
    const { boundary, relay, repair, flow, facts } = this;
    const common = {
      boundary: boundary.name,
      stack: Stack.of(this).stackName,
      relay: relay.functionName,
      failureQueueUrl: this.failureQueue.queueUrl,
    };
    describeDeployed(this, boundary, {
      role: 'postgres-owner',
      ...common,
      topicArn: this.topic.topicArn,
      governor: flow.governor.functionName,
      repair: repair.functionName,
      flowTable: flow.table.tableName,
      parkingTable: this.parkingTable.tableName,
    });
    if (facts === undefined) return;
    const { topicArn } = facts.topic;
    const contracts = contractsPath(boundary);
    describeOfFacts(this, { role: 'postgres-facts', ...common, topicArn, contracts }, 'FreshetFacts');
  }

  private addRelay(props: PostgresOwnerProps, protection: DataProtectionProps): LambdaFunction {
    const { boundary, database, keepRelaying = DEFAULT_KEEP, conflateAfter = DEFAULT_CONFLATE_AFTER } = props;
    const relay = freshetFunction(this, 'Relay', {
      entry: 'postgres-relay',
      boundary,
      description: `Publishes the changes of ${boundary.name}'s entities from its PostgreSQL database`,
      timeout: RELAY_TIMEOUT,
      memorySize: 512,
      environment: {
        ...environmentOf(database),
        TOPIC_ARN: this.topic.topicArn,
        ...(this.facts && { FACT_TOPIC_ARN: this.facts.topic.topicArn }),
        FAILURE_QUEUE_URL: this.failureQueue.queueUrl,
        FLOW_TABLE: this.flow.table.tableName,
        CONFLATE_AFTER_SECONDS: String(conflateAfter.toSeconds()),
        KEEP_RELAYING_SECONDS: String(keepRelaying.toSeconds()),
      },
      network: database.network,
      ...protection,
    });
    this.topic.grantPublish(relay);
    this.facts?.topic.grantPublish(relay);
    grantSend(this.failureQueue, relay);
    grantTable(this.flow.table, relay, 'GetItem');
    this.grantConnect(relay, database);
    runOnSchedule(this, 'RelaySchedule', relay, CONTROL_INTERVAL, { afterDeployment: true });
    return relay;
  }

  /** At most two invocations run at a time, because they use the database's capacity. */
  private addRepair(props: PostgresOwnerProps, protection: DataProtectionProps): LambdaFunction {
    const { boundary, database, repairRate = REPAIR_RATE.byDefault } = props;
    const repair = freshetFunction(this, 'Repair', {
      entry: 'postgres-repair',
      boundary,
      description: `Publishes what caches of ${boundary.name} ask for, and parks rows that can't be published`,
      timeout: REPAIR_TIMEOUT,
      memorySize: 512,
      environment: {
        ...environmentOf(database),
        PARKING_TABLE: this.parkingTable.tableName,
        RESYNC_QUEUE_ARN: this.resyncQueue.queueArn,
        TOPIC_ARN: this.topic.topicArn,
        REPAIR_RATE: String(repairRate),
      },
      network: database.network,
      ...protection,
    });
    this.topic.grantPublish(repair);
    grantTable(this.parkingTable, repair, 'PutItem');
    this.grantConnect(repair, database);
    for (const queue of [this.resyncQueue, this.failureQueue])
      mapQueue(repair, queue.node.id, queue, { maxConcurrency: 2 });
    return repair;
  }

  private grantConnect(grantee: LambdaFunction, { resourceId, user }: PostgresDatabase): void {
    if (resourceId === undefined) return;
    const { partition, region, account } = Stack.of(this);
    const resources = [`arn:${partition}:rds-db:${region}:${account}:dbuser:${resourceId}/${user}`];
    grantee.addToRolePolicy(new PolicyStatement({ actions: ['rds-db:connect'], resources }));
  }

  /** The queue to which caches send their reports. */
  get reportQueue(): Queue {
    return this.flow.reportQueue;
  }

  /**
   * Lets a function of the owner's boundary read flow control and wake the relay. Its rights in the database come from
   * the role `freshet_writer` of the migration. It sets the environment variables that `postgresOwnerFromEnvironment`
   * and `relayWakeFromEnvironment` read, if the grantee is a function of this app.
   */
  grantWrite(grantee: IGrantable): void {
    const { flowTable, relay } = environmentNames(this.boundary.name);
    setEnvironment(grantee, { [flowTable]: this.flow.table.tableName, [relay]: this.relay.functionName });
    this.flow.grantWriter(grantee);
    this.relay.grantInvoke(grantee);
  }

  /**
   * Lets an operator's role run the commands of `freshet` that work on this owner: observe it, read entities, publish
   * them again, redrive and discard parked rows, restore. The role has no right in the database: the repair function
   * reads and writes there. An operator writes no states, because the service does so in its own transactions.
   */
  grantOperate(grantee: IGrantable): void {
    grantObserve(this, grantee, [this.relay, this.repair, this.flow.governor]);
    grantTable(this.flow.table, grantee, 'GetItem');
    grantTable(this.parkingTable, grantee, 'BatchWriteItem', 'Query', 'Scan');
    this.repair.grantInvoke(grantee);
  }
}

function environmentOf({
  host,
  port = DEFAULT_PORT,
  name,
  user,
  schema = 'freshet',
  auth = 'iam',
}: PostgresDatabase): Record<string, string> {
  return {
    DATABASE_HOST: host,
    DATABASE_PORT: String(port),
    DATABASE_NAME: name,
    DATABASE_USER: user,
    DATABASE_SCHEMA: schema,
    DATABASE_AUTH: auth,
    ...(auth === 'iam' && { NODE_EXTRA_CA_CERTS: RDS_CERTIFICATES }),
  };
}

function assertProps(props: PostgresOwnerProps, { stage }: DataProtectionProps): void {
  const { boundary, database, keepRelaying = DEFAULT_KEEP, conflateAfter = DEFAULT_CONFLATE_AFTER } = props;
  const { auth = 'iam', schema = 'freshet', resourceId } = database;
  const rate = rateProblem(props.repairRate ?? REPAIR_RATE.byDefault);
  const adopted = adoptedTypes(boundary);
  const rules: readonly (readonly [boolean, string])[] = [
    [
      Object.keys(boundary.owns).length === 0,
      `boundary: ${boundary.name} owns no entity type. Declare one under "owns", or leave PostgresOwner out.`,
    ],
    [
      adopted.length > 0,
      `boundary: ${boundary.name} maps a DynamoDB table to ${adopted.join(', ')}. Use EntityOwner for it.`,
    ],
    [
      !/^[a-z][a-z0-9_]{0,55}$/.test(schema),
      `database.schema: not a valid name: ${quoted(schema)}. ` +
        'Allowed: 1 to 56 lower-case ASCII letters, digits and underscores, starting with a letter.',
    ],
    [
      auth === 'iam' && resourceId === undefined,
      'database.resourceId: missing. Give the resource id of the instance (db-…), cluster (cluster-…) or proxy (prx-…) ' +
        'that database.host names: IAM grants the right to connect to it.',
    ],
    [
      auth === 'none' && stage !== 'development',
      "database.auth: 'none' sends data over an open connection. Allowed: only with the stage 'development'.",
    ],
    [
      keepRelaying.toSeconds() > CONTROL_INTERVAL.toSeconds(),
      `keepRelaying: too long: ${keepRelaying.toHumanString()}. Allowed: 0 to ${CONTROL_INTERVAL.toHumanString()}, ` +
        'after which the next invocation begins.',
    ],
    [
      conflateAfter.toSeconds() > MAX_CONFLATE_AFTER.toSeconds(),
      `conflateAfter: too long: ${conflateAfter.toHumanString()}. Allowed: up to ${MAX_CONFLATE_AFTER.toHumanString()}.`,
    ],
    [rate !== undefined, `repairRate: ${rate}`],
  ];
  const broken = rules.find(([isBroken]) => isBroken);
  if (broken !== undefined) throw new Error(broken[1]);
}
