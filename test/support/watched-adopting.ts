import { Table } from 'aws-cdk-lib/aws-dynamodb';
import { EntityOwner } from '../../lib/entity-owner.ts';
import { PipelineMonitoring } from '../../lib/monitoring/pipeline-monitoring.ts';
import { workshop } from './adopting.ts';
import { stackTemplate } from './shop.ts';
import type { Template } from './table-writers.ts';

const tableArn = 'arn:aws:dynamodb:eu-west-1:111122223333:table/parts';
const tableStreamArn = `${tableArn}/stream/2026-11-30T00:00:00.000`;

/** Synthesises monitoring for an owner that adopts a table. Alarm names begin with `Test-workshop-`. */
export function watchedAdopting(): Template {
  return stackTemplate((stack) => {
    const table = Table.fromTableAttributes(stack, 'Parts', { tableArn, tableStreamArn });
    const owner = new EntityOwner(stack, 'Owner', { boundary: workshop, adopts: { table } });
    new PipelineMonitoring(stack, 'Monitoring', { owners: [owner], caches: [] });
  });
}
