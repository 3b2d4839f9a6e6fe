import type { LocalCloud } from 'freshet-local';

/** Stops functions of the shop on the local cloud, and lets time pass. */
export interface Switches {
  /** Stops all functions whose names begin with one of the texts, such as a stack's name, or lets them run again. */
  running(names: readonly string[], isRunning: boolean): void;
  /** Lets two minutes pass at once, so that heartbeats arrive and are reported. */
  minutes(): Promise<void>;
}

/** The stacks of the owners of ordering's cache: their relays and governors, and the owners' own functions. */
export const OWNERS = ['Geography-', 'Catalog-', 'Customers-'];

/** Payment's function that charges. */
export const CHARGING = ['Payment-Charge'];

export function createSwitches(cloud: LocalCloud): Switches {
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
