import type { Boundary, EntityContract } from '../contract/contract.ts';
import { ownedContract } from '../contract/define-boundary.ts';
import type { EntityRef } from '../entity.ts';
import { sideBySide } from '../side-by-side.ts';
import { TOMBSTONE_DIGEST } from '../state.ts';
import { type CopyTable, stateOf } from './adopt.ts';
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
 */
export async function surveyEntities(
  boundary: Pick<Boundary, 'name' | 'owns' | 'epoch'>,
  entities: readonly EntityRef[],
  ports: SurveyPorts,
): Promise<Survey> {
  if (entities.length === 0) return { compared: 0, mended: 0, deleted: 0, refused: [] };
  const copies = await ports.copies(entities);
  const atMs = ports.nowMs();
  const items = await ports.items(entities);
  const results = await sideBySide([...entities.entries()], WRITES_AT_ONCE, ([index, entity]) =>
    surveyOne(boundary, { entity, copy: copies[index], item: items[index], atMs }, ports),
  );
  return {
    compared: entities.length,
    mended: results.filter((one) => one === 'mended').length,
    deleted: results.filter((one) => one === 'deleted').length,
    refused: results.filter((one) => typeof one === 'object'),
  };
}

interface Pair {
  readonly entity: EntityRef;
  readonly copy: Copy | undefined;
  readonly item: WireItem | undefined;
  readonly atMs: number;
}

async function surveyOne(
  boundary: Pick<Boundary, 'name' | 'owns' | 'epoch'>,
  { entity, copy, item, atMs }: Pair,
  ports: SurveyPorts,
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
): Promise<{ readonly digest: string; readonly json: string | undefined } | Refusal> {
  if (found === undefined) return { digest: TOMBSTONE_DIGEST, json: undefined };
  return stateOf({ entity: found.entity, contract }, found.json);
}
