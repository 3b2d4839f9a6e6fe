import { Arn, ArnFormat, Stack, Token } from 'aws-cdk-lib';
import { type ITopic, Topic } from 'aws-cdk-lib/aws-sns';
import { type IQueue, Queue } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import type { Boundary } from '../core/contract/contract.ts';
import type { ChangeSource } from './local-cache-props.ts';

/** Props of `ImportedSource`: the boundary, and the values of the output `Source` of the owner's stack. */
export interface ImportedSourceProps {
  /** The boundary that owns the entity types, from the package that its team publishes. */
  readonly boundary: Boundary;
  /** ARN of the owner's topic: an SNS FIFO topic in the region of this stack. */
  readonly topicArn: string;
  /** ARN of the queue in which caches request an entity's whole state, in the region of this stack. */
  readonly resyncQueueArn: string;
  /** ARN of the queue to which caches send their reports, in the region of this stack. */
  readonly reportQueueArn: string;
  /**
   * ARN of the customer-managed key that encrypts the owner's queues, in the region of this stack.
   * @default - no customer-managed key encrypts the queues
   */
  readonly encryptionKeyArn?: string;
}

/**
 * An owner in another app or another account, as a source for `LocalCache`. An owner in another account must list this
 * stack's account in its `consumerAccounts`.
 *
 * @throws Error if an ARN isn't one of the expected service and region, or if the topic isn't a FIFO topic
 */
export class ImportedSource extends Construct implements ChangeSource {
  /** The boundary that owns the entity types. */
  readonly boundary: Boundary;
  /** The owner's SNS FIFO topic of every version. */
  readonly topic: ITopic;
  /** The queue in which caches request an entity's whole state. */
  readonly resyncQueue: IQueue;
  /** The queue to which caches send their reports. */
  readonly reportQueue: IQueue;

  constructor(scope: Construct, id: string, props: ImportedSourceProps) {
    super(scope, id);
    const { boundary, topicArn, resyncQueueArn, reportQueueArn, encryptionKeyArn } = props;
    const { region } = Stack.of(this);
    assertArn('topicArn', topicArn, 'sns', region);
    if (!Token.isUnresolved(topicArn) && !topicArn.endsWith('.fifo')) {
      throw new Error(
        `topicArn: not a FIFO topic: ${topicArn}. Allowed: a topic whose name ends in .fifo, because other topics ` +
          'keep no order.',
      );
    }
    assertArn('resyncQueueArn', resyncQueueArn, 'sqs', region);
    assertArn('reportQueueArn', reportQueueArn, 'sqs', region);
    if (encryptionKeyArn !== undefined) assertArn('encryptionKeyArn', encryptionKeyArn, 'kms', region);
    this.boundary = boundary;
    this.topic = Topic.fromTopicArn(this, 'Changes', topicArn);
    const keyArn = encryptionKeyArn !== undefined && { keyArn: encryptionKeyArn };
    this.resyncQueue = Queue.fromQueueAttributes(this, 'Resync', { queueArn: resyncQueueArn, ...keyArn });
    this.reportQueue = Queue.fromQueueAttributes(this, 'Reports', { queueArn: reportQueueArn, ...keyArn });
  }
}

/**
 * Checks the service and the region of an ARN, as far as they are known. The region must be this stack's, because the
 * functions' clients use their own region.
 */
function assertArn(prop: string, arn: string, service: string, region: string): void {
  if (Token.isUnresolved(arn)) return;
  const allowed = `Allowed: an ARN of ${service} from the output Source of the owner's stack`;
  if (!new RegExp(`^arn:[a-z-]+:${service}:[a-z0-9-]+:\\d{12}:.`).test(arn)) {
    throw new Error(`${prop}: not an ARN of ${service}: ${arn}. ${allowed}.`);
  }
  const { region: given } = Arn.split(arn, ArnFormat.NO_RESOURCE_NAME);
  if (Token.isUnresolved(region) || given === region) return;
  throw new Error(`${prop}: in region ${given}: ${arn}. ${allowed}, in this stack's region, ${region}.`);
}
