import { syncBuiltinESMExports } from 'node:module';
import { setImmediate } from 'node:timers/promises';
import zlib, { gzipSync } from 'node:zlib';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { z } from 'zod';
import type { Boundary } from '../../../core/contract/contract.ts';
import { defineBoundary, keep } from '../../../core/contract/define-boundary.ts';
import { serialiseEvent } from '../../../core/event.ts';
import type { OwnedEntity } from '../../../core/own/own.ts';
import { projectBatch } from '../../../core/project/batch.ts';
import { outgoingMessage } from '../../../core/relay/message.ts';
import { MAX_STATE_BYTES, type State } from '../../../core/state.ts';
import { productSchema } from '../../support/boundaries.ts';
import { otherForm, records } from '../../support/compressible.ts';
import { message, owned, PUBLISHED_AT, product } from '../../support/events.ts';
import { inMemoryCache, projectionOf } from '../../support/in-memory-cache.ts';

const catalogue = defineBoundary('file:///catalogue.ts', {
  name: 'catalogue',
  owns: { Product: { schema: productSchema, deltas: true } },
});
const whole = defineBoundary('file:///whole.ts', { name: 'whole', caches: { Product: keep(catalogue.owns.Product) } });
const part = defineBoundary('file:///part.ts', {
  name: 'part',
  caches: { Product: keep(catalogue.owns.Product, { fields: ['name', 'price'] }) },
});

const stateOf = (version: number, count = 200): State => ({ name: 'bolt', price: version, records: records(count) });

/** A product with its compressed form, which another implementation of gzip wrote. */
function compressedAt(version: number, state: State = stateOf(version)): OwnedEntity {
  const one = owned(product(), version, state);
  return { ...one, compressed: otherForm(one.stateJson ?? '') };
}

/** The relay's message of a version for caches that read compressed data. */
function received(one: OwnedEntity, previous?: OwnedEntity) {
  const sent = outgoingMessage(catalogue, one, { publishedAt: PUBLISHED_AT, readsCompressed: true, previous });
  if ('reason' in sent) throw new Error(sent.message);
  return message(one, { body: sent.body });
}

/** A message whose data is these bytes. */
function carrying(one: OwnedEntity, data: Uint8Array) {
  const times = { changedAt: PUBLISHED_AT, publishedAt: PUBLISHED_AT };
  const event = { ...one, ...times, owner: 'catalogue', kind: 'state' as const };
  return message(one, { body: serialiseEvent(event, data) });
}

async function arrive(
  cache: ReturnType<typeof inMemoryCache>,
  messages: readonly ReturnType<typeof message>[],
  boundary: Boundary = whole,
) {
  const report = await projectBatch(projectionOf(boundary, cache.ports), messages);
  expect(report.returned).toEqual([]);
  return report.settled.map(({ outcome, reason }) => (reason === undefined ? outcome : `${outcome}: ${reason}`));
}

const stored = (cache: ReturnType<typeof inMemoryCache>) => cache.stored.get('Product/p1');

afterEach(() => {
  vi.restoreAllMocks();
  syncBuiltinESMExports();
});

describe('a compressed state', () => {
  test('a cache that keeps the whole state decompresses it once and stores it as it came', async () => {
    const one = compressedAt(1);
    const sent = received(one);
    const calls = [vi.spyOn(zlib, 'gunzipSync'), vi.spyOn(zlib, 'gzipSync')];
    syncBuiltinESMExports();
    const cache = inMemoryCache();
    expect(await arrive(cache, [sent])).toEqual(['applied']);
    expect(calls.map(({ mock }) => mock.calls.length)).toEqual([1, 0]);
    expect(stored(cache)).toMatchObject({ dataJson: one.stateJson, digest: one.digest });
    expect(Buffer.from(stored(cache)?.compressed ?? [])).toEqual(Buffer.from(one.compressed ?? []));
  });

  test('a cache that keeps some fields stores only these, in their own form', async () => {
    const cache = inMemoryCache();
    expect(await arrive(cache, [received(compressedAt(1))], part)).toEqual(['applied']);
    expect(stored(cache)?.dataJson).toBe('{"name":"bolt","price":1}');
    expect(stored(cache)?.compressed).toBeUndefined();
  });

  test('JSON that is equal but written in another order is stored in canonical form', async () => {
    const one = compressedAt(1);
    const { name, price, records: list } = stateOf(1) as Record<string, never>;
    const sent = carrying(one, otherForm(JSON.stringify({ records: list, price, name })));
    const cache = inMemoryCache();
    expect(await arrive(cache, [sent])).toEqual(['applied']);
    expect(stored(cache)).toMatchObject({ dataJson: one.stateJson });
    expect(stored(cache)?.compressed).toBeUndefined();
  });

  test('both forms of a version are duplicates of each other', async () => {
    const cache = inMemoryCache();
    expect(await arrive(cache, [message(compressedAt(1)), received(compressedAt(1))])).toEqual([
      'applied',
      'duplicate',
    ]);
  });

  test('a compressed state with the digest of another state is parked as invalid', async () => {
    const sent = carrying({ ...compressedAt(1), digest: compressedAt(2).digest }, otherForm('{"name":"bolt"}'));
    expect(await arrive(inMemoryCache(), [sent])).toEqual(['parked: invalid']);
  });
});

describe('deltas', () => {
  test('a delta is applied to a state that is stored compressed', async () => {
    const cache = inMemoryCache();
    await arrive(cache, [received(compressedAt(1))]);
    const [one, two] = [compressedAt(1), compressedAt(2)];
    expect(await arrive(cache, [received(two, one)])).toEqual(['applied']);
    expect(stored(cache)).toMatchObject({ version: 2, dataJson: two.stateJson });
    expect(stored(cache)?.compressed).toBeUndefined();
  });

  test('a delta that is compressed itself is applied', async () => {
    const [one, two] = [compressedAt(1), compressedAt(2, { ...stateOf(2), more: records(150) })];
    const cache = inMemoryCache();
    await arrive(cache, [received(one)]);
    const sent = received(two, one);
    expect(JSON.parse(sent.body)).toMatchObject({ kind: 'delta', datacontenttype: 'application/gzip' });
    expect(await arrive(cache, [sent])).toEqual(['applied']);
    expect(stored(cache)?.dataJson).toBe(two.stateJson);
  });

  test('a compressed state and the deltas that follow it in one batch are written once', async () => {
    const cache = inMemoryCache();
    const versions = [1, 2, 3].map((version) => compressedAt(version));
    const messages = versions.map((one, index) => received(one, versions[index - 1]));
    expect(await arrive(cache, messages)).toEqual(['applied', 'superseded', 'superseded']);
    expect(cache.writes).toHaveLength(1);
    expect(stored(cache)).toMatchObject({ version: 3, dataJson: versions[2]?.stateJson });
  });
});

test.each<[string, Uint8Array]>([
  ['bytes that gzip did not write', Buffer.from('{"name":"bolt"}')],
  ['a form that is cut short', otherForm(JSON.stringify(stateOf(1))).subarray(0, 200)],
  ['a form that decompresses to gigabytes', gzipSync(Buffer.alloc(50 * MAX_STATE_BYTES), { level: 9 })],
  ['something that is not JSON', otherForm('state')],
])('an event with %s is parked as malformed, and its explanation quotes no data', async (_, data) => {
  const cache = inMemoryCache();
  expect(await arrive(cache, [carrying(compressedAt(1), data)])).toEqual(['parked: malformed']);
  expect(cache.everParked[0]?.explanation).toMatch(/^data_base64: [\w\s-]+$/);
});

test('a message whose retries are over goes back untouched if the time ends while it waits to be read', async () => {
  const schema = z.object({ text: z.string() });
  const owner = defineBoundary('file:///catalogue.ts', { name: 'catalogue', owns: { List: { schema } } });
  const reader = defineBoundary('file:///reader.ts', {
    name: 'reader',
    caches: { List: { ...keep(owner.owns.List), onPoison: 'stop' } },
  });
  const one = owned({ type: 'List', id: 'l1' }, 1, { text: 'a'.repeat(2 * 1024 * 1024) });
  const exhausted = message(one, {
    body: carrying(one, gzipSync(one.stateJson ?? '')).body,
    receiveCount: 9,
    firstReceivedAtMs: Date.parse(PUBLISHED_AT) - 3_600_000,
  });
  const cache = inMemoryCache({ fail: (port) => port === 'write' });
  let end = () => {};
  const ended = new Promise<void>((resolve) => {
    end = resolve;
  });
  const projection = {
    ...projectionOf(reader, cache.ports),
    async pause() {
      end();
      await setImmediate();
    },
  };
  const report = await projectBatch(projection, [exhausted], ended);
  for (let turn = 0; turn < 10; turn += 1) await setImmediate();
  expect(report).toMatchObject({ settled: [], returned: [{ message: exhausted }] });
  expect([...cache.parked.values()]).toEqual([]);
});
