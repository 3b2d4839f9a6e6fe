/**
 * Stands for `@smithy/core/event-streams` in the bundles of Freshet's functions. The SDK imports it when an operation
 * with an event stream is called, and a client with such an operation configures it. Freshet's functions call none.
 */
export class EventStreamSerde {
  constructor() {
    throw new Error("operations with event streams aren't available in Freshet's functions");
  }
}

/** @returns what `EventStreamSerde` is, for the configuration of a client that has such operations */
export function eventStreamSerdeProvider(): EventStreamSerde {
  return new EventStreamSerde();
}

/** Leaves the configuration as it is. */
export function resolveEventStreamSerdeConfig<T>(config: T): T {
  return config;
}
