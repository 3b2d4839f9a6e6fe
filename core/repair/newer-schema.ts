import { entityOfGroup } from '../entity.ts';
import type { Projection } from '../project/group.ts';
import { openBytes } from '../project/open-bytes.ts';
import type { ParkedEvent } from '../project/ports.ts';
import { isPoison, readMessage } from '../project/read-message.ts';
import { byParkedKey, isSameKey, type ParkedKey } from './parked-key.ts';
import { type RepairPorts, redrive, release } from './redrive.ts';

/**
 * Time between two checks whether the functions know a newer schema version by now, in seconds: the longest delay of a
 * message (sqs/sqs-delay-queues).
 */
export const SCHEMA_CHECK_SECONDS = 900;

/** What happened to the events of a group that were parked because of a newer schema version. */
export type SchemaCheck =
  /**
   * No event of the group waits for a schema version any more, or a later event of the group has a check of its own.
   */
  | 'ended'
  /** Events were tried again. */
  | 'redriven'
  /** The events still wait, and are checked again. */
  | 'waiting';

/**
 * Checks a group with an event that was parked because its schema version was newer than the functions knew. Once they
 * know the version, all such events of the group are tried again. If one of them stopped its entity, the entity is
 * released.
 *
 * @param key the parked event that the check is for
 * @param checkAgain sends the check again, with a delay
 */
export async function redriveKnown(
  projection: Projection,
  repair: RepairPorts,
  key: ParkedKey,
  checkAgain: (key: ParkedKey) => Promise<void>,
): Promise<SchemaCheck> {
  const waiting = await waitingOf(repair, key.groupId);
  const newest = waiting.at(-1)?.message;
  if (newest === undefined) return 'ended';
  // The projector sends a check for each parked event. The one for the newest event goes on.
  if (!isSameKey(newest, key) && byParkedKey(newest, key) > 0) return 'ended';
  const tried = await tryKnown(projection, repair, key.groupId, waiting);
  if ((await waitingOf(repair, key.groupId)).length > 0) {
    await checkAgain({ groupId: key.groupId, sequenceNumber: newest.sequenceNumber });
    return 'waiting';
  }
  return tried ? 'redriven' : 'ended';
}

async function waitingOf(repair: RepairPorts, groupId: string): Promise<ParkedEvent[]> {
  const parked = await repair.parkedOf(groupId);
  return parked.filter(({ reason }) => reason === 'newer-schema').sort((a, b) => byParkedKey(a.message, b.message));
}

/**
 * Returns the first event of a group that has a fault of its own, in the order in which a release tries them.
 * Events that only wait behind it are left out. Some of them come from the dead-letter queue, and have earlier keys.
 */
export function firstFaulty(parked: readonly ParkedEvent[]): ParkedEvent | undefined {
  const [first] = parked
    .filter(({ status, reason }) => status === 'parked' || reason !== 'stopped')
    .sort((a, b) => byParkedKey(a.message, b.message));
  return first;
}

/** Tries the events again whose schema version is known now. Returns whether there are any. */
async function tryKnown(
  projection: Projection,
  repair: RepairPorts,
  groupId: string,
  waiting: readonly ParkedEvent[],
): Promise<boolean> {
  const { boundary, settings, nowMs, ports } = projection;
  const open = openBytes(projection.pause);
  const readings = await Promise.all(
    waiting.map(({ message }) => open.within((opened) => readMessage(boundary, message, nowMs(), settings, opened))),
  );
  const known = waiting.filter((_, index) => {
    const reading = readings[index];
    return reading !== undefined && !(isPoison(reading) && reading.reason === 'newer-schema');
  });
  if (known.length === 0) return false;
  const entity = entityOfGroup(groupId) ?? readings.find(({ event }) => event !== undefined)?.event?.entity;
  if (entity === undefined || (await ports.read(entity))?.stopMarker === undefined) {
    await redrive(projection, repair, known);
    return true;
  }
  // If another event stops the entity, it stays stopped: an operator decides about that event.
  const stopping = firstFaulty(await repair.parkedOf(groupId));
  if (stopping === undefined || !known.some(({ message }) => isSameKey(message, stopping.message))) return false;
  await release(projection, repair, entity, false);
  return true;
}
