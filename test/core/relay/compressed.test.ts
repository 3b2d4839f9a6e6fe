import { syncBuiltinESMExports } from 'node:module';
import zlib, { gunzipSync } from 'node:zlib';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { decompressed } from '../../../core/compression.ts';
import type { Boundary } from '../../../core/contract/contract.ts';
import { defineBoundary } from '../../../core/contract/define-boundary.ts';
import { parseEvent } from '../../../core/event.ts';
import type { OwnedEntity } from '../../../core/own/own.ts';
import { relayBatch } from '../../../core/relay/batch.ts';
import { MAX_BATCH_BYTES, MAX_MESSAGE_BYTES, outgoingMessage, type Sending } from '../../../core/relay/message.ts';
import { canonicalState, MAX_COMPRESSED_STATE_BYTES, MAX_PLAIN_STATE_BYTES } from '../../../core/state.ts';
import { catalogue, productSchema } from '../../support/boundaries.ts';
import { noise, otherForm, records } from '../../support/compressible.ts';
import { deleted, owned, PUBLISHED_AT, product } from '../../support/events.ts';
import { ports, stream } from '../../support/relaying.ts';

const state = (count: number, more: object = {}) => ({ name: 'bolt', price: 1, records: records(count), ...more });

/** An entity that its table holds compressed, as the relay reads it: without its JSON until somebody needs it. */
function heldCompressed(count: number, version = 1, id = 'p1'): OwnedEntity {
  const { json, digest } = canonicalState(product(id), state(count));
  const compressed = otherForm(json);
  return {
    ...owned(product(id), version),
    digest,
    compressed,
    get stateJson() {
      return decompressed(compressed, 10_000_000);
    },
  };
}

/** The event that the relay publishes. */
function sent(one: OwnedEntity, sending: Partial<Sending> = {}, boundary: Boundary = catalogue) {
  const message = outgoingMessage(boundary, one, { publishedAt: PUBLISHED_AT, readsCompressed: true, ...sending });
  if ('reason' in message) throw new Error(message.message);
  return { ...message, event: JSON.parse(message.body) as Record<string, unknown> };
}

afterEach(() => {
  vi.restoreAllMocks();
  syncBuiltinESMExports();
});

describe('a state that is stored compressed', () => {
  test('a compressed state goes into the event as it is stored, and nobody decompresses or compresses it', () => {
    const one = heldCompressed(200);
    const calls = [vi.spyOn(zlib, 'gunzipSync'), vi.spyOn(zlib, 'gzipSync')];
    syncBuiltinESMExports();
    const { event } = sent(one);
    expect(calls.map(({ mock }) => mock.calls.length)).toEqual([0, 0]);
    expect(event).toMatchObject({ datacontenttype: 'application/gzip', kind: 'state', digest: one.digest });
    expect(event).not.toHaveProperty('data');
    expect(Buffer.from(String(event.data_base64), 'base64')).toEqual(Buffer.from(one.compressed ?? []));
  });

  test('a cache that does not say that it reads compressed data gets JSON', () => {
    const { event } = sent(heldCompressed(200), { readsCompressed: undefined });
    expect(event).toMatchObject({ datacontenttype: 'application/json', data: state(200) });
  });

  test('a state that does not fit into a message as JSON is compressed for everyone', () => {
    const one = heldCompressed(10_000);
    expect(one.stateJson?.length).toBeGreaterThan(MAX_PLAIN_STATE_BYTES);
    expect(sent(one, { readsCompressed: false }).event).toHaveProperty('data_base64');
  });

  test('a damaged state is published for caches to refuse, and diverted where its JSON is needed', () => {
    const { digest } = heldCompressed(200);
    const bad: OwnedEntity = {
      ...{ ...owned(product(), 1), digest, compressed: Buffer.from('no gzip') },
      get stateJson() {
        return decompressed(Buffer.from('no gzip'), 1_000);
      },
    };
    expect(parseEvent(sent(bad).body)).toMatchObject({ reason: 'malformed' });
    const message = outgoingMessage(catalogue, bad, { publishedAt: PUBLISHED_AT });
    expect(message).toMatchObject({ reason: 'unreadable', message: expect.stringMatching(/can't be decompressed/) });
  });

  test('a tombstone must not have a compressed state', () => {
    const tombstone = { ...deleted(product(), 1), compressed: heldCompressed(200).compressed };
    expect(outgoingMessage(catalogue, tombstone, { publishedAt: PUBLISHED_AT })).toEqual({
      reason: 'unreadable',
      message: 'a state has the digest of a tombstone, or a tombstone has a state',
    });
  });
});

describe('a state that is stored as JSON', () => {
  test('a large state is compressed for its event, and a small one is not', () => {
    expect(sent(owned(product(), 1, state(200))).event).toHaveProperty('data_base64');
    expect(sent(owned(product(), 1, state(2))).event).toHaveProperty('data');
  });

  test('a state that hardly compresses is sent as JSON', () => {
    expect(sent(owned(product(), 1, state(1, { text: noise(20_000) }))).event).toHaveProperty('data');
  });
});

describe('deltas', () => {
  const deltas = defineBoundary('file:///catalogue.ts', {
    name: 'catalogue',
    owns: { Product: { schema: productSchema, deltas: true } },
  });
  const from = (count: number, more: object) => owned(product(), 2, state(count, more));

  test('a small delta between compressed states is sent as JSON', () => {
    const { event } = sent(from(200, { price: 2 }), { previous: heldCompressed(200) }, deltas);
    expect(event).toMatchObject({ kind: 'delta', data: { changed: { price: 2 }, removed: [] } });
  });

  test('a large delta is compressed by the same rule', () => {
    const previous = heldCompressed(400);
    const { event } = sent(from(400, { more: records(200) }), { previous }, deltas);
    expect(event).toMatchObject({ kind: 'delta', datacontenttype: 'application/gzip', basedigest: previous.digest });
    const json = gunzipSync(Buffer.from(String(event.data_base64), 'base64')).toString();
    expect(JSON.parse(json)).toEqual({ changed: { more: records(200) }, removed: [] });
    const old = sent(from(400, { more: records(200) }), { previous, readsCompressed: false }, deltas);
    expect(old.event).toMatchObject({ kind: 'delta', data: { removed: [] } });
  });
});

test('large messages are published alone, and the others together by count and by bytes', async () => {
  const large = { compressed: Buffer.alloc(MAX_COMPRESSED_STATE_BYTES, 7) };
  const entities = ['a', 'b', 'c', 'd'].map((id, index) => ({
    ...heldCompressed(200, 1, id),
    ...(index % 2 === 1 && large),
  }));
  const topic = ports();
  await relayBatch(catalogue, stream(...entities), PUBLISHED_AT, topic.relay, { readsCompressed: true });
  expect(topic.calls.map((call) => call.map(({ deduplicationId }) => deduplicationId))).toEqual([
    ['Product/a@1'],
    ['Product/b@1'],
    ['Product/c@1'],
    ['Product/d@1'],
  ]);
  const bytes = topic.calls.map((call) => call.reduce((sum, one) => sum + one.bytes, 0));
  expect(bytes.filter((one) => one > MAX_BATCH_BYTES)).toHaveLength(2);
  expect(Math.max(...bytes)).toBeLessThanOrEqual(MAX_MESSAGE_BYTES);
});

test('compressed messages that are small together share a batch', async () => {
  const topic = ports();
  const entities = ['a', 'b', 'c'].map((id) => heldCompressed(200, 1, id));
  await relayBatch(catalogue, stream(...entities), PUBLISHED_AT, topic.relay, { readsCompressed: true });
  expect(topic.calls.map(({ length }) => length)).toEqual([3]);
});
