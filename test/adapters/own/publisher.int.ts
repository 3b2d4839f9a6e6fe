import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { snsClient } from '../../../adapters/aws/clients.ts';
import type { EnterOptions, Flow } from '../../../adapters/govern/flow.ts';
import { createStatePublisher, type Publisher } from '../../../adapters/own/publisher.ts';
import { createPublisher } from '../../../adapters/relay/topic.ts';
import type { Boundary } from '../../../core/contract/contract.ts';
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
  createStatePublisher<Boundary>({ boundary: lab, send: send(), now: () => NOW, ...options });

/**
 * All messages from the topic. The queue is received from repeatedly, because each receive returns one message of a
 * group.
 */
function received(): ReceivedMessage[] {
  const all: ReceivedMessage[] = [];
  for (let got = queue.receive(10); got.length > 0; got = queue.receive(10)) {
    for (const { groupId = '', body, receiptHandle } of got) {
      all.push({
        messageId: String(all.length),
        groupId,
        body,
        receiveCount: 1,
        sentAtMs: NOW,
        firstReceivedAtMs: NOW,
        sequenceNumber: String(all.length).padStart(20, '0'),
      });
      queue.delete(receiptHandle);
    }
  }
  return all;
}

const events = () => received().map(({ body }) => parseEvent(body));

describe('publishing a version of an entity', () => {
  test('a version is published as a whole state with its commit time, message group and type', async () => {
    const changedAt = '2026-11-25T11:59:00.000Z';
    await publisher.publish('Thing', 'a', 7, { b: 1, a: 2 }, { changedAt });
    await publisher.publish('Other', 'a', 1, { n: 1 });
    const [one, ...others] = received();
    expect([one?.groupId, others]).toEqual(['Thing/a', []]);
    expect(parseEvent(one?.body ?? '')).toMatchObject({
      kind: 'state',
      entity: { type: 'Thing', id: 'a' },
      version: 7,
      owner: 'lab',
      schemaVersion: 1,
      data: { a: 2, b: 1 },
      changedAt,
      publishedAt: new Date(NOW).toISOString(),
      sentAgain: false,
    });
  });

  test('a version has the current time as its commit time by default', async () => {
    await publisher.publish('Thing', 'a', 1, {});
    await publisher.publishDeletion('Thing', 'a', 2);
    expect(events()).toMatchObject([
      { kind: 'state', changedAt: new Date(NOW).toISOString() },
      { kind: 'tombstone', version: 2, changedAt: new Date(NOW).toISOString() },
    ]);
  });

  test('a version that is published twice is delivered once', async () => {
    await publisher.publish('Thing', 'a', 1, { n: 1 });
    await publisher.publish('Thing', 'a', 1, { n: 1 });
    expect(events()).toHaveLength(1);
  });

  test('a cache applies a published version, and an older one that arrives later is outdated', async () => {
    await publisher.publish('Thing', 'a', 3, { n: 3 });
    await publisher.publish('Thing', 'a', 2, { n: 2 });
    await publisher.publish('Thing', 'b', 1, { n: 1 });
    await publisher.publishDeletion('Thing', 'b', 9);
    const { ports, stored, everParked } = inMemoryCache();
    const projection = projectionOf(shelf, ports, NOW);
    const outcomes: string[] = [];
    for (const message of received()) {
      const { settled } = await projectBatch(projection, [message]);
      outcomes.push(...settled.map(({ message: { groupId }, outcome }) => `${groupId} ${outcome}`));
    }
    expect(outcomes.sort()).toEqual(['Thing/a applied', 'Thing/a outdated', 'Thing/b applied', 'Thing/b applied']);
    expect([stored.get('Thing/a'), stored.get('Thing/b'), everParked]).toMatchObject([
      { version: 3, dataJson: '{"n":3}' },
      { version: 9, dataJson: undefined },
      [],
    ]);
  });
});

describe("a type's heartbeat", () => {
  test('a heartbeat is published like a state, with a newer version each time and without flow control', async () => {
    let nowMs = NOW;
    const flow: Flow = {
      enter: () => Promise.reject(new Error('asked')),
      state: async () => 'refusing',
      readsCompressed: async () => false,
    };
    const beating = opened({ flow, now: () => nowMs });
    await beating.beat('Thing');
    nowMs += 60_000;
    await beating.beat('Thing');
    const [first, second] = events();
    expect([first, second]).toMatchObject([
      { kind: 'state', entity: { type: 'Thing', id: HEARTBEAT_ID }, schemaVersion: 1, version: NOW / 10 },
      { kind: 'state', version: NOW / 10 + 6000, data: { at: new Date(nowMs).toISOString() } },
    ]);
  });

  test('a cache that subscribes just after a heartbeat gets the next one of the same second', async () => {
    let nowMs = NOW;
    const beating = opened({ now: () => nowMs });
    await beating.beat('Thing');
    received();
    nowMs += 20;
    await beating.beat('Thing');
    expect(events()).toMatchObject([{ data: { at: new Date(nowMs).toISOString() } }]);
  });

  test('a cache applies a heartbeat, with the time of its commit', async () => {
    await opened().beat('Thing');
    const { ports, stored } = inMemoryCache();
    const { settled } = await projectBatch(projectionOf(shelf, ports, NOW), received());
    expect(settled.map(({ outcome }) => outcome)).toEqual(['applied']);
    expect(stored.get(`Thing/${HEARTBEAT_ID}`)).toMatchObject({ changedAt: new Date(NOW).toISOString(), indexed: {} });
  });

  test('publishing a heartbeat of a type that the boundary does not own is refused', async () => {
    await expect(opened().beat('Country')).rejects.toMatchObject({ code: 'UnknownEntityType' });
  });
});

describe('unpublishable input', () => {
  const refused = async (publishing: Promise<void>) => {
    const error = await publishing.catch((reason) => reason);
    expect(error).toBeInstanceOf(FreshetError);
    expect(events()).toEqual([]);
    return error;
  };

  test.each([0, -1, 1.5, Number.NaN, 2 ** 53])('publishing the version %s is refused', async (version) => {
    const both = [publisher.publish('Thing', 'a', version, {}), publisher.publishDeletion('Thing', 'a', version)];
    for (const publishing of both) {
      expect(await refused(publishing)).toMatchObject({
        code: 'InvalidVersion',
        field: 'version',
        entity: { type: 'Thing', id: 'a' },
        message: `version: not a version: ${version}. Allowed: an integer from 1 to 9007199254740991.`,
      });
    }
  });

  test('publishing an unknown type, an empty id, an invalid state or too large a state is refused', async () => {
    expect(await refused(publisher.publish('Country', 'a', 1, {}))).toMatchObject({ code: 'UnknownEntityType' });
    expect(await refused(publisher.publish('Thing', '', 1, {}))).toMatchObject({ code: 'InvalidEntityId' });
    expect(await refused(publisher.publish('Thing', 'a', 1, 'state'))).toMatchObject({ code: 'InvalidState' });
    const large = { a: 'x'.repeat(MAX_STATE_BYTES) };
    expect(await refused(publisher.publish('Thing', 'a', 1, large))).toMatchObject({ code: 'StateTooLarge' });
  });

  test('publishing a version of the heartbeat is refused', async () => {
    const both = [publisher.publish('Thing', HEARTBEAT_ID, 1, {}), publisher.publishDeletion('Thing', HEARTBEAT_ID, 1)];
    for (const publishing of both) expect(await refused(publishing)).toMatchObject({ code: 'InvalidEntityId' });
  });

  test('publishing with an invalid commit time is refused', async () => {
    expect(await refused(publisher.publish('Thing', 'a', 1, {}, { changedAt: 'yesterday' }))).toMatchObject({
      code: 'Unpublishable',
      entity: { type: 'Thing', id: 'a' },
      message: "Thing/a version 1 can't be published: changedAt isn't an ISO 8601 time in UTC.",
    });
  });

  test('publishing a version from before a restore is refused', async () => {
    const restored = opened({ boundary: { ...lab, epoch: 1 } });
    expect(await refused(restored.publish('Thing', 'a', 7, {}))).toMatchObject({ code: 'Unpublishable' });
    await restored.publish('Thing', 'a', 1_000_000_000_007, {});
    expect(events()).toMatchObject([{ version: 1_000_000_000_007 }]);
  });

  test('publishing a message that the topic refuses throws Unpublishable', async () => {
    const refusing = opened({ send: async () => [{ kind: 'refused', message: 'InvalidParameter: said so' }] });
    expect(await refused(refusing.publish('Thing', 'a', 1, {}))).toMatchObject({
      code: 'Unpublishable',
      message: "Thing/a version 1 can't be published: InvalidParameter: said so.",
    });
  });
});

describe('an unreachable topic', () => {
  test.each<[string, () => Publisher]>([
    // Port 1 is reserved, so no server listens on it.
    ['cannot be reached', () => opened({ send: send(topic.arn, 'http://127.0.0.1:1') })],
    ['does not exist', () => opened({ send: send(`${topic.arn}-gone`) })],
    ['returns no result for the message', () => opened({ send: async () => [] })],
  ])('publishing to a topic that %s throws an error that can be retried', async (_, publisherOf) => {
    const error = await publisherOf()
      .publish('Thing', 'a', 1, {})
      .catch((reason) => reason);
    expect(error).toBeInstanceOf(Error);
    expect(error).not.toBeInstanceOf(FreshetError);
    expect(error.message).toMatch(/^Thing\/a version 1 was not published: /);
  });
});

describe('flow control', () => {
  /** Refuses every write and records the calls. */
  function refusingFlow(): Flow & { readonly asked: (EntityRef & EnterOptions)[] } {
    const asked: (EntityRef & EnterOptions)[] = [];
    const decision = {
      levels: {},
      missing: [],
      retryAfterSeconds: 5,
      decidedAtMs: NOW,
      validUntilMs: NOW + 1,
      state: 'refusing' as const,
    };
    return {
      asked,
      async enter(entity, options) {
        asked.push({ ...entity, ...options });
        throw new BackpressureError(entity, decision, 5, 0);
      },
      state: async () => 'refusing',
      readsCompressed: async () => false,
    };
  }

  test('flow control applies to publishing, with the given wait', async () => {
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

  test('flow control does not apply to messages with priority or to unpublishable input', async () => {
    const flow = refusingFlow();
    const { publish } = opened({ flow });
    await publish('Thing', 'a', 1, {}, { priority: true });
    await expect(publish('Thing', 'a', 0, {})).rejects.toMatchObject({ code: 'InvalidVersion' });
    await expect(publish('Thing', 'a', 2, {}, { changedAt: '' })).rejects.toMatchObject({ code: 'Unpublishable' });
    expect(flow.asked).toEqual([]);
    expect(events()).toHaveLength(1);
  });
});
