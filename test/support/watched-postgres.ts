import { PipelineMonitoring } from '../../lib/monitoring/pipeline-monitoring.ts';
import { PostgresOwner } from '../../lib/postgres-owner.ts';
import { parts } from '../postgres/boundary.ts';
import { stackTemplate } from './shop.ts';
import type { Template } from './table-writers.ts';

/** Synthesises monitoring for an owner in PostgreSQL. Alarm names begin with `Test-parts-`. */
export function watchedPostgres(): Template {
  return stackTemplate((stack) => {
    const database = { host: 'db.example.com', name: 'parts', user: 'parts_relay', resourceId: 'prx-1' };
    const owner = new PostgresOwner(stack, 'Owner', { boundary: parts, database, maySlowOwner: { workshop: {} } });
    new PipelineMonitoring(stack, 'Monitoring', { owners: [owner], caches: [] });
  });
}
