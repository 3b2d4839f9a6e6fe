import {
  type EntityRef,
  EPOCH_SIZE,
  isHeartbeat,
  isHeartbeatGroup,
  messageGroupId,
  typeOfGroup,
} from '../../core/entity.ts';
import type { OwnedEntity } from '../../core/own/own.ts';
import { canonicalJson, type State } from '../../core/state.ts';
import type { Trace } from './checks.ts';
import { type CacheName, fieldsOf } from './contracts.ts';

/** The versions that the owner committed. */
export type History = ReturnType<typeof createHistory>;

export function createHistory(trace: Trace, nowMs: () => number) {
  /** Message group to version to state; undefined for a deletion. */
  const history = new Map<string, Map<number, string | undefined>>();
  /** The owner's current version of each entity. */
  const current = new Map<string, number>();
  const keptJson = new Map<string, string>();
  /** When each entity was created for the first time. */
  const created = new Map<string, number>();
  let epoch = 0;

  return {
    /** Whether the owner's table was ever restored. */
    get isRestored() {
      return epoch > 0;
    },
    isBeforeEpoch: (version: number) => version < epoch * EPOCH_SIZE,
    /** Whether a version is a deletion. */
    isDeleted: (groupId: string, version: number) => history.get(groupId)?.get(version) === undefined,
    /** When an entity was created for the first time, epoch milliseconds. */
    createdAtMs: (groupId: string) => created.get(groupId) ?? 0,
    /** The owner's current versions of the entities of a type. */
    versionsOf(type: string): ReadonlyMap<string, number> {
      const isOfType = (groupId: string) => typeOfGroup(groupId) === type && !isHeartbeatGroup(groupId);
      return new Map([...current].filter(([groupId]) => isOfType(groupId)));
    },
    /** The owner's current version of an entity; 0 for none. */
    currentVersion: (groupId: string) => current.get(groupId) ?? 0,
    isCurrent: (groupId: string, version: number) => current.get(groupId) === version,
    committed({ entity, version, stateJson }: OwnedEntity): void {
      const groupId = messageGroupId(entity);
      let versions = history.get(groupId);
      if (versions === undefined) {
        versions = new Map();
        history.set(groupId, versions);
        created.set(groupId, nowMs());
      }
      current.set(groupId, version);
      versions.set(version, stateJson);
      if (!isHeartbeat(entity)) trace?.(`commit ${groupId}@${version} ${stateJson ?? 'deleted'}`);
    },
    /** The owner's table was replaced by an older backup. */
    restored(items: ReadonlyMap<string, OwnedEntity>): void {
      epoch += 1;
      current.clear();
      for (const [groupId, { version }] of items) current.set(groupId, version);
    },
    /**
     * The data that a cache must hold of a version; undefined for a deletion, `never` for a version that was never
     * committed.
     */
    expectedJson(cache: CacheName, entity: EntityRef, version: number, revision: number): string | undefined {
      const groupId = messageGroupId(entity);
      const key = `${cache} ${revision} ${groupId} ${version}`;
      const known = keptJson.get(key);
      if (known !== undefined) return known;
      const versions = history.get(groupId);
      if (!versions?.has(version)) return 'never';
      const stateJson = versions.get(version);
      const fields = isHeartbeat(entity) ? undefined : fieldsOf(cache, entity.type, revision);
      if (stateJson === undefined || fields === undefined) return stateJson;
      const state = JSON.parse(stateJson) as State;
      const json = canonicalJson(entity, Object.fromEntries(fields.map((field) => [field, state[field]])));
      keptJson.set(key, json);
      return json;
    },
  };
}
