import type { LambdaClient } from '@aws-sdk/client-lambda';
import type { Owner } from 'freshet-aws/internal/adapters/own/owner';
import type { OwnerRecords } from 'freshet-aws/internal/adapters/own/owner-records';
import type { Boundary } from 'freshet-aws/internal/core/contract/contract';
import { ownedContract } from 'freshet-aws/internal/core/contract/define-boundary';
import { entityRef } from 'freshet-aws/internal/core/entity';
import { FreshetError, type FreshetErrorCode } from 'freshet-aws/internal/core/errors';
import { type OwnedEntity, withState } from 'freshet-aws/internal/core/own/own';
import { eachOf } from 'freshet-aws/internal/core/read/pages';
import type { OwnerOperation } from 'freshet-aws/internal/core/repair/owner-operation';
import * as z from 'zod/mini';
import { UsageError } from '../errors.ts';
import { createSlots } from '../observe/slots.ts';
import { askFunction, FunctionFailed } from './invoke.ts';

/** The repair function of an owner in PostgreSQL, which works on the entities for an operator. */
export interface OwnerFunction extends OwnerRecords {
  /** See `Owner.count`. */
  count(type: string): Promise<number>;
  /** See `Owner.lift`. */
  lift(owned: OwnedEntity): Promise<'lifted' | 'unchanged'>;
  /** See `Owner.bury`. */
  bury(type: string, id: string, cachedVersion: number): Promise<'buried' | 'known'>;
}

/** Each invocation opens a connection, and the guide limits those of the function's user; see docs/postgres.md. */
const INVOCATIONS_AT_ONCE = 2;

const owned = z.object({
  entity: z.object({ type: z.string(), id: z.string() }),
  version: z.int(),
  digest: z.string(),
  schemaVersion: z.int(),
  changedAt: z.string(),
  stateJson: z.optional(z.string()),
  traceparent: z.optional(z.string()),
});
const refused = z.object({
  refused: z.object({ code: z.optional(z.string()), message: z.string(), field: z.optional(z.string()) }),
});
const found = z.object({ owned: z.nullable(owned) });
const page = z.object({ items: z.array(owned), cursor: z.optional(z.string()) });
const counted = z.object({ count: z.int() });
const resynced = z.object({ result: z.enum(['requested', 'unknown']) });
const lifted = z.object({ result: z.enum(['lifted', 'unchanged']) });
const buried = z.object({ result: z.enum(['buried', 'known']) });

/**
 * Creates the client of the function. Its methods throw FunctionFailed if the function can't reach the database, and
 * the FreshetError with which it refuses a request.
 */
export function createOwnerFunction(options: {
  /** Called when the function is invoked for the first time. */
  readonly client: () => LambdaClient;
  readonly functionName: string;
  /** The name of the owner, for errors. */
  readonly owner: string;
}): OwnerFunction {
  const slots = createSlots(INVOCATIONS_AT_ONCE);
  const ask = <T>(operation: OwnerOperation, schema: z.ZodMiniType<T>) =>
    slots(async (): Promise<T> => {
      const answers = z.union([refused, schema]);
      const answer = await askFunction(options.client(), options.functionName, operation, answers);
      if (answer.kind === 'failed') throw new FunctionFailed('repair function', options.owner, answer.message);
      const { value } = answer;
      if (!isRefused(value)) return value;
      const { code, message, field } = value.refused;
      if (code === undefined) throw new UsageError(message);
      throw new FreshetError(message, { code: code as FreshetErrorCode, ...(field !== undefined && { field }) });
    });

  return {
    async get(entity) {
      const { owned: one } = await ask({ operation: 'get', ...entity }, found);
      return one === null ? undefined : entityOf(one);
    },
    async list(type, { limit, cursor, idPrefix } = {}) {
      const { items, cursor: next } = await ask({ operation: 'list', type, limit, cursor, idPrefix }, page);
      return { items: items.map(entityOf), cursor: next };
    },
    resync: async ({ type, id }, token) => (await ask({ operation: 'resync', type, id, token }, resynced)).result,
    count: async (type) => (await ask({ operation: 'count', type }, counted)).count,
    lift: async ({ entity, version }) => (await ask({ operation: 'lift', ...entity, version }, lifted)).result,
    bury: async (type, id, version) => (await ask({ operation: 'bury', type, id, version }, buried)).result,
  };
}

function isRefused(value: unknown): value is z.infer<typeof refused> {
  return refused.safeParse(value).success;
}

/** JSON leaves out the state of a deleted entity. */
function entityOf({ stateJson, traceparent, ...rest }: z.infer<typeof owned>): OwnedEntity {
  return { ...rest, stateJson, traceparent };
}

/** Opens an owner in PostgreSQL for the commands. It can't put or delete, see `writtenElsewhere`. */
export function createOwnerOfFunction(boundary: Boundary, calls: OwnerFunction): Owner {
  const owner: Owner = {
    put: async (type) => writtenElsewhere(boundary, type),
    delete: async (type) => writtenElsewhere(boundary, type),
    beat: async (type) => writtenElsewhere(boundary, type),
    async get(type, id) {
      const contract = ownedContract(boundary, type);
      const one = await calls.get(entityRef(type, id));
      return one && withState(contract, one);
    },
    async list(type, pageOptions) {
      const contract = ownedContract(boundary, type);
      const { items, cursor } = await calls.list(type, pageOptions);
      return { items: items.map((one) => withState(contract, one)), cursor };
    },
    listAll: (type, { pageSize } = {}) => eachOf((cursor) => owner.list(type, { cursor, limit: pageSize })),
    count: (type) => calls.count(type),
    resync: (type, id, token) => calls.resync(entityRef(type, id), token),
    lift: (one) => calls.lift(one),
    bury: (type, id, cachedVersion) => calls.bury(type, id, cachedVersion),
  };
  return owner;
}

/** A write here would make an entity differ from the tables of the service, which a transaction of its own changes. */
function writtenElsewhere({ name }: Boundary, type: string): never {
  throw new FreshetError(
    `type: the entities of ${type} are in PostgreSQL, and ${name} writes them together with its own tables, in its own ` +
      'transactions (createPostgresOwner). Change them there.',
    { code: 'WrittenElsewhere', field: 'type' },
  );
}
