import { type EntityRef, isHeartbeat, PARTITIONS_PER_TYPE, sha256, tableKey } from '../entity.ts';

/** Number of lanes of entities in an outbox, and of facts. One relay at a time takes a lane. */
export const LANES = PARTITIONS_PER_TYPE;

/** The lane of heartbeats. It comes last, because a heartbeat waits for every row that was added before it. */
export const HEARTBEAT_LANE = 2 * LANES;

/** The partition of a heartbeat's row. Lists of a type's entities begin at partition 0. */
export const HEARTBEAT_PARTITION = -1;

/** The partition of an entity's row: the one of its item in an owner's DynamoDB table. */
export function partitionOf(entity: EntityRef): number {
  if (isHeartbeat(entity)) return HEARTBEAT_PARTITION;
  const { pk } = tableKey(entity);
  return Number(pk.slice(pk.lastIndexOf('#') + 1));
}

/** The lane of an entity's rows in the outbox. All rows of an entity are in one lane, which keeps them in order. */
export function laneOf(entity: EntityRef): number {
  return isHeartbeat(entity) ? HEARTBEAT_LANE : partitionOf(entity);
}

/** The lane of a fact, from its message group. */
export function laneOfFact(groupId: string): number {
  return LANES + ((Buffer.from(sha256(groupId), 'base64url')[0] ?? 0) % LANES);
}
