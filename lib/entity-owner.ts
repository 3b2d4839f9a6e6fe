import { Duration, Stack } from 'aws-cdk-lib';
import { StreamViewType, type Table } from 'aws-cdk-lib/aws-dynamodb';
import type { Grant, IGrantable } from 'aws-cdk-lib/aws-iam';
import type { Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda';
import type { Topic } from 'aws-cdk-lib/aws-sns';
import type { Queue } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import type { Boundary } from '../core/contract/contract.ts';
import { adoptedTypes } from '../core/contract/define-boundary.ts';
import { assertPublishable } from '../core/contract/publishable.ts';
import { environmentNames } from '../core/environment.ts';
import { MAX_MESSAGE_BYTES } from '../core/relay/message.ts';
import { REPAIR_RATE, rateProblem } from '../core/repair/rate.ts';
import { AdoptedTable, type AdoptedTableProps } from './adopted-table.ts';
import { checkAtSynth } from './checks/check-at-synth.ts';
import { type DataProtectionProps, dataProtection } from './data-protection.ts';
import { describeDeployed, describeSource, sharedOf } from './deployed.ts';
import { FlowControl } from './flow-control.ts';
import { freshetFunction } from './freshet-function.ts';
import { grantObserve } from './grant-operate.ts';
import { shareWith } from './other-accounts.ts';
import type { OwnerProps } from './owner-props.ts';
import { parkingTable, REPAIR_TIMEOUT, repairQueue } from './parking.ts';
import { fifoTopic, grantTable, protectedTable } from './protected-resources.ts';
import { mapQueue } from './queue-source.ts';
import { setEnvironment } from './set-environment.ts';
import { stableExports } from './stable-exports.ts';
import { stableIds } from './stable-ids.ts';
import { mapStream } from './stream-source.ts';

/**
 * Props of `EntityOwner`. The table holds the version counters, which never expire. If the table is lost, caches can't
 * tell which version is newer. Use the stage `development` only for data that you can lose.
 */
export interface EntityOwnerProps extends OwnerProps {
  /**
   * Age of a change from which the relay publishes several versions of an entity as one whole state: 0 seconds to 1
   * hour. Below that, every version is published. So one entity that changes faster than its versions can be published
   * one after the other delays itself, and the other entities of its shard, by about this time at most.
   * @default Duration.seconds(10)
   */
  readonly conflateAfter?: Duration;
  /**
   * Messages a second that one invocation of the repair function publishes at most, an integer from 50 to 1,500. At
   * most two invocations run at a time. It limits backfills, so that they leave the topic and the table room for live
   * changes. @default 500
   */
  readonly repairRate?: number;
  /**
   * The existing DynamoDB table that the contracts of the boundary's adopted types map. Every change of it is copied to
   * the owner's table, and nothing is written to it.
   * @default - the service writes all types with `createOwner`
   */
  readonly adopts?: AdoptedTableProps;
}

const DEFAULT_CONFLATE_AFTER = Duration.seconds(10);
const MAX_CONFLATE_AFTER = Duration.hours(1);

/**
 * Own and relay: the table of a boundary's entities, whose stream is the outbox, and the topic to which every change is
 * published.
 *
 * @throws Error if the boundary owns no entity type, or if a prop is outside its range
 */
export class EntityOwner extends Construct {
  /** The boundary that owns the entity types. */
  readonly boundary: Boundary;
  /** One item per entity: version, digest and state. Grant access to writers with `grantWrite`. */
  readonly table: Table;
  /** SNS FIFO topic of every version. The message group is the entity. */
  readonly topic: Topic;
  /** Stream records that can never be published, each with its reason, and records that Lambda gave up on. */
  readonly failureQueue: Queue;
  /** The queue in which caches request an entity's whole state. */
  readonly resyncQueue: Queue;
  /** The records of the failure queue, stored for `freshet parked`. */
  readonly parkingTable: Table;
  /** Slows or refuses writers while a cache lags. */
  readonly flow: FlowControl;
  /** Publishes the table's changes. */
  readonly relay: LambdaFunction;
  /** Publishes to each cache the entities and pages that it asks for, and parks the records of the failure queue. */
  readonly repair: LambdaFunction;
  /** The functions that copy an existing table; undefined if the owner adopts none. */
  readonly adopted: AdoptedTable | undefined;

  constructor(scope: Construct, id: string, props: EntityOwnerProps) {
    super(scope, id);
    const { boundary, maySlowOwner = {} } = props;
    const protection = dataProtection(props);
    assertPublishable(boundary);
    if (Object.keys(boundary.owns).length === 0) {
      throw new Error(
        `boundary: ${boundary.name} owns no entity type. Declare one under "owns", or leave EntityOwner out.`,
      );
    }
    assertConflation(props);
    assertRepairRate(props);
    assertAdopted(props);
    this.boundary = boundary;
    this.table = protectedTable(this, 'Table', protection, {
      stream: StreamViewType.NEW_AND_OLD_IMAGES,
      pointInTimeRecovery: true,
    });
    this.topic = fifoTopic(this, 'Changes', boundary, protection, {
      highThroughput: props.highThroughput,
      maxMessageBytes: MAX_MESSAGE_BYTES,
    });
    this.failureQueue = repairQueue(this, 'RelayFailures', protection);
    this.resyncQueue = repairQueue(this, 'Resync', protection);
    this.parkingTable = parkingTable(this, protection);
    this.flow = new FlowControl(this, 'Flow', {
      boundary,
      heartbeats: { table: this.table },
      maySlowOwner,
      protection,
      compressEvents: props.compressEvents,
    });
    this.relay = this.addRelay(protection, props.conflateAfter);
    this.repair = this.addRepair(protection, props.repairRate);
    this.adopted = props.adopts && new AdoptedTable(this, 'Adopted', { ...props.adopts, owner: this, protection });
    shareWith(props.consumerAccounts ?? [], this, props.encryptionKey);
    describeSource(this, this);
    checkAtSynth(this);
    describeDeployed(this, boundary, {
      role: 'owner',
      boundary: boundary.name,
      stack: Stack.of(this).stackName,
      table: this.table.tableName,
      topicArn: this.topic.topicArn,
      relay: this.relay.functionName,
      governor: this.flow.governor.functionName,
      repair: this.repair.functionName,
      flowTable: this.flow.table.tableName,
      failureQueueUrl: this.failureQueue.queueUrl,
      parkingTable: this.parkingTable.tableName,
      ...(this.adopted && {
        adopter: this.adopted.adopter.functionName,
        surveyor: this.adopted.surveyor.functionName,
      }),
    });
    stableIds(this, 'Owner', boundary.name);
    this.exportAll();
  }

  private addRelay(protection: DataProtectionProps, conflateAfter = DEFAULT_CONFLATE_AFTER): LambdaFunction {
    const relay = freshetFunction(this, 'Relay', {
      entry: 'relay',
      boundary: this.boundary,
      description: `Publishes the changes of ${this.boundary.name}'s entities`,
      timeout: Duration.seconds(30),
      memorySize: 512,
      environment: {
        TOPIC_ARN: this.topic.topicArn,
        FAILURE_QUEUE_URL: this.failureQueue.queueUrl,
        FLOW_TABLE: this.flow.table.tableName,
        CONFLATE_AFTER_SECONDS: String(conflateAfter.toSeconds()),
      },
      ...protection,
    });
    this.topic.grantPublish(relay);
    grantTable(this.flow.table, relay, 'GetItem');
    mapStream(relay, 'Stream', this.table, this.failureQueue);
    return relay;
  }

  /** At most two invocations run at a time, because they use the table's capacity. */
  private addRepair(protection: DataProtectionProps, repairRate: number = REPAIR_RATE.byDefault): LambdaFunction {
    const repair = freshetFunction(this, 'Repair', {
      entry: 'owner-repair',
      boundary: this.boundary,
      description: `Publishes what caches of ${this.boundary.name} ask for, and parks records that can't be published`,
      timeout: REPAIR_TIMEOUT,
      memorySize: 512,
      environment: {
        OWNER_TABLE: this.table.tableName,
        PARKING_TABLE: this.parkingTable.tableName,
        RESYNC_QUEUE_ARN: this.resyncQueue.queueArn,
        TOPIC_ARN: this.topic.topicArn,
        REPAIR_RATE: String(repairRate),
      },
      ...protection,
    });
    this.topic.grantPublish(repair);
    grantTable(this.table, repair, 'GetItem', 'Query');
    grantTable(this.parkingTable, repair, 'PutItem');
    for (const queue of [this.resyncQueue, this.failureQueue])
      mapQueue(repair, queue.node.id, queue, { maxConcurrency: 2 });
    return repair;
  }

  /** Exports what caches, writers and monitoring in other stacks refer to. */
  private exportAll(): void {
    const { table, flow, relay, repair, failureQueue } = this;
    stableExports(this, [
      ...sharedOf(this),
      table.tableName,
      table.tableArn,
      flow.table.tableName,
      flow.table.tableArn,
      flow.governor.functionName,
      relay.functionName,
      repair.functionName,
      failureQueue.queueName,
      ...(this.adopted?.functions ?? []).map(({ functionName }) => functionName),
    ]);
  }

  /** The queue to which caches send their reports. */
  get reportQueue(): Queue {
    return this.flow.reportQueue;
  }

  /**
   * Lets a function of the owner's boundary put, delete, get and list entities, and read flow control. It can't remove
   * an item from the table. It sets the environment variables that `ownerFromEnvironment` reads, if the grantee is a
   * function of this app.
   */
  grantWrite(grantee: IGrantable): Grant {
    const { ownerTable, flowTable } = environmentNames(this.boundary.name);
    setEnvironment(grantee, { [ownerTable]: this.table.tableName, [flowTable]: this.flow.table.tableName });
    this.flow.grantWriter(grantee);
    return grantTable(this.table, grantee, 'UpdateItem', 'GetItem', 'Query');
  }

  /**
   * Lets an operator's role run the commands of `freshet` that work on this owner: observe it, write, publish again,
   * redrive and discard parked records, survey, restore. The role can't remove an item from the table of entities.
   */
  grantOperate(grantee: IGrantable): Grant {
    grantObserve(this, grantee, [this.relay, this.repair, this.flow.governor, ...(this.adopted?.functions ?? [])]);
    this.flow.grantWriter(grantee);
    this.adopted?.surveyor.grantInvoke(grantee);
    grantTable(this.parkingTable, grantee, 'BatchWriteItem', 'Query', 'Scan');
    return grantTable(this.table, grantee, 'GetItem', 'Query', 'UpdateItem');
  }
}

function assertRepairRate({ repairRate = REPAIR_RATE.byDefault }: EntityOwnerProps): void {
  const problem = rateProblem(repairRate);
  if (problem !== undefined) throw new Error(`repairRate: ${problem}`);
}

/** An owner adopts a table if, and only if, its contracts map one. */
function assertAdopted({ boundary, adopts }: EntityOwnerProps): void {
  const types = adoptedTypes(boundary);
  if (types.length > 0 === (adopts !== undefined)) return;
  throw new Error(
    types.length > 0
      ? `adopts: missing: ${boundary.name} maps an existing table to ${types.join(', ')}. Give the table.`
      : `adopts: ${boundary.name} has no type with \`adopted\`. Map the table's items in a contract, or leave it out.`,
  );
}

function assertConflation({ conflateAfter = DEFAULT_CONFLATE_AFTER }: EntityOwnerProps): void {
  if (conflateAfter.toSeconds() <= MAX_CONFLATE_AFTER.toSeconds()) return;
  throw new Error(
    `conflateAfter: too long: ${conflateAfter.toHumanString()}. Allowed: up to ${MAX_CONFLATE_AFTER.toHumanString()}. ` +
      'An entity that changes very often would hold up its shard of the stream for that long.',
  );
}
