import { entityName, entityRef } from '../../core/entity.ts';
import { FreshetError } from '../../core/errors.ts';
import type { OwnedEntity } from '../../core/own/own.ts';
import { checkedLimit, type Page } from '../../core/read/read.ts';
import type { OwnerOperated, OwnerOperation } from '../../core/repair/owner-operation.ts';
import { checkedPosition, type TypePageOptions } from '../aws/list.ts';
import type { PostgresOwner } from './owner.ts';
import { createPostgresSource } from './source.ts';
import { rowsOf, type SqlClient } from './sql-client.ts';

/** The answer to an operator. `refused`: the request can't be carried out as it is, and nothing was done. */
type Answer =
  | { readonly owned: OwnedEntity | null }
  | Page<OwnedEntity>
  | { readonly count: number }
  | OwnerOperated
  | { readonly refused: Pick<FreshetError, 'code' | 'message' | 'field'> };

/** What the operations work with. */
export interface OperateOptions {
  readonly client: SqlClient;
  readonly schema: string;
  readonly owner: PostgresOwner;
}

/** Executes an operator's request. Each operation that writes is one statement, which needs no transaction. */
export async function operateOwner(options: OperateOptions, operation: OwnerOperation): Promise<Answer> {
  try {
    return await execute(options, operation);
  } catch (error) {
    if (!(error instanceof FreshetError)) throw error;
    const { code, message, field } = error;
    return { refused: { code, message, field } };
  }
}

async function execute({ client, schema, owner }: OperateOptions, operation: OwnerOperation): Promise<Answer> {
  const source = createPostgresSource({ client, schema });
  switch (operation.operation) {
    case 'get': {
      const entity = entityRef(operation.type, operation.id);
      const owned = await source.get(entity);
      if (owned !== undefined && 'why' in owned) throw new Error(`the row of ${entityName(entity)} can't be read`);
      return { owned: owned ?? null };
    }
    case 'list':
      return page(source, operation.type, operation);
    case 'count': {
      const sql = `SELECT count(*)::text AS count FROM ${schema}.entity WHERE type = $1::text AND partition >= 0`;
      const [row] = await rowsOf(client, sql, [operation.type]);
      return { count: Number(row?.count) };
    }
    case 'resync': {
      const { type, id, token } = operation;
      return { type, id, result: await owner.resync(client, type, id, token) };
    }
    case 'lift': {
      const { type, id, version } = operation;
      return { type, id, result: await owner.lift(client, { entity: entityRef(type, id), version }) };
    }
    case 'bury': {
      const { type, id, version } = operation;
      return { type, id, result: await owner.bury(client, type, id, version) };
    }
  }
}

/** A page of a type's entities. Rows that the owner's interface didn't write are left out. */
async function page(
  source: ReturnType<typeof createPostgresSource>,
  type: string,
  options: TypePageOptions,
): Promise<Page<OwnedEntity>> {
  const limit = checkedLimit(options.limit);
  checkedPosition(options);
  const { idPrefix } = options;
  const { entities, next } = await source.list(type, options.cursor, { limit, withStates: true, idPrefix });
  const items = entities.flatMap((one) => ('why' in one ? [] : [one]));
  if (next === undefined) return { items, cursor: undefined };
  const following = await source.list(type, next, { limit: 1, withStates: false, idPrefix });
  return { items, cursor: following.entities.length === 0 ? undefined : next };
}
