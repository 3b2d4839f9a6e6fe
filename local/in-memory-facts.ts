import {
  type FactOptions,
  type Facts,
  type PublishingBoundary,
  putOf,
} from 'freshet-aws/internal/adapters/facts/outbox';
import type { PublishedFacts } from 'freshet-aws/internal/core/contract/contract';
import type { TypeIn } from 'freshet-aws/internal/core/contract/types';
import type { Fact, FactOf } from 'freshet-aws/internal/core/facts/fact';
import { newFact, publishedContract } from 'freshet-aws/internal/core/facts/new-fact';

/** The interface that `createFacts` returns, extended by the list of published facts. */
export interface InMemoryFacts<Publishes extends PublishedFacts = PublishedFacts> extends Facts<Publishes> {
  /**
   * The published facts, in the order of the calls. A repeated fact appears once. A fact that you pass to `put` appears
   * at once, because this object can't see the transaction that your code writes.
   */
  readonly published: readonly FactOf<Publishes[TypeIn<Publishes>]>[];
}

/** The default time of a fact, in milliseconds since the epoch. */
const OCCURRED_AT_MS = Date.parse('2026-01-01T00:00:00.000Z');

/**
 * Creates in-memory facts for unit tests of code that publishes facts. They need no cloud. They behave like the result
 * of `createFacts`: they have the same types and errors, and publish a repeated fact once.
 *
 * @param boundary the boundary that publishes the facts
 * @param options.now returns the time of a fact in milliseconds since the epoch. Default: 2026-01-01T00:00:00.000Z
 */
export function inMemoryFacts<B extends PublishingBoundary>(
  boundary: B,
  { now = () => OCCURRED_AT_MS }: { readonly now?: () => number } = {},
): InMemoryFacts<B['publishes']> {
  const published: Fact[] = [];
  const publish = (type: string, ids: Readonly<Record<string, unknown>>, { key }: FactOptions = {}) => {
    const contract = publishedContract(boundary, type);
    const fact = newFact(contract, ids, { key, nowMs: now() });
    const isKnown = published.some(({ id }) => id === fact.id);
    if (!isKnown) published.push(fact);
    return { contract, fact, isKnown };
  };
  const facts: InMemoryFacts = {
    published,
    put(type, ids, options) {
      const { contract, fact } = publish(type, ids, options);
      return { Put: putOf(`${boundary.name}-facts`, contract, fact) };
    },
    commit: async (type, ids, options) => (publish(type, ids, options).isKnown ? 'known' : 'committed'),
  };
  // The cast is safe: every fact was checked by its contract.
  return facts as InMemoryFacts<B['publishes']>;
}
