import type { Boundary, EntityContract } from '../contract.ts';
import { FreshetError, quoted } from '../errors.ts';
import { factProblem } from '../facts/fact.ts';
import { unknownField } from '../schema-fields.ts';

/**
 * What kind of data something is. `reference`: others look things up in it, and it changes seldom · `transactional`: it belongs to a process,
 * such as an order or a payment, and stays with its owner · `personal`: it is about a person.
 */
export const CLASSES = ['reference', 'transactional', 'personal'] as const;

/** See `CLASSES`. */
export type DataClass = (typeof CLASSES)[number];

/** A class, and for data that isn't reference data why it is published all the same. */
export type Classification =
  | DataClass
  | {
      readonly is: Exclude<DataClass, 'reference'>;
      /** The reason, for whoever reads the contract: 20 to 1,000 characters. */
      readonly publishedBecause: string;
    };

const MIN_REASON = 20;
const MAX_REASON = 1_000;

/**
 * Refuses a boundary that publishes what should stay in it: a type or a field classified transactional or personal without a reason of its own, a
 * fact that carries more than ids; and a classified field that the schema doesn't have, since it protects nothing. Called when a boundary is defined and again where it is deployed, since what is deployed needn't come from
 * `defineBoundary` as it was.
 *
 * @throws FreshetError `NotPublishable`
 */
export function assertPublishable({ name, owns, publishes }: Pick<Boundary, 'name' | 'owns' | 'publishes'>): void {
  assertNamed('owns', owns);
  assertNamed('publishes', publishes);
  for (const [type, contract] of Object.entries(owns)) assertPublishableType(name, type, contract);
  for (const [type, contract] of Object.entries(publishes)) {
    assertNamed(`publishes.${type}`, contract);
    const wrong = factProblem(contract);
    if (wrong !== undefined) throw notPublishable(`publishes.${type}.${wrong.field}`, wrong.problem);
  }
}

function assertPublishableType(name: string, type: string, contract: EntityContract): void {
  assertNamed(`owns.${type}`, contract);
  const { classification, fields, schema } = contract;
  assertClass(`owns.${type}.classification`, `${name} publishes ${type}`, classification);
  assertNamed(`owns.${type}.fields`, fields);
  for (const [field, of] of Object.entries(fields)) {
    assertClass(`owns.${type}.fields.${field}`, `${name} publishes ${type} with its field ${quoted(field)}`, of);
    const problem = unknownField(schema, field);
    if (problem !== undefined) throw notPublishable(`owns.${type}.fields.${field}`, problem);
  }
}

/** @param given unknown: see `assertClass` */
function assertNamed(field: string, given: unknown): void {
  if (typeof given === 'object' && given !== null) return;
  throw notPublishable(
    field,
    `not an object: ${quoted(given)}. What is put together by hand must have what \`defineBoundary\` returns, {} where there is nothing to say`,
  );
}

/** @param given unknown: of a boundary that is put together by hand it may be anything */
function assertClass(field: string, what: string, given: unknown): void {
  if (given === 'reference') return;
  const { is, publishedBecause: reason }: { is?: unknown; publishedBecause?: unknown } =
    typeof given === 'object' && given !== null ? given : { is: given };
  if (is !== 'transactional' && is !== 'personal') {
    throw notPublishable(field, `not a classification: ${quoted(given)}. Allowed: ${CLASSES.join(', ')}`);
  }
  if (reason === undefined) {
    throw notPublishable(
      field,
      `${what}, which is ${is}: it stays with its owner and travels as an id. Take it out of the entity, or say why it is published: ` +
        `{ is: '${is}', publishedBecause: '…' }`,
    );
  }
  const length = typeof reason === 'string' ? reason.trim().length : 0;
  if (length < MIN_REASON || length > MAX_REASON) {
    throw notPublishable(
      `${field}.publishedBecause`,
      `given: ${quoted(reason)}. A reason that a reader can judge: ${MIN_REASON} to ${MAX_REASON} characters`,
    );
  }
}

function notPublishable(field: string, problem: string): FreshetError {
  return new FreshetError(`${field}: ${problem}.`, { code: 'NotPublishable', field });
}
