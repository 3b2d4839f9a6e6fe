import { App, Stack } from 'aws-cdk-lib';
import { EntityOwner } from '../../../lib/entity-owner.ts';
import { LocalCache } from '../../../lib/local-cache.ts';
import { PipelineMonitoring } from '../../../lib/monitoring/pipeline-monitoring.ts';
import basket, { catalogue } from '../../adopt/contracts.ts';
import { existingTable } from '../../support/existing-table.ts';
import { quicken } from './quicken.ts';

/** An app that adopts a table, whose alarms are raised within seconds. */
const app = new App();
const stack = new Stack(app, 'Test');
const table = existingTable(stack, 'Existing', { tableName: 'existing-shop' });
const owner = new EntityOwner(stack, 'Owner', { boundary: catalogue, adopts: { table } });
const cache = new LocalCache(stack, 'Cache', { boundary: basket, sources: [owner] });
new PipelineMonitoring(stack, 'Monitoring', { owners: [owner], caches: [cache] });
quicken(stack);
app.synth();
