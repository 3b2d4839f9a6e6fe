import { ok } from 'node:assert/strict';
import type { AnswerSource, SourceEntity } from '../../core/repair/answer-source.ts';
import { CHANGED_AT } from './events.ts';

/** An order of ids: negative if the first id comes first. */
export type IdOrder = (a: string, b: string) => number;

/** The binary order of UTF-8 texts, as with `COLLATE "C"`. It differs from the order of JavaScript's strings. */
export const binaryOrder: IdOrder = (a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b));

/** A table of an owner's own database, in memory, with a row for each entity, deleted ones included. */
export interface SourceTable {
  readonly source: AnswerSource;
  /** The rows by type and id. A test may plant what `put` would not store. */
  readonly rows: Map<string, Map<string, SourceEntity>>;
  /** Stores a state as the entity's next version, or its deletion. */
  put(type: string, id: string, state: object | undefined): void;
}

/** @param order the order in which the table lists ids */
export function createSourceTable(order: IdOrder = binaryOrder): SourceTable {
  const rows = new Map<string, Map<string, SourceEntity>>();
  const rowsOf = (type: string) => {
    const found = rows.get(type) ?? new Map<string, SourceEntity>();
    rows.set(type, found);
    return found;
  };
  return {
    rows,
    put(type, id, state) {
      const version = (rowsOf(type).get(id)?.version ?? 0) + 1;
      rowsOf(type).set(id, { id, version, state, changedAt: CHANGED_AT });
    },
    source: {
      async get(type, id) {
        return rowsOf(type).get(id);
      },
      async list(type, { afterId, limit }) {
        ok(limit >= 1 && limit <= 250);
        return [...rowsOf(type).values()]
          .filter(({ id }) => afterId === undefined || order(id, afterId) > 0)
          .sort((a, b) => order(a.id, b.id))
          .slice(0, limit);
      },
    },
  };
}
