import { AttributeType, ProjectionType, StreamViewType, type Table } from 'aws-cdk-lib/aws-dynamodb';
import type { Construct } from 'constructs';
import { ATTRIBUTE, DUE_INDEX, SAGA_ATTRIBUTE } from '../adapters/aws/items.ts';
import type { DataProtectionProps } from './data-protection.ts';
import { protectedTable } from './protected-resources.ts';

/**
 * Creates the table of a saga's instances and of the effects that they recorded. Its stream reports each effect once,
 * when the effect is recorded.
 */
export function sagaTable(scope: Construct, protection: DataProtectionProps): Table {
  const stream = StreamViewType.NEW_IMAGE;
  const table = protectedTable(scope, 'Table', protection, { stream, expires: true, pointInTimeRecovery: true });
  table.addGlobalSecondaryIndex({
    indexName: DUE_INDEX,
    partitionKey: { name: ATTRIBUTE.partition, type: AttributeType.STRING },
    sortKey: { name: SAGA_ATTRIBUTE.dueAt, type: AttributeType.NUMBER },
    projectionType: ProjectionType.KEYS_ONLY,
  });
  return table;
}
