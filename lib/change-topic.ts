import type { IGrantable } from 'aws-cdk-lib/aws-iam';
import type { Topic } from 'aws-cdk-lib/aws-sns';
import type { Queue } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import type { Boundary } from '../core/contract.ts';
import { assertPublishable } from '../core/own/publishable.ts';
import { checkAtSynth } from './checks/check-at-synth.ts';
import { dataProtection } from './data-protection.ts';
import { describeSource } from './deployed.ts';
import { FlowControl } from './flow-control.ts';
import type { ChangeSource } from './local-cache-props.ts';
import { shareWith } from './other-accounts.ts';
import type { OwnerProps } from './owner-props.ts';
import { repairQueue } from './parking.ts';
import { fifoTopic } from './protected-resources.ts';

/** Props of `ChangeTopic`. */
export type ChangeTopicProps = OwnerProps;

/**
 * For an owner whose database isn't DynamoDB: the topic of its changes and its flow control. The owner publishes through
 * `createStatePublisher`, from its database's own outbox, and answers the resync queue by publishing what is asked for once more.
 */
export class ChangeTopic extends Construct implements ChangeSource {
  readonly boundary: Boundary;
  /** SNS FIFO topic of every version; message group = entity. */
  readonly topic: Topic;
  /** Caches ask here for an entity's whole state; the owner's own function works on it. */
  readonly resyncQueue: Queue;
  readonly flow: FlowControl;

  constructor(scope: Construct, id: string, props: ChangeTopicProps) {
    super(scope, id);
    const { boundary, maySlowOwner = {} } = props;
    const protection = dataProtection(props);
    assertPublishable(boundary);
    this.boundary = boundary;
    this.topic = fifoTopic(this, 'Changes', protection, props.highThroughput);
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
  }

  /** Where caches send their reports. */
  get reportQueue(): Queue {
    return this.flow.reportQueue;
  }

  /** Lets a function of the owner publish, and obey flow control. */
  grantPublish(grantee: IGrantable): void {
    this.topic.grantPublish(grantee);
    this.flow.grantWriter(grantee);
  }
}
