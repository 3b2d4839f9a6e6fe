import type { ParkedEvent, ReceivedMessage } from '../../core/project/ports.ts';

/** The result of a batch of facts. */
export interface FactReport {
  /** Facts that were handled. */
  readonly taken: number;
  /** What was parked. The error is the one of the last try; undefined for a message that is no fact. */
  readonly parked: readonly { readonly event: ParkedEvent; readonly error: unknown }[];
  /** What goes back to the queue: each message that failed, and the messages behind it in its group. */
  readonly returned: readonly { readonly message: ReceivedMessage; readonly error: unknown }[];
}
