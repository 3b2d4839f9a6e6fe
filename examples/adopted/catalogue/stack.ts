import { Stack } from 'aws-cdk-lib';
import type { ITable } from 'aws-cdk-lib/aws-dynamodb';
import type { Construct } from 'constructs';
import { EntityOwner, type StreamedTable } from 'freshet-aws/cdk';
import catalogue from './contracts.ts';

/** The catalogue: adopts the existing table. Nothing that writes the table changes. */
export class CatalogueStack extends Stack {
  readonly owner: EntityOwner;

  constructor(scope: Construct, id: string, { table }: { readonly table: ITable | StreamedTable }) {
    super(scope, id);
    this.owner = new EntityOwner(this, 'Owner', {
      boundary: catalogue,
      stage: 'development',
      adopts: { table, surveyRate: 500 },
    });
  }
}
