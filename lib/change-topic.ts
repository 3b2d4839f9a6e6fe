import type { IGrantable } from 'aws-cdk-lib/aws-iam';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import type { Topic } from 'aws-cdk-lib/aws-sns';
import type { Queue } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import type { Boundary } from '../core/contract/contract.ts';
import { assertPublishable } from '../core/contract/publishable.ts';
import { environmentNames } from '../core/environment.ts';
import { MAX_MESSAGE_BYTES } from '../core/relay/message.ts';
import { checkAtSynth } from './checks/check-at-synth.ts';
import { dataProtection } from './data-protection.ts';
import { describeSource, sharedOf } from './deployed.ts';
import { FlowControl } from './flow-control.ts';
import type { ChangeSource } from './local-cache-props.ts';
import { shareWith } from './other-accounts.ts';
import type { OwnerProps } from './owner-props.ts';
import { repairQueue } from './parking.ts';
import { fifoTopic } from './protected-resources.ts';
import { mapQueue } from './queue-source.ts';
import { setEnvironment } from './set-environment.ts';
import { stableExports } from './stable-exports.ts';
import { stableIds } from './stable-ids.ts';

/** Props of `ChangeTopic`. */
export type ChangeTopicProps = OwnerProps;

/**
 * An owner whose database isn't DynamoDB: the topic of its changes, and its flow control. The owner's own code
 * publishes each change with `publisherFromEnvironment`, from an outbox of its database. A function of the owner
 * answers the caches, see `answerWith`. Without it, gaps don't heal, and no cache fills itself or becomes `ready`.
 *
 * @throws Error if a prop is outside its range
 */
export class ChangeTopic extends Construct implements ChangeSource {
  /** The boundary that owns the entity types. */
  readonly boundary: Boundary;
  /** SNS FIFO topic of every version. The message group is the entity. */
  readonly topic: Topic;
  /** The queue in which caches request states and pages. A function of the owner consumes it, see `answerWith`. */
  readonly resyncQueue: Queue;
  /** Slows or refuses writers while a cache lags. */
  readonly flow: FlowControl;

  constructor(scope: Construct, id: string, props: ChangeTopicProps) {
    super(scope, id);
    const { boundary, maySlowOwner = {} } = props;
    const protection = dataProtection(props);
    assertPublishable(boundary);
    this.boundary = boundary;
    this.topic = fifoTopic(this, 'Changes', boundary, protection, {
      highThroughput: props.highThroughput,
      maxMessageBytes: MAX_MESSAGE_BYTES,
    });
    this.resyncQueue = repairQueue(this, 'Resync', protection);
    this.flow = new FlowControl(this, 'Flow', {
      boundary,
      heartbeats: { topic: this.topic },
      maySlowOwner,
      protection,
      compressEvents: props.compressEvents,
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

  /**
   * Lets a function of the owner publish and read flow control. It sets the environment variables that
   * `publisherFromEnvironment` reads, if the grantee is a function of this app.
   */
  grantPublish(grantee: IGrantable): void {
    const { changeTopic, flowTable } = environmentNames(this.boundary.name);
    setEnvironment(grantee, { [changeTopic]: this.topic.topicArn, [flowTable]: this.flow.table.tableName });
    this.topic.grantPublish(grantee);
    this.flow.grantWriter(grantee);
  }

  /**
   * Lets a function of the owner answer the caches: consume the resync queue, and publish. It sets the environment
   * variable that `answerHandlerFromEnvironment` reads, if the grantee is a function of this app. Use `answerWith` for
   * a Lambda function, and `grantAnswer` for another consumer, such as a container.
   */
  grantAnswer(grantee: IGrantable): void {
    setEnvironment(grantee, { [environmentNames(this.boundary.name).changeTopic]: this.topic.topicArn });
    this.topic.grantPublish(grantee);
    this.resyncQueue.grantConsumeMessages(grantee);
  }

  /**
   * Lets a function of the owner answer the caches, and invokes it with their requests. Its module exports the handler
   * that `answerHandlerFromEnvironment` returns. At most two invocations run at a time, because they use the capacity
   * of the owner's database. Give the function a timeout of 60 seconds, the longest that the queue allows.
   */
  answerWith(fn: IFunction): void {
    this.grantAnswer(fn);
    mapQueue(fn, `Resync-${this.boundary.name}`, this.resyncQueue, { maxConcurrency: 2 });
  }
}
