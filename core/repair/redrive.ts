import { type EntityRef, entityName, messageGroupId } from '../entity.ts';
import { groupsOf } from '../message-groups.ts';
import type { Outcome, PoisonReason } from '../outcome.ts';
import { type Projection, projectGroup, StopChanged } from '../project/group.ts';
import { openBytes } from '../project/open-bytes.ts';
import type { ParkedEvent, ReceivedMessage } from '../project/ports.ts';
import { type Reading, readMessage } from '../project/read-message.ts';
import { byParkedKey, type ParkedKey, parkedKey } from './parked-key.ts';

/** What operations on parked events need in addition to projecting. */
export interface RepairPorts {
  /** All parked events of a message group, in order. */
  parkedOf(groupId: string): Promise<readonly ParkedEvent[]>;
  /** Removes parked events. A key without an event counts as removed. */
  removeParked(keys: readonly ParkedKey[]): Promise<void>;
  /** Parks an event in place of the one with the same key. */
  replaceParked(event: ParkedEvent): Promise<void>;
  /** Removes the stop marker of an entity, if it still has this value. */
  clearStop(entity: EntityRef, marker: number): Promise<'cleared' | 'changed'>;
}

/** The result of one event that was tried again. `failed`: infrastructure failed, and the event stays parked. */
export interface Redriven {
  readonly key: ParkedKey;
  readonly outcome: Outcome | 'failed';
  readonly reason: PoisonReason | undefined;
  /** The error's name; only for `failed`. */
  readonly error?: string;
}

/**
 * Projects parked events again as if they had just arrived: by the same rules, on the same conditions. An event that
 * ends is removed, and an event that is still poison stays parked. Safe to interrupt and to repeat: an event that was
 * applied before ends as a duplicate or outdated.
 */
export async function redrive(
  projection: Projection,
  repair: RepairPorts,
  events: readonly ParkedEvent[],
): Promise<Redriven[]> {
  const groups = groupsOf(events, ({ message }) => message.groupId);
  const all = groups.map((group) => redriveGroup(projection, repair, inOrder(group), undefined));
  return (await Promise.all(all)).flatMap(({ redriven }) => redriven);
}

/** The result of a release. */
export interface Released {
  /**
   * `released`: the entity isn't stopped any more · `still-stopped`: an event is still poison; it stays parked, and the
   * events behind it stay held · `not-stopped`: the entity wasn't stopped.
   */
  readonly status: 'released' | 'still-stopped' | 'not-stopped';
  readonly redriven: readonly Redriven[];
}

/**
 * Most rounds of a release: in each round, the projector may hold further events while the release replays the earlier
 * ones.
 */
const MAX_ROUNDS = 20;

/**
 * Replays the parked events of a stopped entity in order, or drops them, and then removes the stop marker. Events that
 * are held meanwhile are replayed before the marker is removed.
 *
 * @throws when infrastructure fails, or when events are held as fast as they are replayed. The entity stays stopped.
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
    const parked = inOrder(await repair.parkedOf(messageGroupId(entity)));
    const result = drop ? await dropGroup(repair, parked) : await redriveGroup(projection, repair, parked, marker);
    for (const one of result.redriven) redriven.set(one.key.sequenceNumber, one);
    if (result.changed) continue;
    if (result.redriven.some(({ outcome }) => outcome === 'held' || outcome === 'failed')) {
      return { status: 'still-stopped', redriven: ended() };
    }
    if ((await repair.clearStop(entity, marker)) === 'cleared') return { status: 'released', redriven: ended() };
  }
  throw new Error(
    `${entityName(entity)} is still stopped: events are held behind it as fast as they are replayed. Try again.`,
  );
}

interface GroupResult {
  readonly redriven: readonly Redriven[];
  /** Meanwhile the entity was stopped or released, or a further event was held behind it. */
  readonly changed: boolean;
}

async function redriveGroup(
  projection: Projection,
  repair: RepairPorts,
  events: readonly ParkedEvent[],
  stopMarker: number | undefined,
): Promise<GroupResult> {
  const { boundary, settings, nowMs } = projection;
  const ended = new Map<ReceivedMessage, Pick<Redriven, 'outcome' | 'reason'>>();
  const settle = ({ message }: Reading, outcome: Outcome, reason?: PoisonReason) =>
    void ended.set(message, { outcome, reason });
  let changed = false;
  let error: unknown;
  try {
    const open = openBytes(projection.pause);
    const readings = await Promise.all(
      events.map(({ message }) => open.within((opened) => readMessage(boundary, message, nowMs(), settings, opened))),
    );
    // An event that is poison again may have another reason now. The time since it was parked stays the first one.
    const since = new Map(events.map(({ message, parkedAtMs }) => [message.sequenceNumber, parkedAtMs]));
    const park = (parked: ParkedEvent) =>
      repair.replaceParked({ ...parked, parkedAtMs: since.get(parked.message.sequenceNumber) ?? parked.parkedAtMs });
    const ports = { ...projection.ports, park };
    await projectGroup({ ...projection, ports }, readings, settle, open, stopMarker);
  } catch (caught) {
    error = caught;
    changed = error instanceof StopChanged;
    if (stopMarker !== undefined && !changed) throw error;
  }
  const redriven = events.map(({ message }): Redriven => {
    const { outcome, reason } = ended.get(message) ?? { outcome: 'failed', reason: undefined };
    const failure = outcome === 'failed' && error instanceof Error ? { error: error.name } : {};
    return { key: parkedKey(message), outcome, reason, ...failure };
  });
  const done = redriven.filter(({ outcome }) => !['parked', 'held', 'failed'].includes(outcome));
  await repair.removeParked(done.map(({ key }) => key));
  return { redriven, changed };
}

async function dropGroup(repair: RepairPorts, events: readonly ParkedEvent[]): Promise<GroupResult> {
  const keys = events.map(({ message }) => parkedKey(message));
  await repair.removeParked(keys);
  return { redriven: keys.map((key) => ({ key, outcome: 'discarded', reason: undefined })), changed: false };
}

function inOrder(events: readonly ParkedEvent[]): ParkedEvent[] {
  return [...events].sort((a, b) => byParkedKey(a.message, b.message));
}
