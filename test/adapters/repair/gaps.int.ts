import type { DynamoDBClient, UpdateItemCommand } from '@aws-sdk/client-dynamodb';
import type { SQSClient } from '@aws-sdk/client-sqs';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { sqsClient } from '../../../adapters/aws/clients.ts';
import { createGapNotice, createHealing, parseGapNotice, parseResyncRequest } from '../../../adapters/repair/gaps.ts';
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

describe('what is wanted of an entity', () => {
  test('is remembered as the highest version until it is forgotten at that', async () => {
    expect(await ports.want(entity, 5, { noticeId: 'n1', staleBeforeMs: 0, nowMs: 1_000 })).toBe('new');
    expect(await ports.want(entity, 7, { noticeId: 'n2', staleBeforeMs: 0, nowMs: 2_000 })).toBe('known');
    expect(await ports.want(entity, 6, { noticeId: 'n3', staleBeforeMs: 0, nowMs: 3_000 })).toBe('known');
    expect(await ports.wanted(entity)).toBe(7);
    expect(await ports.forget(entity, 5)).toBe('changed');
    expect(await ports.forget(entity, 7)).toBe('forgotten');
    expect(await ports.forget(entity, 7)).toBe('forgotten');
    expect(await ports.wanted(entity)).toBeUndefined();
  });

  test('is stored after all when what was wanted before is forgotten in between', async () => {
    await ports.want(entity, 5, { noticeId: 'first', staleBeforeMs: 0, nowMs: 1_000 });
    let calls = 0;
    // The look-again notice of the first finds it healed, just when the second was refused.
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

  test('is new again when it was wanted too long ago', async () => {
    await ports.want(entity, 5, { noticeId: 'n4', staleBeforeMs: 0, nowMs: 1_000 });
    expect(await ports.want(entity, 6, { noticeId: 'n5', staleBeforeMs: 1_000, nowMs: 9_000 })).toBe('known');
    expect(await ports.want(entity, 6, { noticeId: 'n6', staleBeforeMs: 1_001, nowMs: 9_000 })).toBe('new');
  });
});

describe('a notice that comes again', () => {
  test('is new as long as it began what is wanted, and lowers nothing', async () => {
    const again = { noticeId: 'first', staleBeforeMs: 0, nowMs: 1_000 };
    expect(await ports.want(entity, 5, again)).toBe('new');
    expect(await ports.want(entity, 7, { ...again, noticeId: 'second' })).toBe('known');
    expect(await ports.want(entity, 5, again)).toBe('new');
    expect(await ports.wanted(entity)).toBe(7);
  });
});

describe('a notice', () => {
  test('reaches the gap queue as it was, at once or after its delay', async () => {
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
  ])('is nothing else: %s', (body) => {
    expect(parseGapNotice(body)).toBeUndefined();
    expect(parseResyncRequest(body)).toBeUndefined();
  });
});

describe('a request', () => {
  test("reaches the resync queue of the type's owner", async () => {
    await ports.askOwner(entity, 5);
    expect(bodies(resync).map(parseResyncRequest)).toEqual([{ entity, wantedVersion: 5, cache: 'shelf' }]);
  });

  test('for a type whose owner is not known fails', async () => {
    await expect(ports.askOwner({ type: 'Other', id: 'a' }, 5)).rejects.toThrow(
      'no resync queue is known for type Other',
    );
  });
});
