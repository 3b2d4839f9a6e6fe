import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { snsClient } from '../../../adapters/aws/clients.ts';
import type { EnterOptions, Flow } from '../../../adapters/govern/flow.ts';
import { createStatePublisher, type Publisher } from '../../../adapters/own/publisher.ts';
import { createPublisher } from '../../../adapters/relay/topic.ts';
import { type EntityRef, HEARTBEAT_ID } from '../../../core/entity.ts';
import { FreshetError } from '../../../core/errors.ts';
import { parseEvent } from '../../../core/event.ts';
import { BackpressureError } from '../../../core/govern/admit.ts';
import { projectBatch } from '../../../core/project/batch.ts';
import type { ReceivedMessage } from '../../../core/project/ports.ts';
import { MAX_STATE_BYTES } from '../../../core/state.ts';
import type { Queue } from '../../../local/fifo/queue.ts';
import type { Topic } from '../../../local/fifo/topic.ts';
import { inMemoryCache, projectionOf } from '../../support/in-memory-cache.ts';
import { lab, shelf } from '../../support/lab.ts';
import { startMessaging, type TestMessaging, topicWithQueue } from '../../support/messaging.ts';

const NOW = Date.parse('2026-11-25T12:00:00Z');

let local: TestMessaging;
let topic: Topic;
let queue: Queue;
let publisher: Publisher;

beforeAll(async () => {
  local = await startMessaging();
});
afterAll(() => local.stop());
beforeEach(({ task }) => {
  ({ topic, queue } = topicWithQueue(local, task.id));
  publisher = opened();
});

const send = (topicArn = topic.arn, endpoint = local.url) =>
  createPublisher({ client: snsClient({ endpoint }), topicArn });

const opened = (options: Partial<Parameters<typeof createStatePublisher>[0]> = {}) =>
  createStatePublisher({ boundary: lab, send: send(), now: () => NOW, ...options });

/** What came out of the topic, one receive after the other since a group gives one message a receive. */
function received(): ReceivedMessage[] {
  const all: ReceivedMessage[] = [];
  for (let got = queue.receive(10); got.length > 0; got = queue.receive(10)) {
    for (const { groupId = '', body, receiptHandle } of got) {
      all.push({
        ...{ messageId: String(all.length), groupId, body, receiveCount: 1, sentAtMs: NOW },
        sequenceNumber: String(all.length).padStart(20, '0'),
      });
      queue.delete(receiptHandle);
    }
  }
  return all;
}

const events = () => received().map(({ body }) => parseEvent(body));

describe('a version of an entity', () => {
  test('goes out whole with the time of its commit, in its group and under its type', async () => {
    const changedAt = '2026-11-25T11:59:00.000Z';
    await publisher.publish('Thing', 'a', 7, { b: 1, a: 2 }, { changedAt });
    await publisher.publish('Other', 'a', 1, { n: 1 });
    const [one, ...others] = received();
    expect([one?.groupId, others]).toEqual(['Thing/a', []]);
    expect(parseEvent(one?.body ?? '')).toMatchObject({
      ...{ kind: 'state', entity: { type: 'Thing', id: 'a' }, version: 7, owner: 'lab', schemaVersion: 1 },
      ...{ data: { a: 2, b: 1 }, changedAt, publishedAt: new Date(NOW).toISOString(), sentAgain: false },
    });
  });

  test('was committed now unless it says otherwise', async () => {
    await publisher.publish('Thing', 'a', 1, {});
    await publisher.publishDeletion('Thing', 'a', 2);
    expect(events()).toMatchObject([
      { kind: 'state', changedAt: new Date(NOW).toISOString() },
      { kind: 'tombstone', version: 2, changedAt: new Date(NOW).toISOString() },
    ]);
  });

  test('goes through once however often it is published', async () => {
    await publisher.publish('Thing', 'a', 1, { n: 1 });
    await publisher.publish('Thing', 'a', 1, { n: 1 });
    expect(events()).toHaveLength(1);
  });

  test('is applied by a cache, and an older one that comes later is outdated', async () => {
    await publisher.publish('Thing', 'a', 3, { n: 3 });
    await publisher.publish('Thing', 'a', 2, { n: 2 });
    await publisher.publish('Thing', 'b', 1, { n: 1 });
    await publisher.publishDeletion('Thing', 'b', 9);
    const { ports, stored, parked } = inMemoryCache();
    const projection = projectionOf(shelf, ports, NOW);
    const outcomes: string[] = [];
    for (const message of received()) {
      const { settled } = await projectBatch(projection, [message]);
      outcomes.push(...settled.map(({ message: { groupId }, outcome }) => `${groupId} ${outcome}`));
    }
    expect(outcomes.sort()).toEqual(['Thing/a applied', 'Thing/a outdated', 'Thing/b applied', 'Thing/b applied']);
    expect([stored.get('Thing/a'), stored.get('Thing/b'), parked]).toMatchObject([
      { version: 3, dataJson: '{"n":3}' },
      { version: 9, dataJson: undefined },
      [],
    ]);
  });
});

describe("a type's heartbeat", () => {
  test('goes the way of its states, newer each time, whatever slows them', async () => {
    let nowMs = NOW;
    const flow: Flow = { enter: () => Promise.reject(new Error('asked')), state: async () => 'refusing' };
    const beating = opened({ flow, now: () => nowMs });
    await beating.beat('Thing');
    nowMs += 60_000;
    await beating.beat('Thing');
    const [first, second] = events();
    expect([first, second]).toMatchObject([
      { kind: 'state', entity: { type: 'Thing', id: HEARTBEAT_ID }, schemaVersion: 1, version: NOW / 1000 },
      { kind: 'state', version: NOW / 1000 + 60, data: { at: new Date(nowMs).toISOString() } },
    ]);
  });

  test('is applied by a cache, which then knows when its owner was last heard of', async () => {
    await opened().beat('Thing');
    const { ports, stored } = inMemoryCache();
    const { settled } = await projectBatch(projectionOf(shelf, ports, NOW), received());
    expect(settled.map(({ outcome }) => outcome)).toEqual(['applied']);
    expect(stored.get(`Thing/${HEARTBEAT_ID}`)).toMatchObject({ changedAt: new Date(NOW).toISOString(), indexed: {} });
  });

  test('is of a type that is owned', async () => {
    await expect(opened().beat('Country')).rejects.toMatchObject({ code: 'UnknownEntityType' });
  });
});

describe('what can never be published', () => {
  const refused = async (publishing: Promise<void>) => {
    const error = await publishing.catch((reason) => reason);
    expect(error).toBeInstanceOf(FreshetError);
    expect(events()).toEqual([]);
    return error;
  };

  test.each([0, -1, 1.5, Number.NaN, 2 ** 53])('has the version %s', async (version) => {
    const both = [publisher.publish('Thing', 'a', version, {}), publisher.publishDeletion('Thing', 'a', version)];
    for (const publishing of both) {
      expect(await refused(publishing)).toMatchObject({
        ...{ code: 'InvalidVersion', field: 'version', entity: { type: 'Thing', id: 'a' } },
        message: `version: not a version: ${version}. Allowed: an integer from 1 to 9007199254740991.`,
      });
    }
  });

  test('is of a type that is not owned, has no id, no state or too much of it', async () => {
    expect(await refused(publisher.publish('Country', 'a', 1, {}))).toMatchObject({ code: 'UnknownEntityType' });
    expect(await refused(publisher.publish('Thing', '', 1, {}))).toMatchObject({ code: 'InvalidEntityId' });
    expect(await refused(publisher.publish('Thing', 'a', 1, 'state'))).toMatchObject({ code: 'InvalidState' });
    const large = { a: 'x'.repeat(MAX_STATE_BYTES) };
    expect(await refused(publisher.publish('Thing', 'a', 1, large))).toMatchObject({ code: 'StateTooLarge' });
  });

  test("is a heartbeat, which isn't the user's", async () => {
    const both = [publisher.publish('Thing', HEARTBEAT_ID, 1, {}), publisher.publishDeletion('Thing', HEARTBEAT_ID, 1)];
    for (const publishing of both) expect(await refused(publishing)).toMatchObject({ code: 'InvalidEntityId' });
  });

  test('says no time of its commit', async () => {
    expect(await refused(publisher.publish('Thing', 'a', 1, {}, { changedAt: 'yesterday' }))).toMatchObject({
      ...{ code: 'Unpublishable', entity: { type: 'Thing', id: 'a' } },
      message: "Thing/a version 1 can't be published: changedAt is no ISO 8601 time.",
    });
  });

  test('is of the time before a restore', async () => {
    const restored = opened({ boundary: { ...lab, epoch: 1 } });
    expect(await refused(restored.publish('Thing', 'a', 7, {}))).toMatchObject({ code: 'Unpublishable' });
    await restored.publish('Thing', 'a', 1_000_000_000_007, {});
    expect(events()).toMatchObject([{ version: 1_000_000_000_007 }]);
  });

  test('is refused by the topic', async () => {
    const refusing = opened({ send: async () => [{ kind: 'refused', message: 'InvalidParameter: said so' }] });
    expect(await refused(refusing.publish('Thing', 'a', 1, {}))).toMatchObject({
      ...{ code: 'Unpublishable' },
      message: "Thing/a version 1 can't be published: InvalidParameter: said so.",
    });
  });
});

describe('a topic that cannot be reached', () => {
  test.each<[string, () => Publisher]>([
    // Port 1 is reserved, and nobody listens there.
    ['nobody answers', () => opened({ send: send(topic.arn, 'http://127.0.0.1:1') })],
    ['it is missing', () => opened({ send: send(`${topic.arn}-gone`) })],
    ['it gives no answer for the message', () => opened({ send: async () => [] })],
  ])('is an error to try again after: %s', async (_, publisherOf) => {
    const error = await publisherOf()
      .publish('Thing', 'a', 1, {})
      .catch((reason) => reason);
    expect(error).toBeInstanceOf(Error);
    expect(error).not.toBeInstanceOf(FreshetError);
    expect(error.message).toMatch(/^Thing\/a version 1 was not published: /);
  });
});

describe('flow control', () => {
  /** Refuses everyone and keeps who asked. */
  function refusingFlow(): Flow & { readonly asked: (EntityRef & EnterOptions)[] } {
    const asked: (EntityRef & EnterOptions)[] = [];
    const decision = {
      ...{ levels: {}, missing: [], retryAfterSeconds: 5, decidedAtMs: NOW, validUntilMs: NOW + 1 },
      state: 'refusing' as const,
    };
    return {
      asked,
      async enter(entity, options) {
        asked.push({ ...entity, ...options });
        throw new BackpressureError(entity, decision, 5, 0);
      },
      state: async () => 'refusing',
    };
  }

  test('is obeyed, with the wait that is given', async () => {
    const flow = refusingFlow();
    const { publish, publishDeletion } = opened({ flow });
    const { signal } = new AbortController();
    await expect(publish('Thing', 'a', 1, {}, { maxWaitMs: 7, signal })).rejects.toThrow(BackpressureError);
    await expect(publishDeletion('Thing', 'b', 1)).rejects.toThrow(BackpressureError);
    expect(flow.asked).toEqual([
      { type: 'Thing', id: 'a', maxWaitMs: 7, signal },
      { type: 'Thing', id: 'b' },
    ]);
    expect(events()).toEqual([]);
  });

  test('lets through what has priority, and is not asked about what can never be published', async () => {
    const flow = refusingFlow();
    const { publish } = opened({ flow });
    await publish('Thing', 'a', 1, {}, { priority: true });
    await expect(publish('Thing', 'a', 0, {})).rejects.toMatchObject({ code: 'InvalidVersion' });
    await expect(publish('Thing', 'a', 2, {}, { changedAt: '' })).rejects.toMatchObject({ code: 'Unpublishable' });
    expect(flow.asked).toEqual([]);
    expect(events()).toHaveLength(1);
  });
});
