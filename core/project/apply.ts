import type { EntityRef } from '../entity.ts';
import type { PoisonReason } from '../outcome.ts';
import { type Chain, chainOf, continuation, type DeltaReading, folded, isCurrent, isDelta } from './chains.ts';
import type { OpenBytes } from './open-bytes.ts';
import type { CachedItem, Expectation, ProjectPorts, ProjectSettings, StoredItem } from './ports.ts';
import type { Applicable, Kept, Poison } from './read-message.ts';

/** The results of one entity's applicable events. */
export interface Applied {
  readonly ended: readonly {
    readonly reading: Applicable;
    readonly outcome: 'applied' | 'superseded' | 'duplicate' | 'outdated';
  }[];
  /** Deltas whose predecessor is missing. */
  readonly gaps: readonly Applicable[];
  /** Events that can't be stored, in the order given. */
  readonly poison: readonly Poison[];
}

/** What it takes to apply one entity's events. */
export interface Applying {
  readonly ports: Pick<ProjectPorts, 'read' | 'write'>;
  readonly nowMs: () => number;
  readonly settings: Pick<ProjectSettings, 'tombstoneLifeSeconds'>;
  /** Bounds how much JSON is parsed at the same time. */
  readonly openBytes: OpenBytes;
  /** See `Expectation`. */
  readonly stopMarker: number | undefined;
}

/** Most rounds in which another writer may change the base of a delta. After that, the group goes back to the queue. */
const MAX_ROUNDS = 5;

/** Another writer changed the stored state again and again. The event is delivered again. */
export class BaseChanged extends Error {
  override readonly name = 'BaseChanged';
}

type Attempt =
  | { readonly kind: 'stored' }
  | { readonly kind: 'stopped' }
  | { readonly kind: 'gap' }
  /** The cache holds this version or a later one. */
  | { readonly kind: 'refused'; readonly stored: { readonly version: number; readonly digest: string } }
  | { readonly kind: 'poison'; readonly reason: PoisonReason; readonly explanation: string };

/**
 * Applies the events of one entity. The newest event is written, with the deltas that lead to it folded in. Older
 * events count as superseded only after that write. If the newest event can never be applied, the next newest is tried.
 * `stopped`: the entity is stopped, and nothing was written.
 */
export async function applyEvents(readings: readonly Applicable[], applying: Applying): Promise<Applied | 'stopped'> {
  // Of one version, a whole state comes first: only a state replaces an item that has earlier fields.
  const newestFirst = [...readings].sort(
    (a, b) => b.event.version - a.event.version || Number(isDelta(a)) - Number(isDelta(b)),
  );
  const ended: Applied['ended'][number][] = [];
  const gaps: Applicable[] = [];
  const poison: Poison[] = [];
  const stored = storedItem(applying);
  /** What the cache holds now: the item that was just stored, or the one that refused the write. */
  let held: { readonly version: number; readonly digest: string; readonly storedNow: boolean } | undefined;
  for (const reading of newestFirst) {
    const { event } = reading;
    if (held === undefined) {
      const attempt = isDelta(reading)
        ? await writeDelta(reading, readings, stored, applying)
        : await writeWhole(reading, applying);
      if (attempt.kind === 'stopped') return 'stopped';
      if (attempt.kind === 'gap') {
        gaps.push(reading);
        continue;
      }
      if (attempt.kind === 'poison') {
        poison.push({ ...reading, reason: attempt.reason, explanation: attempt.explanation });
        continue;
      }
      if (attempt.kind === 'stored') {
        held = { version: event.version, digest: event.digest, storedNow: true };
        ended.push({ reading, outcome: 'applied' });
        continue;
      }
      held = { ...attempt.stored, storedNow: false };
    }
    if (event.version < held.version) ended.push({ reading, outcome: held.storedNow ? 'superseded' : 'outdated' });
    else if (event.digest === held.digest) ended.push({ reading, outcome: 'duplicate' });
    else {
      const explanation = `version ${event.version} is stored with digest ${held.digest}, not ${event.digest}`;
      poison.push({ ...reading, reason: 'conflict', explanation });
    }
  }
  const order = (one: { message: Applicable['message'] }) =>
    readings.findIndex(({ message }) => message === one.message);
  return { ended, gaps, poison: poison.sort((a, b) => order(a) - order(b)) };
}

async function writeWhole(reading: Applicable, applying: Applying): Promise<Attempt> {
  const kept = reading.content.kind === 'state' ? reading.content.kept : undefined;
  return write(itemOf(reading, kept, applying), { kind: 'newer' }, applying);
}

async function writeDelta(
  delta: DeltaReading,
  readings: readonly Applicable[],
  stored: Stored,
  applying: Applying,
): Promise<Attempt> {
  if (!isCurrent(delta)) return (await stored.reaches(delta)) ?? { kind: 'gap' };
  const chain = chainOf(readings, delta);
  const { start } = chain;
  if (start?.content.kind === 'state') {
    return writeFolded(delta, start.content.kept.dataJson, chain.deltas, { kind: 'newer' }, applying);
  }
  return writeOnStored(delta, chain, stored, applying);
}

async function writeOnStored(delta: DeltaReading, chain: Chain, stored: Stored, applying: Applying): Promise<Attempt> {
  for (let round = 1; round <= MAX_ROUNDS; round += 1) {
    const reached = await stored.reaches(delta);
    if (reached !== undefined) return reached;
    const base = await stored.get(delta.event.entity);
    const deltas = continuation(chain, base, delta.cached);
    if (deltas === undefined || base?.dataJson === undefined) return { kind: 'gap' };
    const attempt = await writeFolded(delta, base.dataJson, deltas, { kind: 'base', base }, applying);
    if (attempt.kind !== 'refused') return attempt;
    stored.forget();
  }
  throw new BaseChanged('the base of a delta keeps changing');
}

async function writeFolded(
  delta: DeltaReading,
  baseJson: string,
  deltas: readonly DeltaReading[],
  expected: Expectation['stored'],
  applying: Applying,
): Promise<Attempt> {
  const fold = await applying.openBytes.within((opened) => {
    opened(baseJson.length);
    return folded(baseJson, deltas);
  });
  if (fold === 'gap') return { kind: 'gap' };
  if ('problem' in fold) return { kind: 'poison', reason: 'invalid', explanation: fold.problem };
  return write(itemOf(delta, fold.kept, applying), expected, applying);
}

async function write(
  item: CachedItem,
  stored: Expectation['stored'],
  { ports, stopMarker }: Applying,
): Promise<Attempt> {
  const result = await ports.write(item, { stored, stopMarker });
  if (result.kind === 'unstorable') return { kind: 'poison', reason: 'unstorable', explanation: result.message };
  if (result.kind !== 'refused') return result;
  return { kind: 'refused', stored: result.stored ?? { version: 0, digest: '' } };
}

interface Stored {
  get(entity: EntityRef): Promise<StoredItem | undefined>;
  forget(): void;
  /**
   * The result of an event whose version the cache has reached, or whose entity is stopped; undefined for other events.
   */
  reaches(reading: Applicable): Promise<Attempt | undefined>;
}

/** What the cache stores of the entity, read when it is first needed. */
function storedItem({ ports, stopMarker }: Applying): Stored {
  let item: Promise<StoredItem | undefined> | undefined;
  const stored: Stored = {
    get(entity) {
      item ??= ports.read(entity);
      return item;
    },
    forget() {
      item = undefined;
    },
    async reaches({ event }) {
      const found = await stored.get(event.entity);
      if (found === undefined) return undefined;
      if (found.stopMarker !== stopMarker) return { kind: 'stopped' };
      return found.version >= event.version ? { kind: 'refused', stored: found } : undefined;
    },
  };
  return stored;
}

function itemOf({ event, cached }: Applicable, kept: Kept | undefined, { nowMs, settings }: Applying): CachedItem {
  const { entity, version, digest, changedAt } = event;
  const { fieldsRevision, contract } = cached;
  const common = { entity, version, digest, changedAt, fieldsRevision, schemaVersion: contract.schemaVersion };
  if (kept !== undefined) return { ...common, ...kept, expiresAtSeconds: undefined };
  const expiresAtSeconds = Math.ceil(nowMs() / 1000) + settings.tombstoneLifeSeconds;
  return { ...common, dataJson: undefined, indexed: {}, expiresAtSeconds };
}
