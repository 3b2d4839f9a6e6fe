import { isDeepStrictEqual } from 'node:util';
import type { StreamPositions } from './lambda/shard-reader.ts';
import { type Mapping, type MappingObservers, type MappingParts, mapQueue, mapStream } from './mappings.ts';
import type { QueueMappingRequest, StreamMappingRequest } from './provision/resource.ts';

/** What an event source mapping connects, and how. */
export type MappingRequest =
  | ({ readonly kind: 'queue' } & QueueMappingRequest)
  | ({ readonly kind: 'stream' } & StreamMappingRequest);

/** The state of an event source mapping. */
export interface MappingState {
  readonly id: string;
  readonly enabled: boolean;
  readonly request: MappingRequest;
}

/** The event source mappings of the account, by id. */
export interface EventSourceMappings {
  /** The enabled mappings. The same array always. */
  readonly running: readonly Mapping[];
  list(): MappingState[];
  /**
   * Creates a mapping, or changes the mapping of this id. A changed mapping on a stream continues where it was. Rejects
   * if Lambda would refuse the mapping.
   */
  put(id: string, enabled: boolean, request: MappingRequest): Promise<void>;
  remove(id: string): Promise<void>;
  stop(): Promise<void>;
}

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
