import { Duration, type RemovalPolicy } from 'aws-cdk-lib';
import { AttributeType, BillingMode, type ITable, StreamViewType, Table } from 'aws-cdk-lib/aws-dynamodb';
import type { Grant, IGrantable } from 'aws-cdk-lib/aws-iam';
import { type IFunction, StartingPosition } from 'aws-cdk-lib/aws-lambda';
import { DynamoEventSource, SqsDlq, SqsEventSource } from 'aws-cdk-lib/aws-lambda-event-sources';
import { Topic } from 'aws-cdk-lib/aws-sns';
import type { Queue } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import type { Boundary } from '../core/contract.ts';
import { checkAtSynth } from './checks/check-at-synth.ts';
import { describeDeployed } from './deployed.ts';
import { FlowControl, type MaySlow } from './flow-control.ts';
import { freshetFunction } from './freshet-function.ts';
import { LIMITS } from './limits.ts';
import { parkingTable, REPAIR_TIMEOUT, repairQueue } from './set-aside.ts';

/** Props of `EntityOwner`. */
export interface EntityOwnerProps {
  /** The boundary whose entity types are owned here; its module is bundled into the relay. */
  readonly boundary: Boundary;
  /**
   * What happens to the table when the stack goes. Version counters never expire, so losing the table breaks every cache's order.
   * @default RemovalPolicy.RETAIN
   */
  readonly removalPolicy?: RemovalPolicy;
  /**
   * The caches that may slow the owner's writers when they lag, by their boundary's name, and the backlog at which writes are refused; from
   * half of it they are paced. A cache that isn't named here may fall behind by itself.
   * @default - none
   */
  readonly maySlowOwner?: Readonly<Record<string, MaySlow>>;
}

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
    const { boundary, removalPolicy } = props;
    if (Object.keys(boundary.owns).length === 0) {
      throw new Error(
        `boundary: ${boundary.name} owns no entity type. Declare one under "owns", or leave EntityOwner out.`,
      );
    }
    this.boundary = boundary;
    this.table = new Table(this, 'Table', {
      partitionKey: { name: 'pk', type: AttributeType.STRING },
      sortKey: { name: 'id', type: AttributeType.STRING },
      billingMode: BillingMode.PAY_PER_REQUEST,
      stream: StreamViewType.NEW_AND_OLD_IMAGES,
      pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: true },
      ...(removalPolicy !== undefined && { removalPolicy }),
    });
    this.topic = new Topic(this, 'Changes', { fifo: true, contentBasedDeduplication: false, enforceSSL: true });
    this.failureQueue = repairQueue(this, 'RelayFailures');
    this.resyncQueue = repairQueue(this, 'Resync');
    this.parkingTable = parkingTable(this, removalPolicy);
    const { maySlowOwner = {} } = props;
    this.flow = new FlowControl(this, 'Flow', { boundary, heartbeats: { table: this.table }, maySlowOwner });
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
    });
    this.relay = relay;
    this.topic.grantPublish(relay);
    this.flow.table.grant(relay, 'dynamodb:GetItem');
    relay.addEventSource(
      // aws-cdk-lib declares `tableStreamArn` without exactOptionalPropertyTypes in mind; the table has a stream.
      new DynamoEventSource(this.table as ITable, {
        // LATEST can miss what was written while the mapping is being made (lambda/with-ddb).
        startingPosition: StartingPosition.TRIM_HORIZON,
        batchSize: 100,
        reportBatchItemFailures: true,
        bisectBatchOnError: true,
        // An hour before the stream forgets a record, its whereabouts go to the failure queue.
        maxRecordAge: LIMITS.streamRetention.minus(Duration.hours(1)),
        // Also lets the relay itself send there what it diverts.
        onFailure: new SqsDlq(this.failureQueue),
      }),
    );
    this.repair = this.addRepair();
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
  private addRepair(): IFunction {
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
    });
    this.table.grant(repair, 'dynamodb:UpdateItem');
    this.parkingTable.grant(repair, 'dynamodb:PutItem');
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
    return this.table.grant(grantee, 'dynamodb:UpdateItem', 'dynamodb:GetItem', 'dynamodb:Query');
  }
}
