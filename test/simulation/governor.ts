import { startConsumer } from './consumer.ts';
import type { Cache } from './deployed.ts';
import type { FunctionOptions, Invocation } from './invocations.ts';
import type { OwnerTable } from './owner.ts';
import { dueTypes } from './tending.ts';
import type { World } from './world.ts';

const GOVERNOR: FunctionOptions = { crash: 'governorCrash', timeoutMs: 30_000, crashWithin: 3, mayRace: false };

/** The owner's function that commits heartbeats, on a schedule and when a cache asks, as lambdas/owner-govern.ts. */
export interface Governor {
  /** Runs the function once, as the schedule does. */
  beat(): Promise<void>;
}

/** @param caches the caches that are deployed */
export function startGovernor(world: World, table: OwnerTable, caches: readonly Cache[]): Governor {
  const { functions, messaging } = world;
  const beat = async (invocation: Invocation): Promise<object> => {
    // Nobody waits for the heartbeats of other types. They are left out, which saves steps.
    const types = await dueTypes(world, caches);
    await Promise.all(types.map((type) => invocation.call('ownerTable', type, () => table.beat(type))));
    return { batchItemFailures: [] };
  };
  startConsumer(world, messaging.queues.require('reports'), 'owner-govern', GOVERNOR, true, beat);
  return {
    async beat() {
      await functions.invoke(GOVERNOR, beat);
    },
  };
}
