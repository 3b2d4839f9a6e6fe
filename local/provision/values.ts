import * as z from 'zod/mini';

/** CloudFormation also accepts numbers and booleans as strings. */
export const number = z.coerce.number();
export const flag = z.union([z.boolean(), z.stringbool()]);

/** An integer from `min` to `max`. */
export function ranged(min: number, max: number) {
  const allowed = `must be an integer from ${min} to ${max}`;
  return number.check(z.refine((given) => Number.isInteger(given) && given >= min && given <= max, allowed));
}
