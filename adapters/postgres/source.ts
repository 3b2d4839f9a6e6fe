import { type EntityRef, entityRef, MAX_ID_BYTES, PARTITIONS_PER_TYPE } from '../../core/entity.ts';
import type { OwnedEntity } from '../../core/own/own.ts';
import { decodeCursor, encodeCursor } from '../../core/read/read.ts';
import { partitionOf } from '../../core/relay/lanes.ts';
import type { AnswerPorts, ListedPage } from '../../core/repair/answer.ts';
import type { Unsendable } from '../../core/repair/pages.ts';
import { entityColumns, ownedOfRow } from './rows.ts';
import { type Row, rowsOf, type SqlClient } from './sql-client.ts';

/** Most bytes of states in a page, beyond one: an invocation holds up to ten pages in memory. */
const MAX_PAGE_BYTES = 1024 * 1024;

/** See `createPostgresSource`. */
export interface PostgresSource extends Pick<AnswerPorts, 'get' | 'cursorAfter' | 'isTableRange'> {
  /** See `AnswerPorts.list`. @param options.idPrefix only ids that begin with it; default: all */
  list(
    type: string,
    cursor: string | undefined,
    options: Parameters<AnswerPorts['list']>[2] & { readonly idPrefix?: string | undefined },
  ): Promise<ListedPage>;
}

/**
 * Reads an owner's entities for its caches, partition by partition and by id within each: the order of an owner's
 * DynamoDB table. So an inventory also finds entities that only the cache has. A row whose id no entity can have isn't
 * listed, because no cursor could begin after it.
 */
export function createPostgresSource(options: { readonly client: SqlClient; readonly schema: string }): PostgresSource {
  const { client, schema } = options;
  return {
    isTableRange: true,
    cursorAfter: (entity) => encodeCursor({ partition: partitionOf(entity), afterId: entity.id }),
    async get({ type, id }: EntityRef) {
      if (id.includes('\0')) return undefined;
      const [row] = await rowsOf(
        client,
        `SELECT ${entityColumns('e')} FROM ${schema}.entity AS e
         WHERE type = $1::text AND partition = $2::smallint AND id = $3::text`,
        [type, partitionOf({ type, id }), id],
      );
      return row && readable(row);
    },
    async list(type, cursor, { limit, withStates, idPrefix = '' }) {
      const { partition, afterId } = decodeCursor(cursor);
      // A cursor may come from another owner, whose ids may hold U+0000.
      const after = (afterId ?? '').replaceAll('\0', '\u0001');
      const rows = await rowsOf(
        client,
        `SELECT ${entityColumns('e', { withState: withStates })}, e.partition::text FROM (
           SELECT p.*, sum(octet_length(coalesce(p.state, ''))) OVER (ORDER BY p.partition, p.id)
             - octet_length(coalesce(p.state, '')) AS bytes_before
           FROM (SELECT * FROM ${schema}.entity
             WHERE type = $1::text AND partition >= 0 AND (partition, id) > ($2::smallint, $3::text)
               AND starts_with(id, $6::text) AND octet_length(id) BETWEEN 1 AND ${MAX_ID_BYTES}
             ORDER BY partition, id LIMIT $4::integer) AS p) AS e
         WHERE NOT $5::text::boolean OR e.bytes_before < ${MAX_PAGE_BYTES} ORDER BY e.partition, e.id`,
        [type, partition, after, limit, String(withStates), idPrefix.replaceAll('\0', '\u0001')],
      );
      const last = rows.at(-1);
      const isAtEnd = last === undefined;
      return {
        entities: rows.map(readable),
        next: isAtEnd ? undefined : nextCursor(Number(last.partition), last.id ?? ''),
      };
    },
  };
}

/** After the last entity of the last partition comes a list that is empty, and so the end. */
function nextCursor(partition: number, afterId: string): string | undefined {
  return partition < PARTITIONS_PER_TYPE ? encodeCursor({ partition, afterId }) : undefined;
}

/** A row that the owner's interface didn't write can't be sent. The relay set its event aside. */
function readable(row: Row): OwnedEntity | Unsendable {
  try {
    const owned = ownedOfRow(row);
    entityRef(owned.entity.type, owned.entity.id);
    return owned;
  } catch {
    return { id: row.id ?? '', why: 'unreadable' };
  }
}
