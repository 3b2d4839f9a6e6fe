import { Arn, ArnFormat, Stack, Token } from 'aws-cdk-lib';
import { type ITopic, Topic } from 'aws-cdk-lib/aws-sns';
import { type IQueue, Queue } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import type { Boundary } from '../core/contract.ts';
import type { ChangeSource } from './local-cache-props.ts';

/** Props of `ImportedSource`: what the owner's stack says in its output `Source`, and the boundary. */
export interface ImportedSourceProps {
  /** The boundary that owns the entity types, from the package that its team publishes. */
  readonly boundary: Boundary;
  /** ARN of the owner's topic, an SNS FIFO topic of this region. */
  readonly topicArn: string;
  /** ARN of the queue that takes requests for an entity's whole state. */
  readonly resyncQueueArn: string;
  /** ARN of the queue that takes the caches' reports. */
  readonly reportQueueArn: string;
  /**
   * ARN of the key that encrypts the owner's queues, if it is the customer's.
   * @default - they aren't encrypted by a key of the customer
   */
  readonly encryptionKeyArn?: string;
}

/** An owner of another app, or another account that names this one in its `consumerAccounts`. */
export class ImportedSource extends Construct implements ChangeSource {
  readonly boundary: Boundary;
  readonly topic: ITopic;
  readonly resyncQueue: IQueue;
  readonly reportQueue: IQueue;

  constructor(scope: Construct, id: string, props: ImportedSourceProps) {
    super(scope, id);
    const { boundary, topicArn, resyncQueueArn, reportQueueArn, encryptionKeyArn } = props;
    const { region } = Stack.of(this);
    assertArn('topicArn', topicArn, 'sns', region);
    if (!Token.isUnresolved(topicArn) && !topicArn.endsWith('.fifo')) {
      throw new Error(`topicArn: given: ${topicArn}. A FIFO topic, whose name ends in .fifo: another keeps no order.`);
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

/** Checks an ARN as far as it is known: its service, and that it is of this region, where the functions' clients look. */
function assertArn(prop: string, arn: string, service: string, region: string): void {
  if (Token.isUnresolved(arn)) return;
  const allowed = `An ARN of ${service}, as the owner's stack says it in its output Source`;
  if (!new RegExp(`^arn:[a-z-]+:${service}:[a-z0-9-]+:\\d{12}:.`).test(arn)) {
    throw new Error(`${prop}: given: ${arn}. ${allowed}.`);
  }
  const { region: given } = Arn.split(arn, ArnFormat.NO_RESOURCE_NAME);
  if (Token.isUnresolved(region) || given === region) return;
  throw new Error(`${prop}: given: ${arn}, of ${given}. ${allowed}, of this stack's region, ${region}.`);
}
