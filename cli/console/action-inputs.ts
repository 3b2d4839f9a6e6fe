import * as z from 'zod/mini';
import { UsageError } from '../errors.ts';
import type { ActionInputs, ActionName } from './api/documents.ts';

/** The most characters of a name or a type. */
const MAX_NAME = 256;

/** An id has at most 1,024 bytes, and a key a message group of 128 characters and a number. */
const MAX_ID = 1_024;

/** The most keys of one redrive or discard. */
const MAX_KEYS = 1_000;

const text = (max: number) => z.string().check(z.minLength(1), z.maxLength(max));
const name = text(MAX_NAME);
const id = text(MAX_ID);
const expectedVersion = z.optional(z.int().check(z.nonnegative()));
const keys = z.array(id).check(z.minLength(1), z.maxLength(MAX_KEYS));

const INPUTS: { readonly [N in ActionName]: z.ZodMiniType<ActionInputs[N]> } = {
  put: z.strictObject({ type: name, id, stateJson: z.string(), expectedVersion }),
  delete: z.strictObject({ type: name, id, expectedVersion }),
  resync: z.strictObject({ type: name, id }),
  release: z.strictObject({ cache: name, type: name, id, drop: z.boolean() }),
  redrive: z.strictObject({ name, keys }),
  discard: z.strictObject({ name, keys }),
  backfill: z.strictObject({ cache: name, type: name, restart: z.boolean() }),
  reconcile: z.strictObject({ cache: name, type: name }),
  stop: z.strictObject({ function: name }),
  start: z.strictObject({ function: name }),
};

/** What each field of an input may be. */
const ALLOWED: Readonly<Record<string, string>> = {
  stateJson: 'the state as JSON text',
  expectedVersion: 'an integer, 0 or more',
  drop: 'true or false',
  restart: 'true or false',
  keys: `1 to ${MAX_KEYS} keys of events, each a text of 1 to ${MAX_ID} characters`,
  id: `a text of 1 to ${MAX_ID} characters`,
};

/** The names of all actions. */
export const ACTION_NAMES = Object.keys(INPUTS) as readonly ActionName[];

/** Checks the input of an action. @throws UsageError that names the field and what it may be */
export function checkedInput<N extends ActionName>(action: N, given: unknown): ActionInputs[N] {
  const checked = INPUTS[action].safeParse(given);
  if (checked.success) return checked.data;
  const [issue] = checked.error.issues;
  if (issue?.code === 'unrecognized_keys')
    throw new UsageError(`${action}: unknown fields: ${issue.keys.map((key) => JSON.stringify(key)).join(', ')}.`);
  const field = issue?.path[0];
  if (typeof field !== 'string') throw new UsageError(`${action}: the body is not a JSON object.`);
  throw new UsageError(`${action}: ${field}: Allowed: ${ALLOWED[field] ?? `a text of 1 to ${MAX_NAME} characters`}.`);
}
