import { CfnOutput, RemovalPolicy, Stack } from 'aws-cdk-lib';
import { AttributeType, BillingMode, StreamViewType, Table } from 'aws-cdk-lib/aws-dynamodb';
import type { Construct } from 'constructs';

/** The team's own stack: one table for all of its items. */
export class ExistingStack extends Stack {
  readonly table: Table;

  constructor(scope: Construct, id: string, { isStreamed }: { readonly isStreamed: boolean }) {
    super(scope, id);
    this.table = new Table(this, 'Table', {
      partitionKey: { name: 'pk', type: AttributeType.STRING },
      sortKey: { name: 'sk', type: AttributeType.STRING },
      billingMode: BillingMode.PAY_PER_REQUEST,
      removalPolicy: RemovalPolicy.DESTROY,
      // The one change that adopting a table takes. DynamoDB makes it without an interruption.
      ...(isStreamed && { stream: StreamViewType.NEW_AND_OLD_IMAGES }),
    });
    new CfnOutput(this, 'TableName', { value: this.table.tableName });
  }
}
