import { isDeepStrictEqual } from 'node:util';
import type {
  EventSourceMappings,
  Mapping,
  MappingState,
  QueueMappingRequest,
  StreamMappingRequest,
} from './event-source-mappings.ts';
import type { StreamPositions } from './lambda/shard-reader.ts';
import { type MappingObservers, type MappingParts, mapQueue, mapStream } from './mappings.ts';

/** @param positionsOf returns how far the mapping of an id has read each shard, and keeps it */
export function createMappings(
  parts: MappingParts,
  observers: MappingObservers,
  positionsOf: (id: string) => StreamPositions = inMemory(),
): EventSourceMappings {
  const states = new Map<string, MappingState>();
  const started = new Map<string, Mapping>();
  const running: Mapping[] = [];

  async function end(id: string): Promise<void> {
    const mapping = started.get(id);
    if (mapping === undefined) return;
    started.delete(id);
    running.splice(running.indexOf(mapping), 1);
    await mapping.stop();
  }

  return {
    running,
    list: () => [...states.values()],
    async put(id, enabled, request) {
      const before = states.get(id);
      if (before?.enabled === enabled && isDeepStrictEqual(before.request, request)) return;
      await end(id);
      states.set(id, { id, enabled, request });
      if (!enabled) return;
      const { kind, ...rest } = request;
      const mapping =
        kind === 'queue'
          ? mapQueue(rest as QueueMappingRequest, parts, observers)
          : await mapStream(rest as StreamMappingRequest, positionsOf(id), parts, observers);
      started.set(id, mapping);
      running.push(mapping);
    },
    async remove(id) {
      states.delete(id);
      await end(id);
    },
    async stop() {
      await Promise.all([...started.keys()].map(end));
    },
  };
}

function inMemory(): (id: string) => StreamPositions {
  const all = new Map<string, Map<string, string>>();
  return (id) => {
    const positions = all.get(id) ?? new Map<string, string>();
    all.set(id, positions);
    return positions;
  };
}
