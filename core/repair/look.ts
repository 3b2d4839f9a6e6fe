import type { EntityRef } from '../entity.ts';
import type { BackfillPorts, Kept } from './backfill.ts';
import { causeOf, closed, type InventoryPorts, type InventoryRecord, isLater, MAX_EXAMPLES } from './inventory.ts';
import { changeNote } from './note.ts';
import type { Healable, Suspect, Suspects } from './suspects.ts';

/** The version and the digest of a state. */
export type Stamp = Pick<Suspect, 'version' | 'digest'>;

/** The ports for a look at entities that seem to differ. Each throws only if infrastructure fails. */
export interface SuspectPorts
  extends Pick<InventoryPorts, 'inventories' | 'records' | 'lookAgain'>,
    Pick<BackfillPorts, 'settledUntilMs' | 'askHeartbeat'> {
  /** Whether an event with the version or a later one is parked or held, or a gap of the entity is being closed. */
  isSetAside(entity: EntityRef, version: number): Promise<boolean>;
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

/** After this time, an event that still may be in flight isn't waited for. The next inventory finds it. */
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

  const isSettled = (await ports.settledUntilMs(type)) >= message.readAtMs;
  if (!isSettled && message.round % ROUNDS_TO_HEARTBEAT === 0) await ports.askHeartbeat(type);
  const looking: Looking = { kept, readAtMs: message.readAtMs, ports, isSettled, nowMs };
  const { sum, left, lost, asked } = await lookAtAll(looking, message.suspects, note.heals);
  const next = message.round + 1;
  // Sent first: if this look ends here, it is delivered again, and only one of the two messages is noted.
  if (left.length > 0) await ports.lookAgain({ ...message, round: next, suspects: left }, waitSeconds(next));
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
        found: { ...now.found, ...added(now.found, sum.found) },
        healed: added(now.healed, sum.healed),
        examples: [...now.examples, ...examples].slice(0, MAX_EXAMPLES),
      },
      nowMs,
    );
  });
  return noted === undefined ? nothing : { type, healed: sum.healed, asked };
}

/** What a look at one entity needs. */
interface Looking {
  readonly kept: Kept;
  /** When the owner read the page. */
  readonly readAtMs: number;
  readonly ports: SuspectPorts;
  /** Whether every change from before `readAtMs` has ended in the cache. */
  readonly isSettled: boolean;
  readonly nowMs: number;
}

/** Looks at all entities, and asks the owner for those that are lost. */
async function lookAtAll(looking: Looking, suspects: readonly Suspect[], heals: boolean) {
  const { kept, ports, readAtMs } = looking;
  const { type } = kept;
  const found = await ports.records(
    type,
    suspects.map(({ id }) => id),
  );
  const records = new Map(found.map((record) => [record.id, record]));
  const sum = { inFlight: 0, setAside: 0, unhealed: 0, found: { ...NONE_HEALED }, healed: { ...NONE_HEALED } };
  const left: Suspect[] = [];
  const lost: Suspect[] = [];
  const asked: Suspect[] = [];
  for (const one of suspects) {
    const record = records.get(one.id);
    const verdict = await judged(looking, one, record);
    if (verdict === 'mended' && one.asked > 0) sum.healed[one.cause] += 1;
    else if (verdict === 'mended') sum.inFlight += 1;
    else if (verdict === 'unhealed') sum.unhealed += 1;
    else if (verdict === 'set aside') sum.setAside += 1;
    else if (verdict === 'in flight') left.push(one);
    if (verdict !== 'lost') continue;
    if (one.asked === 0) {
      sum.found[one.cause] += 1;
      lost.push(one);
    }
    if (!heals) continue;
    const entity = { type, id: one.id };
    const stamp = record && exposedAs(one, record, readAtMs);
    if (record !== undefined && stamp !== undefined) await ports.expose(entity, record, stamp);
    await ports.askOwner(entity, one.version);
    asked.push(one);
    left.push({ ...one, asked: one.asked + 1 });
  }
  return { sum, left, lost, asked };
}

/**
 * How an entity stands. `mended`: the cache has the owner's version · `in flight`: its event may be in flight ·
 * `given up`: its event may still be in flight after LONGEST_WAIT_MS, and the next inventory finds it.
 */
type Verdict = 'mended' | 'unhealed' | 'in flight' | 'given up' | 'set aside' | 'lost';

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
    return nowMs - readAtMs > LONGEST_WAIT_MS ? 'given up' : 'in flight';
  // No parked event explains data that was changed by hand.
  if (one.asked === 0 && record?.isIntact === false) return 'lost';
  if (await ports.isSetAside({ type, id: one.id }, one.version)) return one.asked > 0 ? 'unhealed' : 'set aside';
  // Read again, because an event that was parked may have been redriven before the parked events were read.
  const [now] = await ports.records(type, [one.id]);
  return isMended(now) ? 'mended' : 'lost';
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

function waitSeconds(round: number): number {
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
