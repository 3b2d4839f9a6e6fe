import { RemovalPolicy } from 'aws-cdk-lib';
import { AttributeType, BillingMode, StreamViewType, Table } from 'aws-cdk-lib/aws-dynamodb';
import type { Construct } from 'constructs';

/** A table of a single-table design, which was there before Freshet. */
export function existingTable(
  scope: Construct,
  id: string,
  { tableName, isStreamed = true }: { readonly tableName?: string; readonly isStreamed?: boolean } = {},
): Table {
  return new Table(scope, id, {
    ...(tableName !== undefined && { tableName }),
    partitionKey: { name: 'pk', type: AttributeType.STRING },
    sortKey: { name: 'sk', type: AttributeType.STRING },
    billingMode: BillingMode.PAY_PER_REQUEST,
    ...(isStreamed && { stream: StreamViewType.NEW_AND_OLD_IMAGES }),
    removalPolicy: RemovalPolicy.DESTROY,
  });
}
