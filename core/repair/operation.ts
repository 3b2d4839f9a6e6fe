import * as z from 'zod/mini';

/** Keys that one request names at most: what fits an invocation's time. */
export const MAX_REDRIVE_KEYS = 25;

const key = z.object({ groupId: z.string().check(z.minLength(1)), sequenceNumber: z.string().check(z.minLength(1)) });

/** What an operator asks of a cache's repair function. */
const operation = z.discriminatedUnion('operation', [
  z.object({ operation: z.literal('redrive'), keys: z.array(key).check(z.maxLength(MAX_REDRIVE_KEYS)) }),
  z.object({ operation: z.literal('release'), type: z.string(), id: z.string(), drop: z.boolean() }),
  z.object({ operation: z.literal('readiness'), type: z.string(), state: z.unknown() }),
]);

/** See `operation`. */
export type Operation = z.infer<typeof operation>;

/** Reads a request; undefined for anything else. */
export function parseOperation(request: unknown): Operation | undefined {
  return operation.safeParse(request).data;
}
