import { isTransient } from '../../adapters/aws/transient.ts';
import type { Boundary } from '../../core/contract/contract.ts';
import { type EntityRef, messageGroupId } from '../../core/entity.ts';
import type { Projection } from '../../core/project/group.ts';
import type {
  CachedItem,
  Expectation,
  ParkedEvent,
  ProjectPorts,
  ProjectSettings,
  ReceivedMessage,
  StoredItem,
} from '../../core/project/ports.ts';
import { byParkedKey, parkedKeyText } from '../../core/repair/parked-key.ts';
import type { RepairPorts } from '../../core/repair/redrive.ts';
import { PUBLISHED_AT } from './events.ts';

/** Decides whether an item replaces the stored item. */
export type WriteCondition = (item: CachedItem, stored: CachedItem) => boolean;

/**
 * The condition of the cache table: the item has a newer version, or it has the same version and state with a newer
 * schema version or selection of fields.
 */
export const ifNewer: WriteCondition = (item, stored) =>
  item.version > stored.version ||
  (item.version === stored.version &&
    item.digest === stored.digest &&
    (item.fieldsRevision > stored.fieldsRevision || item.schemaVersion > stored.schemaVersion));

/** The condition of a delta: the stored item is the one that the delta was applied to. */
export function isBase({ version, digest, fieldsRevision, schemaVersion }: StoredItem, stored: CachedItem): boolean {
  return (
    stored.version === version &&
    stored.digest === digest &&
    stored.fieldsRevision === fieldsRevision &&
    stored.schemaVersion === schemaVersion
  );
}

/** The checksum that the projector writes with an item, as adapters/aws/items.ts computes it. */
export function checksumOf({ version, digest, dataJson }: CachedItem): string {
  return `${version} ${digest} ${dataJson}`;
}

/** The settings of the projectors in these tests. */
export const SETTINGS: ProjectSettings = {
  tombstoneLifeSeconds: 1_000,
  maxEventAgeSeconds: 900,
  budget: { attempts: 5, ageSeconds: 60 },
  newerSchemaWaitSeconds: 0,
};

/** A projection on the given ports. Its clock always shows `nowMs`. */
export function projectionOf(
  boundary: Boundary,
  ports: ProjectPorts,
  nowMs: number = Date.parse(PUBLISHED_AT),
  settings: ProjectSettings = SETTINGS,
): Projection {
  return { boundary, ports, settings, isTransient, nowMs: () => nowMs };
}

/** Whether a port throws for a message group. The port calls this function before it changes anything. */
type Fails = (port: keyof ProjectPorts | keyof RepairPorts, groupId: string) => boolean | 'throttled';

/** The error of a service that throttles a call, as the SDK throws it. */
export const throttling = () =>
  Object.assign(new Error('slow down'), { name: 'ThrottlingException', $metadata: { httpStatusCode: 400 } });

interface CacheOptions {
  /** Decides whether a state or a tombstone is stored. @default ifNewer */
  readonly condition?: WriteCondition;
  /** Makes a port throw. @default no port throws */
  readonly fail?: Fails;
  /** Makes the table refuse an item for good. @default every item can be stored */
  readonly unstorable?: (item: CachedItem) => boolean;
}

/** The tables of a cache as maps, by message group or by the key of a parked event. */
function createTables({ condition = ifNewer, fail = () => false }: CacheOptions) {
  const stored = new Map<string, CachedItem>();
  const checksums = new Map<string, string>();
  const stopped = new Map<string, number>();
  const parked = new Map<string, ParkedEvent>();
  const everParked: ParkedEvent[] = [];
  return {
    stored,
    /** The checksums of the stored items. An item without one counts as intact. */
    checksums,
    /** Stop markers. */
    stopped,
    /** The events that are parked or held now. */
    parked,
    /** All events that were ever parked or held, in order. */
    everParked,
    /** Tries of messages that have not ended, by message id. */
    alone: new Map<string, number>(),
    failing(port: Parameters<Fails>[0], groupId: string): void {
      const failure = fail(port, groupId);
      if (failure === 'throttled') throw throttling();
      if (failure) throw new Error(`${port} is broken`);
    },
    keep(event: ParkedEvent): void {
      const key = parkedKeyText(event.message);
      const before = parked.get(key);
      if (before !== undefined && !tellsMore(event, before)) return;
      parked.set(key, event);
      everParked.push(event);
    },
    found(groupId: string): StoredItem | undefined {
      const item = stored.get(groupId);
      const stopMarker = stopped.get(groupId);
      if (item === undefined && stopMarker === undefined) return undefined;
      const empty = { version: 0, digest: '', schemaVersion: 0, fieldsRevision: 0, dataJson: undefined };
      const checksum = checksums.get(groupId);
      const isIntact = item === undefined || checksum === undefined || checksum === checksumOf(item);
      return { ...(item ?? empty), isIntact, stopMarker };
    },
    meets(item: CachedItem, expected: Expectation['stored']): boolean {
      const existing = stored.get(messageGroupId(item.entity));
      if (expected.kind === 'newer') return existing === undefined || condition(item, existing);
      return existing !== undefined && isBase(expected.base, existing);
    },
  };
}

function tellsMore({ message, reason, explanation }: ParkedEvent, before: ParkedEvent): boolean {
  const isOther = reason !== before.reason || explanation !== before.explanation;
  return message.sentAtMs > before.message.sentAtMs && isOther;
}

type Tables = ReturnType<typeof createTables>;

/** The calls that the ports received. */
interface Calls {
  readonly writes: CachedItem[];
  readonly postponed: { messages: readonly ReceivedMessage[]; seconds: number }[];
  readonly resyncs: { entity: EntityRef; wantedVersion: number }[];
  /** The messages whose newer schema version is awaited. */
  readonly awaited: ReceivedMessage[];
}

type ParkingPorts = Pick<ProjectPorts, 'park' | 'stop' | 'hold' | 'beginAlone' | 'endAlone'>;

function createParkingPorts({ stopped, parked, alone, failing, keep }: Tables): ParkingPorts {
  return {
    async park(event) {
      failing('park', event.message.groupId);
      keep(event);
    },
    async stop(entity, event) {
      const groupId = messageGroupId(entity);
      failing('stop', groupId);
      if (stopped.has(groupId)) return 'stopped';
      stopped.set(groupId, event.parkedAtMs);
      keep(event);
      return 'done';
    },
    async hold(entity, events) {
      const groupId = messageGroupId(entity);
      failing('hold', groupId);
      const marker = stopped.get(groupId);
      if (marker === undefined) return 'released';
      const left = events.filter(({ message }) => !parked.has(parkedKeyText(message)));
      if (left.length > 0) stopped.set(groupId, marker + left.length);
      for (const one of left) keep(one);
      return 'done';
    },
    async beginAlone({ messageId, groupId }, onlyFirst) {
      failing('beginAlone', groupId);
      const tries = alone.get(messageId) ?? 0;
      if (!onlyFirst || tries === 0) alone.set(messageId, tries + 1);
      return tries;
    },
    async endAlone({ messageId, groupId }) {
      failing('endAlone', groupId);
      alone.delete(messageId);
    },
  };
}

function createProjectPorts(
  tables: Tables,
  { writes, postponed, resyncs, awaited }: Calls,
  { unstorable = () => false }: CacheOptions,
): ProjectPorts {
  const { stored, checksums, stopped, failing, found, meets } = tables;
  return {
    ...createParkingPorts(tables),
    async read(entity) {
      failing('read', messageGroupId(entity));
      return found(messageGroupId(entity));
    },
    async write(item, expectation) {
      const groupId = messageGroupId(item.entity);
      failing('write', groupId);
      writes.push(item);
      if (unstorable(item)) return { kind: 'unstorable', message: 'too large for the table' };
      if (stopped.get(groupId) !== expectation.stopMarker) return { kind: 'stopped' };
      if (!meets(item, expectation.stored)) return { kind: 'refused', stored: found(groupId) };
      stored.set(groupId, item);
      checksums.set(groupId, checksumOf(item));
      return { kind: 'stored' };
    },
    async requestResync(entity, wantedVersion) {
      failing('requestResync', messageGroupId(entity));
      resyncs.push({ entity, wantedVersion });
    },
    async awaitSchema(message) {
      failing('awaitSchema', message.groupId);
      awaited.push(message);
    },
    async postpone(messages, seconds) {
      failing('postpone', messages[0]?.groupId ?? '');
      postponed.push({ messages, seconds });
    },
  };
}

function createRepairPorts({ stopped, parked, failing }: Tables): RepairPorts {
  return {
    async parkedOf(groupId) {
      failing('parkedOf', groupId);
      const all = [...parked.values()].filter(({ message }) => message.groupId === groupId);
      return all.sort((a, b) => byParkedKey(a.message, b.message));
    },
    async removeParked(keys) {
      failing('removeParked', keys[0]?.groupId ?? '');
      for (const key of keys) parked.delete(parkedKeyText(key));
    },
    async replaceParked(event) {
      failing('replaceParked', event.message.groupId);
      parked.set(parkedKeyText(event.message), event);
    },
    async clearStop(entity, marker) {
      const groupId = messageGroupId(entity);
      failing('clearStop', groupId);
      if (stopped.get(groupId) !== marker) return 'changed';
      stopped.delete(groupId);
      return 'cleared';
    },
  };
}

/** The ports of projecting and of repair on maps in memory. They record their calls. */
export function inMemoryCache(options: CacheOptions = {}) {
  const tables = createTables(options);
  const calls: Calls = { writes: [], postponed: [], resyncs: [], awaited: [] };
  const { stored, checksums, stopped, parked, everParked, alone } = tables;
  return {
    ports: createProjectPorts(tables, calls, options),
    repair: createRepairPorts(tables),
    stored,
    checksums,
    stopped,
    parked,
    everParked,
    alone,
    ...calls,
  };
}
