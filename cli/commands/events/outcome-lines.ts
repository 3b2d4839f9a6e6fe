import { OUTCOMES } from 'freshet-aws/internal/core/outcome';
import { OUTCOMES_PROPERTY } from 'freshet-aws/internal/core/project/logged-outcome';
import { xRayTraceId } from 'freshet-aws/internal/core/trace';
import * as z from 'zod/mini';
import type { FunctionLine } from '../logs/tail.ts';
import { isSelected, type Selection } from './selection.ts';

const logged = z.object({
  outcome: z.enum(OUTCOMES),
  type: z.optional(z.string()),
  id: z.optional(z.string()),
  group: z.optional(z.string()),
  version: z.optional(z.int()),
  // A log may hold reasons of a later version.
  reason: z.optional(z.string()),
  leadTimeMs: z.optional(z.number()),
  traceId: z.optional(z.string().check(z.regex(/^[0-9a-f]{32}$/))),
});
const line = z.object({ [OUTCOMES_PROPERTY]: z.array(z.unknown()) });

/** The outcome of an event at a cache, as a line of a log has it. */
export interface CacheOutcome extends Omit<z.infer<typeof logged>, 'traceId'> {
  /** When the function logged it, in milliseconds since 1970. */
  readonly atMs: number;
  readonly functionName: string;
  /** The trace in which the owner committed the version, as X-Ray writes it. */
  readonly traceId?: string | undefined;
}

/** What Lambda may put before a line: the time, the request id and the level. */
const PREFIX = /^[^{]*\t/;

/**
 * Reads the selected outcomes of a line, in the order in which the function noted them. A line may be cut off or of
 * another version, so whatever isn't an outcome is left out.
 */
export function outcomesOf({ functionName, atMs, line: text }: FunctionLine, selection: Selection): CacheOutcome[] {
  const found = line.safeParse(parsed(text.replace(PREFIX, ''))).data?.[OUTCOMES_PROPERTY] ?? [];
  return found.flatMap((one) => {
    const outcome = logged.safeParse(one).data;
    if (outcome === undefined || !isSelected(selection, outcome)) return [];
    const { traceId, ...rest } = outcome;
    return [{ ...rest, atMs, functionName, traceId: traceId && xRayTraceId(traceId) }];
  });
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
