import { type Change, same, schemaChanges } from './schema-changes.ts';
import type { DescribedBoundary, DescribedType, Snapshot } from './snapshot.ts';

/**
 * Compares the contracts with those of the snapshot.
 *
 * @param isWhole whether `now` has all boundaries of the project, so that a missing one was removed
 */
export function compareSnapshots(
  before: Snapshot['boundaries'],
  now: Snapshot['boundaries'],
  isWhole: boolean,
): Change[] {
  const names = isWhole ? keysOf(before, now) : Object.keys(now).sort();
  return names.flatMap((name): Change[] => {
    const [was, is] = [own(before, name), own(now, name)];
    if (is === undefined) return [{ where: name, what: 'boundary removed' }];
    if (was === undefined) return [{ where: name, what: 'boundary added' }];
    return compareBoundaries(was, is).map((change) => ({ ...change, where: `${name}.${change.where}` }));
  });
}

function compareBoundaries(before: DescribedBoundary, now: DescribedBoundary): Change[] {
  return [
    ...pairs(before.owns, now.owns, 'owns', 'type', ownedChanges),
    ...pairs(before.caches, now.caches, 'caches', 'type', (was, is, where) => {
      const isChanged = !same([was.fields, was.indexes], [is.fields, is.indexes]);
      const needs = 'a higher fieldsRevision';
      if (isChanged && is.fieldsRevision <= was.fieldsRevision) {
        return [{ where, what: 'kept fields or indexes changed', needs }];
      }
      return same(was, is) ? [] : [{ where, what: 'changed' }];
    }),
    ...pairs(before.publishes, now.publishes, 'publishes', 'fact', (was, is, where) =>
      same(was, is) ? [] : [{ where, what: 'ids or about changed', needs: 'a fact type of its own' }],
    ),
  ];
}

/** Compares the entries of two records. An entry may be added; consumers may still use one that is removed. */
function pairs<T>(
  before: Readonly<Record<string, T>>,
  now: Readonly<Record<string, T>>,
  group: string,
  noun: string,
  compare: (was: T, is: T, where: string) => Change[],
): Change[] {
  return keysOf(before, now).flatMap((key): Change[] => {
    const where = `${group}.${key}`;
    const [was, is] = [own(before, key), own(now, key)];
    if (was === undefined) return [{ where, what: `${noun} added` }];
    if (is !== undefined) return compare(was, is, where);
    const needs = 'that no consumer uses it any more; then remove its entry from the snapshot';
    return [{ where, what: `${noun} removed`, ...(group !== 'caches' && { needs }) }];
  });
}

function ownedChanges(was: DescribedType, is: DescribedType, where: string): Change[] {
  const at = (part: string) => `${where}.${part}`;
  const schema = schemaChangesOf(was, is, at('schema'));
  const upcasts = upcastChanges(was, is, at('upcasts'));
  const others = (['classification', 'fields', 'deltas'] as const).flatMap((part) =>
    same(was[part], is[part]) ? [] : [{ where: at(part), what: 'changed' }],
  );
  const rise = is.schemaVersion - was.schemaVersion;
  if (rise < 0) {
    const what = `${was.schemaVersion} became ${is.schemaVersion}`;
    return [{ where: at('schemaVersion'), what, needs: `schema version ${was.schemaVersion} or higher` }];
  }
  if (rise === 0) return [...schema, ...upcasts, ...others];
  const isCovered = Object.hasOwn(is.upcasts, String(was.schemaVersion));
  const unmet = schema.some(({ needs }) => needs !== undefined) && !isCovered;
  const what = `${was.schemaVersion} became ${is.schemaVersion}${unmet ? ', and states of the old one may be invalid' : ''}`;
  const raised = {
    where: at('schemaVersion'),
    what,
    ...(unmet && { needs: `an upcast from schema version ${was.schemaVersion}` }),
  };
  return [raised, ...upcasts, ...others];
}

function schemaChangesOf(was: DescribedType, is: DescribedType, where: string): Change[] {
  if (was.schema === null || is.schema === null) {
    return same(was.schema, is.schema) ? [] : [{ where, what: 'the schema can be described in one of both only' }];
  }
  return schemaChanges(was.schema, is.schema, '').map((change) => ({
    ...change,
    where: change.where === '' ? where : `${where}: ${change.where}`,
  }));
}

/** Stored states and old events of every earlier schema version take the same upcasts for ever. */
function upcastChanges(was: DescribedType, is: DescribedType, where: string): Change[] {
  return Object.keys(was.upcasts).flatMap((version): Change[] => {
    const [before, now] = [own(was.upcasts, version), own(is.upcasts, version)];
    const from = `the upcast from schema version ${version}`;
    if (now === undefined) return [{ where, what: `${from} removed`, needs: 'it back, because old states are stored' }];
    const needs = 'the old code; correct the states with a further upcast of a new schema version';
    return before === now ? [] : [{ where, what: `${from} changed`, needs }];
  });
}

function keysOf(one: object, other: object): string[] {
  return [...new Set([...Object.keys(one), ...Object.keys(other)])].sort();
}

function own<T>(record: Readonly<Record<string, T>>, key: string): T | undefined {
  return Object.hasOwn(record, key) ? record[key] : undefined;
}
