import * as z from 'zod/mini';

const entity = { type: z.string(), id: z.string() };

/** An operator's request to the repair function of an owner whose entities the operator's machine can't reach. */
const operation = z.discriminatedUnion('operation', [
  z.object({ operation: z.literal('get'), ...entity }),
  /** A page of a type's entities; see `TypePageOptions`. */
  z.object({
    operation: z.literal('list'),
    type: z.string(),
    limit: z.optional(z.number()),
    cursor: z.optional(z.string()),
    idPrefix: z.optional(z.string()),
  }),
  z.object({ operation: z.literal('count'), type: z.string() }),
  /** See `Owner.resync`. */
  z.object({ operation: z.literal('resync'), ...entity, token: z.string() }),
  /** See `Owner.lift`: the version that the operator has seen. */
  z.object({ operation: z.literal('lift'), ...entity, version: z.int().check(z.positive()) }),
  /** See `Owner.bury`: the version that a cache still has. */
  z.object({ operation: z.literal('bury'), ...entity, version: z.int().check(z.nonnegative()) }),
]);

/** See `operation`. */
export type OwnerOperation = z.infer<typeof operation>;

/** What an operation that writes has done. */
export interface OwnerOperated {
  readonly type: string;
  readonly id: string;
  readonly result: 'requested' | 'unknown' | 'lifted' | 'unchanged' | 'buried' | 'known';
}

/** Reads a request; undefined for anything else. */
export function parseOwnerOperation(request: unknown): OwnerOperation | undefined {
  return operation.safeParse(request).data;
}
