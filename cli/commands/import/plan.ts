import type { OwnerRecords } from 'freshet-aws/internal/adapters/own/owner-records';
import { checkedState } from 'freshet-aws/internal/core/contract/validate';
import { assertNotHeartbeat, entityRef } from 'freshet-aws/internal/core/entity';
import { isTombstone, type OwnedEntity } from 'freshet-aws/internal/core/own/own';
import { eachOf } from 'freshet-aws/internal/core/read/pages';
import { MAX_PAGE_SIZE } from 'freshet-aws/internal/core/read/read';
import { canonicalState } from 'freshet-aws/internal/core/state';
import { createIdTable } from '../../files/id-table.ts';
import { eachEntity, type ImportResult, type ImportSource } from './import-rows.ts';

/** An entity that the owner has and the file lacks. */
export interface Vanished {
  readonly id: string;
  /** The version at which it was compared with the file. */
  readonly version: number;
}

/** What an import would do. */
export interface Plan extends ImportResult {
  /** The entities that the owner has, without those that are deleted. */
  readonly owned: number;
  readonly vanished: readonly Vanished[];
}

/** What a plan reads. */
export interface PlanJob extends ImportSource {
  readonly records: Pick<OwnerRecords, 'list'>;
  readonly signal: AbortSignal;
}

/**
 * Finds out what an import would do, without writing: it reads the file, and compares the digest of each state with
 * those that the owner has.
 */
export async function planImport(job: PlanJob): Promise<Plan> {
  const { contract, records, signal } = job;
  const { type } = contract;
  /** The digest of each entity that can be put. */
  const digests = createIdTable();
  const read = await eachEntity(job, { atOnce: 1, signal }, async ({ id, state }) => {
    const entity = entityRef(type, id);
    assertNotHeartbeat(entity);
    digests.set(id, shortDigest(canonicalState(entity, await checkedState(contract, entity, state)).digest));
    return 'created';
  });
  const compared = { changed: 0, unchanged: 0 };
  const vanished: Vanished[] = [];
  let owned = 0;
  if (read.failure === undefined) {
    for await (const found of eachOf((cursor) => records.list(type, { cursor, limit: MAX_PAGE_SIZE }))) {
      if (signal.aborted) break;
      if (isTombstone(found)) continue;
      owned += 1;
      const digest = digests.get(found.entity.id);
      if (digest === undefined) vanished.push({ id: found.entity.id, version: found.version });
      else compared[isSame(found, digest) ? 'unchanged' : 'changed'] += 1;
    }
  }
  const created = read.created - compared.changed - compared.unchanged;
  return { ...read, ...compared, created, owned, vanished };
}

function isSame({ digest }: OwnedEntity, short: number): boolean {
  return shortDigest(digest) === short;
}

/** 48 bits of a digest suffice to count differences. The owner compares whole digests. */
function shortDigest(digest: string): number {
  return Buffer.from(digest, 'base64url').readUIntBE(0, 6);
}
