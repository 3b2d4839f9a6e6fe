import { type EntityRef, entityName, messageGroupId } from '../entity.ts';
import type { Outcome, PoisonReason } from '../outcome.ts';
import { type Projection, projectGroup } from '../project/group.ts';
import type { ReceivedMessage, SetAside } from '../project/ports.ts';
import { type Reading, readMessage } from '../project/read-message.ts';

/** Where an event lies that was set aside. */
export interface SetAsideKey {
  readonly groupId: string;
  readonly sequenceNumber: string;
}

/** What operating on set-aside events needs beside projecting. */
export interface RepairPorts {
  /** All that is set aside of a message group, in order. */
  asideOf(groupId: string): Promise<readonly SetAside[]>;
  /** Forgets events that were set aside; those that aren't there count as forgotten. */
  removeAside(keys: readonly SetAsideKey[]): Promise<void>;
  /** Sets an event aside in place of what lies under its key. */
  replaceAside(aside: SetAside): Promise<void>;
  /** Lets a stopped entity go on if its marker is still this one. */
  clearStop(entity: EntityRef, marker: number): Promise<'cleared' | 'changed'>;
}

/** What became of one event that was tried again. `failed`: infrastructure failed, and it stays. */
export interface Redriven {
  readonly key: SetAsideKey;
  readonly outcome: Outcome | 'failed';
  readonly reason: PoisonReason | undefined;
  /** The error's name; only for `failed`. */
  readonly error?: string;
}

/**
 * Projects events again that were set aside, as if they had just come: by the same rules, on the same conditions. What ended is forgotten,
 * what is still poison stays. It may be interrupted and repeated: an event that was applied before ends as a duplicate or outdated.
 */
export async function redrive(
  projection: Projection,
  repair: RepairPorts,
  events: readonly SetAside[],
): Promise<Redriven[]> {
  const groups = new Map<string, SetAside[]>();
  for (const event of events) {
    const { groupId } = event.message;
    groups.set(groupId, [...(groups.get(groupId) ?? []), event]);
  }
  const all = [...groups.values()].map((group) => redriveGroup(projection, repair, inOrder(group), undefined));
  return (await Promise.all(all)).flatMap(({ redriven }) => redriven);
}

/** How a release ended. */
export interface Released {
  /** `released`: it goes on · `still-stopped`: an event is still poison, it and those behind it stay · `not-stopped`: it wasn't. */
  readonly status: 'released' | 'still-stopped' | 'not-stopped';
  readonly redriven: readonly Redriven[];
}

/** Rounds in which more may be held behind an entity than was just replayed. */
const MAX_ROUNDS = 20;

/**
 * Replays in order what is set aside of a stopped entity, or drops it, and lets the entity go on, but only if nothing was held meanwhile:
 * that is replayed first.
 *
 * @throws when infrastructure fails, or when more keeps being held than is replayed; the entity then stays stopped
 */
export async function release(
  projection: Projection,
  repair: RepairPorts,
  entity: EntityRef,
  drop: boolean,
): Promise<Released> {
  const redriven = new Map<string, Redriven>();
  for (let round = 0; round < MAX_ROUNDS; round += 1) {
    const marker = (await projection.ports.read(entity))?.stopMarker;
    const ended = () => [...redriven.values()];
    if (marker === undefined) return { status: round === 0 ? 'not-stopped' : 'released', redriven: ended() };
    const aside = inOrder(await repair.asideOf(messageGroupId(entity)));
    const result = drop ? await dropGroup(repair, aside) : await redriveGroup(projection, repair, aside, marker);
    for (const one of result.redriven) redriven.set(one.key.sequenceNumber, one);
    if (result.changed) continue;
    if (result.redriven.some(({ outcome }) => outcome === 'held' || outcome === 'failed')) {
      return { status: 'still-stopped', redriven: ended() };
    }
    if ((await repair.clearStop(entity, marker)) === 'cleared') return { status: 'released', redriven: ended() };
  }
  throw new Error(
    `${entityName(entity)} is still stopped: more is held behind it as fast as it is replayed. Try again.`,
  );
}

interface GroupResult {
  readonly redriven: readonly Redriven[];
  /** The entity was stopped, released or held behind meanwhile. */
  readonly changed: boolean;
}

async function redriveGroup(
  projection: Projection,
  repair: RepairPorts,
  events: readonly SetAside[],
  stopMarker: number | undefined,
): Promise<GroupResult> {
  const { boundary, settings, nowMs } = projection;
  const ended = new Map<ReceivedMessage, Pick<Redriven, 'outcome' | 'reason'>>();
  const settle = ({ message }: Reading, outcome: Outcome, reason?: PoisonReason) =>
    void ended.set(message, { outcome, reason });
  let changed = false;
  let error: unknown;
  try {
    const readings = await Promise.all(events.map(({ message }) => readMessage(boundary, message, nowMs(), settings)));
    // What is poison now may be so for another reason than before, or was held; how long it has lain there stays.
    const since = new Map(events.map(({ message, setAsideAtMs }) => [message.sequenceNumber, setAsideAtMs]));
    const park = (aside: SetAside) =>
      repair.replaceAside({ ...aside, setAsideAtMs: since.get(aside.message.sequenceNumber) ?? aside.setAsideAtMs });
    const ports = { ...projection.ports, park };
    await projectGroup({ ...projection, ports }, readings, settle, stopMarker);
  } catch (caught) {
    error = caught;
    changed = error instanceof Error && error.name === 'StopChanged';
    if (stopMarker !== undefined && !changed) throw error;
  }
  const redriven = events.map(({ message }): Redriven => {
    const { outcome, reason } = ended.get(message) ?? { outcome: 'failed', reason: undefined };
    const failure = outcome === 'failed' && error instanceof Error ? { error: error.name } : {};
    return { key: keyOf(message), outcome, reason, ...failure };
  });
  const done = redriven.filter(({ outcome }) => !['parked', 'held', 'failed'].includes(outcome));
  await repair.removeAside(done.map(({ key }) => key));
  return { redriven, changed };
}

async function dropGroup(repair: RepairPorts, events: readonly SetAside[]): Promise<GroupResult> {
  const keys = events.map(({ message }) => keyOf(message));
  await repair.removeAside(keys);
  return { redriven: keys.map((key) => ({ key, outcome: 'discarded', reason: undefined })), changed: false };
}

function keyOf({ groupId, sequenceNumber }: ReceivedMessage): SetAsideKey {
  return { groupId, sequenceNumber };
}

function inOrder(events: readonly SetAside[]): SetAside[] {
  return [...events].sort((a, b) => (a.message.sequenceNumber < b.message.sequenceNumber ? -1 : 1));
}
