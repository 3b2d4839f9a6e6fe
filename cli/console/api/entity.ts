import { readCompleteness } from 'freshet-aws/internal/adapters/read/staleness';
import { type EntityRef, entityRef } from 'freshet-aws/internal/core/entity';
import { stalenessMs } from 'freshet-aws/internal/core/read/staleness';
import { sideBySide } from 'freshet-aws/internal/core/side-by-side';
import type { Findings } from '../../commands/why/findings.ts';
import { createGather } from '../../commands/why/gather.ts';
import { verdictOf } from '../../commands/why/verdict.ts';
import type { Deployment, FoundCache, FoundOwner } from '../../deployment/deployment.ts';
import { type KnownType, readBoundaries, typesOf } from './boundaries.ts';
import type { CachedCopyDocument, CopyDocument, EntityDocument } from './documents.ts';
import { unknownType } from './entities.ts';
import type { StoppedReads } from './stopped-reads.ts';

/** Caches that are read at the same time, each with about ten requests. */
const AT_ONCE = 8;

/** Reads an entity at its owner and in every cache that keeps its type. */
export async function readEntity(
  deployment: Deployment,
  isStopped: StoppedReads,
  input: { readonly type: string; readonly id: string },
): Promise<EntityDocument> {
  const entity = entityRef(input.type, input.id);
  const boundaries = await readBoundaries(deployment);
  const types = typesOf(deployment, boundaries);
  const known = types.find(({ type }) => type === entity.type);
  if (known === undefined && boundaries.missing.length === 0) throw unknownType(entity.type, types);
  const nowMs = Date.now();
  const owner =
    known === undefined
      ? await deployment.holderOf(entity)
      : deployment.owners.find(({ name }) => name === known.owner);
  const caches = deployment.caches.filter(({ name }) => mayKeep(name, known, boundaries.found));
  const gather = createGather(deployment, entity, nowMs, (name) => isStopped(name, nowMs));
  const [owned, cached] = await Promise.all([
    owner && ownerCopy(owner, entity),
    sideBySide(caches, AT_ONCE, (cache) => cachedCopy(deployment, cache, gather)),
  ]);
  return {
    at: new Date(nowMs).toISOString(),
    ...entity,
    ownerName: known?.owner ?? owner?.name ?? '',
    owner: owned ?? null,
    caches: cached,
  };
}

/** Whether a cache keeps a type. One without contracts may. */
function mayKeep(cache: string, known: KnownType | undefined, found: ReadonlyMap<string, unknown>): boolean {
  return known?.caches.includes(cache) === true || !found.has(cache);
}

async function ownerCopy({ records }: FoundOwner, entity: EntityRef): Promise<CopyDocument | undefined> {
  const owned = await records.get(entity);
  if (owned === undefined) return undefined;
  const { version, changedAt, stateJson } = owned;
  return { version, changedAt, isDeleted: stateJson === undefined, stateJson: stateJson ?? null };
}

async function cachedCopy(
  deployment: Deployment,
  cache: FoundCache,
  gather: (cache: FoundCache) => Promise<Findings>,
): Promise<CachedCopyDocument> {
  const table = { client: deployment.clients.tables, tableName: cache.deployed.table };
  const [findings, known] = await Promise.all([gather(cache), readCompleteness(table)]);
  const { record, fields, readiness } = findings.cache;
  const { verdict, isCertain, explanation } = verdictOf(findings);
  const staleMs = stalenessMs(known?.until, findings.type, findings.nowMs);
  return {
    cache: cache.name,
    copy: record === undefined || record.version === 0 ? null : copyOf(record),
    isStopped: record?.stopMarker !== undefined,
    fields: fields ?? null,
    stalenessSeconds: Number.isFinite(staleMs) ? staleMs / 1000 : null,
    readiness: readiness.status,
    verdict,
    isCertain,
    explanation,
  };
}

function copyOf({
  version,
  changedAt = '',
  dataJson,
}: {
  readonly version: number;
  readonly changedAt: string | undefined;
  readonly dataJson: string | undefined;
}): CopyDocument {
  return { version, changedAt, isDeleted: dataJson === undefined, stateJson: dataJson ?? null };
}
