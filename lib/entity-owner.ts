import { Duration } from 'aws-cdk-lib';
import { StreamViewType, type Table } from 'aws-cdk-lib/aws-dynamodb';
import type { Grant, IGrantable } from 'aws-cdk-lib/aws-iam';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import { SqsEventSource } from 'aws-cdk-lib/aws-lambda-event-sources';
import type { Topic } from 'aws-cdk-lib/aws-sns';
import type { Queue } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import type { Boundary } from '../core/contract.ts';
import { assertPublishable } from '../core/own/publishable.ts';
import { checkAtSynth } from './checks/check-at-synth.ts';
import { type DataProtectionProps, dataProtection } from './data-protection.ts';
import { describeDeployed, describeSource } from './deployed.ts';
import { FlowControl } from './flow-control.ts';
import { freshetFunction } from './freshet-function.ts';
import { shareWith } from './other-accounts.ts';
import type { OwnerProps } from './owner-props.ts';
import { parkingTable, REPAIR_TIMEOUT, repairQueue } from './parking.ts';
import { fifoTopic, grantTable, protectedTable } from './protected-resources.ts';
import { mapStream } from './stream-source.ts';

/** Props of `EntityOwner`. Version counters never expire: losing the table breaks every cache's order, so think twice of `stage`. */
export type EntityOwnerProps = OwnerProps;

/** Own and relay: the table that alone holds a boundary's entities, its stream as the outbox, and the topic of their changes. */
export class EntityOwner extends Construct {
  readonly boundary: Boundary;
  /** One item per entity: version, digest, state. Grant writers with `grantWrite`. */
  readonly table: Table;
  /** SNS FIFO topic of every version; message group = entity. */
  readonly topic: Topic;
  /** Stream records that can never be published, each with its reason, and what the mapping gave up on. */
  readonly failureQueue: Queue;
  /** Caches ask here for an entity's whole state. */
  readonly resyncQueue: Queue;
  /** What came of the failure queue, for the command line. */
  readonly parkingTable: Table;
  /** What the caches' reports mean for writers. */
  readonly flow: FlowControl;
  readonly relay: IFunction;
  readonly repair: IFunction;

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
    this.boundary = boundary;
    this.table = protectedTable(this, 'Table', protection, {
      stream: StreamViewType.NEW_AND_OLD_IMAGES,
      pointInTimeRecovery: true,
    });
    this.topic = fifoTopic(this, 'Changes', protection, props.highThroughput);
    this.failureQueue = repairQueue(this, 'RelayFailures', protection);
    this.resyncQueue = repairQueue(this, 'Resync', protection);
    this.parkingTable = parkingTable(this, protection);
    this.flow = new FlowControl(this, 'Flow', {
      boundary,
      heartbeats: { table: this.table },
      maySlowOwner,
      protection,
    });
    const relay = freshetFunction(this, 'Relay', {
      entry: 'relay',
      boundary,
      description: `Publishes the changes of ${boundary.name}'s entities`,
      timeout: Duration.seconds(30),
      memorySize: 512,
      environment: {
        TOPIC_ARN: this.topic.topicArn,
        FAILURE_QUEUE_URL: this.failureQueue.queueUrl,
        FLOW_TABLE: this.flow.table.tableName,
      },
      protection,
    });
    this.relay = relay;
    this.topic.grantPublish(relay);
    grantTable(this.flow.table, relay, 'GetItem');
    mapStream(relay, this.table, this.failureQueue);
    this.repair = this.addRepair(protection);
    shareWith(props.consumerAccounts ?? [], this, props.encryptionKey);
    describeSource(this, this);
    checkAtSynth(this);
    describeDeployed(this, boundary, {
      role: 'owner',
      boundary: boundary.name,
      table: this.table.tableName,
      topicArn: this.topic.topicArn,
      relay: relay.functionName,
      governor: this.flow.governor.functionName,
      flowTable: this.flow.table.tableName,
      failureQueueUrl: this.failureQueue.queueUrl,
      parkingTable: this.parkingTable.tableName,
    });
  }

  /** Publishes once more what caches ask for, and takes the relay's failures into parking. Two at a time: it shares the table with the owner. */
  private addRepair(protection: DataProtectionProps): IFunction {
    const repair = freshetFunction(this, 'Repair', {
      entry: 'owner-repair',
      boundary: this.boundary,
      description: `Publishes entities of ${this.boundary.name} once more, and keeps what could not be published`,
      timeout: REPAIR_TIMEOUT,
      memorySize: 512,
      environment: {
        OWNER_TABLE: this.table.tableName,
        PARKING_TABLE: this.parkingTable.tableName,
        RESYNC_QUEUE_ARN: this.resyncQueue.queueArn,
      },
      protection,
    });
    grantTable(this.table, repair, 'UpdateItem');
    grantTable(this.parkingTable, repair, 'PutItem');
    for (const queue of [this.resyncQueue, this.failureQueue]) {
      repair.addEventSource(new SqsEventSource(queue, { reportBatchItemFailures: true, maxConcurrency: 2 }));
    }
    return repair;
  }

  /** Where caches send their reports. */
  get reportQueue(): Queue {
    return this.flow.reportQueue;
  }

  /**
   * Lets a function of the owner's boundary put, delete, get and list entities, and obey flow control; nothing removes an item. The function
   * opens flow control with the table's name: `createFlow({ client, tableName: owner.flow.table.tableName })`.
   */
  grantWrite(grantee: IGrantable): Grant {
    this.flow.grantWriter(grantee);
    return grantTable(this.table, grantee, 'UpdateItem', 'GetItem', 'Query');
  }
}
