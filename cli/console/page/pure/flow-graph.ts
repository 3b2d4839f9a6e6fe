import type { DeploymentDocument } from '../../api/documents.ts';

/** Where something flows from: an owner, an owner in another deployment, or a boundary's facts. */
export interface Source {
  readonly key: string;
  readonly kind: 'owner' | 'elsewhere' | 'facts';
  readonly name: string;
}

/** Where it flows to. */
export interface Sink {
  readonly key: string;
  readonly kind: 'cache' | 'fact-queue' | 'saga';
  readonly name: string;
  /** The entity types or facts, for the search. */
  readonly words: readonly string[];
  /** The keys of the sources. */
  readonly from: readonly string[];
}

/** A picture: entities from owners to caches, or facts to their queues and sagas. */
export interface FlowGraph {
  readonly sources: readonly Source[];
  readonly sinks: readonly Sink[];
}

/** The picture of entities. */
export function entityGraph({ owners, caches }: Pick<DeploymentDocument, 'owners' | 'caches'>): FlowGraph {
  const here = new Set(owners.map(({ name }) => name));
  const elsewhere = new Set(caches.flatMap((cache) => (cache.owners ?? []).filter((name) => !here.has(name))));
  return {
    sources: [
      ...owners.map(({ name }) => ({ key: `owner/${name}`, kind: 'owner' as const, name })),
      ...[...elsewhere].map((name) => ({ key: `elsewhere/${name}`, kind: 'elsewhere' as const, name })),
    ],
    sinks: caches.map(({ name, types, owners: from }) => ({
      key: `cache/${name}`,
      kind: 'cache',
      name,
      words: types ?? [],
      from: (from ?? []).map((owner) => `${here.has(owner) ? 'owner' : 'elsewhere'}/${owner}`),
    })),
  };
}

/** The picture of facts. */
export function factGraph(deployment: Pick<DeploymentDocument, 'factTopics' | 'factQueues' | 'sagas'>): FlowGraph {
  const { factTopics, factQueues, sagas } = deployment;
  const here = new Set(factTopics.map(({ boundary }) => boundary));
  const from = (boundaries: readonly string[]) =>
    [...new Set(boundaries)].filter((name) => here.has(name)).map((name) => `facts/${name}`);
  return {
    sources: factTopics.map(({ boundary }) => ({ key: `facts/${boundary}`, kind: 'facts', name: boundary })),
    sinks: [
      ...factQueues.map(({ name, boundaries }) => ({
        key: `fact-queue/${name}`,
        kind: 'fact-queue' as const,
        name,
        words: boundaries ?? [],
        from: from(boundaries ?? []),
      })),
      ...sagas.map(({ name, needs, cancelledBy }) => {
        const facts = [...(needs ?? []), ...(cancelledBy ?? [])];
        return {
          key: `saga/${name}`,
          kind: 'saga' as const,
          name,
          words: facts.map(({ type }) => type),
          from: from(facts.map(({ owner }) => owner)),
        };
      }),
    ],
  };
}

/** The sinks whose name or words contain a text. */
export function matching(sinks: readonly Sink[], text: string): Sink[] {
  const wanted = text.trim().toLowerCase();
  return sinks.filter(({ name, words }) => [name, ...words].some((word) => word.toLowerCase().includes(wanted)));
}
