import type { EntityRef } from '../entity.ts';
import type { Outcome, PoisonReason } from '../outcome.ts';
import type { ReceivedMessage } from './ports.ts';

/** The outcome of one message. */
export interface Settled {
  readonly message: ReceivedMessage;
  readonly outcome: Outcome;
  readonly entity: EntityRef | undefined;
  readonly version: number | undefined;
  /**
   * From the owner's commit until the event was applied here, milliseconds; only for `applied`, and not for an event
   * that was sent again.
   */
  readonly leadTimeMs: number | undefined;
  /** The trace in which the owner committed the version, see `EventAttributes`. */
  readonly traceparent?: string | undefined;
  /** Why the message is poison; for `discarded`, `parked`, and for poison that is `held`. */
  readonly reason: PoisonReason | undefined;
}

/** The result of a batch: each message is either settled or returned. */
export interface ProjectReport {
  readonly settled: readonly Settled[];
  /**
   * Messages for the queue to deliver again: every message of a group that isn't settled, so that the group keeps its
   * order.
   */
  readonly returned: readonly { readonly message: ReceivedMessage; readonly error: unknown }[];
}
