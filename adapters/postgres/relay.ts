import type { Boundary } from '../../core/contract/contract.ts';
import { isLate, type RelayOptions, type RelayPorts, type RelayReport, relayBatch } from '../../core/relay/batch.ts';
import { HEARTBEAT_LANE, LANES } from '../../core/relay/lanes.ts';
import type { StreamChange } from '../../core/relay/message.ts';
import { createOutbox } from './outbox.ts';
import { rowsOf, type SqlClient } from './sql-client.ts';

/** Longest time in which a relay may publish the rows that it took, before another one takes them. */
const IDLE_TIMEOUT_MS = 60_000;

/** What a relay did with a lane. */
export type LaneResult =
  /** Another relay has the lane. */
  | { readonly kind: 'busy' }
  /** Nothing waits, or only heartbeats that must wait for other rows. */
  | { readonly kind: 'empty' }
  | {
      readonly kind: 'relayed';
      readonly of: 'entities' | 'facts';
      readonly report: RelayReport;
      /** Whether at least one row was published or set aside. */
      readonly isProgress: boolean;
    };

/** The ports of a relay of an outbox. */
export interface OutboxRelayPorts {
  /** Publishes versions to the change topic, see `createPublisher`. */
  readonly publish: RelayPorts['publish'];
  /** Publishes facts to the topic of facts; undefined for a boundary without facts. */
  readonly publishFacts?: RelayPorts['publish'] | undefined;
  /** Sets aside a row that can't be published, with its entity if that is known. */
  divert(change: StreamChange, reason: Parameters<RelayPorts['divert']>[1], message: string): Promise<void>;
}

/**
 * Creates the relay of an owner's outbox. Several relays may run at the same time: each takes a lane that no other one
 * has, and all rows of an entity are in one lane.
 *
 * @param options.client one connection, which nothing else uses
 */
export function createOutboxRelay(options: {
  readonly boundary: Boundary;
  readonly schema: string;
  readonly client: SqlClient;
  readonly ports: OutboxRelayPorts;
  /** Age of a change from which several versions of an entity are published as one; default: never. */
  readonly conflateAfterSeconds?: number | undefined;
  /** Returns the current time, epoch milliseconds. */
  readonly now?: () => number;
}) {
  const { boundary, client, ports, conflateAfterSeconds, now = Date.now } = options;
  const outbox = createOutbox(options.schema);
  let begin: string | undefined;

  const relay = async (lane: number, relayOptions: RelayOptions): Promise<LaneResult> => {
    if (!(await outbox.lock(client, lane))) return { kind: 'busy' };
    const isOfFacts = lane >= LANES && lane < HEARTBEAT_LANE;
    const changes = (await outbox.take(client, lane)).map((change) => ownedBy(boundary, change));
    if (changes.length === 0) return { kind: 'empty' };
    const bySequence = new Map(changes.map((change) => [change.sequenceNumber, change]));
    const report = await relayBatch(
      boundary,
      changes,
      new Date(now()).toISOString(),
      {
        publish: (isOfFacts ? ports.publishFacts : ports.publish) ?? refuseFacts,
        divert: async (sequenceNumber, reason, message) => {
          const change = bySequence.get(sequenceNumber);
          if (change !== undefined) await ports.divert(change, reason, message);
        },
      },
      { ...relayOptions, conflate: relayOptions.conflate || isLate(changes, now(), conflateAfterSeconds) },
    );
    // Only now: a relay that stops before this point publishes the rows again, and loses none.
    const failed = new Set(report.failed);
    const done = [...bySequence.keys()].filter((number) => !failed.has(number));
    if (done.length > 0) await outbox.remove(client, lane, done);
    return { kind: 'relayed', of: isOfFacts ? 'facts' : 'entities', report, isProgress: done.length > 0 };
  };

  return {
    lanes: () => outbox.lanes(client),
    backlog: () => outbox.backlog(client),
    /** Publishes the first rows of a lane, in one transaction. Throws if the database fails. */
    async relayLane(lane: number, relayOptions: RelayOptions = {}): Promise<LaneResult> {
      begin ??= await beginOf(client);
      await client.query(begin);
      try {
        const result = await relay(lane, relayOptions);
        await client.query('COMMIT');
        return result;
      } catch (error) {
        // The connection may be gone, which ends the transaction as well.
        await client.query('ROLLBACK').catch(() => undefined);
        throw error;
      }
    },
  };
}

export type OutboxRelay = ReturnType<typeof createOutboxRelay>;

/**
 * A relay that vanishes without closing its connection would keep its lane until the server finds out, which takes
 * hours by default. If the user has no limit for idle transactions, each transaction sets one. A limit of the user is
 * better: RDS Proxy pins a connection that uses SET (rds/rds-proxy-pinning).
 */
async function beginOf(client: SqlClient): Promise<string> {
  const [row] = await rowsOf(client, "SELECT current_setting('idle_in_transaction_session_timeout') AS timeout");
  return row?.timeout === '0' ? `BEGIN; SET LOCAL idle_in_transaction_session_timeout = ${IDLE_TIMEOUT_MS}` : 'BEGIN';
}

/** The outbox is one boundary's, so its facts don't say who their owner is. */
function ownedBy({ name }: Boundary, change: StreamChange): StreamChange {
  return change.kind === 'fact' ? { ...change, fact: { ...change.fact, owner: name } } : change;
}

/** The construct refuses a boundary that publishes facts and has no topic of facts, so this can't happen deployed. */
const refuseFacts: RelayPorts['publish'] = async (messages) =>
  messages.map(() => ({ kind: 'failed', message: 'the relay has no topic of facts' }));
