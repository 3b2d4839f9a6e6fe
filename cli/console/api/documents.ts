import type { Verdict } from '../../commands/why/verdict-parts.ts';
import type { AlarmStatus } from '../../observe/alarms.ts';
import type { FlowStatus } from '../../observe/flow-status.ts';

/**
 * The JSON of the console's API, see docs/console.md. Times are ISO 8601 unless a name ends with `Ms`. Null: not known,
 * or not applicable.
 */

/** `running`, `stopped` by a reserved concurrency of 0, `paused` mapping, or `unknown` if that may not be read. */
export type FunctionState = 'running' | 'stopped' | 'paused' | 'unknown';

/** A function of the pipeline. */
export interface FunctionDocument {
  /** Its physical name. */
  readonly name: string;
  readonly state: FunctionState;
}

/** `GET /api/deployment`: what is deployed. It changes only with a deployment. */
export interface DeploymentDocument {
  /** A random id of this start of the console. Another one: the page belongs to an earlier start, so load it again. */
  readonly instance: string;
  /** The local cloud, or AWS with account and region. */
  readonly place: string;
  readonly isLocal: boolean;
  /** The names of the stacks on AWS; none for the local cloud. */
  readonly stacks: readonly string[];
  /** The actions that the page may ask for; empty for a read-only console. */
  readonly actions: readonly ActionName[];
  readonly owners: readonly OwnerNode[];
  readonly caches: readonly CacheNode[];
  readonly factTopics: readonly FactTopicNode[];
  readonly factQueues: readonly FactQueueNode[];
  readonly sagas: readonly SagaNode[];
  /** The entity types that owners here own or caches here keep, sorted. Empty without the contracts. */
  readonly types: readonly TypeNode[];
}

export interface OwnerNode {
  readonly name: string;
  readonly stack: string;
  /** The types that it owns; null if its contracts can't be loaded. */
  readonly types: readonly string[] | null;
  /** Physical names. The table is null if the entities are in PostgreSQL. */
  readonly table: string | null;
  readonly topic: string;
  readonly relay: string;
  readonly governor: string;
}

export interface CacheNode {
  readonly name: string;
  readonly stack: string;
  /** The types that it keeps; null if its contracts can't be loaded. */
  readonly types: readonly string[] | null;
  /** The names of the owners of its types, also of owners elsewhere; null if its contracts can't be loaded. */
  readonly owners: readonly string[] | null;
  /** Physical names. */
  readonly table: string;
  readonly queue: string;
  readonly projector: string;
  readonly repair: string;
}

export interface FactTopicNode {
  /** The boundary that publishes the facts. */
  readonly boundary: string;
  readonly topic: string;
  readonly relay: string;
}

/** A queue of facts of a service. The queues of sagas are parts of `SagaNode`. */
export interface FactQueueNode {
  readonly name: string;
  readonly queue: string;
  /** The boundaries whose facts it receives; null if its stack doesn't say. */
  readonly boundaries: readonly string[] | null;
}

export interface SagaNode {
  readonly name: string;
  readonly table: string;
  readonly queue: string;
  readonly decider: string;
  /** Functions that carry out its effects. */
  readonly effectHandlers: readonly string[];
  /** The facts that it needs; null if its stack doesn't say. */
  readonly needs: readonly FactRef[] | null;
  /** The facts that cancel it; null if its stack doesn't say. */
  readonly cancelledBy: readonly FactRef[] | null;
  readonly deadlineSeconds: number | null;
}

/** A fact and the boundary that publishes it. */
export interface FactRef {
  readonly type: string;
  readonly owner: string;
}

export interface TypeNode {
  readonly type: string;
  /** The name of its owner, also of an owner elsewhere. */
  readonly owner: string;
  /** Whether the owner is in this deployment. Only then can its entities be listed at the owner and changed. */
  readonly isOwnedHere: boolean;
  /** The names of the caches here that keep it. */
  readonly caches: readonly string[];
}

/**
 * `GET /api/flow`, and each `flow` event of `GET /api/live`: what moves and what stands. Lists are in the order of
 * `DeploymentDocument`.
 */
export interface FlowDocument {
  readonly at: string;
  readonly owners: readonly OwnerFlow[];
  readonly caches: readonly CacheFlow[];
  readonly factTopics: readonly FactTopicFlow[];
  readonly factQueues: readonly FactQueueFlow[];
  readonly sagas: readonly SagaFlow[];
  /** Alarms in the state ALARM; null if they could not be read. */
  readonly alarms: readonly AlarmDocument[] | null;
  /** All functions that are stopped, also those of services. */
  readonly stoppedFunctions: readonly string[];
  /** What could not be read, with the reason, such as `metrics: AccessDenied`. */
  readonly unread: readonly string[];
}

export interface OwnerFlow {
  readonly name: string;
  readonly flow: FlowStatus;
  readonly relay: FunctionDocument;
  /** The newest delay from a commit to its publication, in milliseconds. */
  readonly relayDelayMs: number | null;
  /** Versions that the relay published a second, heartbeats left out. */
  readonly publishedRate: number | null;
  /** Parked records: the owner could not publish them. */
  readonly parked: number;
}

export interface CacheFlow {
  readonly name: string;
  /** Messages in the queue: visible, in flight or delayed. */
  readonly backlog: number;
  /** The backlog at which the owner refuses writes; null if the cache may not slow its owner. */
  readonly highWater: number | null;
  /** Events per second into and out of the cache. */
  readonly productionRate: number | null;
  readonly consumptionRate: number | null;
  /** Time until the backlog is drained; null if it doesn't drain, or if the rates are null. */
  readonly drainSeconds: number | null;
  readonly leadTimeP50Ms: number | null;
  readonly leadTimeP99Ms: number | null;
  readonly stalenessSeconds: number | null;
  readonly hottestGroup: { readonly group: string; readonly events: number } | null;
  readonly projector: FunctionDocument;
  /** Parked and held events. */
  readonly parked: number;
  /** Messages in the dead-letter queues of the queue and of its subscription. */
  readonly deadLetters: number;
  /** How far each type is filled; empty if the types are unknown. */
  readonly readiness: Readonly<Record<string, 'empty' | 'filling' | 'ready'>>;
}

export interface FactTopicFlow {
  readonly boundary: string;
  readonly relay: FunctionDocument;
}

export interface FactQueueFlow {
  readonly name: string;
  readonly backlog: number;
  readonly deadLetters: number;
  readonly parked: number;
}

export interface SagaFlow extends FactQueueFlow {
  readonly decider: FunctionDocument;
  /** Instances that wait for facts; null on AWS, where counting them would read the whole table. */
  readonly waiting: number | null;
  /** Waiting instances whose deadline has passed and for which no alert has been raised yet. */
  readonly due: number;
  /** Effects that failed and are retried. */
  readonly effectBacklog: number;
  /** Effects that Lambda gave up on, and effects that are parked. */
  readonly effectFailures: number;
}

export interface AlarmDocument extends AlarmStatus {
  /** The entry of the runbook: the part after `#` in its address; null for an alarm of somebody else. */
  readonly runbookEntry: string | null;
}

/** `GET /api/entities?type=T&prefix=P&cursor=C`: a page of at most 100 entities, in no order. */
export interface EntitiesDocument {
  readonly type: string;
  /** Where the entities were listed: at the owner, or in a cache if the owner isn't in this deployment. */
  readonly listedAt: { readonly role: 'owner' | 'cache'; readonly name: string };
  readonly entities: readonly {
    readonly id: string;
    readonly version: number;
    readonly changedAt: string;
    readonly isDeleted: boolean;
  }[];
  /** Asks for the next page; null on the last one. */
  readonly cursor: string | null;
}

/** `GET /api/entity?type=T&id=I`: an entity at its owner and in every cache that keeps its type. */
export interface EntityDocument {
  readonly at: string;
  readonly type: string;
  readonly id: string;
  /** The name of the owner, also of an owner elsewhere. */
  readonly ownerName: string;
  /** The owner's copy; null if the owner isn't in this deployment or has never had the entity. */
  readonly owner: CopyDocument | null;
  readonly caches: readonly CachedCopyDocument[];
}

/** A copy of an entity. */
export interface CopyDocument {
  readonly version: number;
  readonly changedAt: string;
  readonly isDeleted: boolean;
  /** The state as JSON text, because numbers may be beyond the exact ones of JavaScript; null for a deleted entity. */
  readonly stateJson: string | null;
}

export interface CachedCopyDocument {
  readonly cache: string;
  /** Null if the cache has no version of the entity. */
  readonly copy: CopyDocument | null;
  /** Whether the entity is stopped: later events are held. */
  readonly isStopped: boolean;
  /** The fields that the cache keeps; null for the whole state. */
  readonly fields: readonly string[] | null;
  readonly stalenessSeconds: number | null;
  readonly readiness: 'empty' | 'filling' | 'ready';
  readonly verdict: Verdict['verdict'];
  readonly isCertain: boolean;
  readonly explanation: string;
}

/** `GET /api/why?cache=C&type=T&id=I`: the way of an entity from its owner into a cache, as `freshet why` tells it. */
export interface WhyDocument {
  readonly at: string;
  readonly cache: string;
  readonly type: string;
  readonly id: string;
  readonly verdict: Verdict['verdict'];
  readonly isCertain: boolean;
  readonly explanation: string;
  /** What mends it, in this order: a command to copy, or a text. */
  readonly mend: readonly ({ readonly command: string } | { readonly text: string })[];
  /** The stations of the way, in the order of the flow. */
  readonly steps: readonly WhyStep[];
}

export interface WhyStep {
  /** The station: `owner geography`, `relay`, `queue`, `projector`, `cache ordering` and so on. */
  readonly name: string;
  readonly text: string;
  /** `wrong`: the station holds the entity up. */
  readonly state: 'fine' | 'wrong' | 'unknown';
}

/** The roles that have parked events. */
export type ParkingRole = 'owner' | 'cache' | 'fact-queue';

/**
 * `GET /api/parked?at=NAME&cursor=C`: parked and held events of the whole deployment, or of the owner, cache and queue
 * of facts of a name. A page has at most 1,000, and at least one if there are any more.
 */
export interface ParkedDocument {
  readonly at: string;
  readonly events: readonly ParkedRow[];
  /** Asks for the next page; null on the last one. */
  readonly cursor: string | null;
}

export interface ParkedRow {
  readonly role: ParkingRole;
  /** The owner, cache or queue of facts that parked it. */
  readonly name: string;
  /** GROUP/SEQUENCE. */
  readonly key: string;
  readonly status: 'parked' | 'held';
  readonly reason: string;
  readonly explanation: string;
  /** Null if the message can't be read. */
  readonly type: string | null;
  readonly id: string | null;
  readonly version: number | null;
  readonly sentAt: string;
  readonly parkedAt: string;
}

/** `GET /api/parked/event?role=R&name=N&key=K`: one parked event with its message. */
export interface ParkedEventDocument extends ParkedRow {
  /** The message, with compressed data as JSON in `data`, cut after 262,144 characters. It may be no JSON. */
  readonly body: string;
  /** The length of the whole `body`, before the cut. */
  readonly bodyLength: number;
  readonly attempts: number;
  /** The path of the part of the message that is wrong, such as `["data", "region"]`; null if that isn't known. */
  readonly errorPath: readonly (string | number)[] | null;
  /** The version in the cache; null if the cache has no version, or for an owner or a queue of facts. */
  readonly cachedVersion: number | null;
  /** Whether the cache has a newer state, so that the event can be discarded. */
  readonly isOutdated: boolean;
}

/**
 * `GET /api/numbers?minutes=M`: the figures of the CloudWatch dashboard over the last 1 to 180 minutes. Default 15.
 */
export interface NumbersDocument {
  readonly fromMs: number;
  readonly toMs: number;
  readonly periodSeconds: number;
  /** One for each part of the dashboard, with the same title, such as `Cache ordering`. */
  readonly parts: readonly NumbersPart[];
  /** Changes of alarms that the console has seen since it started, the newest first. */
  readonly alarmChanges: readonly {
    readonly at: string;
    readonly name: string;
    readonly boundary: string;
    readonly state: 'ALARM' | 'OK';
  }[];
}

export interface NumbersPart {
  readonly title: string;
  readonly graphs: readonly GraphDocument[];
}

export interface GraphDocument {
  readonly title: string;
  readonly left: GraphSide;
  readonly right: GraphSide | null;
  readonly isStacked: boolean;
}

export interface GraphSide {
  readonly unit: string;
  /** A horizontal line, such as an objective. */
  readonly line: { readonly value: number; readonly label: string } | null;
  readonly series: readonly {
    readonly label: string;
    /** Epoch milliseconds and values, oldest first. Periods without a value are missing. */
    readonly points: readonly (readonly [number, number])[];
  }[];
}

/** `GET /api/contracts`: the catalogue. */
export interface ContractsDocument {
  readonly boundaries: readonly BoundaryDocument[];
  /** Boundaries of this deployment whose contracts can't be loaded, with the reason. */
  readonly missing: readonly { readonly boundary: string; readonly reason: string }[];
}

export interface BoundaryDocument {
  readonly name: string;
  readonly owns: readonly OwnedTypeDocument[];
  readonly keeps: readonly KeptTypeDocument[];
  readonly publishes: readonly { readonly type: string; readonly about: string; readonly ids: readonly string[] }[];
}

export interface OwnedTypeDocument {
  readonly type: string;
  readonly schemaVersion: number;
  readonly deltas: boolean;
  readonly classification: string;
  readonly publishedBecause: string | null;
  /** The fields by path; empty if the schema can't describe itself. */
  readonly fields: readonly FieldDocument[];
  /** The caches here that keep the type. */
  readonly keptBy: readonly { readonly cache: string; readonly fields: readonly string[] | null }[];
}

export interface FieldDocument {
  /** Such as `name.common`. */
  readonly path: string;
  /** Such as `string`, `integer`, `array of string`. */
  readonly type: string;
  readonly isRequired: boolean;
  readonly classification: string;
  readonly publishedBecause: string | null;
  readonly description: string | null;
}

export interface KeptTypeDocument {
  readonly type: string;
  readonly owner: string;
  /** The fields that the cache keeps; null for the whole state. */
  readonly fields: readonly string[] | null;
  readonly fieldsRevision: number;
  /** Index name to the field that it lists by. */
  readonly indexes: Readonly<Record<string, string>>;
  readonly onPoison: string;
}

// `GET /api/contracts/asyncapi?boundary=B` and `GET /api/contracts/schema?type=T` are downloads: an AsyncAPI 3.0
// document, and the JSON Schema of a type's states.

/** `GET /api/sagas`: the sagas with their counts. */
export interface SagasDocument {
  readonly at: string;
  readonly sagas: readonly (SagaFlow & Pick<SagaNode, 'needs' | 'cancelledBy' | 'deadlineSeconds'>)[];
}

/** `GET /api/sagas/instances?saga=S&status=waiting&prefix=P&cursor=C`: a page of at most 100 instances, in no order. */
export interface SagaInstancesDocument {
  readonly saga: string;
  readonly instances: readonly SagaInstanceDocument[];
  /** Asks for the next page; null on the last one. A page may be empty and not the last one. */
  readonly cursor: string | null;
}

export interface SagaInstanceDocument {
  readonly key: string;
  readonly status: 'waiting' | 'decided' | 'cancelled';
  readonly beganAt: string;
  /** When an alert is raised; null if no alert is due. */
  readonly dueAt: string | null;
  readonly revision: number;
  /** The facts that arrived. */
  readonly facts: readonly { readonly type: string; readonly id: string; readonly at: string }[];
  /** The types of the facts that it waits for; null if the saga's stack doesn't say what it needs. */
  readonly missing: readonly string[] | null;
  /** The names of the recorded effects. */
  readonly effects: readonly string[];
}

/**
 * Actions, each the command of its name. `POST /api/actions/NAME` with the header `x-freshet-token` and the input as
 * JSON.
 */
export interface ActionInputs {
  readonly put: {
    readonly type: string;
    readonly id: string;
    /** The state as JSON text. */
    readonly stateJson: string;
    /** Refuses the write if the owner has another version; 0: only if the entity doesn't exist. */
    readonly expectedVersion?: number | undefined;
  };
  readonly delete: {
    readonly type: string;
    readonly id: string;
    readonly expectedVersion?: number | undefined;
  };
  readonly resync: { readonly type: string; readonly id: string };
  readonly release: {
    readonly cache: string;
    readonly type: string;
    readonly id: string;
    /** Whether to drop the held events instead of replaying them. */
    readonly drop: boolean;
  };
  /** At most 1,000 keys. */
  readonly redrive: { readonly name: string; readonly keys: readonly string[] };
  /** At most 1,000 keys. */
  readonly discard: { readonly name: string; readonly keys: readonly string[] };
  readonly backfill: {
    readonly cache: string;
    readonly type: string;
    /** Whether to begin again, also if the cache is filled or a backfill runs. */
    readonly restart: boolean;
  };
  readonly reconcile: { readonly cache: string; readonly type: string };
  /** `stop` and `start` are actions of the local cloud only. */
  readonly stop: { readonly function: string };
  readonly start: { readonly function: string };
}

export type ActionName = keyof ActionInputs;

/** The answer to an action, with the status 200 also if the command failed. */
export interface ActionDocument {
  /** The command as it would be typed, its data shortened. */
  readonly command: string;
  /** See the exit codes of the command. */
  readonly exitCode: number;
  /** What the command printed on standard output as JSON, or null if it printed none. */
  readonly result: unknown;
  /** What the command printed on standard error: an error, a warning or nothing. */
  readonly message: string;
}

/** The body of an answer with a status of 400 or above. */
export interface ErrorDocument {
  /** A sentence with what was wrong, what was given, what is allowed and how to fix it. */
  readonly error: string;
}
