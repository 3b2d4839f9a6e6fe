import type { Boundary } from 'freshet-aws/internal/core/contract/contract';
import type { Deployment } from '../../deployment/deployment.ts';

/** The contracts of a deployment. */
export interface Boundaries {
  /** By name, sorted. */
  readonly found: ReadonlyMap<string, Boundary>;
  /** The boundaries whose contracts can't be loaded, with the reasons. */
  readonly missing: readonly { readonly boundary: string; readonly reason: string }[];
}

/** Loads the contracts of all owners, caches and topics of facts of a deployment. */
export async function readBoundaries(deployment: Deployment): Promise<Boundaries> {
  const { owners, caches, factTopics } = deployment;
  const loads = [
    ...[...owners, ...caches].map((one) => ({ name: one.name, load: async () => (await one.open()).boundary })),
    ...factTopics.map((topic) => ({ name: topic.boundary, load: () => deployment.contractsOf(topic) })),
  ];
  const loaded = await Promise.all(
    loads.map(async ({ name, load }) => {
      try {
        return { name, boundary: await load() };
      } catch (error) {
        return { name, reason: error instanceof Error ? error.message : String(error) };
      }
    }),
  );
  const found = new Map<string, Boundary>();
  for (const { name, boundary } of loaded) if (boundary !== undefined && !found.has(name)) found.set(name, boundary);
  const missing = new Map<string, string>();
  for (const { name, reason } of loaded)
    if (reason !== undefined && !found.has(name) && !missing.has(name)) missing.set(name, reason);
  return {
    found: new Map([...found].sort(([a], [b]) => (a < b ? -1 : 1))),
    missing: [...missing].sort(([a], [b]) => (a < b ? -1 : 1)).map(([boundary, reason]) => ({ boundary, reason })),
  };
}

/** A type of a deployment: who owns it, and which caches here keep it. */
export interface KnownType {
  readonly type: string;
  /** The name of its owner, also of an owner elsewhere. */
  readonly owner: string;
  readonly isOwnedHere: boolean;
  readonly caches: readonly string[];
}

/** The types that owners here own or caches here keep, sorted by name. */
export function typesOf({ owners, caches }: Pick<Deployment, 'owners' | 'caches'>, { found }: Boundaries): KnownType[] {
  const types = new Map<string, KnownType>();
  for (const { name } of owners)
    for (const type of Object.keys(found.get(name)?.owns ?? {}))
      types.set(type, { type, owner: name, isOwnedHere: true, caches: [] });
  for (const { name } of caches) {
    for (const [type, { contract }] of Object.entries(found.get(name)?.caches ?? {})) {
      const isOwnedHere = owners.some((owner) => owner.name === contract.owner);
      const before = types.get(type) ?? { type, owner: contract.owner, isOwnedHere, caches: [] };
      types.set(type, { ...before, caches: [...before.caches, name] });
    }
  }
  return [...types.values()].sort((a, b) => (a.type < b.type ? -1 : 1));
}
