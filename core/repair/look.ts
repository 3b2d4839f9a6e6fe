import type { EntityRef } from '../entity.ts';
import { sideBySide } from '../side-by-side.ts';
import { type BackfillPorts, isFilled, type Kept } from './backfill.ts';
import { causeOf, type InventoryRecord, isLater } from './compare-page.ts';
import { closed, type InventoryPorts, MAX_EXAMPLES } from './inventory.ts';
import { changeNote } from './note.ts';
import type { Healable, Suspect, Suspects } from './suspects.ts';
import { CLOCK_MARGIN_MS } from './waiting.ts';

/** The version and the digest of a state. */
export type Stamp = Pick<Suspect, 'version' | 'digest'>;

/** The ports for a look at entities that seem to differ. Each throws only if infrastructure fails. */
export interface SuspectPorts
  extends Pick<InventoryPorts, 'inventories' | 'backfills' | 'completeness' | 'records' | 'lookAgain' | 'ended'>,
    Pick<BackfillPorts, 'settledUntilMs' | 'askHeartbeat'> {
  /** Whether an event with the version or a later one is parked or held. */
  isSetAside(entity: EntityRef, version: number): Promise<boolean>;
  /** See `HealPorts.wanted`. */
  wanted(entity: EntityRef): Promise<number | undefined>;
  /** Gives notice of a gap. A gap that is worked on already stays as it is. */
  noticeGap(entity: EntityRef, wantedVersion: number): Promise<void>;
  /** Asks the owner to publish the entity's whole state to this cache. */
  askOwner(entity: EntityRef, wantedVersion: number): Promise<void>;
  /**
   * Makes the cache take a version once more, if the item is still the given one. The version that the item keeps still
   * refuses older events.
   */
  expose(entity: EntityRef, record: InventoryRecord, stamp: Stamp): Promise<void>;
}

/** Most requests to the owner for one entity. */
const MAX_ASKED = 5;

/** In every so many looks, the owner is asked for a heartbeat. */
const ROUNDS_TO_HEARTBEAT = 4;

/** Longest wait between two looks, in seconds. */
const LONGEST_WAIT_SECONDS = 60;

/** Wait until an entity that isn't filled yet is looked at again, in seconds. */
const UNFILLED_WAIT_SECONDS = 900;

/** Entities that are looked at or asked for at the same time. */
const AT_ONCE = 16;

/** After this time, an event that still may be in flight isn't waited for. */
const LONGEST_WAIT_MS = 20 * 3_600_000;

/** How a look ended. */
export interface Looked {
  readonly type: string;
  readonly healed: Readonly<Record<Healable, number>>;
  /** Entities that were lost, and that the owner is asked for now: for the first time if `asked` is 0. */
  readonly asked: readonly Suspect[];
}

const NONE_HEALED = { missing: 0, behind: 0, different: 0 };

/** The message came before the note of its page or of the look before it. It is delivered again. */
export class NotNoted extends Error {
  override readonly name = 'NotNoted';
}

/**
 * Looks at entities that seemed to differ. An entity that is missing or behind counts as lost only once everything that
 * the owner committed before it read the page has ended in the cache: until then its event may be in flight. The owner
 * is then asked for the entity, up to MAX_ASKED times. What has arrived after a request counts as healed.
 */
export async function lookAtSuspects(
  kept: Kept,
  message: Suspects,
  ports: SuspectPorts,
  nowMs: number,
): Promise<Looked> {
  const { type } = kept;
  const nothing: Looked = { type, healed: NONE_HEALED, asked: [] };
  const note = await ports.inventories.read(type);
  if (note === undefined || note.run !== message.run) return nothing;
  const what = `${type}, page ${message.index}`;
  if (note.index <= message.index) throw new NotNoted(`${what} isn't noted yet`);
  const round = note.open[message.index];
  // The look before this one sent this message, and is about to note it.
  if (round !== undefined && round < message.round)
    throw new NotNoted(`${what}: look ${message.round} isn't noted yet`);
  if (round !== message.round) return nothing;

  // A cache that is filled anew lacks what the backfill will bring.
  if (!(await isFilled(kept, ports))) {
    await ports.lookAgain(message, UNFILLED_WAIT_SECONDS);
    return nothing;
  }
  const isSettled = (await ports.settledUntilMs(type)) >= message.readUntilMs + CLOCK_MARGIN_MS;
  if (!isSettled && message.round % ROUNDS_TO_HEARTBEAT === 0) await ports.askHeartbeat(type);
  const looking: Looking = { kept, readAtMs: message.readAtMs, ports, isSettled, nowMs };
  const { sum, left, lost, toAsk } = await lookAtAll(looking, message.suspects, note.heals);
  const next = message.round + 1;
  // Sent first: if this look ends here, it is delivered again, and only one of the two messages is noted.
  if (left.length > 0) await ports.lookAgain({ ...message, round: next, suspects: left }, waitSeconds(next, left));
  const noted = await changeNote(ports.inventories, type, (now) => {
    if (now === undefined || now.run !== message.run || now.open[message.index] !== message.round) return undefined;
    const { [message.index]: _, ...others } = now.open;
    const examples = lost.map(({ id, cause, version }) => ({ id, difference: cause, version }));
    return closed(
      {
        ...now,
        open: left.length > 0 ? { ...others, [message.index]: next } : others,
        inFlight: now.inFlight + sum.inFlight,
        setAside: now.setAside + sum.setAside,
        unhealed: now.unhealed + sum.unhealed,
        undecided: now.undecided + sum.undecided,
        found: { ...now.found, ...added(now.found, sum.found) },
        healed: added(now.healed, sum.healed),
        examples: [...now.examples, ...examples].slice(0, MAX_EXAMPLES),
      },
      nowMs,
    );
  });
  if (noted === undefined) return nothing;
  // Asked last: an entity that arrives before it counts as lost would be taken for one whose event was in flight.
  await sideBySide(toAsk, AT_ONCE, ({ suspect, record }) => ask(looking, suspect, record));
  if (noted.endedAt !== undefined) ports.ended(type, noted);
  return { type, healed: sum.healed, asked: toAsk.map(({ suspect }) => suspect) };
}

/** What a look at one entity needs. */
interface Looking {
  readonly kept: Kept;
  /** When the owner read the page. */
  readonly readAtMs: number;
  readonly ports: SuspectPorts;
  /** Whether every change that the owner's page may have has ended in the cache. */
  readonly isSettled: boolean;
  readonly nowMs: number;
}

/** An entity that the owner is asked for, and the cache's item. */
interface ToAsk {
  readonly suspect: Suspect;
  readonly record: InventoryRecord | undefined;
}

/** Looks at all entities. */
async function lookAtAll(looking: Looking, suspects: readonly Suspect[], heals: boolean) {
  const { kept, ports } = looking;
  const found = await ports.records(
    kept.type,
    suspects.map(({ id }) => id),
  );
  const records = new Map(found.map((record) => [record.id, record]));
  const counted = { inFlight: 0, setAside: 0, unhealed: 0, undecided: 0 };
  const sum = { ...counted, found: { ...NONE_HEALED }, healed: { ...NONE_HEALED } };
  const left: Suspect[] = [];
  const lost: Suspect[] = [];
  const toAsk: ToAsk[] = [];
  const verdicts = await sideBySide(suspects, AT_ONCE, (one) => judged(looking, one, records.get(one.id)));
  for (const [at, one] of suspects.entries()) {
    const verdict = verdicts[at];
    if (verdict === 'mended' && one.asked > 0) sum.healed[one.cause] += 1;
    else if (verdict === 'mended') sum.inFlight += 1;
    else if (verdict === 'unhealed') sum.unhealed += 1;
    else if (verdict === 'set aside') sum.setAside += 1;
    else if (verdict === 'undecided') sum.undecided += 1;
    else if (verdict === 'in flight') left.push(one);
    if (verdict !== 'lost') continue;
    if (one.asked === 0) {
      sum.found[one.cause] += 1;
      lost.push(one);
    }
    if (!heals) continue;
    toAsk.push({ suspect: one, record: records.get(one.id) });
    left.push({ ...one, asked: one.asked + 1 });
  }
  return { sum, left, lost, toAsk };
}

/** Asks the owner for an entity, and makes the cache take its answer. */
async function ask({ kept: { type }, ports, readAtMs }: Looking, one: Suspect, record: InventoryRecord | undefined) {
  const entity = { type, id: one.id };
  const stamp = record && exposedAs(one, record, readAtMs);
  if (record !== undefined && stamp !== undefined) await ports.expose(entity, record, stamp);
  await ports.askOwner(entity, one.version);
}

/**
 * How an entity stands. `mended`: the cache has the owner's version · `in flight`: its event may be in flight ·
 * `undecided`: its event may still be in flight after LONGEST_WAIT_MS.
 */
type Verdict = 'mended' | 'unhealed' | 'in flight' | 'undecided' | 'set aside' | 'lost';

async function judged(
  { kept: { type, cached }, readAtMs, ports, isSettled, nowMs }: Looking,
  one: Suspect,
  record: InventoryRecord | undefined,
): Promise<Verdict> {
  const isMended = (now: InventoryRecord | undefined) =>
    causeOf([one.id, one.version, one.digest], now, cached.fieldsRevision) === undefined;
  if (isMended(record)) return 'mended';
  if (one.asked >= MAX_ASKED) return 'unhealed';
  if (one.asked === 0 && one.cause !== 'different' && !isSettled)
    return nowMs - readAtMs > LONGEST_WAIT_MS ? 'undecided' : 'in flight';
  // No parked event explains data that was changed by hand.
  if (one.asked === 0 && record?.isIntact === false) return 'lost';
  if (await isWorkedOn({ type, id: one.id }, one.version, ports)) return one.asked > 0 ? 'unhealed' : 'set aside';
  // Read again, because an event that was parked may have been redriven before the parked events were read.
  const [now] = await ports.records(type, [one.id]);
  return isMended(now) ? 'mended' : 'lost';
}

/** Whether an entity's event is parked, or the gap is being closed. */
async function isWorkedOn(entity: EntityRef, version: number, ports: SuspectPorts): Promise<boolean> {
  if (await ports.isSetAside(entity, version)) return true;
  const wanted = await ports.wanted(entity);
  if (wanted === undefined || wanted < version) return false;
  // The notice of the gap may be lost, for example in a queue that was purged.
  await ports.noticeGap(entity, wanted);
  return true;
}

/**
 * The version and digest as which an item is exposed to the owner's answer; undefined if the answer replaces the item
 * anyway. A version isn't raised, because readers would take the item's data for it. A version that the cache received
 * after the owner read the page isn't lowered, because the cache would go back; any other later version was made by
 * hand.
 */
function exposedAs(one: Suspect, record: InventoryRecord, readAtMs: number): Stamp | undefined {
  if (one.cause !== 'different') return undefined;
  if (record.version > 0 && record.version < one.version) return undefined;
  return record.version > one.version && isLater(record, readAtMs) ? record : one;
}

/**
 * Seconds until the next look. After a request, an answer may wait behind a backlog, or its request may be delivered
 * again after six minutes: 5, 15, 45, 135 and 405 seconds. Otherwise 1, 1, 2, 4, up to LONGEST_WAIT_SECONDS.
 */
function waitSeconds(round: number, left: readonly Suspect[]): number {
  const asked = Math.max(...left.map((one) => one.asked));
  if (asked > 0) return 5 * 3 ** (asked - 1);
  return Math.min(LONGEST_WAIT_SECONDS, Math.max(1, 2 ** Math.min(round - 2, 10)));
}

function added(
  one: Readonly<Record<Healable, number>>,
  other: Readonly<Record<Healable, number>>,
): Record<Healable, number> {
  return {
    missing: one.missing + other.missing,
    behind: one.behind + other.behind,
    different: one.different + other.different,
  };
}
