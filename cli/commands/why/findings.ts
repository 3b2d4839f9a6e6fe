import type { Readiness } from 'freshet-aws/internal/adapters/read/readiness';
import type { FailurePolicy } from 'freshet-aws/internal/core/outcome';
import type { OwnedEntity } from 'freshet-aws/internal/core/own/own';
import type { ParkedEvent } from 'freshet-aws/internal/core/project/ports';
import type { Difference } from 'freshet-aws/internal/core/repair/compare';
import type { FoundRecord } from '../../clients/cache-records.ts';

/** A parked or held event, as far as the verdict needs it. */
export type Parked = Pick<ParkedEvent, 'status' | 'reason' | 'explanation' | 'version' | 'parkedAtMs'> & {
  /** GROUP/SEQUENCE. */
  readonly key: string;
  /** When the change of a stream's record was made; otherwise, when the event was sent. Epoch milliseconds. */
  readonly changedAtMs: number;
};

/** What is known of the way of an entity from its owner into a cache. */
export interface Findings {
  readonly type: string;
  readonly id: string;
  readonly nowMs: number;
  /** The owner of the type; undefined if it isn't in this deployment, or isn't known without contracts. */
  readonly owner:
    | {
        readonly name: string;
        /** Undefined if the owner has never had the entity. */
        readonly owned: OwnedEntity | undefined;
        /**
         * The function that copies the entity from an existing table; undefined if the type isn't adopted. `isStopped`
         * is undefined if that may not be read.
         */
        readonly adopter: { readonly isStopped: boolean | undefined } | undefined;
        /** Whether changes wait for the relay in PostgreSQL, which keeps them until they are published. */
        readonly hasOutbox: boolean;
        /** Undefined if that may not be read. */
        readonly isRelayStopped: boolean | undefined;
        /** The delay of the newest published events, in milliseconds; null while unknown. */
        readonly relayDelayMs: number | null;
        /** The entity's records that the relay couldn't publish. */
        readonly parked: readonly Parked[];
      }
    | undefined;
  readonly cache: {
    readonly name: string;
    /** Whether the cache keeps the type; undefined without contracts. */
    readonly keeps: boolean | undefined;
    /** The fields that the cache keeps; undefined for all fields, or without contracts. */
    readonly fields: readonly string[] | undefined;
    readonly onPoison: FailurePolicy | undefined;
    readonly record: FoundRecord | undefined;
    /** Whether the cache's table has an item of the entity that the projector can't read. */
    readonly isDamaged: boolean;
    readonly readiness: Readiness;
    /** The entity's parked and held events, the oldest first. */
    readonly parked: readonly Parked[];
    /** Undefined if that may not be read. */
    readonly isProjectorStopped: boolean | undefined;
    /** Messages in the queue of events: visible, in flight or delayed. */
    readonly backlog: number;
    /** Time until the queue is empty, in seconds; null if it doesn't drain, or the rates are unknown. */
    readonly drainSeconds: number | null;
    /** Messages that ask owners for a state, because a delta had no base. */
    readonly gaps: number;
    /** Messages in the dead-letter queues of the queue and of its subscriptions. */
    readonly deadLetters: number;
  };
  /** How the cache differs from the owner; undefined if there is nothing to compare with. */
  readonly difference: 'equal' | Difference | undefined;
}
