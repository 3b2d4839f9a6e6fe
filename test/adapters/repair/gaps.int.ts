import type { DynamoDBClient, UpdateItemCommand } from '@aws-sdk/client-dynamodb';
import type { SQSClient } from '@aws-sdk/client-sqs';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { sqsClient } from '../../../adapters/aws/clients.ts';
import { createGapNotice } from '../../../adapters/repair/gap-notices.ts';
import { createHealing, parseGapNotice, parseResyncRequest } from '../../../adapters/repair/gaps.ts';
import type { HealPorts } from '../../../core/repair/heal.ts';
import type { Queue } from '../../../local/fifo/queue.ts';
import { startMessaging, type TestMessaging } from '../../support/messaging.ts';
import { startTables, type TestTables } from '../../support/tables.ts';

let tables: TestTables;
let local: TestMessaging;
let queues: SQSClient;
let gaps: Queue;
let resync: Queue;
let parkingTable: string;
let ports: HealPorts;

beforeAll(async () => {
  tables = await startTables();
  local = await startMessaging();
  queues = sqsClient({ endpoint: local.url });
});
afterAll(async () => {
  queues.destroy();
  await local.stop();
  await tables.stop();
});
beforeEach(async ({ task }) => {
  gaps = local.messaging.createQueue(`${task.id}-gaps`);
  resync = local.messaging.createQueue(`${task.id}-resync`);
  parkingTable = await tables.create('OrderingParking');
  ports = healing(tables.client);
});

function healing(client: DynamoDBClient): HealPorts {
  return createHealing({
    table: { client, parkingTable },
    cached: async () => ({ version: 0, isStopped: false }),
    queues,
    gapQueueUrl: local.messaging.queueUrl(gaps),
    cache: 'shelf',
    resyncQueueUrl: (type) => (type === 'Thing' ? local.messaging.queueUrl(resync) : undefined),
  });
}

const entity = { type: 'Thing', id: 'é/1' };
const bodies = (queue: Queue) => queue.receive(10).map(({ body }) => body);

describe('the wanted version of an entity', () => {
  test('the highest wanted version is recorded until it is removed at that version', async () => {
    expect(await ports.want(entity, 5, { noticeId: 'n1', staleBeforeMs: 0, nowMs: 1_000 })).toBe('new');
    expect(await ports.want(entity, 7, { noticeId: 'n2', staleBeforeMs: 0, nowMs: 2_000 })).toBe('known');
    expect(await ports.want(entity, 6, { noticeId: 'n3', staleBeforeMs: 0, nowMs: 3_000 })).toBe('known');
    expect(await ports.wanted(entity)).toBe(7);
    expect(await ports.forget(entity, 5)).toBe('changed');
    expect(await ports.forget(entity, 7)).toBe('forgotten');
    expect(await ports.forget(entity, 7)).toBe('forgotten');
    expect(await ports.wanted(entity)).toBeUndefined();
  });

  test('a wanted version is recorded when the record before it is removed in between', async () => {
    await ports.want(entity, 5, { noticeId: 'first', staleBeforeMs: 0, nowMs: 1_000 });
    let calls = 0;
    // The first notice finds its gap healed at the moment when the second notice is refused.
    const forgetting = new Proxy(tables.client, {
      get(target, name) {
        if (name !== 'send') return Reflect.get(target, name);
        return async (command: UpdateItemCommand) => {
          calls += 1;
          if (calls === 2) await ports.forget(entity, 5);
          return target.send(command);
        };
      },
    });
    expect(await healing(forgetting).want(entity, 7, { noticeId: 'second', staleBeforeMs: 0, nowMs: 2_000 })).toBe(
      'new',
    );
    expect(await ports.wanted(entity)).toBe(7);
  });

  test('a version that was wanted too long ago is new again', async () => {
    await ports.want(entity, 5, { noticeId: 'n4', staleBeforeMs: 0, nowMs: 1_000 });
    expect(await ports.want(entity, 6, { noticeId: 'n5', staleBeforeMs: 1_000, nowMs: 9_000 })).toBe('known');
    expect(await ports.want(entity, 6, { noticeId: 'n6', staleBeforeMs: 1_001, nowMs: 9_000 })).toBe('new');
  });
});

describe('a notice that is delivered again', () => {
  test('a notice that is delivered again is still new, and never lowers the wanted version', async () => {
    const again = { noticeId: 'first', staleBeforeMs: 0, nowMs: 1_000 };
    expect(await ports.want(entity, 5, again)).toBe('new');
    expect(await ports.want(entity, 7, { ...again, noticeId: 'second' })).toBe('known');
    expect(await ports.want(entity, 5, again)).toBe('new');
    expect(await ports.wanted(entity)).toBe(7);
  });
});

describe('a notice of a gap', () => {
  test('a notice arrives in the gap queue unchanged, at once or after its delay', async () => {
    await createGapNotice({ client: queues, queueUrl: local.messaging.queueUrl(gaps) })(entity, 5);
    await ports.lookAgain({ entity, wantedVersion: 5, asked: 1 }, 900);
    expect(bodies(gaps).map(parseGapNotice)).toEqual([{ entity, wantedVersion: 5, asked: 0 }]);
    expect(gaps.counts()).toMatchObject({ delayed: 1 });
  });

  test.each([
    '',
    'null',
    '[]',
    '{"entity":{"type":"T"}}',
    '{"entity":{"type":"T","id":"a"},"wantedVersion":0,"asked":0}',
  ])('the body %s is no notice', (body) => {
    expect(parseGapNotice(body)).toBeUndefined();
    expect(parseResyncRequest(body)).toBeUndefined();
  });
});

describe('a request for a state', () => {
  test("a request arrives in the resync queue of the type's owner", async () => {
    await ports.askOwner(entity, 5);
    expect(bodies(resync).map(parseResyncRequest)).toEqual([
      { entity, wantedVersion: 5, cache: 'shelf', readsCompressed: true },
    ]);
  });

  test('a request for a type without a known owner fails', async () => {
    await expect(ports.askOwner({ type: 'Other', id: 'a' }, 5)).rejects.toThrow(
      'no resync queue is known for type Other',
    );
  });
});
