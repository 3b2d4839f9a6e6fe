import type { IGrantable } from 'aws-cdk-lib/aws-iam';
import type { Topic } from 'aws-cdk-lib/aws-sns';
import type { Queue } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import type { Boundary } from '../core/contract/contract.ts';
import { assertPublishable } from '../core/contract/publishable.ts';
import { checkAtSynth } from './checks/check-at-synth.ts';
import { dataProtection } from './data-protection.ts';
import { describeSource, sharedOf } from './deployed.ts';
import { FlowControl } from './flow-control.ts';
import type { ChangeSource } from './local-cache-props.ts';
import { shareWith } from './other-accounts.ts';
import type { OwnerProps } from './owner-props.ts';
import { repairQueue } from './parking.ts';
import { fifoTopic } from './protected-resources.ts';
import { stableExports } from './stable-exports.ts';
import { stableIds } from './stable-ids.ts';

/** Props of `ChangeTopic`. */
export type ChangeTopicProps = OwnerProps;

/**
 * An owner whose database isn't DynamoDB: the topic of its changes, and its flow control. The owner's own code
 * publishes each change with `createStatePublisher`, from an outbox of its database. It also consumes the resync queue
 * and publishes each requested entity again.
 *
 * @throws Error if a prop is outside its range
 */
export class ChangeTopic extends Construct implements ChangeSource {
  /** The boundary that owns the entity types. */
  readonly boundary: Boundary;
  /** SNS FIFO topic of every version. The message group is the entity. */
  readonly topic: Topic;
  /** The queue in which caches request an entity's whole state. A function of the owner consumes it. */
  readonly resyncQueue: Queue;
  /** Slows or refuses writers while a cache lags. */
  readonly flow: FlowControl;

  constructor(scope: Construct, id: string, props: ChangeTopicProps) {
    super(scope, id);
    const { boundary, maySlowOwner = {} } = props;
    const protection = dataProtection(props);
    assertPublishable(boundary);
    this.boundary = boundary;
    this.topic = fifoTopic(this, 'Changes', boundary, protection, props.highThroughput);
    this.resyncQueue = repairQueue(this, 'Resync', protection);
    this.flow = new FlowControl(this, 'Flow', {
      boundary,
      heartbeats: { topic: this.topic },
      maySlowOwner,
      protection,
    });
    shareWith(props.consumerAccounts ?? [], this, props.encryptionKey);
    describeSource(this, this);
    checkAtSynth(this);
    stableIds(this, 'Owner', boundary.name);
    const { tableName, tableArn } = this.flow.table;
    stableExports(this, [...sharedOf(this), tableName, tableArn]);
  }

  /** The queue to which caches send their reports. */
  get reportQueue(): Queue {
    return this.flow.reportQueue;
  }

  /** Lets a function of the owner publish and read flow control. */
  grantPublish(grantee: IGrantable): void {
    this.topic.grantPublish(grantee);
    this.flow.grantWriter(grantee);
  }
}
