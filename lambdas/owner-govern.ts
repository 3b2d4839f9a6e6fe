import { createVouchNotes } from '../adapters/adopt/vouch-notes.ts';
import { snsClient } from '../adapters/aws/clients.ts';
import type { Owner } from '../adapters/own/owner.ts';
import { createOwner } from '../adapters/own/owner-table.ts';
import { createStatePublisher } from '../adapters/own/publisher.ts';
import { createPublisher } from '../adapters/relay/topic.ts';
import { heartbeatAtMs } from '../core/adopt/vouch.ts';
import { adoptedTypes } from '../core/contract/define-boundary.ts';
import boundary from './boundary.ts';
import { required } from './environment.ts';
import { client, createGovernor } from './governing.ts';

const vouchNotes = createVouchNotes(client, required('FLOW_TABLE'));
/** Heartbeats take the same path as the owner's entities: through its table, or directly to the topic. */
const heartbeats = beating();

/** The governor of an owner in DynamoDB, or of one that publishes by itself. It commits the heartbeats. */
export const handler = createGovernor({ beat, isScheduled: true });

/** Commits the heartbeat of each type. It vouches for nothing while copies of an existing table may be incomplete. */
async function beat(): Promise<void> {
  const vouched = adoptedTypes(boundary).length === 0 ? undefined : await vouchNotes.read(boundary.name);
  const nowMs = Date.now();
  const beats = Object.keys(boundary.owns).map((type) =>
    heartbeats.beat(type, heartbeatAtMs(boundary, type, vouched, nowMs)),
  );
  for (const result of await Promise.allSettled(beats)) if (result.status === 'rejected') throw result.reason;
}

function beating(): Pick<Owner, 'beat'> {
  const { OWNER_TABLE: tableName } = process.env;
  if (tableName !== undefined) return createOwner({ boundary, tableName, client });
  const send = createPublisher({ client: snsClient(), topicArn: required('TOPIC_ARN') });
  return createStatePublisher({ boundary, send });
}
