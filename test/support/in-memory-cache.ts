import type { Boundary } from '../../core/contract.ts';
import { type EntityRef, messageGroupId } from '../../core/entity.ts';
import type { Projection } from '../../core/project/group.ts';
import type {
  CachedItem,
  Expectation,
  ProjectPorts,
  ProjectSettings,
  ReceivedMessage,
  SetAside,
  StoredItem,
} from '../../core/project/ports.ts';
import type { RepairPorts, SetAsideKey } from '../../core/repair/redrive.ts';
import { PUBLISHED_AT } from './events.ts';

/** Decides whether an item replaces what is stored. */
export type WriteCondition = (item: CachedItem, stored: CachedItem) => boolean;

/** The cache table's condition: newer, or the same version and state with an older schema version or selection of fields. */
export const ifNewer: WriteCondition = (item, stored) =>
  item.version > stored.version ||
  (item.version === stored.version &&
    item.digest === stored.digest &&
    (item.fieldsRevision > stored.fieldsRevision || item.schemaVersion > stored.schemaVersion));

/** A delta's condition: exactly what it was applied to is stored. */
export function isBase({ version, digest, fieldsRevision, schemaVersion }: StoredItem, stored: CachedItem): boolean {
  return (
    stored.version === version &&
    stored.digest === digest &&
    stored.fieldsRevision === fieldsRevision &&
    stored.schemaVersion === schemaVersion
  );
}

/** What the tests' projectors are deployed with. */
export const SETTINGS: ProjectSettings = {
  tombstoneLifeSeconds: 1_000,
  maxEventAgeSeconds: 900,
  budget: { attempts: 5, ageSeconds: 60 },
};

/** Everything that projecting needs, on given ports; the clock stands still. */
export function projectionOf(
  boundary: Boundary,
  ports: ProjectPorts,
  nowMs: number = Date.parse(PUBLISHED_AT),
  settings: ProjectSettings = SETTINGS,
): Projection {
  return { boundary, ports, settings, nowMs: () => nowMs };
}

/** Whether a port is broken for a group; it is asked before anything is done. */
type Fails = (port: keyof ProjectPorts | keyof RepairPorts, groupId: string) => boolean;

/** The ports over maps; they keep what was asked of them, and `fail` makes any of them throw. */
export function inMemoryCache({
  condition = ifNewer,
  fail = () => false,
  unstorable = () => false,
}: {
  readonly condition?: WriteCondition;
  readonly fail?: Fails;
  readonly unstorable?: (item: CachedItem) => boolean;
} = {}) {
  const stored = new Map<string, CachedItem>();
  const stopped = new Map<string, number>();
  const aside = new Map<string, SetAside>();
  const alone = new Map<string, number>();
  const writes: CachedItem[] = [];
  const parked: SetAside[] = [];
  const postponed: { messages: readonly ReceivedMessage[]; seconds: number }[] = [];
  const resyncs: { entity: EntityRef; wantedVersion: number }[] = [];

  const failing = (port: Parameters<Fails>[0], groupId: string): void => {
    if (fail(port, groupId)) throw new Error(`${port} is broken`);
  };
  const asideKey = ({ groupId, sequenceNumber }: SetAsideKey) => `${groupId} ${sequenceNumber}`;
  const keep = (one: SetAside): void => {
    const key = asideKey(one.message);
    if (aside.has(key)) return;
    aside.set(key, one);
    parked.push(one);
  };
  const found = (groupId: string): StoredItem | undefined => {
    const item = stored.get(groupId);
    const stopMarker = stopped.get(groupId);
    if (item === undefined && stopMarker === undefined) return undefined;
    const empty = { version: 0, digest: '', schemaVersion: 0, fieldsRevision: 0, dataJson: undefined };
    return { ...(item ?? empty), stopMarker };
  };
  const meets = (item: CachedItem, expected: Expectation['stored'], existing: CachedItem | undefined): boolean =>
    expected.kind === 'newer'
      ? existing === undefined || condition(item, existing)
      : existing !== undefined && isBase(expected.base, existing);

  const ports: ProjectPorts = {
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
      if (!meets(item, expectation.stored, stored.get(groupId))) return { kind: 'refused', stored: found(groupId) };
      stored.set(groupId, item);
      return { kind: 'stored' };
    },
    async park(one) {
      failing('park', one.message.groupId);
      keep(one);
    },
    async stop(entity, one) {
      const groupId = messageGroupId(entity);
      failing('stop', groupId);
      if (stopped.has(groupId)) return 'stopped';
      stopped.set(groupId, one.setAsideAtMs);
      keep(one);
      return 'done';
    },
    async hold(entity, asides) {
      const groupId = messageGroupId(entity);
      failing('hold', groupId);
      const marker = stopped.get(groupId);
      if (marker === undefined) return 'released';
      const left = asides.filter(({ message }) => !aside.has(asideKey(message)));
      if (left.length > 0) stopped.set(groupId, marker + left.length);
      for (const one of left) keep(one);
      return 'done';
    },
    async requestResync(entity, wantedVersion) {
      failing('requestResync', messageGroupId(entity));
      resyncs.push({ entity, wantedVersion });
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
    async postpone(messages, seconds) {
      failing('postpone', messages[0]?.groupId ?? '');
      postponed.push({ messages, seconds });
    },
  };
  const repair: RepairPorts = {
    async asideOf(groupId) {
      failing('asideOf', groupId);
      const all = [...aside.values()].filter(({ message }) => message.groupId === groupId);
      return all.sort((a, b) => (a.message.sequenceNumber < b.message.sequenceNumber ? -1 : 1));
    },
    async removeAside(keys) {
      failing('removeAside', keys[0]?.groupId ?? '');
      for (const key of keys) aside.delete(asideKey(key));
    },
    async replaceAside(one) {
      failing('replaceAside', one.message.groupId);
      aside.set(asideKey(one.message), one);
    },
    async clearStop(entity, marker) {
      const groupId = messageGroupId(entity);
      failing('clearStop', groupId);
      if (stopped.get(groupId) !== marker) return 'changed';
      stopped.delete(groupId);
      return 'cleared';
    },
  };
  return { ports, repair, stored, stopped, aside, alone, writes, parked, postponed, resyncs };
}
