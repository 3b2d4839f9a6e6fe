import type { Boundary, EntityContract } from '../contract/contract.ts';
import { ownedContract } from '../contract/define-boundary.ts';
import type { EntityRef } from '../entity.ts';
import { sideBySide } from '../side-by-side.ts';
import { TOMBSTONE_DIGEST } from '../state.ts';
import { type CopyTable, type CopyVersion, stateOf } from './adopt.ts';
import type { Copy, Decision } from './decide.ts';
import type { WireItem } from './item.ts';
import { type MappedEntity, mapItem, type Refusal } from './map.ts';
import { mend } from './mend.ts';

/** What a survey reads of an existing table. It writes nothing there. */
export interface SurveyedTable {
  /** Reads the items of entities consistently, in the order of the entities; undefined where there is none. */
  items(entities: readonly EntityRef[]): Promise<readonly (WireItem | undefined)[]>;
}

/** The ports with which a survey compares copies with an existing table. */
export interface SurveyPorts extends SurveyedTable, Pick<CopyTable, 'write'> {
  /** Reads copies consistently, in the order of the entities. */
  copies(entities: readonly EntityRef[]): Promise<readonly (Copy | undefined)[]>;
  nowMs(): number;
}

/** What a survey found. */
export interface Survey {
  /** Entities that were compared. */
  readonly compared: number;
  /** Copies that were missing or differed, and were committed. */
  readonly mended: number;
  /** Deletions that the copies lacked. */
  readonly deleted: number;
  /** Items that can't be published, by reason; the first ones of all. */
  readonly refused: readonly (Refusal & { readonly entity: EntityRef })[];
}

/** Number of copies that are written at the same time. */
const WRITES_AT_ONCE = 10;

type Result = 'equal' | 'mended' | 'deleted' | (Refusal & { readonly entity: EntityRef });

/**
 * Compares entities with the existing table and mends the copies that differ. The copies are read before the items, and
 * written only if they are still as they were. So no record of the stream that was adopted in between is undone.
 *
 * @param since copies that a survey has changed since then are left out, epoch milliseconds; default: none
 */
export async function surveyEntities(
  boundary: Pick<Boundary, 'name' | 'owns' | 'epoch'>,
  entities: readonly EntityRef[],
  ports: SurveyPorts,
  since = Number.POSITIVE_INFINITY,
): Promise<Survey> {
  if (entities.length === 0) return NOTHING;
  const copies = await ports.copies(entities);
  const pairs = entities
    .map((entity, index) => ({ entity, copy: copies[index] }))
    .filter(({ copy }) => copy?.surveyedAtMs === undefined || copy.surveyedAtMs < since);
  if (pairs.length === 0) return NOTHING;
  const atMs = ports.nowMs();
  const items = await ports.items(pairs.map(({ entity }) => entity));
  return surveyPairs(
    boundary,
    pairs.map((pair, index) => ({ ...pair, item: items[index], atMs })),
    ports,
  );
}

const NOTHING: Survey = { compared: 0, mended: 0, deleted: 0, refused: [] };

/** Compares copies with items that were read after them, and mends the copies. */
export async function surveyPairs(
  boundary: Pick<Boundary, 'name' | 'owns' | 'epoch'>,
  pairs: readonly Pair[],
  ports: Pick<CopyTable, 'write'>,
): Promise<Survey> {
  const results = await sideBySide(pairs, WRITES_AT_ONCE, (pair) => surveyOne(boundary, pair, ports));
  return {
    compared: pairs.length,
    mended: results.filter((one) => one === 'mended').length,
    deleted: results.filter((one) => one === 'deleted').length,
    refused: results.filter((one) => typeof one === 'object'),
  };
}

/** A copy, and the item that was read after it. */
export interface Pair {
  readonly entity: EntityRef;
  readonly copy: Copy | undefined;
  readonly item: WireItem | undefined;
  /** When the reading of the item began, epoch milliseconds. */
  readonly atMs: number;
}

async function surveyOne(
  boundary: Pick<Boundary, 'name' | 'owns' | 'epoch'>,
  { entity, copy, item, atMs }: Pair,
  ports: Pick<CopyTable, 'write'>,
): Promise<Result> {
  const mapped = item === undefined ? undefined : mapItem(boundary, item);
  // What can't be read is neither published nor deleted.
  if (mapped?.kind === 'refused') return { reason: mapped.reason, explanation: mapped.explanation, entity };
  const found = mapped?.kind === 'entity' && mapped.found.entity.type === entity.type ? mapped.found : undefined;
  const contract = ownedContract(boundary, entity.type);
  const content = await contentOf(found, contract);
  if ('reason' in content) return { ...content, entity };
  const surveyed = found && { version: found.version, digest: content.digest };
  const decision: Decision = mend(copy, surveyed, boundary.epoch);
  if (decision.kind === 'refused') return { ...decision, entity };
  if (decision.kind !== 'commit') return 'equal';
  const { version, base } = decision;
  const changedAt = new Date(atMs).toISOString();
  const { taken } = await ports.write(
    entity,
    { ...content, version, base, schemaVersion: contract.schemaVersion, changedAt },
    { expected: copy, source: { kind: 'survey', atMs }, isPredicted: false },
  );
  // The stream has changed the copy meanwhile. The next survey compares it again.
  if (!taken) return 'equal';
  return found === undefined ? 'deleted' : 'mended';
}

async function contentOf(
  found: MappedEntity | undefined,
  contract: EntityContract,
): Promise<Pick<CopyVersion, 'digest' | 'json' | 'compressed'> | Refusal> {
  if (found === undefined) return { digest: TOMBSTONE_DIGEST, json: undefined };
  return stateOf({ entity: found.entity, contract }, found.json);
}
