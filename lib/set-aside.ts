import { Duration, type RemovalPolicy } from 'aws-cdk-lib';
import { AttributeType, BillingMode, Table } from 'aws-cdk-lib/aws-dynamodb';
import { Queue } from 'aws-cdk-lib/aws-sqs';
import type { Construct } from 'constructs';
import { ATTRIBUTE } from '../adapters/items.ts';
import { LIMITS } from './limits.ts';

/** Time-out of the repair functions: what an operator asks for at once must fit in. */
export const REPAIR_TIMEOUT = Duration.seconds(60);

/** For every queue that a repair function works on. */
export const REPAIR_VISIBILITY = Duration.seconds(REPAIR_TIMEOUT.toSeconds() * LIMITS.visibilityPerFunctionTimeout);

/** Where a boundary's set-aside events lie: message group and sequence number are the key. Only notes of tries expire. */
export function parkingTable(scope: Construct, removalPolicy: RemovalPolicy | undefined): Table {
  return new Table(scope, 'Parking', {
    partitionKey: { name: ATTRIBUTE.partition, type: AttributeType.STRING },
    sortKey: { name: ATTRIBUTE.id, type: AttributeType.STRING },
    billingMode: BillingMode.PAY_PER_REQUEST,
    timeToLiveAttribute: ATTRIBUTE.expiresAt,
    pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: true },
    ...(removalPolicy !== undefined && { removalPolicy }),
  });
}

/** A standard queue that a repair function works on. */
export function repairQueue(scope: Construct, id: string): Queue {
  return new Queue(scope, id, {
    retentionPeriod: LIMITS.maxRetention,
    maxMessageSizeBytes: LIMITS.maxMessageBytes,
    visibilityTimeout: REPAIR_VISIBILITY,
    enforceSSL: true,
  });
}
