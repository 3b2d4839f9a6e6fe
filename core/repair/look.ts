import type { EntityRef } from '../entity.ts';
import type { BackfillPorts, Kept } from './backfill.ts';
import { causeOf, closed, type InventoryPorts, type InventoryRecord, MAX_EXAMPLES } from './inventory.ts';
import { changeNote } from './note.ts';
import type { Healable, Suspect, Suspects } from './suspects.ts';

/** The ports for a look at entities that seem to differ. Each throws only if infrastructure fails. */
export interface SuspectPorts
  extends Pick<InventoryPorts, 'inventories' | 'records' | 'lookAgain'>,
    Pick<BackfillPorts, 'settledUntilMs' | 'askHeartbeat'> {
  /** Whether an event with the version or a later one is parked or held, or a gap of the entity is being closed. */
  isSetAside(entity: EntityRef, version: number): Promise<boolean>;
  /** Asks the owner to publish the entity's whole state to this cache. */
  askOwner(entity: EntityRef, wantedVersion: number): Promise<void>;
  /**
   * Makes the cache take the owner's version once more, if the item is still the given one. The version that the item
   * keeps still refuses older events.
   */
  expose(entity: EntityRef, record: InventoryRecord, owned: Suspect): Promise<void>;
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

/** The message came before the note of its page. It is delivered again. */
export class PageNotNoted extends Error {
  override readonly name = 'PageNotNoted';
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
  const { type, cached } = kept;
  const nothing: Looked = { type, healed: NONE_HEALED, asked: [] };
  const note = await ports.inventories.read(type);
  if (note === undefined || note.run !== message.run) return nothing;
  if (note.index <= message.index) throw new PageNotNoted(`page ${message.index} of ${type} isn't noted yet`);
  if (note.open[message.index] !== message.round) return nothing;

  const isSettled = (await ports.settledUntilMs(type)) >= message.readAtMs;
  if (!isSettled && message.round % ROUNDS_TO_HEARTBEAT === 0) await ports.askHeartbeat(type);
  const isLate = nowMs - message.readAtMs > LONGEST_WAIT_MS;
  const found = await ports.records(
    type,
    message.suspects.map(({ id }) => id),
  );
  const records = new Map(found.map((record) => [record.id, record]));
  const sum = { inFlight: 0, setAside: 0, unhealed: 0, found: { ...NONE_HEALED }, healed: { ...NONE_HEALED } };
  const left: Suspect[] = [];
  const asked: Suspect[] = [];
  const lost: Suspect[] = [];
  for (const one of message.suspects) {
    const entity = { type, id: one.id };
    const record = records.get(one.id);
    const isMended = causeOf([one.id, one.version, one.digest], record, cached.fieldsRevision) === undefined;
    if (isMended) {
      if (one.asked > 0) sum.healed[one.cause] += 1;
      else sum.inFlight += 1;
    } else if (one.asked >= MAX_ASKED || (one.asked > 0 && (await ports.isSetAside(entity, one.version)))) {
      sum.unhealed += 1;
    } else if (one.asked === 0 && one.cause !== 'different' && !isSettled) {
      if (!isLate) left.push(one);
    } else if (one.asked === 0 && (await ports.isSetAside(entity, one.version))) {
      sum.setAside += 1;
    } else {
      if (one.asked === 0) {
        sum.found[one.cause] += 1;
        lost.push(one);
      }
      if (!note.heals) continue;
      if (one.cause === 'different' && record !== undefined) await ports.expose(entity, record, one);
      await ports.askOwner(entity, one.version);
      asked.push(one);
      left.push({ ...one, asked: one.asked + 1 });
    }
  }
  const round = message.round + 1;
  // Sent first: a message whose round isn't noted is left out, and this one is then delivered again.
  if (left.length > 0) await ports.lookAgain({ ...message, round, suspects: left }, waitSeconds(round));
  const noted = await changeNote(ports.inventories, type, (now) => {
    if (now === undefined || now.run !== message.run || now.open[message.index] !== message.round) return undefined;
    const { [message.index]: _, ...others } = now.open;
    const examples = lost.map(({ id, cause, version }) => ({ id, difference: cause, version }));
    return closed(
      {
        ...now,
        open: left.length > 0 ? { ...others, [message.index]: round } : others,
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
