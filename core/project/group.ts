import type { Boundary } from '../contract/contract.ts';
import type { Outcome, PoisonReason } from '../outcome.ts';
import { applyEvents } from './apply.ts';
import type { OpenBytes } from './open-bytes.ts';
import { entityOf, parkedEvent, policyOf } from './poison.ts';
import type { ProjectPorts, ProjectSettings } from './ports.ts';
import { type Applicable, isPoison, type Poison, type Reading } from './read-message.ts';

/** Everything that projecting needs. */
export interface Projection {
  readonly boundary: Boundary;
  readonly ports: ProjectPorts;
  readonly settings: ProjectSettings;
  /** Whether an error of a port passes by itself, such as throttling. See `GroupRun.isTransient`. */
  readonly isTransient: (error: unknown) => boolean;
  /** The clock, epoch milliseconds. */
  readonly nowMs: () => number;
  /**
   * Lets other work of the process run, between states that are large together. Default: a batch doesn't pause.
   */
  readonly pause?: () => Promise<void>;
}

/** Called once per message, with its outcome. */
export type Settle = (reading: Reading, outcome: Outcome, reason?: PoisonReason) => void;

/**
 * An entity was stopped or released between two calls. Its events are delivered again, and are then processed as it is
 * now.
 */
export class StopChanged extends Error {
  override readonly name = 'StopChanged';
}

/**
 * Projects the messages of one group, which is one entity, in their order. Poison is treated by the policy of its type.
 * The newest event is written. Once the entity is stopped, all later events are held.
 *
 * @param given the messages of the group, in the order of arrival
 * @param openBytes bounds how much JSON is parsed at the same time
 * @param stopMarker set when a release replays parked events: the stop marker that the entity must still have
 * @throws when infrastructure fails. Messages that were settled before are done.
 */
export async function projectGroup(
  projection: Projection,
  given: readonly Reading[],
  settle: Settle,
  openBytes: OpenBytes,
  stopMarker?: number,
): Promise<void> {
  const { boundary } = projection;
  const mayBeOutdated = stopMarker === undefined && given.some(isPoison);
  const readings = mayBeOutdated ? await withoutOutdated(projection, given, settle) : given;
  const stopsAt = readings.findIndex((reading) => isPoison(reading) && policyOf(boundary, reading) === 'stop');
  const before = stopsAt === -1 ? readings : readings.slice(0, stopsAt);
  const rest = readings.slice(before.length);

  const poison = before.filter(isPoison);
  if (poison.length > 0) await treat(projection, poison, settle);
  const applicable = before.filter((reading): reading is Applicable => !isPoison(reading));
  const applied = await applyEvents(applicable, { ...projection, openBytes, stopMarker });
  if (applied === 'stopped') {
    if (stopMarker !== undefined) throw new StopChanged('the events that are held behind the entity have changed');
    return hold(projection, [...applicable, ...rest], settle);
  }
  for (const { reading, outcome } of applied.ended) settle(reading, outcome);
  if (applied.gaps.length > 0) await askForState(projection, applied.gaps, settle);
  if (applied.poison.length > 0 && (await treat(projection, applied.poison, settle)))
    return hold(projection, rest, settle);
  const [first, ...behind] = rest;
  if (first !== undefined && isPoison(first)) {
    await treat(projection, [first], settle);
    await hold(projection, behind, settle);
  }
}

/** Reasons of poison whose entity and version can be trusted: the event came from its owner, in its own group. */
const FAULTS_OF_ITS_OWN: readonly PoisonReason[] = ['newer-schema', 'too-old', 'invalid'];

/**
 * Settles poison as outdated where the policy is `stop` and the cache already holds a newer version: an event that
 * nobody needs must not stop its entity. Costs one read, and only when there is such poison. The other policies don't
 * block later events; there, `parked list` shows that the event is outdated.
 */
async function withoutOutdated(
  projection: Projection,
  readings: readonly Reading[],
  settle: Settle,
): Promise<readonly Reading[]> {
  const known = readings.filter(
    (one) => isPoison(one) && FAULTS_OF_ITS_OWN.includes(one.reason) && policyOf(projection.boundary, one) === 'stop',
  );
  const entity = known[0]?.event?.entity;
  if (entity === undefined) return readings;
  const stored = await projection.ports.read(entity);
  if (stored === undefined || stored.stopMarker !== undefined) return readings;
  const outdated = new Set(known.filter(({ event }) => event !== undefined && event.version < stored.version));
  for (const one of outdated) settle(one, 'outdated');
  return readings.filter((one) => !outdated.has(one));
}

/** Treats the poison of one group by its policy, in order. Returns whether the entity is stopped now. */
export async function treat(projection: Projection, poison: readonly Poison[], settle: Settle): Promise<boolean> {
  const { boundary, ports, nowMs } = projection;
  let stopped = false;
  for (const one of poison) {
    const policy = policyOf(boundary, one);
    const entity = entityOf(one);
    if (policy !== 'discard') await awaitSchemas(projection, [one]);
    if (policy === 'discard') settle(one, 'discarded', one.reason);
    else if (policy === 'park' || entity === undefined) {
      await ports.park(parkedEvent(one, 'parked', nowMs()));
      settle(one, 'parked', one.reason);
    } else if (!stopped && (await ports.stop(entity, parkedEvent(one, 'parked', nowMs()))) === 'done') {
      stopped = true;
      settle(one, 'parked', one.reason);
    } else {
      stopped = true;
      await keepHeld(projection, [one], settle);
    }
  }
  return stopped;
}

/**
 * Requests a check for each event with a newer schema version. Call it before the events are parked or held, so that no
 * failure in between leaves one without a check: the check of a group's newest event is the one that goes on.
 */
async function awaitSchemas({ ports }: Projection, readings: readonly Reading[]): Promise<void> {
  for (const one of readings) if (isPoison(one) && one.reason === 'newer-schema') await ports.awaitSchema(one.message);
}

async function hold(projection: Projection, readings: readonly Reading[], settle: Settle): Promise<void> {
  await awaitSchemas(projection, readings);
  await keepHeld(projection, readings, settle);
}

async function keepHeld({ ports, nowMs }: Projection, readings: readonly Reading[], settle: Settle): Promise<void> {
  const [first] = readings;
  if (first === undefined) return;
  const entity = entityOf(first);
  if (entity === undefined) throw new Error(`no entity to hold events behind in group ${first.message.groupId}`);
  const events = readings.map((reading) => parkedEvent(reading, 'held', nowMs()));
  if ((await ports.hold(entity, events)) === 'released') throw new StopChanged('the entity was released meanwhile');
  for (const reading of readings) settle(reading, 'held', isPoison(reading) ? reading.reason : undefined);
}

/** Sends one request for all gaps of the group: a state at the highest version closes them all. */
async function askForState({ ports }: Projection, gaps: readonly Applicable[], settle: Settle): Promise<void> {
  const [first] = gaps;
  if (first === undefined) return;
  const wanted = Math.max(...gaps.map(({ event }) => event.version));
  await ports.requestResync(first.event.entity, wanted);
  for (const gap of gaps) settle(gap, 'gap');
}
