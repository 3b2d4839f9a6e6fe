import { type EntityRef, messageGroupId } from '../../core/entity.ts';
import type { OwnedEntity } from '../../core/own/own.ts';
import { canonicalJson, type State } from '../../core/state.ts';
import type { Trace } from './checks.ts';
import { type CacheName, fieldsOf } from './contracts.ts';

/** The versions that the owner committed. */
export type History = ReturnType<typeof createHistory>;

export function createHistory(trace: Trace) {
  /** Message group to version to state; undefined for a deletion. */
  const history = new Map<string, Map<number, string | undefined>>();
  /** The owner's current version of each entity. */
  const current = new Map<string, number>();
  const keptJson = new Map<string, string>();

  return {
    isCurrent: (groupId: string, version: number) => current.get(groupId) === version,
    committed({ entity, version, stateJson }: OwnedEntity): void {
      const groupId = messageGroupId(entity);
      let versions = history.get(groupId);
      if (versions === undefined) {
        versions = new Map();
        history.set(groupId, versions);
      }
      current.set(groupId, version);
      versions.set(version, stateJson);
      trace?.(`commit ${groupId}@${version} ${stateJson ?? 'deleted'}`);
    },
    /** The owner's table was replaced by an older backup. */
    restored(items: ReadonlyMap<string, OwnedEntity>): void {
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
      const fields = fieldsOf(cache, entity.type, revision);
      if (stateJson === undefined || fields === undefined) return stateJson;
      const state = JSON.parse(stateJson) as State;
      const json = canonicalJson(entity, Object.fromEntries(fields.map((field) => [field, state[field]])));
      keptJson.set(key, json);
      return json;
    },
  };
}
