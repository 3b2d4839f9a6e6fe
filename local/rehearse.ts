import { randomBytes } from 'node:crypto';
import { snsClient } from 'freshet-aws/internal/adapters/aws/clients';
import { createPublisher } from 'freshet-aws/internal/adapters/relay/topic';
import { createSagaStore } from 'freshet-aws/internal/adapters/saga/table';
import type { Boundary } from 'freshet-aws/internal/core/contract/contract';
import { ownedContract } from 'freshet-aws/internal/core/contract/define-boundary';
import { entityName, entityRef } from 'freshet-aws/internal/core/entity';
import { FreshetError } from 'freshet-aws/internal/core/errors';
import { type FactContract, factData, factEventId } from 'freshet-aws/internal/core/facts/fact';
import { outgoingMessage } from 'freshet-aws/internal/core/relay/message';
import type { Saga } from 'freshet-aws/internal/core/saga/define';
import { handleFact } from 'freshet-aws/internal/core/saga/handle';
import { canonicalState, type State } from 'freshet-aws/internal/core/state';
import type { LocalCloud } from './cloud.ts';
import { cloudClient, ownerIn, sagaIn } from './deployed.ts';
import { LOCAL_CREDENTIALS } from './identity.ts';

/** A state event to publish without the owner's table. */
export interface PublishedEvent {
  /** An entity type of the owner. */
  readonly type: string;
  /** The entity's id. */
  readonly id: string;
  /** The version: an integer from 1. */
  readonly version: number;
  /** The state. The contract's schema doesn't check it. */
  readonly state: State;
  /** When the owner committed the version. Default: now. */
  readonly changedAt?: Date;
}

/**
 * Publishes a state event on an owner's topic without the owner's table. A test or a rehearsal can publish an old
 * version again, or a state that the schema refuses. The event has a deduplication id of its own, so the topic never
 * drops it.
 *
 * @throws FreshetError `UnknownOwner` | `UnknownEntityType` | `InvalidEntityId` | `InvalidState` | `StateTooLarge` |
 *   `Unpublishable`
 */
export async function publishEvent(cloud: LocalCloud, boundary: Boundary, event: PublishedEvent): Promise<void> {
  const { type, version } = event;
  const { topicArn } = ownerIn(cloud, boundary);
  const { schemaVersion } = ownedContract(boundary, type);
  const entity = entityRef(type, event.id);
  const { json, digest } = canonicalState(entity, event.state);
  const publishedAt = new Date().toISOString();
  const changedAt = event.changedAt?.toISOString() ?? publishedAt;
  const message = outgoingMessage(
    boundary,
    { entity, version, digest, schemaVersion, changedAt, stateJson: json },
    { publishedAt },
  );
  if ('reason' in message) throw unpublishable(`${entityName(entity)} version ${version}`, message.message);
  const deduplicationId = `${message.deduplicationId}~p${randomBytes(9).toString('base64url')}`;
  const client = snsClient({ endpoint: cloud.endpoints.sns, region: cloud.region, credentials: LOCAL_CREDENTIALS });
  try {
    const [result] = await createPublisher({ client, topicArn })([{ ...message, deduplicationId }]);
    if (result?.kind === 'published') return;
    throw unpublishable(`${entityName(entity)} version ${version}`, result?.message ?? 'the topic gave no answer');
  } finally {
    client.destroy();
  }
}

/**
 * Hands a fact to a saga as if it had arrived at an earlier time, so that a test need not wait for a deadline. The
 * saga's function for deadlines finds the instance the next time that it runs, for example in `cloud.tick()`.
 *
 * @param contract the fact's contract, such as `ordering.publishes.OrderPlaced`
 * @param ids the ids that the fact carries
 * @param arrivedAt when the fact happened and arrived
 * @throws FreshetError `InvalidSaga` if the saga doesn't run in this cloud | `InvalidFact`
 */
export async function recordFact<Id extends string>(
  cloud: LocalCloud,
  saga: Saga,
  contract: FactContract<string, Id>,
  ids: Readonly<Record<Id, string>>,
  arrivedAt: Date,
): Promise<void> {
  const { type, owner, about } = contract;
  const data = factData(contract, ids);
  if (typeof data === 'string') throw new FreshetError(data, { code: 'InvalidFact', field: 'ids' });
  const fact = { type, id: factEventId(type, data[about]), owner, occurredAt: arrivedAt.toISOString(), data };
  const client = cloudClient(cloud);
  try {
    const store = createSagaStore({ client, tableName: sagaIn(cloud, saga).table, saga: saga.name });
    await handleFact(saga, store, fact, { nowMs: arrivedAt.getTime(), keepSeconds: 0 });
  } finally {
    client.destroy();
  }
}

function unpublishable(what: string, why: string): FreshetError {
  return new FreshetError(`${what} can't be published: ${why}.`, { code: 'Unpublishable' });
}
