import { join } from 'node:path';
import { App, RemovalPolicy, Stack } from 'aws-cdk-lib';
import { AttributeType, BillingMode, StreamViewType, Table } from 'aws-cdk-lib/aws-dynamodb';
import { EntityOwner, LocalCache } from '../../package/cdk.ts';
import { temporaryFolder } from '../local/provision/assembly-fixture.ts';
import basket, { catalogue } from './contracts.ts';

/** Name of the existing table. */
export const TABLE = 'existing-shop';

/**
 * The existing table alone, without a stream, or with all that adopts it. The table is imported by its ARNs, as from
 * another app.
 */
export function synthesised(isAdopted: boolean): string {
  const app = new App({ outdir: join(temporaryFolder(), 'cdk.out'), analyticsReporting: false });
  const table = new Table(new Stack(app, 'Existing'), 'Table', {
    tableName: TABLE,
    partitionKey: { name: 'pk', type: AttributeType.STRING },
    sortKey: { name: 'sk', type: AttributeType.STRING },
    billingMode: BillingMode.PAY_PER_REQUEST,
    ...(isAdopted && { stream: StreamViewType.NEW_AND_OLD_IMAGES }),
    removalPolicy: RemovalPolicy.DESTROY,
  });
  if (!isAdopted) return app.synth().directory;
  const stack = new Stack(app, 'Catalogue');
  const imported = Table.fromTableAttributes(stack, 'Imported', {
    tableArn: table.tableArn,
    tableStreamArn: table.tableStreamArn ?? '',
  });
  const owner = new EntityOwner(stack, 'Owner', {
    boundary: catalogue,
    adopts: { table: imported, surveyRate: 500 },
  });
  new LocalCache(new Stack(app, 'Basket'), 'Cache', { boundary: basket, sources: [owner] });
  return app.synth().directory;
}
