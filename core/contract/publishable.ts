import { FreshetError, quoted } from '../errors.ts';
import { factProblem } from '../facts/fact.ts';
import { type Boundary, CLASSES, type EntityContract } from './contract.ts';
import { unknownField } from './schema-fields.ts';

/** Bounds of a reason's length, in characters. */
const MIN_REASON = 20;
const MAX_REASON = 1_000;

/**
 * Refuses a boundary that publishes data that must stay in it: a transactional or personal type or field without a
 * reason, or a fact that carries more than ids. It also refuses a classification of a field that the schema doesn't
 * have, because it would protect nothing. `defineBoundary` calls this function, and so do the constructs, because a
 * deployed boundary may have been changed since.
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

/** Refuses a part of a boundary that isn't an object. */
function assertNamed(field: string, given: unknown): void {
  if (typeof given === 'object' && given !== null) return;
  throw notPublishable(
    field,
    `not an object: ${quoted(given)}. Allowed: the value that \`defineBoundary\` returns, ` +
      'which is {} if nothing is declared. Define the boundary with `defineBoundary`',
  );
}

/**
 * Refuses data that isn't `reference` and has no reason.
 *
 * @param given `unknown`, because a boundary that wasn't made by `defineBoundary` may contain any value
 */
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
      `${what}, which is ${is} data. Such data stays with its owner and is referred to by id. ` +
        `Remove it from the entity, or declare why it is published: { is: '${is}', publishedBecause: '…' }`,
    );
  }
  const length = typeof reason === 'string' ? reason.trim().length : 0;
  if (length < MIN_REASON || length > MAX_REASON) {
    throw notPublishable(
      `${field}.publishedBecause`,
      `not a valid reason: ${quoted(reason)}. Allowed: a text of ${MIN_REASON} to ${MAX_REASON} characters`,
    );
  }
}

function notPublishable(field: string, problem: string): FreshetError {
  return new FreshetError(`${field}: ${problem}.`, { code: 'NotPublishable', field });
}
