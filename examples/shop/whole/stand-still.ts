import type { Stage } from '../../../cli/story.ts';

/** What of a shop on the local cloud can be made to stand still. */
export interface Switches {
  /** Stops all functions whose names begin so, a stack's say, or has them run again. */
  running(names: readonly string[], isRunning: boolean): void;
  /** Two minutes pass at once: heartbeats come through, and the report notes it. */
  minutes(): Promise<void>;
}

/** The stacks of those who own what ordering caches: relays, governors, and what their own functions answer. */
export const OWNERS = ['Geography-', 'Catalog-', 'Customers-'];

/** Payment's function that charges. */
export const CHARGING = ['Payment-Charge'];

export function createSwitches(cloud: Stage['cloud']): Switches {
  return {
    running(names, isRunning) {
      for (const { name } of cloud.functions.functions()) {
        if (!names.some((prefix) => name.startsWith(prefix))) continue;
        cloud.functions.setReservedConcurrency(name, isRunning ? undefined : 0);
      }
    },
    async minutes() {
      for (let minute = 0; minute < 2; minute += 1) {
        await cloud.tick();
        await cloud.idle();
      }
    },
  };
}
