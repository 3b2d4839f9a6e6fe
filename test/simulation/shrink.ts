import type { Violation } from './checks.ts';
import { FAULT_KINDS, type FaultKind } from './faults.ts';
import { COMMITS, ENTITIES, type SimulationOptions, simulate } from './simulate.ts';

/** The smallest failing run that was found. */
export interface Smallest {
  readonly commits: number;
  readonly entityCount: number;
  readonly without: readonly FaultKind[];
  readonly violation: Violation;
  readonly runs: number;
}

type Size = Pick<Smallest, 'commits' | 'entityCount' | 'without'>;

/** Leaves out commits, entities and kinds of fault while the seed still fails; undefined if it doesn't fail at all. */
export async function shrink(
  options: Pick<SimulationOptions, 'seed' | 'wrong'>,
  maxRuns = 200,
): Promise<Smallest | undefined> {
  let size: Size = { commits: COMMITS, entityCount: ENTITIES, without: [] };
  let violation: Violation | undefined;
  let runs = 0;
  const fails = async (candidate: Size): Promise<boolean> => {
    runs += 1;
    const [first] = (await simulate({ ...options, ...candidate })).violations;
    if (first === undefined) return false;
    size = candidate;
    violation = first;
    return true;
  };
  if (!(await fails(size))) return undefined;
  for (let isSmaller = true; isSmaller && runs < maxRuns; ) {
    isSmaller = false;
    for (const candidate of smaller(size)) {
      if (runs >= maxRuns || !(await fails(candidate))) continue;
      isSmaller = true;
      break;
    }
  }
  return violation && { ...size, violation, runs };
}

/** Smaller variants of a run, the smallest first. */
function* smaller({ commits, entityCount, without }: Size): Generator<Size> {
  for (const share of [0.25, 0.5, 0.75, 0.9]) {
    const fewer = Math.floor(commits * share);
    if (fewer >= 1 && fewer < commits) yield { commits: fewer, entityCount, without };
  }
  for (const fewer of new Set([1, Math.floor(entityCount / 2), entityCount - 1])) {
    if (fewer >= 1 && fewer < entityCount) yield { commits, entityCount: fewer, without };
  }
  for (const kind of FAULT_KINDS) {
    if (!without.includes(kind)) yield { commits, entityCount, without: [...without, kind] };
  }
}
