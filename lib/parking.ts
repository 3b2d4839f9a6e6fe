import { Duration } from 'aws-cdk-lib';
import type { Table } from 'aws-cdk-lib/aws-dynamodb';
import type { Queue } from 'aws-cdk-lib/aws-sqs';
import type { Construct } from 'constructs';
import { acknowledge } from './acknowledge.ts';
import type { DataProtectionProps } from './data-protection.ts';
import { LIMITS } from './limits.ts';
import { protectedQueue, protectedTable } from './protected-resources.ts';

/** Time-out of the repair functions: what an operator asks for at once must fit in. */
export const REPAIR_TIMEOUT = Duration.seconds(60);

/** For every queue that a repair function works on. */
export const REPAIR_VISIBILITY = Duration.seconds(REPAIR_TIMEOUT.toSeconds() * LIMITS.visibilityPerFunctionTimeout);

/** Where a boundary's set-aside events lie: message group and sequence number are the key. Only notes of tries expire. */
export function parkingTable(scope: Construct, protection: DataProtectionProps): Table {
  return protectedTable(scope, 'Parking', protection, { expires: true, pointInTimeRecovery: true });
}

/** A standard queue that a repair function works on. */
export function repairQueue(scope: Construct, id: string, protection: DataProtectionProps): Queue {
  const queue = protectedQueue(scope, id, protection, {
    retentionPeriod: LIMITS.maxRetention,
    maxMessageSizeBytes: LIMITS.maxMessageBytes,
    visibilityTimeout: REPAIR_VISIBILITY,
  });
  acknowledge(
    queue,
    'SQS3',
    'the end of the line: its function keeps in a table what it can make nothing of; what it fails at comes again until the queue forgets it, after 14 days',
  );
  return queue;
}
