import { isTransient } from '../../adapters/aws/transient.ts';
import type { Boundary } from '../../core/contract/contract.ts';
import type { Projection } from '../../core/project/group.ts';
import type { ProjectPorts, ProjectSettings } from '../../core/project/ports.ts';
import type { ProjectReport } from '../../core/project/report.ts';
import type { OperationResult } from '../../core/repair/operate.ts';
import type { Operation } from '../../core/repair/operation.ts';
import type { Queue } from '../../local/fifo/queue.ts';
import type { CacheParts } from './cache-ports.ts';
import type { Tables } from './cache-tables.ts';
import {
  type CacheName,
  cacheBoundary,
  deadly,
  type FieldsRevision,
  type SchemaVersion,
  type Type,
} from './contracts.ts';
import type { Invocation } from './invocations.ts';
import type { CacheNotes } from './notes.ts';
import type { World } from './world.ts';

/** A consumer's cache: its queues, its tables and its functions, wired as in lambdas/ and lib/. */
export interface Cache {
  readonly name: CacheName;
  readonly queue: Queue;
  readonly deadLetters: Queue;
  readonly gapQueue: Queue;
  readonly pageQueue: Queue;
  readonly tables: Tables;
  readonly notes: CacheNotes;
  /** The revision of the selection of fields that the projector is deployed with. */
  fieldsRevision: FieldsRevision;
  /** The same for the repair function, which is deployed at another time. */
  repairRevision: FieldsRevision;
  /** The types that the cache keeps. */
  types: readonly Type[];
  /** The schema version of Product that the functions know. */
  schemaVersion: SchemaVersion;
  /** Time between two inventories, in milliseconds; undefined: only on request. */
  everyMs: number | undefined;
  /** The repair function's answer to an operator's request; undefined when the function crashed or failed. */
  operate(operation: Operation): Promise<OperationResult | undefined>;
  /** Runs the report function once. */
  report(): Promise<void>;
}

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
