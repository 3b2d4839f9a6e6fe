import { TOMBSTONE_DIGEST } from '../state.ts';
import type { OwnerPage, PageEntry } from './pages.ts';
import type { Healable, Suspect } from './suspects.ts';
import { CLOCK_MARGIN_MS } from './waiting.ts';

/** An entity of a cache, as an inventory compares it. */
export interface InventoryRecord {
  readonly id: string;
  /** 0 if the item only carries a stop marker. */
  readonly version: number;
  readonly digest: string;
  /** When the owner committed the version, epoch milliseconds. */
  readonly changedAtMs: number;
  readonly fieldsRevision: number;
  /** The item's checksum; undefined if it has none. */
  readonly checksum: string | undefined;
  /** Whether the item is as the projector wrote it. */
  readonly isIntact: boolean;
}

/** A difference that no event in flight explains, and that only a person can judge. */
export interface CertainDifference {
  readonly id: string;
  readonly difference: 'ahead' | 'conflicting' | 'unknown';
  readonly version: number;
}

/** Whether the cache may have received an item's version after the owner read a page. */
export function isLater({ changedAtMs }: InventoryRecord, readAtMs: number): boolean {
  return changedAtMs > readAtMs - CLOCK_MARGIN_MS;
}

/**
 * Compares the entries of a page with the cache. An entity that is missing or behind is a suspect, because its event
 * may be in flight. An item that isn't as the projector wrote it, or that has the fields of an earlier revision, is a
 * suspect too: the owner's state replaces it. What the cache received after the owner read the page is no difference.
 */
export function compareEntries(
  page: Pick<OwnerPage, 'entries' | 'readAtMs' | 'isTableRange' | 'unsendable' | 'unsendableCount'>,
  records: readonly InventoryRecord[],
  fieldsRevision: number,
): { readonly suspects: readonly Suspect[]; readonly certain: readonly CertainDifference[] } {
  const held = new Map(records.map((record) => [record.id, record]));
  const suspects: Suspect[] = [];
  const certain: CertainDifference[] = [];
  for (const entry of page.entries) {
    const [id, version, digest] = entry;
    const record = held.get(id);
    held.delete(id);
    const cause = causeOf(entry, record, fieldsRevision);
    if (cause !== undefined) suspects.push({ id, version, digest, cause, asked: 0 });
    else if (record !== undefined && record.version > version && !isLater(record, page.readAtMs))
      certain.push({ id, difference: 'ahead', version: record.version });
    else if (record?.version === version && record.digest !== digest)
      certain.push({ id, difference: 'conflicting', version });
  }
  for (const { id } of page.unsendable) held.delete(id);
  const unknown = [...held.values()].filter((one) => one.version > 0 && !isLater(one, page.readAtMs));
  // The owner knows what it can't send, and a page names only the first of these.
  const areAllNamed = page.unsendableCount === page.unsendable.length;
  const others = page.isTableRange && areAllNamed ? unknown : [];
  certain.push(...others.map(({ id, version }) => ({ id, difference: 'unknown', version }) as const));
  return { suspects, certain };
}

/** Why the owner's state would change what the cache holds; undefined if it wouldn't. */
export function causeOf(
  [, version, digest]: PageEntry,
  record: InventoryRecord | undefined,
  fieldsRevision: number,
): Healable | undefined {
  // The tombstone of a deletion may have expired.
  if (record === undefined || (record.version === 0 && record.isIntact))
    return digest === TOMBSTONE_DIGEST ? undefined : 'missing';
  if (!record.isIntact) return 'different';
  if (record.version < version) return 'behind';
  const isSame = record.version === version && record.digest === digest;
  return isSame && digest !== TOMBSTONE_DIGEST && record.fieldsRevision < fieldsRevision ? 'different' : undefined;
}
