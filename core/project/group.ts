import type { Boundary } from '../contract.ts';
import type { Outcome, PoisonReason } from '../outcome.ts';
import { applyEvents } from './apply.ts';
import { entityOf, policyOf, setAside } from './poison.ts';
import type { ProjectPorts, ProjectSettings } from './ports.ts';
import { type Applicable, isPoison, type Poison, type Reading } from './read-message.ts';

/** Everything that projecting needs. */
export interface Projection {
  readonly boundary: Boundary;
  readonly ports: ProjectPorts;
  readonly settings: ProjectSettings;
  /** The clock, epoch milliseconds. */
  readonly nowMs: () => number;
}

/** Told how a message ended, once for each. */
export type Settle = (reading: Reading, outcome: Outcome, reason?: PoisonReason) => void;

/** An entity was stopped or released between two calls: delivered again, its events find out which. */
class StopChanged extends Error {
  override readonly name = 'StopChanged';
}

/**
 * Projects one group, which is one entity, in the order in which its messages came. Poison is treated by policy; the newest event is
 * written; once the entity is stopped, everything after that is held.
 *
 * @param given all of one group, as they came
 * @param stopMarker when a release replays what was set aside: the marker that must stand
 * @throws when infrastructure fails; what was told to `settle` until then is done
 */
export async function projectGroup(
  projection: Projection,
  given: readonly Reading[],
  settle: Settle,
  stopMarker?: number,
): Promise<void> {
  const { boundary } = projection;
  const mayBePassed = stopMarker === undefined && given.some(isPoison);
  const readings = mayBePassed ? await withoutPassed(projection, given, settle) : given;
  const stopsAt = readings.findIndex((reading) => isPoison(reading) && policyOf(boundary, reading) === 'stop');
  const before = stopsAt === -1 ? readings : readings.slice(0, stopsAt);
  const rest = readings.slice(before.length);

  const poison = before.filter(isPoison);
  if (poison.length > 0) await treat(projection, poison, settle);
  const applicable = before.filter((reading): reading is Applicable => !isPoison(reading));
  const applied = await applyEvents(applicable, { ...projection, stopMarker });
  if (applied === 'stopped') {
    if (stopMarker !== undefined) throw new StopChanged('what is held behind the entity has changed');
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

/** Faults of an event whose entity and version can be trusted: it is in its own group, from its owner. */
const FAULTS_OF_ITS_OWN: readonly PoisonReason[] = ['newer-schema', 'too-old', 'invalid'];

/**
 * Settles poison that the cache is past as outdated where the policy is to stop: what nobody needs any more stops nothing. One read, where
 * there is any. Under the other policies poison does no harm to those behind it, and the listing says that it is outdated.
 */
async function withoutPassed(
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
  const passed = new Set(known.filter(({ event }) => event !== undefined && event.version < stored.version));
  for (const one of passed) settle(one, 'outdated');
  return readings.filter((one) => !passed.has(one));
}

/** Treats poison of one group by its policy, in order. Whether the entity is stopped now. */
export async function treat(projection: Projection, poison: readonly Poison[], settle: Settle): Promise<boolean> {
  const { boundary, ports, nowMs } = projection;
  let stopped = false;
  for (const one of poison) {
    const policy = policyOf(boundary, one);
    const entity = entityOf(one);
    if (policy === 'discard') settle(one, 'discarded', one.reason);
    else if (policy === 'park' || entity === undefined) {
      await ports.park(setAside(one, 'parked', nowMs()));
      settle(one, 'parked', one.reason);
    } else if (!stopped && (await ports.stop(entity, setAside(one, 'parked', nowMs()))) === 'done') {
      stopped = true;
      settle(one, 'parked', one.reason);
    } else {
      stopped = true;
      await hold(projection, [one], settle);
    }
  }
  return stopped;
}

async function hold({ ports, nowMs }: Projection, readings: readonly Reading[], settle: Settle): Promise<void> {
  const [first] = readings;
  if (first === undefined) return;
  const entity = entityOf(first);
  if (entity === undefined) throw new Error(`no entity to hold behind in group ${first.message.groupId}`);
  const asides = readings.map((reading) => setAside(reading, 'held', nowMs()));
  if ((await ports.hold(entity, asides)) === 'released') throw new StopChanged('the entity was released meanwhile');
  for (const reading of readings) settle(reading, 'held', isPoison(reading) ? reading.reason : undefined);
}

/** One request for all gaps of the group: the highest version covers the others. */
async function askForState({ ports }: Projection, gaps: readonly Applicable[], settle: Settle): Promise<void> {
  const [first] = gaps;
  if (first === undefined) return;
  const wanted = Math.max(...gaps.map(({ event }) => event.version));
  await ports.requestResync(first.event.entity, wanted);
  for (const gap of gaps) settle(gap, 'gap');
}
