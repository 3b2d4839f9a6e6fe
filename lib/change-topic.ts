import type { IGrantable } from 'aws-cdk-lib/aws-iam';
import { Topic } from 'aws-cdk-lib/aws-sns';
import type { Queue } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import type { Boundary } from '../core/contract.ts';
import { checkAtSynth } from './checks/check-at-synth.ts';
import { FlowControl, type MaySlow } from './flow-control.ts';
import type { ChangeSource } from './local-cache-props.ts';
import { repairQueue } from './set-aside.ts';

/** Props of `ChangeTopic`. */
export interface ChangeTopicProps {
  /** The boundary that owns the entity types. */
  readonly boundary: Boundary;
  /** See `EntityOwnerProps.maySlowOwner`. @default - none */
  readonly maySlowOwner?: Readonly<Record<string, MaySlow>>;
}

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

  constructor(scope: Construct, id: string, { boundary, maySlowOwner = {} }: ChangeTopicProps) {
    super(scope, id);
    this.boundary = boundary;
    this.topic = new Topic(this, 'Changes', { fifo: true, contentBasedDeduplication: false, enforceSSL: true });
    this.resyncQueue = repairQueue(this, 'Resync');
    this.flow = new FlowControl(this, 'Flow', { boundary, heartbeats: { topic: this.topic }, maySlowOwner });
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
