import { setTimeout as timer } from 'node:timers/promises';
import type { Boundary } from '../../core/contract/contract.ts';
import type { RelayOptions, RelayReport } from '../../core/relay/batch.ts';
import type { OutboxBacklog } from './outbox.ts';
import { createPostgresOwner } from './owner.ts';
import { createOutboxRelay, type OutboxRelayPorts } from './relay.ts';
import type { SqlClient } from './sql-client.ts';

/** How long an idle relay waits before it looks again: up to this time is added to the lead time. */
const LOOK_EVERY_MS = 200;

/** What an invocation of the relay's function is to do. */
export interface Relaying {
  /** Whether to commit heartbeats and report the backlog, which an invocation that a writer woke doesn't. */
  readonly beats: boolean;
  /** Whether the time is up. No lane is taken afterwards. */
  isOver(): boolean;
  /** Whether to wait for more when the outbox is empty. */
  staysIdle(): boolean;
}

/** Receives what a relay did. */
export interface RelayingReports {
  readonly entities: (report: RelayReport, nowMs: number) => void;
  readonly facts: (report: RelayReport, nowMs: number) => void;
  readonly backlog: (backlog: OutboxBacklog) => void;
}

/** Creates the work of one invocation of the relay's function: it relays until the time is up, or nothing waits. */
export function createRelaying(options: {
  readonly boundary: Boundary;
  readonly schema: string;
  readonly ports: OutboxRelayPorts;
  /** Returns how to relay, asked before each pass. */
  readonly relayOptions: () => Promise<RelayOptions>;
  readonly conflateAfterSeconds?: number;
  readonly reports: RelayingReports;
}): (client: SqlClient, work: Relaying) => Promise<void> {
  const { boundary, schema, ports, relayOptions, conflateAfterSeconds, reports } = options;
  const owner = createPostgresOwner({ boundary, schema });

  const beat = async (client: SqlClient): Promise<void> => {
    // A transaction for each type: a heartbeat that waits for another relay's holds no other one.
    for (const type of Object.keys(boundary.owns)) {
      await client.query('BEGIN');
      await owner.beat(client, type);
      await client.query('COMMIT');
    }
  };

  return async (client, { beats, isOver, staysIdle }) => {
    const relay = createOutboxRelay({ boundary, schema, client, ports, conflateAfterSeconds });
    if (beats) {
      // Before the heartbeats, which would count as waiting.
      reports.backlog(await relay.backlog());
      await beat(client);
    }
    while (!isOver()) {
      let isWorking = false;
      const how = await relayOptions();
      for (const lane of await relay.lanes()) {
        if (isOver()) break;
        const result = await relay.relayLane(lane, how);
        if (result.kind !== 'relayed') continue;
        reports[result.of](result.report, Date.now());
        isWorking ||= result.isProgress;
      }
      if (isWorking) continue;
      if (!staysIdle()) break;
      await timer(LOOK_EVERY_MS);
    }
  };
}
