import type { Boundary } from '../contract/contract.ts';
import { checkedState } from '../contract/validate.ts';
import { type EntityRef, entityName } from '../entity.ts';
import { FreshetError } from '../errors.ts';
import { sideBySide } from '../side-by-side.ts';
import { type CanonicalState, canonicalState, TOMBSTONE_DIGEST } from '../state.ts';
import { type Copy, type Decision, decide, type EntityChange, position } from './decide.ts';
import { explain, type Refusal } from './map.ts';
import { type PlannedChange, planRecord, type TableRecord } from './record.ts';

/** A new version of a copy. */
export interface CopyVersion {
  readonly version: number;
  readonly base: number;
  readonly digest: string;
  /** Canonical JSON; undefined for a deletion. */
  readonly json: string | undefined;
  /** The compressed form of the state, if it is to be stored so. */
  readonly compressed?: Uint8Array | undefined;
  readonly schemaVersion: number;
  /** ISO 8601. */
  readonly changedAt: string;
  /** See `Copy.expiresAtSeconds`. */
  readonly expiresAtSeconds?: number | undefined;
}

/** What is written to a copy: a version, or a note that the item expired, or when it expires. */
export type CopyChange = CopyVersion | 'expired' | { readonly expiresAtSeconds: number };

/** Where a change of a copy comes from: a record of the stream, or a survey. */
export type CopySource =
  | { readonly kind: 'record'; readonly position: string; readonly atMs: number }
  | { readonly kind: 'survey'; readonly atMs: number };

/** The result of a conditional write: whether it was made, and if it wasn't, what the table holds. */
export type CopyWritten = { readonly taken: true } | { readonly taken: false; readonly copy: Copy | undefined };

/** Freshet's own table of the copies. */
export interface CopyTable {
  /** Reads a copy consistently; undefined if the entity was never adopted. */
  read(entity: EntityRef): Promise<Copy | undefined>;
  /**
   * Commits a version, or writes a note, if the copy is still the expected one.
   *
   * @param options.isPredicted the expected copy was concluded from a record. The write is then refused if a survey
   *   changed the copy after the record.
   */
  write(
    entity: EntityRef,
    change: CopyChange,
    options: { readonly expected: Copy | undefined; readonly source: CopySource; readonly isPredicted: boolean },
  ): Promise<CopyWritten>;
}

/** The adopter's ports. */
export interface AdoptPorts extends CopyTable {
  /** Sets a record aside with its reason. If it throws, the record is retried. */
  setAside(sequenceNumber: string, refusal: Refusal, entity: EntityRef | undefined): Promise<void>;
}

/** How often each result occurred in a batch of records. A record can have two. */
export interface AdoptCounts {
  /** Committed versions, deletions included. */
  readonly committed: number;
  /** Records that changed nothing: of other items, outside the mapped part, or delivered before. */
  readonly unchanged: number;
  /** Items that expired, where that is no deletion. */
  readonly expired: number;
  readonly setAside: number;
}

/** The result of adopting a batch of records. */
export interface AdoptReport extends AdoptCounts {
  /**
   * Sequence numbers of the records that were neither adopted nor set aside, in stream order. Lambda retries the batch
   * from the first one.
   */
  readonly failed: readonly string[];
  /** The first failure. */
  readonly cause: unknown;
  /** When the oldest record of the batch was written, epoch milliseconds; undefined for an empty batch. */
  readonly oldestAtMs: number | undefined;
}

type Result = keyof AdoptCounts;

/** Number of items whose records are adopted at the same time. */
const ITEMS_AT_ONCE = 20;

/** Most attempts to change a copy that a survey changes at the same time. */
const MAX_ATTEMPTS = 10;

/**
 * Copies a batch of changes of an existing table, in order within an item and concurrently across items. A change that
 * can't be published is set aside, and never holds up the others. A failure holds back only the later records of its
 * item.
 */
export async function adoptBatch(
  boundary: Pick<Boundary, 'owns' | 'epoch'>,
  records: readonly TableRecord[],
  ports: AdoptPorts,
): Promise<AdoptReport> {
  const count = { committed: 0, unchanged: 0, expired: 0, setAside: 0 };
  const failed = new Set<string>();
  let cause: unknown;
  await sideBySide([...byItem(records).values()], ITEMS_AT_ONCE, async (ofItem) => {
    for (const [index, record] of ofItem.entries()) {
      try {
        for (const result of await adoptRecord(boundary, record, ports)) count[result] += 1;
      } catch (error) {
        cause ??= error;
        for (const { sequenceNumber } of ofItem.slice(index)) failed.add(sequenceNumber);
        return;
      }
    }
  });
  const times = records.map(({ atMs }) => atMs);
  return {
    ...count,
    failed: records.map(({ sequenceNumber }) => sequenceNumber).filter((number) => failed.has(number)),
    cause,
    oldestAtMs: times.length === 0 ? undefined : Math.min(...times),
  };
}

function byItem(records: readonly TableRecord[]): Map<string, TableRecord[]> {
  const groups = new Map<string, TableRecord[]>();
  for (const record of records) {
    const key = JSON.stringify(Object.entries(record.key).sort(([a], [b]) => (a < b ? -1 : 1)));
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [record]);
    else group.push(record);
  }
  return groups;
}

async function adoptRecord(
  boundary: Pick<Boundary, 'owns' | 'epoch'>,
  record: TableRecord,
  ports: AdoptPorts,
): Promise<Result[]> {
  const { changes, refusals } = planRecord(boundary, record);
  const results: Result[] = [];
  for (const refusal of refusals) results.push(await setAside(record, refusal, refusal.entity, ports));
  for (const planned of changes) results.push(await adoptChange(boundary.epoch, record, planned, ports));
  return results.length === 0 ? ['unchanged'] : results;
}

async function setAside(
  { sequenceNumber }: TableRecord,
  { reason, explanation }: Refusal,
  entity: EntityRef | undefined,
  ports: AdoptPorts,
): Promise<Result> {
  await ports.setAside(sequenceNumber, { reason, explanation }, entity);
  return 'setAside';
}

async function adoptChange(
  epoch: number,
  record: TableRecord,
  planned: PlannedChange,
  ports: AdoptPorts,
): Promise<Result> {
  const { entity, contract, change } = planned;
  const state = change.kind === 'put' ? await stateOf(planned, change.json) : undefined;
  if (state !== undefined && 'reason' in state) return setAside(record, state, entity, ports);
  const digest = state?.digest ?? TOMBSTONE_DIGEST;
  const at = { position: position(record.streamArn, record.sequenceNumber), atMs: record.atMs };
  const entityChange: EntityChange =
    change.kind === 'put'
      ? { ...at, ...change, digest }
      : change.kind === 'remove'
        ? { ...at, kind: 'remove', version: planned.versionBefore }
        : { ...at, kind: 'expire' };
  const contents = {
    digest,
    json: state?.json,
    /** Made only for a version that is committed. */
    get compressed() {
      return state?.compressed;
    },
    schemaVersion: contract.schemaVersion,
    changedAt: new Date(record.atMs).toISOString(),
    expiresAtSeconds: change.kind === 'put' ? change.expiresAtSeconds : undefined,
  };
  const decided = await settle(entity, ports, { kind: 'record', ...at }, contents, predicted(planned, epoch), (copy) =>
    decide(entityChange, copy, epoch),
  );
  if (decided.kind === 'refused') return setAside(record, decided, entity, ports);
  return decided.kind === 'commit' ? 'committed' : decided.kind === 'note-expiry' ? 'expired' : 'unchanged';
}

/** The canonical state that the type's schema makes of a mapped state, or why it makes none. */
export async function stateOf(
  { entity, contract }: Pick<PlannedChange, 'entity' | 'contract'>,
  json: string,
): Promise<CanonicalState | Refusal> {
  try {
    return canonicalState(entity, await checkedState(contract, entity, JSON.parse(json)));
  } catch (error) {
    if (error instanceof FreshetError) return { reason: 'invalid-state', explanation: explain(error) };
    throw error;
  }
}

/** A copy that was read, or concluded from a record. */
interface Assumed {
  readonly copy: Copy | undefined;
  readonly isPredicted: boolean;
}

/**
 * The copy of an entity that was never deleted is at the version of the record's old image. If it is, a change costs
 * one write and no read. In a later epoch, the copy's version can't be concluded.
 */
function predicted({ change, versionBefore }: PlannedChange, epoch: number): Assumed | undefined {
  if (epoch > 0 || change.kind === 'expire') return undefined;
  if (change.kind === 'put' && change.isNew) return { copy: undefined, isPredicted: true };
  if (versionBefore === undefined) return undefined;
  return { copy: { version: versionBefore, base: 0, digest: '', isDeleted: false }, isPredicted: true };
}

/** Decides and writes, and decides again on what the table holds if that isn't what was assumed. */
export async function settle(
  entity: EntityRef,
  table: CopyTable,
  source: CopySource,
  contents: Omit<CopyVersion, 'version' | 'base'>,
  first: Assumed | undefined,
  decideOn: (copy: Copy | undefined) => Decision,
): Promise<Decision> {
  let assumed: Assumed = first ?? { copy: await table.read(entity), isPredicted: false };
  for (let attempt = 1; attempt <= MAX_ATTEMPTS; attempt += 1) {
    const { copy: expected, isPredicted } = assumed;
    const decision = decideOn(expected);
    if (decision.kind === 'known' || decision.kind === 'refused') return decision;
    const { version, base } = decision.kind === 'commit' ? decision : { version: 0, base: 0 };
    const change = decision.kind === 'commit' ? { ...contents, version, base } : 'expired';
    const written = await table.write(entity, change, { expected, source, isPredicted });
    if (written.taken) return decision;
    assumed = { copy: written.copy, isPredicted: false };
  }
  throw new Error(`${entityName(entity)}: its copy keeps changing`);
}
