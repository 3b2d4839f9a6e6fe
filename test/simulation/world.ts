import type { projectBatch } from '../../core/project/batch.ts';
import type { ProjectPorts, ProjectSettings, ReceivedMessage } from '../../core/project/ports.ts';
import type { receivesAllFromMs } from '../../core/read/staleness.ts';
import type { OutgoingMessage } from '../../core/relay/message.ts';
import type { RepairPorts } from '../../core/repair/redrive.ts';
import type { Messaging } from '../../local/fifo/messaging.ts';
import type { inMemoryCache, WriteCondition } from '../support/in-memory-cache.ts';
import type { Faults } from './faults.ts';
import type { Filters } from './filter.ts';
import type { Functions } from './invocations.ts';
import type { Ledger } from './ledger.ts';
import type { Scheduler } from './scheduler.ts';

/** The parts that everything in a simulated account shares. */
export interface World {
  readonly seed: number;
  readonly scheduler: Scheduler;
  readonly messaging: Messaging;
  readonly functions: Functions;
  readonly faults: Faults;
  readonly filters: Filters;
  readonly ledger: Ledger;
  readonly wrong: Wrong;
  /** Whether the causes are repaired: caches can store every state, and no state crashes them. */
  isMended: boolean;
  /** Groups whose state was requested and isn't published yet. */
  readonly pendingResyncs: Set<string>;
}

export type CacheTables = ReturnType<typeof inMemoryCache>;

/** A planted bug: a wrong decision or a wrong port. */
export interface Wrong {
  readonly condition?: WriteCondition;
  readonly settings?: Partial<ProjectSettings>;
  readonly ports?: (ports: ProjectPorts, tables: CacheTables) => ProjectPorts;
  readonly repair?: (repair: RepairPorts, tables: CacheTables) => RepairPorts;
  readonly project?: typeof projectBatch;
  /** Changes each message that is sent, to the topic or by a backfill to a queue. */
  readonly message?: <M extends OutgoingMessage>(message: M) => M;
  /** Whether an error passes by itself. */
  readonly isTransient?: (error: unknown) => boolean;
  /** How the projector reads a message of the queue. */
  readonly received?: (message: ReceivedMessage) => ReceivedMessage;
  /** From when a cache claims to receive all events of a type. */
  readonly receivesAllFromMs?: typeof receivesAllFromMs;
  /** Sends no check of a parked event with a newer schema version. */
  readonly isSchemaForgotten?: boolean;
  /** Answers a resync from the owner's table at once, without the stream. */
  readonly isResyncedFromTable?: boolean;
}
