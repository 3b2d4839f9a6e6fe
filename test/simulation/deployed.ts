import { isTransient } from '../../adapters/aws/transient.ts';
import type { Boundary } from '../../core/contract/contract.ts';
import type { Projection } from '../../core/project/group.ts';
import type { ProjectPorts, ProjectSettings } from '../../core/project/ports.ts';
import type { ProjectReport } from '../../core/project/report.ts';
import type { Queue } from '../../local/fifo/queue.ts';
import type { Cache } from './cache.ts';
import type { CacheParts } from './cache-ports.ts';
import { cacheBoundary, deadly, type FieldsRevision } from './contracts.ts';
import type { Invocation } from './invocations.ts';
import type { World } from './world.ts';

/** A cache and what its functions need. */
export interface Deployed extends CacheParts {
  readonly cache: Cache;
  readonly deadLetters: Queue;
  readonly settings: ProjectSettings;
}

/** The boundary that a function is deployed with. */
export function boundaryOf({ name, cache }: Deployed, revision: FieldsRevision): Boundary {
  return cacheBoundary(name, revision, cache.schemaVersion, cache.types);
}

/** @param revision the revision of the selection of fields that the function is deployed with */
export function projectionOf(
  deployed: Deployed,
  invocation: Invocation,
  ports: ProjectPorts,
  revision: FieldsRevision,
): Projection {
  const { world, name, settings } = deployed;
  const boundary = boundaryOf(deployed, revision);
  return {
    boundary: world.isMended ? boundary : deadly(boundary, ({ note }) => note === `deadly:${name}`, invocation.crash),
    ports,
    settings,
    isTransient: world.wrong.isTransient ?? isTransient,
    nowMs: world.scheduler.nowMs,
  };
}

/** Counts the poison that a function settled. */
export function countPoison({ faults }: World, { settled }: ProjectReport): void {
  for (const { reason, version } of settled) {
    if (reason === 'crashed') faults.count('crashAlways');
    if (reason === 'retries-exhausted') faults.count('retriesExhausted');
    if (reason === 'malformed' || reason === 'invalid' || reason === 'conflict') faults.count(reason);
    if (reason === 'newer-schema') faults.count('newerSchema');
    if (reason === 'too-old' && version !== undefined) faults.count('tooOld');
  }
}
