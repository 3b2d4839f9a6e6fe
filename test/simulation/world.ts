import type { SQSRecord } from 'aws-lambda';
import type { SelfRepairPorts } from '../../adapters/repair/self-repair.ts';
import type { projectBatch } from '../../core/project/batch.ts';
import type { ProjectPorts, ProjectSettings, ReceivedMessage } from '../../core/project/ports.ts';
import type { OutgoingMessage } from '../../core/relay/message.ts';
import type { AnswerPorts } from '../../core/repair/answer.ts';
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
  /** Changes each event that is sent to the topic. */
  readonly message?: <M extends OutgoingMessage>(message: M) => M;
  /** Whether an error passes by itself. */
  readonly isTransient?: (error: unknown) => boolean;
  /** How the projector reads a message of the queue. */
  readonly received?: (message: ReceivedMessage) => ReceivedMessage;
  /** Sends no check of a parked event with a newer schema version. */
  readonly isSchemaForgotten?: boolean;
  /** Answers an operator's resync from the owner's table at once, without the stream. */
  readonly isResyncedFromTable?: boolean;
  /** The ports with which a cache fills and checks itself. */
  readonly selfRepair?: (ports: SelfRepairPorts) => SelfRepairPorts;
  /** How the repair function reads a message of the queue of pages. */
  readonly page?: (record: SQSRecord) => SQSRecord;
  /** The ports with which the owner answers a request of a cache. */
  readonly answers?: (ports: AnswerPorts, request: SQSRecord) => AnswerPorts;
  /** The filter policy of a subscription. */
  readonly filterPolicy?: (policy: Readonly<Record<string, unknown>>) => Readonly<Record<string, unknown>>;
  /** After this time without a page, a cache asks for it again. */
  readonly stalledMs?: number;
  /** Deploys a cache's repair function with another selection of fields before its projector. */
  readonly isRepairDeployedFirst?: boolean;
}
