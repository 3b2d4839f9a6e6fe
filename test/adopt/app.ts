import { join } from 'node:path';
import { App, Stack } from 'aws-cdk-lib';
import { Table } from 'aws-cdk-lib/aws-dynamodb';
import { EntityOwner, LocalCache, type MaySlow } from '../../package/cdk.ts';
import { temporaryFolder } from '../local/provision/assembly-fixture.ts';
import { existingTable } from '../support/existing-table.ts';
import basket, { catalogue } from './contracts.ts';

/** Name of the existing table. */
export const TABLE = 'existing-shop';

/**
 * The existing table alone, without a stream, or with all that adopts it. The table is imported by its ARNs, as from
 * another app.
 *
 * @param maySlowOwner caches that may slow the owner; default: none
 */
export function synthesised(isAdopted: boolean, maySlowOwner: Readonly<Record<string, MaySlow>> = {}): string {
  const app = new App({ outdir: join(temporaryFolder(), 'cdk.out'), analyticsReporting: false });
  const table = existingTable(new Stack(app, 'Existing'), 'Table', { tableName: TABLE, isStreamed: isAdopted });
  if (!isAdopted) return app.synth().directory;
  const stack = new Stack(app, 'Catalogue');
  const imported = Table.fromTableAttributes(stack, 'Imported', {
    tableArn: table.tableArn,
    tableStreamArn: table.tableStreamArn ?? '',
  });
  const owner = new EntityOwner(stack, 'Owner', {
    boundary: catalogue,
    adopts: { table: imported, surveyRate: 500 },
    maySlowOwner,
  });
  new LocalCache(new Stack(app, 'Basket'), 'Cache', { boundary: basket, sources: [owner] });
  return app.synth().directory;
}
