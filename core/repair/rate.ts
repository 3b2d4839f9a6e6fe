/**
 * How many messages a second an owner publishes at most when it answers its caches.
 *
 * - `lowest`: the ten requests of one invocation may be for ten pages of 250 states. At this rate they take 50 seconds,
 *   and the invocation may take 60.
 * - `highest`: half of what a topic without `highThroughput` takes, because two invocations may run
 *   (sns/fifo-high-throughput)
 */
export const REPAIR_RATE = { lowest: 50, byDefault: 500, highest: 1500 } as const;

/** Why a rate isn't allowed, or undefined if it is. */
export function rateProblem(rate: number): string | undefined {
  const { lowest, highest } = REPAIR_RATE;
  if (Number.isInteger(rate) && rate >= lowest && rate <= highest) return undefined;
  return `out of range: ${rate}. Allowed: an integer from ${lowest} to ${highest.toLocaleString('en-US')} messages a second.`;
}
