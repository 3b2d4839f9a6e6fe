import type { OpenCache } from '../deployment/deployment.ts';
import { progressBar } from '../output/progress.ts';
import type { Work } from '../work.ts';
import { compareType, type TypeComparison } from './differences.ts';

/** How long a recent change may take to arrive before it counts as a difference. */
const GRACE_MS = 1_000;

/** Compares one type and shows the progress in a bar. */
export async function compareWithBar(
  { io, deployment, signal }: Work,
  cache: OpenCache,
  type: string,
): Promise<TypeComparison> {
  const total = io.stderr.isTTY ? await (await deployment.ownerOf(type)).owner.count(type) : undefined;
  const show = progressBar(io, total, `${type} entities compared`);
  const onProgress = (compared: number) => show.update(Math.min(compared, total ?? 0), compared);
  return compareType(deployment, cache, type, { signal, graceMs: GRACE_MS, onProgress }).finally(() => show.end());
}
