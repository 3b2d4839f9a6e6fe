import { BOUNDARY_PATTERN } from '../contract.ts';
import { FreshetError, quoted } from '../errors.ts';
import type { Fact, FactContract, FactOf, FactsOf } from '../facts/fact.ts';
import type { State } from '../state.ts';

/** What a decision has done: recorded once, in the transaction that stores the decision. */
export interface Effect {
  /** Unique within the saga's instance; a letter, then up to 39 letters or digits. */
  readonly name: string;
  readonly data: State;
}

/** The effect that a missed deadline records. */
export const OVERDUE = 'Overdue';

/** Facts by their type. */
export type FactsByType = Readonly<Record<string, Fact>>;

/** A saga: decides once, when all the facts that it needs have arrived, in whatever order. */
export interface Saga {
  readonly name: string;
  /** The module that holds this definition, as a `file:` URL or an absolute path: it is bundled into the saga's functions. */
  readonly module: string;
  readonly needs: readonly FactContract[];
  readonly cancelledBy: readonly FactContract[];
  /** How long all facts may take, from the first one's arrival; undefined: for ever. */
  readonly deadlineSeconds: number | undefined;
  // Methods: what a definition takes is narrower than this, and the facts that it gets are checked before.
  key(fact: Fact): string;
  decide(facts: FactsByType): readonly Effect[];
  cancelledLate(facts: FactsByType): readonly Effect[];
}

/** What a saga is made of. */
export interface SagaDefinition<
  Needs extends readonly FactContract[],
  Cancels extends readonly FactContract[] = readonly [],
> {
  /** Lower-case letters, digits and hyphens, at most 30, a letter first; unique among the sagas of an account. */
  readonly name: string;
  /** The facts that the decision waits for, one of each type. */
  readonly needs: Needs;
  /** What a fact belongs to, an order's id say: 1 to 1,024 bytes. Default: what the fact is about. */
  key?(fact: FactOf<Needs[number] | Cancels[number]>): string;
  /** Facts that call the decision off when they come before it. Default none. */
  readonly cancelledBy?: Cancels;
  /** What to do of a cancellation that comes after the decision. Needed where `cancelledBy` is given. */
  readonly cancelledLate?: 'ignore' | ((facts: FactsOf<Needs> & Partial<FactsOf<Cancels>>) => readonly Effect[]);
  /** How long all facts may take before an alert is raised once, seconds from the first one's arrival. Default: for ever. */
  readonly deadlineSeconds?: number;
  /** Pure: the effects follow from the facts alone. It may run several times, and its effects are recorded once. */
  decide(facts: FactsOf<Needs>): readonly Effect[];
}

/** What a saga's module exports: compiled to CommonJS and loaded as an ES module, its default is a property of what it exports. */
export interface SagaModule {
  readonly default: Saga | { readonly default: Saga };
}

/** The saga that a module defines. */
export function sagaOf({ default: exported }: SagaModule): Saga {
  return 'default' in exported ? exported.default : exported;
}

/** Longest deadline: a year. */
const MAX_DEADLINE_SECONDS = 366 * 86_400;

/**
 * Defines a saga. The module that calls it exports the result as its default.
 *
 * @param module the calling module's `import.meta.url`; `__filename` in a CommonJS module
 * @throws FreshetError `InvalidSaga`
 */
export function defineSaga<
  const Needs extends readonly FactContract[],
  const Cancels extends readonly FactContract[] = readonly [],
>(module: string, definition: SagaDefinition<Needs, Cancels>): Saga {
  const { name, needs, deadlineSeconds, cancelledLate = 'ignore' } = definition;
  const cancelledBy: readonly FactContract[] = definition.cancelledBy ?? [];
  if (!BOUNDARY_PATTERN.test(name)) {
    throw invalid(
      'name',
      `given: ${quoted(name)}. Allowed: 1 to 30 lower-case letters, digits and hyphens, a letter first`,
    );
  }
  if (needs.length === 0) throw invalid('needs', 'given: none. A saga waits for at least one fact');
  const types = [...needs, ...cancelledBy].map(({ type }) => type);
  if (new Set(types).size < types.length) {
    throw invalid('needs', `given with cancelledBy: ${types.join(', ')}. Each type of fact once`);
  }
  if (cancelledBy.length > 0 && definition.cancelledLate === undefined) {
    throw invalid('cancelledLate', 'not given. What a cancellation after the decision does: "ignore", or its effects');
  }
  if (
    deadlineSeconds !== undefined &&
    (!Number.isInteger(deadlineSeconds) || deadlineSeconds < 60 || deadlineSeconds > MAX_DEADLINE_SECONDS)
  ) {
    throw invalid(
      'deadlineSeconds',
      `given: ${quoted(deadlineSeconds)}. Allowed: an integer from 60 to ${MAX_DEADLINE_SECONDS}`,
    );
  }
  const about = new Map<string, string>([...needs, ...cancelledBy].map((contract) => [contract.type, contract.about]));
  return {
    ...{ name, module, needs, cancelledBy, deadlineSeconds },
    key: definition.key ?? ((fact: Fact) => fact.data[about.get(fact.type) ?? ''] ?? ''),
    decide: definition.decide,
    cancelledLate: cancelledLate === 'ignore' ? () => [] : cancelledLate,
  };
}

function invalid(field: string, problem: string): FreshetError {
  return new FreshetError(`${field}: ${problem}.`, { code: 'InvalidSaga', field });
}
