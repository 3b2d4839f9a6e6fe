import type { Boundary, EntityContract } from '../contract/contract.ts';
import { ownedContract } from '../contract/define-boundary.ts';
import type { EntityRef } from '../entity.ts';
import { sideBySide } from '../side-by-side.ts';
import { TOMBSTONE_DIGEST } from '../state.ts';
import { type CopyChange, type CopyTable, type CopyVersion, stateOf } from './adopt.ts';
import type { Copy } from './decide.ts';
import type { WireItem } from './item.ts';
import { keyProblem, type MappedEntity, mapItem, type Refusal, wrongKey } from './map.ts';
import { absenceOf, type Mending, mend } from './mend.ts';
import type { Suspect } from './survey-note.ts';

/** An item; undefined if there is none. `wrong-key`: the mapping's key isn't one of the table. */
export type ItemRead = WireItem | 'wrong-key' | undefined;

/** What a survey reads of an existing table. It writes nothing there. */
export interface SurveyedTable {
  /** Reads the items of entities consistently, in the order of the entities. */
  items(entities: readonly EntityRef[]): Promise<readonly ItemRead[]>;
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
  /** Copies that differ and were left as they are, see `Look.isDoubted`. */
  readonly doubted: readonly Suspect[];
}

/** How entities are looked at. */
export interface Look {
  /** Copies that a survey has changed since then are left out, epoch milliseconds. @default - none are */
  readonly since?: number;
  /** Whether a difference is left, because its change may be on its way to the copy. @default - none is */
  readonly isDoubted?: ((decision: Mending) => boolean) | undefined;
  /** Copies that changed after this first look are left out: the stream has brought the change. */
  readonly first?: readonly Suspect[];
}

/**
 * Number of entities whose items are read by one call and held at the same time. With items of 400 KB, they take 10 MB,
 * and a call of BatchGetItem returns up to 16 MB (ddb/API_BatchGetItem).
 */
export const ITEMS_AT_ONCE = 25;

/** Number of copies that are written at the same time. */
const WRITES_AT_ONCE = 10;

type Result = 'equal' | 'mended' | 'deleted' | Suspect | (Refusal & { readonly entity: EntityRef });

/**
 * Compares entities with the existing table and mends the copies that differ. The copies are read before the items, and
 * written only if they are still as they were. So no record of the stream that was adopted in between is undone.
 */
export async function surveyEntities(
  boundary: Pick<Boundary, 'name' | 'owns' | 'epoch'>,
  entities: readonly EntityRef[],
  ports: SurveyPorts,
  look: Look = {},
): Promise<Survey> {
  let all: Survey = { compared: 0, mended: 0, deleted: 0, refused: [], doubted: [] };
  for (let from = 0; from < entities.length; from += ITEMS_AT_ONCE) {
    const part = <T>(of: readonly T[]) => of.slice(from, from + ITEMS_AT_ONCE);
    const { first } = look;
    all = sum(all, await surveyPart(boundary, part(entities), ports, first ? { ...look, first: part(first) } : look));
  }
  return all;
}

/** Adds what two parts of a survey found. */
export function sum(a: Survey, b: Survey): Survey {
  return {
    compared: a.compared + b.compared,
    mended: a.mended + b.mended,
    deleted: a.deleted + b.deleted,
    refused: [...a.refused, ...b.refused],
    doubted: [...a.doubted, ...b.doubted],
  };
}

async function surveyPart(
  boundary: Pick<Boundary, 'name' | 'owns' | 'epoch'>,
  entities: readonly EntityRef[],
  ports: SurveyPorts,
  look: Look,
): Promise<Survey> {
  const { since = Number.POSITIVE_INFINITY, first } = look;
  const copies = await ports.copies(entities);
  const pairs = entities
    .map((entity, index) => ({ entity, copy: copies[index], version: first?.[index]?.version }))
    .filter(({ copy }) => copy?.surveyedAtMs === undefined || copy.surveyedAtMs < since)
    .filter(({ copy, version }) => version === undefined || version === (copy?.version ?? 0));
  const refused = pairs.flatMap(({ entity }) => {
    const problem = keyProblem(ownedContract(boundary, entity.type), entity);
    return problem === undefined ? [] : [{ ...problem, entity }];
  });
  const readable = pairs.filter(({ entity }) => refused.every((one) => one.entity !== entity));
  const atMs = ports.nowMs();
  const items = readable.length === 0 ? [] : await ports.items(readable.map(({ entity }) => entity));
  const survey = await surveyPairs(
    boundary,
    readable.map((pair, index) => ({ ...pair, item: items[index], atMs })),
    ports,
    look,
  );
  return { ...survey, compared: pairs.length, refused: [...refused, ...survey.refused] };
}

/** Compares copies with items that were read after them, and mends the copies. */
export async function surveyPairs(
  boundary: Pick<Boundary, 'name' | 'owns' | 'epoch'>,
  pairs: readonly Pair[],
  ports: Pick<CopyTable, 'write'>,
  look: Pick<Look, 'isDoubted'> = {},
): Promise<Survey> {
  const results = await sideBySide(pairs, WRITES_AT_ONCE, (pair) => surveyOne(boundary, pair, ports, look));
  return {
    compared: pairs.length,
    mended: results.filter((one) => one === 'mended').length,
    deleted: results.filter((one) => one === 'deleted').length,
    refused: results.filter((one) => typeof one === 'object').filter((one) => 'reason' in one),
    doubted: results.filter((one) => typeof one === 'object').filter((one) => 'id' in one),
  };
}

/** A copy, and the item that was read after it. */
export interface Pair {
  readonly entity: EntityRef;
  readonly copy: Copy | undefined;
  readonly item: ItemRead;
  /** When the reading of the item began, epoch milliseconds. */
  readonly atMs: number;
}

async function surveyOne(
  boundary: Pick<Boundary, 'name' | 'owns' | 'epoch'>,
  { entity, copy, item, atMs }: Pair,
  ports: Pick<CopyTable, 'write'>,
  { isDoubted = () => false }: Pick<Look, 'isDoubted'>,
): Promise<Result> {
  if (item === 'wrong-key') return { ...wrongKey(entity, "it isn't a key of the table"), entity };
  const mapped = item === undefined ? undefined : mapItem(boundary, item);
  // What can't be read is neither published nor deleted.
  if (mapped?.kind === 'refused') return { reason: mapped.reason, explanation: mapped.explanation, entity };
  // Another entity in the item means that this one is gone.
  const found = mapped?.kind === 'entity' && isEntity(mapped.found.entity, entity) ? mapped.found : undefined;
  const contract = ownedContract(boundary, entity.type);
  const content = await contentOf(found, contract);
  if ('reason' in content) return { ...content, entity };
  const surveyed =
    found === undefined
      ? absenceOf(contract.adopted ?? {}, copy?.expiresAtSeconds, item !== undefined, atMs)
      : { version: found.version, digest: content.digest, expiresAtSeconds: found.expiresAtSeconds };
  const decision = mend(copy, surveyed, boundary.epoch);
  if (isDoubted(decision)) return { type: entity.type, id: entity.id, version: copy?.version ?? 0 };
  if (decision.kind === 'refused') return { ...decision, entity };
  if (decision.kind === 'known') return 'equal';
  const change = changeTo(decision, () => ({
    ...content,
    schemaVersion: contract.schemaVersion,
    changedAt: new Date(atMs).toISOString(),
    expiresAtSeconds: found?.expiresAtSeconds,
  }));
  const { taken } = await ports.write(entity, change, {
    expected: copy,
    source: { kind: 'survey', atMs },
    isPredicted: false,
  });
  // The stream has changed the copy meanwhile. The next survey compares it again.
  if (!taken || decision.kind !== 'commit') return 'equal';
  return found === undefined ? 'deleted' : 'mended';
}

function isEntity(one: EntityRef, other: EntityRef): boolean {
  return one.type === other.type && one.id === other.id;
}

/** @param content called only for a version, because it compresses the state */
function changeTo(
  decision: Exclude<Mending, { kind: 'refused' | 'known' }>,
  content: () => Omit<CopyVersion, 'version' | 'base'>,
): CopyChange {
  if (decision.kind === 'note-expiry') return 'expired';
  if (decision.kind === 'note-time') return { expiresAtSeconds: decision.expiresAtSeconds };
  const { version, base } = decision;
  return { ...content(), version, base };
}

async function contentOf(
  found: MappedEntity | undefined,
  contract: EntityContract,
): Promise<Pick<CopyVersion, 'digest' | 'json' | 'compressed'> | Refusal> {
  if (found === undefined) return { digest: TOMBSTONE_DIGEST, json: undefined };
  return stateOf({ entity: found.entity, contract }, found.json);
}
