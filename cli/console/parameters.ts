import { quoted } from 'freshet-aws/internal/core/errors';
import type { Context } from 'hono';
import * as z from 'zod/mini';
import { UsageError } from '../errors.ts';

/** A parameter of an address: how it is read, and what it may be. */
interface Parameter<T> {
  readonly schema: z.ZodMiniType<T, string | undefined>;
  readonly allowed: string;
}

/** An id has at most 1,024 bytes. */
const MAX_ID = 1_024;
const MAX_NAME = 256;
/** A cursor holds the keys of several tables. */
const MAX_CURSOR = 16_384;

function text(max: number): Parameter<string> {
  return { schema: z.string().check(z.minLength(1), z.maxLength(max)), allowed: `a text of 1 to ${max} characters` };
}

function optional<T>({ schema, allowed }: Parameter<T>): Parameter<T | undefined> {
  return { schema: z.union([z.undefined(), schema]), allowed: `nothing, or ${allowed}` };
}

/** One of several words. */
function oneOf<const T extends string>(...words: readonly T[]): Parameter<T> {
  return { schema: z.enum(words) as unknown as Parameter<T>['schema'], allowed: words.join(', ') };
}

const minutes: Parameter<number> = {
  schema: z.pipe(
    z._default(z.string().check(z.regex(/^[0-9]{1,3}$/)), '15'),
    z.pipe(z.transform(Number), z.number().check(z.minimum(1), z.maximum(180))),
  ) as Parameter<number>['schema'],
  allowed: 'an integer from 1 to 180',
};

/** The parameters of the API. */
export const PARAMETERS = {
  at: optional(text(MAX_NAME)),
  boundary: text(MAX_NAME),
  cache: text(MAX_NAME),
  cursor: optional(text(MAX_CURSOR)),
  id: text(MAX_ID),
  key: text(MAX_ID),
  minutes,
  name: text(MAX_NAME),
  prefix: optional(text(MAX_ID)),
  role: oneOf('owner', 'cache', 'fact-queue'),
  saga: text(MAX_NAME),
  status: optional(oneOf('waiting', 'decided', 'cancelled')),
  type: text(MAX_NAME),
} as const;

type Name = keyof typeof PARAMETERS;
type ValueOf<P> = P extends Parameter<infer T> ? T : never;

/** Reads parameters of an address. An empty optional one counts as none. @throws UsageError that names the parameter */
export function parametersOf<const N extends Name>(
  c: Context,
  ...names: readonly N[]
): { readonly [K in N]: ValueOf<(typeof PARAMETERS)[K]> } {
  const values = names.map((name) => {
    const { schema, allowed } = PARAMETERS[name] as Parameter<unknown>;
    const given = c.req.query(name);
    const read = schema.safeParse(given === '' && allowed.startsWith('nothing') ? undefined : given);
    if (read.success) return [name, read.data];
    const what = given === undefined ? 'missing' : `given: ${quoted(given)}`;
    throw new UsageError(`${name}: ${what}. Allowed: ${allowed}.`);
  });
  return Object.fromEntries(values);
}
