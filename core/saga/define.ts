import { BOUNDARY_PATTERN, definitionIn } from '../contract/define-boundary.ts';
import { FreshetError, quoted } from '../errors.ts';
import type { Fact, FactContract, FactOf, FactsOf } from '../facts/fact.ts';
import { isAsync } from '../promises.ts';
import type { State } from '../state.ts';

/** An action that a saga decides on. It is recorded once, in the transaction that stores the decision. */
export interface Effect {
  /**
   * Name of the action: 1 to 40 ASCII letters and digits, starting with a letter. Unique within the saga's instance.
   * `Overdue` is reserved.
   */
  readonly name: string;
  /** The data of the action: a JSON object within the limits of a state. */
  readonly data: State;
}

/** The effect that a missed deadline records. */
export const OVERDUE = 'Overdue';

/** Facts by type. */
export type FactsByType = Readonly<Record<string, Fact>>;

/**
 * A saga makes one decision when all the facts it needs have arrived, in any order. See `defineSaga`. `Effects` are the
 * effects that it may record, as a union.
 */
export interface Saga<Effects extends Effect = Effect> {
  /** 1 to 30 lower-case letters, digits and hyphens, starting with a letter; unique among the sagas of an account. */
  readonly name: string;
  /**
   * The module that holds this definition, as a `file:` URL or an absolute path. It is bundled into the saga's
   * functions.
   */
  readonly module: string;
  /** The facts that the decision waits for, one of each type. */
  readonly needs: readonly FactContract[];
  /** The facts that cancel the decision; empty if there are none. */
  readonly cancelledBy: readonly FactContract[];
  /** Seconds from the arrival of the first fact until an alert; undefined if there is no deadline. */
  readonly deadlineSeconds: number | undefined;
  // Methods, because their parameters are wider than those of a definition. The facts are checked before the calls.
  /** Returns the key of the instance that a fact belongs to. */
  key(fact: Fact): string;
  /** Returns the effects of the decision. */
  decide(facts: FactsByType): readonly Effects[];
  /** Returns the effects of a cancellation after the decision. */
  cancelledLate(facts: FactsByType): readonly Effects[];
}

/** The effects that a saga may record, such as `EffectOf<typeof shipping>`. */
export type EffectOf<S extends Saga> = S extends Saga<infer Effects> ? Effects : never;

/** The definition of a saga, passed to `defineSaga`. */
export interface SagaDefinition<
  Needs extends readonly FactContract[],
  Cancels extends readonly FactContract[] = readonly [],
  Decided extends readonly Effect[] = readonly Effect[],
  Late extends readonly Effect[] = readonly Effect[],
> {
  /** 1 to 30 lower-case letters, digits and hyphens, starting with a letter; unique among the sagas of an account. */
  readonly name: string;
  /** The facts that the decision waits for, one of each type; at least one. */
  readonly needs: Needs;
  /**
   * Returns the key of the instance that a fact belongs to, such as an order's id: 1 to 1,024 bytes. Default: the id
   * that the fact is about.
   */
  key?(fact: FactOf<Needs[number] | Cancels[number]>): string;
  /** Facts that cancel the decision if they arrive before it. Default: none. */
  readonly cancelledBy?: Cancels;
  /**
   * What to do if a cancellation arrives after the decision: `ignore`, or a function that returns the effects to
   * record. Required with `cancelledBy`.
   */
  readonly cancelledLate?: 'ignore' | ((facts: FactsOf<Needs> & Partial<FactsOf<Cancels>>) => Late);
  /**
   * Seconds from the arrival of the first fact after which the saga raises one alert if facts are still missing: an
   * integer from 60 to 31,622,400 (366 days). Default: no deadline.
   */
  readonly deadlineSeconds?: number;
  /**
   * Returns the effects of the decision, at most 99. It must be pure: the effects depend only on the
   * facts. It may run several times, but its effects are recorded once.
   */
  decide(facts: FactsOf<Needs>): Decided;
}

/**
 * A loaded module of a saga. When a module compiled to CommonJS is loaded as an ES module, its default export is nested
 * once more.
 */
export interface SagaModule {
  readonly default: Saga | { readonly default: Saga };
}

/** The saga that a module defines: its default export, or the export with a name. See `boundaryOf`. */
export function sagaOf(module: SagaModule, name?: string): Saga {
  return definitionIn(module, name, 'saga', (found): found is Saga => 'needs' in found);
}

/** Bounds of a deadline: a minute and a (leap) year. */
const MIN_DEADLINE_SECONDS = 60;
const MAX_DEADLINE_SECONDS = 366 * 86_400;

/**
 * Defines a saga. Export the result as the default export of the module that calls this function.
 *
 * @param module the calling module's `import.meta.url`, or `__filename` in a CommonJS module
 * @param definition the saga's name, facts and decision
 * @throws FreshetError `InvalidSaga` if a setting is missing or outside its range
 */
export function defineSaga<
  const Needs extends readonly FactContract[],
  const Cancels extends readonly FactContract[] = readonly [],
  // The effects and not one effect, because a function may return lists of different effects.
  const Decided extends readonly Effect[] = readonly Effect[],
  const Late extends readonly Effect[] = readonly [],
>(module: string, definition: SagaDefinition<Needs, Cancels, Decided, Late>): Saga<Decided[number] | Late[number]> {
  const { name, needs, deadlineSeconds, cancelledLate = 'ignore' } = definition;
  const cancelledBy: readonly FactContract[] = definition.cancelledBy ?? [];
  if (!BOUNDARY_PATTERN.test(name)) {
    throw invalid(
      'name',
      `not a valid saga name: ${quoted(name)}. Allowed: 1 to 30 lower-case letters, digits and hyphens, ` +
        'starting with a letter',
    );
  }
  if (needs.length === 0) throw invalid('needs', 'no facts: []. Required: at least one fact to wait for');
  const types = [...needs, ...cancelledBy].map(({ type }) => type);
  if (new Set(types).size < types.length) {
    throw invalid(
      'needs',
      `a type of fact twice: ${types.join(', ')}. Allowed: each type once in needs and cancelledBy`,
    );
  }
  if (cancelledBy.length > 0 && definition.cancelledLate === undefined) {
    throw invalid('cancelledLate', 'missing. Required with cancelledBy: "ignore", or a function that returns effects');
  }
  if (deadlineSeconds !== undefined && !isDeadline(deadlineSeconds)) {
    const allowed = `an integer from ${MIN_DEADLINE_SECONDS} to ${MAX_DEADLINE_SECONDS}`;
    throw invalid('deadlineSeconds', `not a valid deadline: ${quoted(deadlineSeconds)}. Allowed: ${allowed}`);
  }
  for (const name of ['key', 'decide', 'cancelledLate'] as const) {
    if (isAsync(definition[name])) {
      throw invalid(
        name,
        'an async function. Allowed: a function that returns its result directly and not by a promise',
      );
    }
  }
  const about = new Map<string, string>([...needs, ...cancelledBy].map((contract) => [contract.type, contract.about]));
  return {
    name,
    module,
    needs,
    cancelledBy,
    deadlineSeconds,
    key: definition.key ?? ((fact: Fact) => fact.data[about.get(fact.type) ?? ''] ?? ''),
    decide: definition.decide,
    cancelledLate: cancelledLate === 'ignore' ? () => [] : cancelledLate,
  };
}

function isDeadline(seconds: number): boolean {
  return Number.isInteger(seconds) && seconds >= MIN_DEADLINE_SECONDS && seconds <= MAX_DEADLINE_SECONDS;
}

function invalid(field: string, problem: string): FreshetError {
  return new FreshetError(`${field}: ${problem}.`, { code: 'InvalidSaga', field });
}
