import type {
  DeployedCache,
  DeployedFactQueue,
  DeployedOfFacts,
  DeployedOwner,
  DeployedPostgresOwner,
} from 'freshet-aws/internal/adapters/aws/stack-output';
import type { Owner } from 'freshet-aws/internal/adapters/own/owner';
import type { OwnerRecords } from 'freshet-aws/internal/adapters/own/owner-records';
import type { Reader } from 'freshet-aws/internal/adapters/read/reader';
import type { Boundary } from 'freshet-aws/internal/core/contract/contract';
import type { EntityRef } from 'freshet-aws/internal/core/entity';
import type { CacheRecords } from '../clients/cache-records.ts';
import type { OutcomeCounts } from '../clients/counts.ts';
import type { DirectMessage } from '../clients/queue.ts';
import type { RepairFunction } from '../clients/repair-function.ts';
import type { SelfRepairNotes } from '../clients/self-repair.ts';
import type { Surveys } from '../clients/surveys.ts';
import type { Clients } from './clients.ts';
import type { ParkedEvents } from './parked.ts';

/** An owner as its stack's output describes it. Its contracts aren't loaded. */
export interface FoundOwner {
  /** The name of its boundary. */
  readonly name: string;
  readonly deployed: DeployedOwner | DeployedPostgresOwner;
  /** The records that the owner could not publish. */
  readonly parked: ParkedEvents;
  readonly records: OwnerRecords;
  /** The surveys of the existing table that it adopts; undefined if it adopts none. */
  readonly surveys: Surveys | undefined;
  /** Loads the contracts. @throws UsageError if they aren't in the folder of the app */
  open(): Promise<OpenOwner>;
}

/** An owner with its contracts, open for writing. */
export interface OpenOwner extends FoundOwner {
  readonly boundary: Boundary;
  /** Its puts and deletes obey flow control. */
  readonly owner: Owner;
}

/** A cache as its stack's output describes it. Its contracts aren't loaded. */
export interface FoundCache {
  /** The name of its boundary. */
  readonly name: string;
  readonly deployed: DeployedCache;
  readonly parked: ParkedEvents;
  readonly records: CacheRecords;
  readonly repair: RepairFunction;
  readonly notes: SelfRepairNotes;
  /** Sends messages into the queue of the cache; see `sendToQueue`. */
  send(messages: readonly DirectMessage[]): Promise<void>;
  /** How many events ended with each outcome over the last `sinceMs` milliseconds, as CloudWatch counted them. */
  outcomes(sinceMs: number): Promise<OutcomeCounts>;
  /** The entity types that the cache keeps; undefined if the contracts can't be loaded. */
  types(): Promise<readonly string[] | undefined>;
  /** Loads the contracts. @throws UsageError if they aren't in the folder of the app */
  open(): Promise<OpenCache>;
}

/** A cache with its contracts, open for reading. */
export interface OpenCache extends FoundCache {
  readonly boundary: Boundary;
  readonly reader: Reader;
}

/** A queue of facts. It has no contracts. */
export interface FactQueue {
  /** The name of the service or saga that handles the facts. */
  readonly name: string;
  readonly deployed: DeployedFactQueue;
  readonly parked: ParkedEvents;
  /** Sends messages into the queue; see `sendToQueue`. */
  send(messages: readonly DirectMessage[]): Promise<void>;
}

/** One construct of facts or sagas, by the role that its stack's output has. */
type OfRole<R extends DeployedOfFacts['role']> = Extract<DeployedOfFacts, { readonly role: R }>;

/** A topic of facts. */
export type FactTopic = OfRole<'facts' | 'postgres-facts'>;

/** Everything that Freshet's constructs deployed in one place: in the local cloud, or in stacks on AWS. */
export interface Deployment {
  readonly owners: readonly FoundOwner[];
  readonly caches: readonly FoundCache[];
  readonly factQueues: readonly FactQueue[];
  /** Topics of facts. The facts of an owner in PostgreSQL have no table of their own. */
  readonly factTopics: readonly FactTopic[];
  readonly sagas: readonly OfRole<'saga'>[];
  readonly effects: readonly OfRole<'effects'>[];
  /** The place as text for people: `the local cloud at http://…`, `AWS account 111122223333, eu-central-1`. */
  readonly place: string;
  /** The names of the stacks on AWS; none for the local cloud. */
  readonly stacks: readonly string[];
  /**
   * The local cloud keeps metrics by the second and costs nothing. AWS keeps metrics by the minute and bills requests.
   */
  readonly isLocal: boolean;
  readonly clients: Clients;
  /** The names of its functions, sorted: of all functions of the local cloud, or of the stacks on AWS. */
  functionNames(): Promise<readonly string[]>;
  /** Opens the owner of an entity type. @throws FreshetError `UnknownEntityType` that lists who owns what */
  ownerOf(type: string): Promise<OpenOwner>;
  /** Finds the owner of a name without its contracts. @throws FreshetError `UnknownOwner` that lists the owners */
  findOwner(name: string): FoundOwner;
  /** Opens the owner of a name. @throws FreshetError `UnknownOwner` that lists the owners */
  ownerNamed(name: string): Promise<OpenOwner>;
  /** Finds the owner that has an entity. See `holderOf`. */
  holderOf(entity: EntityRef): Promise<FoundOwner | undefined>;
  /** Finds the cache of a name without its contracts. @throws FreshetError `UnknownCache` that lists the caches */
  findCache(name: string): FoundCache;
  /** Opens the cache of a name. @throws FreshetError `UnknownCache` that lists the caches */
  cacheNamed(name: string): Promise<OpenCache>;
  /** Opens the caches that keep an entity type. */
  cachesOf(type: string): Promise<readonly OpenCache[]>;
  /** Loads the contracts of a boundary that publishes facts. @throws UsageError if they can't be loaded */
  contractsOf(topic: FactTopic): Promise<Boundary>;
  close(): void;
}
