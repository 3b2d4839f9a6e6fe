import type { ResyncRequest } from '../../adapters/repair/gaps.ts';
import { messageGroupId } from '../../core/entity.ts';
import type { ProjectPorts } from '../../core/project/ports.ts';
import type { GapNotice, HealPorts } from '../../core/repair/heal.ts';
import { SCHEMA_CHECK_SECONDS } from '../../core/repair/newer-schema.ts';
import type { ParkedKey } from '../../core/repair/parked-key.ts';
import type { RepairPorts } from '../../core/repair/redrive.ts';
import type { Queue } from '../../local/fifo/queue.ts';
import type { Tables } from './cache-tables.ts';
import { sendTo } from './consumer.ts';
import type { CacheName } from './contracts.ts';
import type { Invocation, Service } from './invocations.ts';
import type { CacheNotes } from './notes.ts';
import type { World } from './world.ts';

/** The parts of a cache that its functions' ports reach. */
export interface CacheParts {
  readonly world: World;
  readonly name: CacheName;
  readonly tables: Tables;
  readonly queue: Queue;
  readonly gapQueue: Queue;
  readonly pageQueue: Queue;
  readonly notes: CacheNotes;
  /** Invocation id to the id of the message that it tries alone now. */
  readonly alone: Map<number, string>;
}

/** A message id to its receipt handle. */
export type HandleOf = (messageId: string) => string | undefined;

/** The projector's ports for one invocation. Each call takes time and may fail. */
export function createProjectPorts(parts: CacheParts, invocation: Invocation, handleOf: HandleOf): ProjectPorts {
  const { name, tables } = parts;
  const { ports } = tables;
  const exclusively = exclusiveCalls(parts, invocation);
  return {
    ...createAlonePorts(parts, invocation),
    read: (entity) => invocation.call('cacheTable', messageGroupId(entity), () => ports.read(entity)),
    write: (item, expectation) =>
      exclusively('cacheTable', messageGroupId(item.entity), () => ports.write(item, expectation)),
    park: (event) => exclusively('parkingTable', event.message.groupId, () => ports.park(event)),
    stop: (entity, event) => exclusively('parkingTable', event.message.groupId, () => ports.stop(entity, event)),
    hold: (entity, events) =>
      exclusively('parkingTable', messageGroupId(entity), async () => {
        const answer = await ports.hold(entity, events);
        if (answer === 'released') invocation.failedGroups.add(messageGroupId(entity));
        return answer;
      }),
    requestResync: (entity, wantedVersion) =>
      exclusively('queue', messageGroupId(entity), async () => {
        parts.world.faults.count('gap');
        parts.world.ledger.asked(name, messageGroupId(entity), wantedVersion);
        sendTo(parts.world, parts.gapQueue, JSON.stringify({ entity, wantedVersion, asked: 0 } satisfies GapNotice));
      }),
    awaitSchema: ({ groupId, sequenceNumber }) =>
      invocation.call('queue', groupId, () => sendSchemaCheck(parts, { groupId, sequenceNumber })),
    postpone: (messages, seconds) =>
      invocation.call('queue', messages[0]?.groupId ?? '', () => {
        for (const { messageId } of messages) {
          try {
            parts.queue.changeVisibility(handleOf(messageId) ?? '', seconds);
          } catch {
            // The handle has expired: one entry of the call fails, and the call succeeds.
          }
        }
      }),
  };
}

/** Sends a check of a parked event with a newer schema version, as adapters/repair/gaps.ts does. */
export function sendSchemaCheck({ world, gapQueue }: CacheParts, schemaOf: ParkedKey): void {
  if (world.wrong.isSchemaForgotten) return;
  sendTo(world, gapQueue, JSON.stringify({ schemaOf }), SCHEMA_CHECK_SECONDS);
}

/** Calls that must not overlap within a message group. */
function exclusiveCalls({ world: { ledger }, name }: CacheParts, invocation: Invocation) {
  const busy = new Set<string>();
  return async <T>(service: Service, groupId: string, work: () => Promise<T>): Promise<T> => {
    if (busy.has(groupId)) ledger.violate('group-in-parallel', `${name} ${groupId} in one invocation`);
    busy.add(groupId);
    try {
      return await invocation.call(service, groupId, work);
    } finally {
      busy.delete(groupId);
    }
  };
}

function createAlonePorts(
  { world: { ledger }, name, tables: { ports }, alone }: CacheParts,
  invocation: Invocation,
): Pick<ProjectPorts, 'beginAlone' | 'endAlone'> {
  /** Messages whose note this invocation couldn't remove so far. */
  const unended = new Set<string>();
  return {
    beginAlone: (message, onlyFirst) =>
      invocation.call('parkingTable', message.groupId, () => {
        if (invocation.isDead) ledger.uncleanEnd(name, message.messageId);
        else alone.set(invocation.id, message.messageId);
        return ports.beginAlone(message, onlyFirst);
      }),
    async endAlone(message) {
      try {
        await invocation.call('parkingTable', message.groupId, () => {
          alone.delete(invocation.id);
          return ports.endAlone(message);
        });
        if (unended.delete(message.messageId)) ledger.uncleanEnd(name, message.messageId, -1);
      } catch (error) {
        if (!unended.has(message.messageId)) ledger.uncleanEnd(name, message.messageId);
        unended.add(message.messageId);
        throw error;
      }
    },
  };
}

/** The repair function's ports to the parking table. */
export function createRepairPorts({ tables }: CacheParts, invocation: Invocation, isDrop: boolean): RepairPorts {
  const { repair } = tables;
  return {
    parkedOf: (groupId) => invocation.call('parkingTable', groupId, () => repair.parkedOf(groupId)),
    removeParked: (keys) =>
      invocation.call('parkingTable', keys[0]?.groupId ?? '', async () => {
        tables.dropping = isDrop;
        await repair.removeParked(keys);
        tables.dropping = false;
      }),
    replaceParked: (event) => invocation.call('parkingTable', event.message.groupId, () => repair.replaceParked(event)),
    clearStop: (entity, marker) =>
      invocation.call('cacheTable', messageGroupId(entity), () => repair.clearStop(entity, marker)),
  };
}

/** The repair function's ports for gaps. */
export function createHealPorts({ world, name, tables, gapQueue }: CacheParts, invocation: Invocation): HealPorts {
  const { healing } = tables;
  const group = messageGroupId;
  return {
    want: (entity, wantedVersion, by) =>
      invocation.call('parkingTable', group(entity), () => healing.want(entity, wantedVersion, by)),
    wanted: (entity) => invocation.call('parkingTable', group(entity), () => healing.wanted(entity)),
    forget: (entity, wantedVersion) =>
      invocation.call('parkingTable', group(entity), () => healing.forget(entity, wantedVersion)),
    cached: (entity) => invocation.call('cacheTable', group(entity), () => healing.cached(entity)),
    askOwner: (entity, wantedVersion) =>
      invocation.call('queue', group(entity), () => {
        world.pendingResyncs.add(group(entity));
        const request: ResyncRequest = { entity, wantedVersion, cache: name };
        sendTo(world, world.messaging.queues.require('resync'), JSON.stringify(request));
      }),
    lookAgain: (notice, delaySeconds) =>
      invocation.call('queue', group(notice.entity), () => {
        sendTo(world, gapQueue, JSON.stringify(notice), delaySeconds);
      }),
  };
}
