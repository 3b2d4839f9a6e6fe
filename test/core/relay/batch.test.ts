import { describe, expect, test } from 'vitest';
import { entityRef, HEARTBEAT_ID, MAX_VERSION, sha256, UNVOUCHED_MS } from '../../../core/entity.ts';
import { parseEvent } from '../../../core/event.ts';
import { heartbeatState } from '../../../core/own/heartbeat.ts';
import type { OwnedEntity } from '../../../core/own/own.ts';
import { isLate, MAX_BATCH_ENTRIES, type RelayPorts, relayBatch } from '../../../core/relay/batch.ts';
import { MAX_BATCH_BYTES, MAX_MESSAGE_BYTES, type StreamChange } from '../../../core/relay/message.ts';
import { MAX_COMPRESSED_STATE_BYTES, MAX_PLAIN_STATE_BYTES } from '../../../core/state.ts';
import { catalogue } from '../../support/boundaries.ts';
import { noise } from '../../support/compressible.ts';
import { CHANGED_AT, deleted, owned, PUBLISHED_AT, product } from '../../support/events.ts';
import { WORST_ID } from '../../support/nasty-ids.ts';
import { FAILED, NOTHING, PUBLISHED, ports, REFUSED, relayed, stream } from '../../support/relaying.ts';

const TRACEPARENT = '00-5759e988bd862e3fe1be46a994272793-53995c3f42cd8ad8-01';

describe('the age of a batch', () => {
  const commits = stream(owned(product(), 1), owned(product(), 2));
  const at = (seconds: number) => Date.parse(CHANGED_AT) + seconds * 1000;

  test('a batch is late when its oldest commit is older than declared, and never if nothing is declared', () => {
    expect([isLate(commits, at(10), 10), isLate(commits, at(10.001), 10)]).toEqual([false, true]);
    expect(isLate(commits, at(1e6), undefined)).toBe(false);
  });

  test.each([
    ['nothing', UNVOUCHED_MS],
    ['a time before its commit', at(-60)],
  ])('a heartbeat that vouches for %s is as old as its commit', (_, vouchedMs) => {
    const entity = product(HEARTBEAT_ID);
    const { json } = heartbeatState(entity, at(0));
    const changedAt = new Date(vouchedMs).toISOString();
    const beat = stream({ ...owned(entity, 1), stateJson: json, changedAt });
    expect([isLate(beat, at(10), 10), isLate(beat, at(11), 10)]).toEqual([false, true]);
  });

  test('a resync of an old state is no late commit', () => {
    const resyncs = commits.map((one) => ({ ...one, resync: 't' }) as StreamChange);
    expect(isLate(resyncs, at(1e6), 10)).toBe(false);
  });
});

describe('a batch of commits', () => {
  test('the versions of an entity are published in order, each in a separate call', async () => {
    const topic = ports();
    const report = await relayed(stream(owned(product(), 1), owned(product(), 2), deleted(product(), 3)), topic);
    expect(topic.calls.map((call) => call.map(({ deduplicationId }) => deduplicationId))).toEqual([
      ['Product/p1@1'],
      ['Product/p1@2'],
      ['Product/p1@3'],
    ]);
    expect(report).toEqual({ ...NOTHING, published: 3 });
  });

  test('a version is published as its event, with the message group and type of its entity', async () => {
    const topic = ports();
    await relayed(stream({ ...owned(product(), 7), traceparent: TRACEPARENT }), topic);
    const [message] = topic.calls.flat();
    expect(message).toMatchObject({ groupId: 'Product/p1', deduplicationId: 'Product/p1@7', type: 'Product' });
    expect(parseEvent(message?.body ?? '')).toMatchObject({
      kind: 'state',
      version: 7,
      owner: 'catalogue',
      schemaVersion: 1,
      publishedAt: PUBLISHED_AT,
      traceparent: TRACEPARENT,
    });
  });

  test('entities are published concurrently, and a version only after the previous version of its entity', async () => {
    const topic = ports();
    const [a, b] = [product('a'), product('b')];
    await relayed(stream(owned(a, 1), owned(a, 2), owned(b, 1), owned(a, 3), owned(b, 2)), topic);
    expect(topic.calls.map((call) => call.map(({ deduplicationId }) => deduplicationId))).toEqual([
      ['Product/a@1', 'Product/b@1'],
      ['Product/a@2', 'Product/b@2'],
      ['Product/a@3'],
    ]);
  });

  test('the next version of an entity is published only after the response to the previous one', async () => {
    const answers: (() => void)[] = [];
    const started: string[] = [];
    const { relay } = ports();
    const publish: RelayPorts['publish'] = (messages) => {
      started.push(...messages.map(({ deduplicationId }) => deduplicationId));
      return new Promise((resolve) => answers.push(() => resolve(messages.map(() => PUBLISHED))));
    };
    const done = relayed(stream(owned(product(), 1), owned(product(), 2)), { relay: { ...relay, publish } });
    expect(started).toEqual(['Product/p1@1']);
    expect(answers).toHaveLength(1);
    answers[0]?.();
    await expect.poll(() => answers.length).toBe(2);
    answers[1]?.();
    expect((await done).published).toBe(2);
  });

  test('a batch is split into calls of ten messages', async () => {
    const topic = ports();
    await relayed(stream(...Array.from({ length: 25 }, (_, n) => owned(product(`p${n}`), 1))), topic);
    expect(topic.calls.map((call) => call.length)).toEqual([MAX_BATCH_ENTRIES, MAX_BATCH_ENTRIES, 5]);
  });

  test('a batch is split into calls of at most the maximum size in bytes, counting multi-byte characters', async () => {
    const topic = ports();
    const large = { name: '漢'.repeat(40_000), price: 1 };
    await relayed(stream(...Array.from({ length: 5 }, (_, n) => owned(product(`p${n}`), 1, large))), topic);
    expect(topic.calls.map((call) => call.length)).toEqual([2, 2, 1]);
    for (const call of topic.calls) {
      const bytes = call.reduce((sum, { body, type }) => sum + Buffer.byteLength(`${body}typeString${type}`), 0);
      expect(bytes).toBeLessThanOrEqual(MAX_BATCH_BYTES);
    }
  });

  test('an empty batch publishes nothing', async () => {
    const topic = ports();
    expect(await relayed([], topic)).toEqual({ ...NOTHING, oldestChangedAt: undefined });
    expect(topic.calls).toEqual([]);
  });
});

test('the largest state that is not compressed fits into one message together with the longest names and the longest id', async () => {
  const type = 'T'.repeat(40);
  const name = 'b'.repeat(30);
  const contract = { ...catalogue.owns.Product, type, owner: name, schemaVersion: 2 ** 31 - 1 };
  const boundary = { name, module: '', owns: { [type]: contract }, caches: {}, publishes: {}, epoch: 0 };
  const state = { a: 'x'.repeat(MAX_PLAIN_STATE_BYTES - '{"a":""}'.length) };
  const topic = ports();
  const worst = [WORST_ID, '"'.repeat(46), '"'.repeat(1024), '漢'.repeat(341)].map((id) => ({
    ...owned(entityRef(type, id), MAX_VERSION, state),
    traceparent: TRACEPARENT,
  }));
  const report = await relayBatch(boundary, stream(...worst), PUBLISHED_AT, topic.relay);
  expect(report).toMatchObject({ published: worst.length, diverted: 0 });
  for (const { bytes, body } of topic.calls.flat()) {
    expect(bytes).toBeGreaterThanOrEqual(Buffer.byteLength(`${body}typeString${type}`));
    expect(bytes).toBeLessThanOrEqual(MAX_BATCH_BYTES);
  }
  const compressed = Buffer.alloc(MAX_COMPRESSED_STATE_BYTES);
  const large = ports();
  await relayBatch(boundary, stream(...worst.map((one) => ({ ...one, compressed }))), PUBLISHED_AT, large.relay, {
    readsCompressed: true,
  });
  expect(large.calls).toHaveLength(worst.length);
  for (const { bytes } of large.calls.flat()) expect(bytes).toBeLessThanOrEqual(MAX_MESSAGE_BYTES);
});

describe('a message that fails', () => {
  test('a failed message holds back only the later messages of its group', async () => {
    const [a, b] = [product('a'), product('b')];
    const topic = ports(({ deduplicationId }) => (deduplicationId === 'Product/a@2' ? FAILED : PUBLISHED));
    const report = await relayed(
      stream(owned(a, 1), owned(a, 2), owned(b, 1), owned(a, 3), owned(b, 2), owned(b, 3)),
      topic,
    );
    expect(topic.published()).toEqual(['Product/a@1', 'Product/b@1', 'Product/a@2', 'Product/b@2', 'Product/b@3']);
    expect(report).toEqual({ ...NOTHING, published: 4, failed: ['2', '4'] });
  });

  test('failed records are reported in stream order', async () => {
    const [a, b, c] = [product('a'), product('b'), product('c')];
    const topic = ports(({ deduplicationId }) =>
      ['Product/a@2', 'Product/b@1', 'Product/c@1'].includes(deduplicationId) ? FAILED : PUBLISHED,
    );
    const report = await relayed(stream(owned(a, 1), owned(a, 2), owned(c, 1), owned(b, 1)), topic);
    expect(report.failed).toEqual(['2', '3', '4']);
  });

  test('a message without a response from the topic counts as failed', async () => {
    const { relay } = ports();
    const report = await relayed(stream(owned(product('a'), 1), owned(product('b'), 1)), {
      relay: { ...relay, publish: async () => [PUBLISHED] },
    });
    expect(report).toMatchObject({ published: 1, failed: ['2'] });
  });
});

const tooLarge = JSON.stringify({ a: noise(MAX_MESSAGE_BYTES) });

describe('a record that can never be published', () => {
  test('a record that the topic refuses is diverted, and its group continues', async () => {
    const topic = ports(({ deduplicationId }) => (deduplicationId === 'Product/p1@2' ? REFUSED : PUBLISHED));
    const report = await relayed(stream(owned(product(), 1), owned(product(), 2), owned(product(), 3)), topic);
    expect(topic.diverted).toEqual([{ sequenceNumber: '2', reason: 'refused', message: 'invalid' }]);
    expect(topic.published()).toEqual(['Product/p1@1', 'Product/p1@2', 'Product/p1@3']);
    expect(report).toEqual({ ...NOTHING, published: 2, diverted: 1 });
  });

  test('a refused record that cannot be diverted fails together with the later records of its group', async () => {
    const topic = ports(({ deduplicationId }) => (deduplicationId === 'Product/p1@2' ? REFUSED : PUBLISHED), true);
    const changes = stream(owned(product(), 1), owned(product(), 2), owned(product(), 3), owned(product('b'), 1));
    expect(await relayed(changes, topic)).toEqual({ ...NOTHING, published: 2, failed: ['2', '3'] });
  });

  test('the record of an expired item is only counted', async () => {
    const topic = ports();
    const report = await relayed([{ sequenceNumber: '1', kind: 'expired' }], topic);
    expect(report).toEqual({ ...NOTHING, expired: 1, oldestChangedAt: undefined });
    expect([topic.calls, topic.diverted]).toEqual([[], []]);
  });

  test.each<[string, StreamChange, string]>([
    [
      'an item removed directly in the table',
      { sequenceNumber: '1', kind: 'unpublishable', reason: 'removed', message: 'removed from the table' },
      'removed',
    ],
    [
      'an entity of a type that the boundary does not own',
      stream(owned(entityRef('Country', 'CH'), 1))[0] as StreamChange,
      'unknown-type',
    ],
    [
      'an entity of a type named like a prototype key',
      stream(owned(entityRef('constructor', 'a'), 1))[0] as StreamChange,
      'unknown-type',
    ],
    [
      'a state that exceeds the size of a message',
      stream({ ...owned(product(), 1), stateJson: tooLarge, digest: sha256(tooLarge) })[0] as StreamChange,
      'too-large',
    ],
    [
      'a state that would add attributes to the envelope',
      stream({ ...owned(product(), 1), stateJson: '{"a":1},"kind":"tombstone","x":{}' })[0] as StreamChange,
      'unreadable',
    ],
    [
      "a state that doesn't have the stored digest",
      stream({ ...owned(product(), 1), stateJson: owned(product(), 2).stateJson })[0] as StreamChange,
      'unreadable',
    ],
    [
      'a change without a valid time',
      stream({ ...owned(product(), 1), changedAt: 'yesterday' })[0] as StreamChange,
      'unreadable',
    ],
    [
      'a tombstone with a state',
      stream({ ...deleted(product(), 2), stateJson: '{}' })[0] as StreamChange,
      'unreadable',
    ],
    [
      'a state without its text',
      stream({ ...owned(product(), 2), stateJson: undefined })[0] as StreamChange,
      'unreadable',
    ],
  ])('the record of %s is diverted with its reason, and the other records are published', async (_, change, reason) => {
    const topic = ports();
    const other = { sequenceNumber: '2', kind: 'committed', owned: owned(product(), 3) } as const;
    const report = await relayed([change, other], topic);
    expect(topic.diverted).toEqual([{ sequenceNumber: '1', reason, message: expect.stringMatching(/.+/) }]);
    expect(topic.published()).toEqual(['Product/p1@3']);
    expect(report).toMatchObject({ published: 1, diverted: 1, failed: [] });
  });

  test('a record that cannot be diverted fails, and the other records are published', async () => {
    const topic = ports(() => PUBLISHED, true);
    const removed = { sequenceNumber: '0', kind: 'unpublishable', reason: 'removed', message: '' } as const;
    const report = await relayed([removed, ...stream(owned(product(), 1))], topic);
    expect(report).toEqual({ ...NOTHING, published: 1, failed: ['0'] });
  });
});

describe('a resync', () => {
  const resync = (of: OwnedEntity): StreamChange[] => [
    { sequenceNumber: '1', kind: 'committed', owned: of, previous: of, resync: 'token-1' },
  ];

  test.each([
    ['a state', owned(product(), 3), 'state'],
    ['a deletion', deleted(product(), 3), 'tombstone'],
  ])('a resync publishes %s again with its version and a new deduplication id', async (_, of, kind) => {
    const topic = ports();
    await relayed(resync(of), topic);
    expect(topic.published()).toEqual(['Product/p1@3~rtoken-1']);
    expect(parseEvent(topic.calls[0]?.[0]?.body ?? '')).toMatchObject({ kind, version: 3, sentAgain: true });
  });

  test('a resync is published in stream order with the versions of its entity', async () => {
    const topic = ports();
    const first = { sequenceNumber: '0', kind: 'committed', owned: owned(product(), 2) } as const;
    const last = { sequenceNumber: '2', kind: 'committed', owned: owned(product(), 4) } as const;
    await relayed([first, ...resync(owned(product(), 3)), last], topic);
    expect(topic.published()).toEqual(['Product/p1@2', 'Product/p1@3~rtoken-1', 'Product/p1@4']);
  });
});

test('a version from before a restore is counted, and neither published nor parked', async () => {
  const topic = ports();
  const lifted = owned(product('b'), 1_000_000_000_001);
  const report = await relayBatch(
    { ...catalogue, epoch: 1 },
    stream(owned(product(), 7), lifted),
    PUBLISHED_AT,
    topic.relay,
  );
  expect(topic.published()).toEqual(['Product/b@1000000000001']);
  expect(report).toEqual({ ...NOTHING, published: 1, beforeEpoch: 1 });
});

describe('the time of the oldest commit', () => {
  const at = (one: OwnedEntity, changedAt: string): OwnedEntity => ({ ...one, changedAt });
  const [early, late] = ['2026-11-23T09:00:00.000Z', '2026-11-23T09:30:00.000Z'];
  const oldest = async (...changes: readonly StreamChange[]) => (await relayed(changes, ports())).oldestChangedAt;
  const commit = (current: OwnedEntity, previous?: OwnedEntity): StreamChange => ({
    sequenceNumber: '1',
    kind: 'committed',
    owned: current,
    previous,
  });

  test('the time of the oldest commit includes commits that failed to be published', async () => {
    const topic = ports(({ groupId }) => (groupId === 'Product/a' ? FAILED : PUBLISHED));
    const changes = stream(at(owned(product('b'), 1), late), at(owned(product('a'), 1), early));
    expect((await relayed(changes, topic)).oldestChangedAt).toBe(early);
  });

  test('the time of the oldest commit leaves out entities that were only lifted into a new epoch', async () => {
    const before = at(owned(product(), 7), early);
    expect(await oldest(commit({ ...before, version: 1_000_000_000_007 }, before))).toBeUndefined();
    expect(await oldest(commit(at(owned(product(), 8), late), before))).toBe(late);
  });

  test('the time of the oldest commit leaves out resyncs', async () => {
    const one = at(owned(product(), 7), early);
    expect(
      await oldest({ sequenceNumber: '1', kind: 'committed', owned: one, previous: one, resync: 'a' }),
    ).toBeUndefined();
  });

  test('the time of the oldest commit leaves out invalid times', async () => {
    expect(await oldest(commit(at(owned(product('a'), 1), '')))).toBeUndefined();
    expect(await oldest(commit(at(owned(product('a'), 1), '')), commit(at(owned(product('b'), 1), late)))).toBe(late);
  });
});
