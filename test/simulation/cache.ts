import type { ProjectSettings } from '../../core/project/ports.ts';
import { operateOn, startRepair } from './cache-repair.ts';
import { createTables } from './cache-tables.ts';
import { type CacheName, SETTINGS, TYPES } from './contracts.ts';
import type { Cache, Deployed } from './deployed.ts';
import { createCacheNotes } from './notes.ts';
import { startProjector } from './projector.ts';
import { reportOn } from './reporting.ts';
import type { World } from './world.ts';

/**
 * Deploys a cache.
 *
 * @param maxReceiveCount receives before a message goes to the dead-letter queue
 * @param areDeadLettersParked whether the repair function consumes the dead-letter queue
 * @param everyMs time between two inventories; undefined: only on request
 */
export function createCache(
  world: World,
  name: CacheName,
  maxReceiveCount: number,
  areDeadLettersParked: boolean,
  everyMs: number | undefined,
): Cache {
  const { messaging, wrong } = world;
  const fifo = { FifoQueue: 'true', MessageRetentionPeriod: '1209600' };
  const deadLetters = messaging.createQueue(`${name}-dead.fifo`, { ...fifo, VisibilityTimeout: '360' });
  const redrive = JSON.stringify({ deadLetterTargetArn: deadLetters.arn, maxReceiveCount });
  const queue = messaging.createQueue(`${name}.fifo`, { ...fifo, VisibilityTimeout: '120', RedrivePolicy: redrive });
  const gapQueue = messaging.createQueue(`${name}-gaps`, { VisibilityTimeout: '360' });
  const pageQueue = messaging.createQueue(`${name}-pages`, { VisibilityTimeout: '360' });
  // A message must be parked before its receives make it a dead letter: it would come back from there for ever.
  const newerSchemaWaitSeconds = maxReceiveCount < 1_000 ? 5 : SETTINGS.newerSchemaWaitSeconds;
  world.ledger.books[name].newerSchemaWaitSeconds = newerSchemaWaitSeconds;
  const settings: ProjectSettings = { ...SETTINGS, newerSchemaWaitSeconds, ...wrong.settings };
  const tables = createTables(world, name, settings.tombstoneLifeSeconds);
  const notes = createCacheNotes();
  const cache: Cache = {
    name,
    queue,
    deadLetters,
    gapQueue,
    pageQueue,
    tables,
    notes,
    fieldsRevision: 1,
    repairRevision: 1,
    types: TYPES.filter((type) => world.filters.passes(name, type)),
    schemaVersion: 2,
    everyMs,
    operate: (operation) => operateOn(deployed, operation),
    report: () => reportOn(deployed),
  };
  const deployed: Deployed = {
    world,
    name,
    tables,
    queue,
    gapQueue,
    pageQueue,
    deadLetters,
    notes,
    settings,
    cache,
    alone: new Map(),
  };
  startProjector(deployed);
  startRepair(deployed, areDeadLettersParked ? [gapQueue, deadLetters, pageQueue] : [gapQueue, pageQueue]);
  return cache;
}
