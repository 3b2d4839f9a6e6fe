import { compareType, type TypeComparison } from './differences.ts';
import { progressBar } from './progress.ts';
import { type CacheSession, ownerOf, type Session } from './session.ts';

/** What changed just now is given so long to arrive before it counts as a difference. */
const GRACE_MS = 1_000;

/** Compares one type and shows how far it came. */
export async function compareWithBar(
  session: Session,
  cache: CacheSession,
  type: string,
  signal: AbortSignal,
): Promise<TypeComparison> {
  const total = process.stderr.isTTY ? await ownerOf(session, type).owner.count(type) : undefined;
  const show = progressBar(total, `of ${type} compared`);
  const onProgress = (compared: number) => show.update(Math.min(compared, total ?? 0), compared);
  return compareType(session, cache, type, { signal, graceMs: GRACE_MS, onProgress }).finally(() => show.end());
}
