import { DeleteItemCommand, DeleteTableCommand } from '@aws-sdk/client-dynamodb';
import { vi } from 'vitest';
import { dynamoDbClient } from '../../../adapters/aws/clients.ts';
import { keyItem } from '../../../adapters/aws/items.ts';
import { messageGroupId } from '../../../core/entity.ts';
import { parseEvent } from '../../../core/event.ts';
import type { ParkedEvent } from '../../../core/project/ports.ts';
import type { Queue } from '../../../local/fifo/queue.ts';
import type { CacheName, Lab } from '../../failure/lab.ts';
import { keepLedger } from '../../failure/ledger.ts';
import { item, itemState, textToSend, toSend } from '../../failure/messages.ts';
import { useAsFunctions } from './users.ts';

const LONGEST_MS = 20_000;
const BIOGRAPHY = 'born, lived, and wrote about it at length. '.repeat(30);

/**
 * Lets the failure tests' app do everything that its functions can do, so that they make every call that they may need.
 */
export async function exercise(lab: Lab): Promise<void> {
  const { cloud, owner } = lab;
  const client = dynamoDbClient({ endpoint: cloud.endpoints.dynamodb });
  // The first report measures for five seconds, and a gap takes as long to heal. Both run at the same time.
  const ticked = cloud.tick();
  await missDelta(lab);
  await changeAndDelete(lab);
  await stopAndRelease(lab);
  await parkAndRedrive(lab);
  // Writes are paced for a while, in which the relay conflates changes. So this comes after the steps that need each
  // version.
  await useAsFunctions(lab);
  await crashAndMissDelivery(lab);
  await lab.repair('parking', { operation: 'backfill', type: 'Item', restart: true });
  // Only a cache that is filled can be compared.
  const startInventory = async () =>
    'run' in (await lab.repair('parking', { operation: 'inventory', type: 'Item', heals: true }));
  await vi.waitUntil(startInventory, { timeout: LONGEST_MS, interval: 200 });
  const isCompared = () =>
    cloud.access.calls.some(
      ({ action, caller, resource }) =>
        action === 'dynamodb:Query' &&
        resource.endsWith(lab.cache('parking').deployed.table) &&
        caller.kind === 'role' &&
        caller.roleArn.includes('CacheRepair'),
    );
  await vi.waitUntil(isCompared, { timeout: LONGEST_MS, interval: 20 });

  // A change that no owner made can't be published: the relay diverts it.
  const { table } = lab.itemOwner.deployed;
  await client.send(new DeleteItemCommand({ TableName: table, Key: keyItem(item('changed')) }));
  await ticked;
  await cloud.tick();
  await cloud.idle();

  // This is the last step, because a message that can't be written returns later.
  await client.send(new DeleteTableCommand({ TableName: lab.cache('discarding').deployed.table }));
  await owner.put('Item', 'late', itemState(1));
  const postponed = () => cloud.access.calls.some(({ action }) => action === 'sqs:ChangeMessageVisibility');
  await vi.waitUntil(postponed, { timeout: LONGEST_MS, interval: 20 });
  client.destroy();
}

async function changeAndDelete({ cloud, owner }: Lab): Promise<void> {
  for (let version = 1; version <= 3; version += 1) await owner.put('Item', 'changed', itemState(version));
  await owner.put('Item', 'deleted', itemState(1));
  await owner.delete('Item', 'deleted');
  await cloud.idle();
}

async function stopAndRelease(lab: Lab): Promise<void> {
  const { cloud, owner } = lab;
  for (const price of [1, -1, 2, 3]) await owner.put('Item', 'stopped', { ...itemState(1), price });
  await cloud.idle();
  await untilParked(lab, 'stopping', 3);
  const release = { operation: 'release', type: 'Item', id: 'stopped' } as const;
  await lab.repair('stopping', { ...release, drop: false });
  await lab.repair('stopping', { ...release, drop: true });
}

/** Waits until at least so many events are parked. On a busy machine a function may start late. */
async function untilParked(lab: Lab, cache: CacheName, count: number): Promise<void> {
  const isThere = async () => (await lab.parked(cache)).length >= count;
  await vi.waitUntil(isThere, { timeout: LONGEST_MS, interval: 20 });
}

/** Parks two messages and redrives them. The one that is still poison stays parked, and the other one is removed. */
async function parkAndRedrive(lab: Lab): Promise<void> {
  lab.queue('parking').send(textToSend(item('parked'), 'no event'));
  lab.queue('parking').send(toSend(item('redriven'), 1, { ...itemState(1), price: -1 }));
  await lab.cloud.idle();
  await untilParked(lab, 'parking', 2);
  const keys = (await lab.parked('parking')).map(({ message }: ParkedEvent) => message);
  await lab.repair('parking', { operation: 'redrive', keys });
}

/** The second version of the profile never reaches the cache that parks. */
async function missDelta(lab: Lab): Promise<void> {
  const { projector } = lab.cache('parking').deployed;
  keepLedger(lab.cloud, (functionName, { body }) => {
    const event = parseEvent(body);
    return functionName === projector && 'kind' in event && event.kind === 'delta' && event.version === 2;
  });
  for (let visits = 1; visits <= 3; visits += 1) {
    await lab.owner.put('Profile', 'missed', { name: 'missed', biography: BIOGRAPHY, visits, city: 'here' });
  }
}

/**
 * Sends a message that crashes the projector, one that is received for the third time, and one that SNS can't deliver.
 */
async function crashAndMissDelivery(lab: Lab): Promise<void> {
  const { deadLetterQueueUrl, projector } = lab.cache('parking').deployed;
  const queue = lab.queue('parking');
  lab.cloud.messaging.queues.require(deadLetterQueueUrl).send(toSend(item('crashed'), 1));
  await lab.cloud.functions.invoke(projector, suspectEvent(queue));
  queue.setAttributes({ MaximumMessageSize: '1024' });
  await lab.owner.put('Profile', 'undelivered', { name: 'x', biography: BIOGRAPHY, visits: 1, city: 'here' });
  await lab.cloud.idle();
  queue.setAttributes({ MaximumMessageSize: String(256 * 1024) });
}

function suspectEvent({ arn }: Queue): object {
  const { groupId = messageGroupId(item('suspect')), body } = toSend(item('suspect'), 1);
  const attributes = {
    MessageGroupId: groupId,
    SequenceNumber: '1'.padStart(20, '0'),
    SentTimestamp: String(Date.now()),
    ApproximateReceiveCount: '5',
  };
  const record = { messageId: 'suspect', receiptHandle: 'none', body, attributes, eventSourceARN: arn };
  return { Records: [{ ...record, eventSource: 'aws:sqs', messageAttributes: {} }] };
}
