import { Duration } from 'aws-cdk-lib';
import type { Table } from 'aws-cdk-lib/aws-dynamodb';
import type { Queue } from 'aws-cdk-lib/aws-sqs';
import type { Construct } from 'constructs';
import { acknowledge } from './acknowledge.ts';
import type { DataProtectionProps } from './data-protection.ts';
import { LIMITS } from './limits.ts';
import { protectedQueue, protectedTable } from './protected-resources.ts';

/** Timeout of the repair functions. An operator's request must end within it. */
export const REPAIR_TIMEOUT = Duration.seconds(60);

/** Visibility timeout of every queue that a repair function consumes. */
export const REPAIR_VISIBILITY = Duration.seconds(REPAIR_TIMEOUT.toSeconds() * LIMITS.visibilityPerFunctionTimeout);

/**
 * Creates a boundary's parking table. Its key is message group and sequence number. Parked and held events never
 * expire; the notes about attempts do.
 */
export function parkingTable(scope: Construct, protection: DataProtectionProps): Table {
  return protectedTable(scope, 'Parking', protection, { expires: true, pointInTimeRecovery: true });
}

/** Creates a standard queue that a repair function consumes. */
export function repairQueue(scope: Construct, id: string, protection: DataProtectionProps): Queue {
  const queue = protectedQueue(scope, id, protection, {
    retentionPeriod: LIMITS.maxRetention,
    maxMessageSizeBytes: LIMITS.maxMessageBytes,
    visibilityTimeout: REPAIR_VISIBILITY,
  });
  acknowledge(
    queue,
    'SQS3',
    'its function stores or logs messages that it can never process; messages that failed return until the queue ' +
      'deletes them after 14 days',
  );
  return queue;
}
