import * as z from 'zod/mini';

/** Most keys in one request: as many events as one invocation has time for. */
export const MAX_REDRIVE_KEYS = 25;

const key = z.object({ groupId: z.string().check(z.minLength(1)), sequenceNumber: z.string().check(z.minLength(1)) });

/** An operator's request to a cache's repair function. */
const operation = z.discriminatedUnion('operation', [
  z.object({ operation: z.literal('redrive'), keys: z.array(key).check(z.maxLength(MAX_REDRIVE_KEYS)) }),
  z.object({ operation: z.literal('release'), type: z.string(), id: z.string(), drop: z.boolean() }),
  /** Fills a type: starts anew, or lets a backfill that runs go on. */
  z.object({ operation: z.literal('backfill'), type: z.string(), restart: z.boolean() }),
  /** Compares a type with its owner. */
  z.object({ operation: z.literal('inventory'), type: z.string(), heals: z.boolean() }),
]);

/** See `operation`. */
export type Operation = z.infer<typeof operation>;

/** Reads a request; undefined for anything else. */
export function parseOperation(request: unknown): Operation | undefined {
  return operation.safeParse(request).data;
}
