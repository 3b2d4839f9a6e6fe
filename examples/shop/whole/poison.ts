import { PublishCommand, type SNSClient } from '@aws-sdk/client-sns';
import { TYPE_ATTRIBUTE } from '../../../adapters/relay/topic.ts';
import { deduplicationId, messageGroupId } from '../../../core/entity.ts';
import { serialiseEvent } from '../../../core/event.ts';
import { canonicalState, type State } from '../../../core/state.ts';
import catalog from '../catalog/contracts.ts';

/** Publishes a product as catalog's own writing never would: past its table, and so past the schema that it checks. */
export async function publishProduct(
  client: SNSClient,
  TopicArn: string,
  product: { readonly id: string; readonly version: number; readonly state: State },
): Promise<void> {
  const { id, version, state } = product;
  const entity = { type: 'Product', id };
  const { json, digest } = canonicalState(entity, state);
  const now = new Date().toISOString();
  const stamps = { changedAt: now, publishedAt: now, schemaVersion: 1, owner: catalog.name };
  await client.send(
    new PublishCommand({
      TopicArn,
      Message: serialiseEvent({ kind: 'state', entity, version, digest, ...stamps }, json),
      MessageGroupId: messageGroupId(entity),
      MessageDeduplicationId: `${deduplicationId(entity, version)}~bypass`,
      MessageAttributes: { [TYPE_ATTRIBUTE]: { DataType: 'String', StringValue: entity.type } },
    }),
  );
}
