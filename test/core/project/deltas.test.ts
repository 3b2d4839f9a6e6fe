import { describe, expect, test } from 'vitest';
import { defineBoundary, keep } from '../../../core/contract.ts';
import type { OwnedEntity } from '../../../core/own/own.ts';
import { type ProjectReport, projectBatch } from '../../../core/project/batch.ts';
import type { CachedItem, ReceivedMessage } from '../../../core/project/ports.ts';
import { outgoingMessage } from '../../../core/relay/message.ts';
import { productSchema } from '../../support/boundaries.ts';
import { deleted, message, owned, PUBLISHED_AT, product } from '../../support/events.ts';
import { inMemoryCache, projectionOf } from '../../support/in-memory-cache.ts';

const catalogue = defineBoundary('file:///catalogue.ts', {
  name: 'catalogue',
  owns: { Product: { schema: productSchema, deltas: true } },
});
const whole = defineBoundary('file:///whole.ts', { name: 'whole', caches: { Product: keep(catalogue.owns.Product) } });
const part = defineBoundary('file:///part.ts', {
  name: 'part',
  caches: { Product: keep(catalogue.owns.Product, { fields: ['price'] }) },
});

type Cache = ReturnType<typeof inMemoryCache>;

const DESCRIPTION = 'as long as a description is, so that a change of the price is shorter than all of it';

/** The product at a version: its price is the version, the rest stays. */
function at(version: number): OwnedEntity {
  return owned(product(), version, { name: 'bolt', description: DESCRIPTION, price: version } as never);
}

/** The message that the relay makes of a version with the one before: a delta. */
function delta(version: number, change: Partial<OwnedEntity> = {}): ReceivedMessage {
  const sent = outgoingMessage(
    catalogue,
    { ...at(version), ...change },
    { publishedAt: PUBLISHED_AT, previous: at(version - 1) },
  );
  if ('reason' in sent) throw new Error(sent.message);
  return message(at(version), { body: sent.body });
}

const state = (version: number) => message(at(version));

const outcomes = (report: ProjectReport, messages: readonly ReceivedMessage[]) =>
  messages.map((one) => report.settled.find(({ message }) => message === one)?.outcome);

async function arrive(cache: Cache, messages: readonly ReceivedMessage[], boundary = whole) {
  const report = await projectBatch(projectionOf(boundary, cache.ports), messages);
  expect(report.returned).toEqual([]);
  return outcomes(report, messages);
}

function stored(cache: Cache): CachedItem {
  const item = cache.stored.get('Product/p1');
  if (item === undefined) throw new Error('nothing is stored');
  return item;
}

const data = (cache: Cache) => JSON.parse(cache.stored.get('Product/p1')?.dataJson ?? 'null');

describe('a delta', () => {
  test('is what the relay sends of a change that is shorter than the state', () => {
    expect(JSON.parse(delta(2).body)).toMatchObject({
      kind: 'delta',
      basedigest: at(1).digest,
      digest: at(2).digest,
      data: { changed: { price: 2 }, removed: [] },
    });
  });

  test('is applied on its direct predecessor', async () => {
    const cache = inMemoryCache();
    await arrive(cache, [state(1)]);
    expect(await arrive(cache, [delta(2)])).toEqual(['applied']);
    expect(data(cache)).toEqual({ name: 'bolt', description: DESCRIPTION, price: 2 });
    expect(cache.stored.get('Product/p1')).toMatchObject({ version: 2, digest: at(2).digest });
  });

  test('changes only the fields that the cache keeps', async () => {
    const cache = inMemoryCache();
    await arrive(cache, [state(1)], part);
    expect(await arrive(cache, [delta(2)], part)).toEqual(['applied']);
    expect(data(cache)).toEqual({ price: 2 });
  });

  test('is folded with the state and the deltas before it into one write', async () => {
    const cache = inMemoryCache();
    expect(await arrive(cache, [state(1), delta(2), delta(3)])).toEqual(['superseded', 'superseded', 'applied']);
    expect(cache.writes.map(({ version }) => version)).toEqual([3]);
    expect(data(cache).price).toBe(3);
  });

  test('is folded with the deltas before it onto what is stored, in whatever order they came', async () => {
    const cache = inMemoryCache();
    await arrive(cache, [state(1)]);
    expect(await arrive(cache, [delta(4), delta(2), delta(3)])).toEqual(['applied', 'superseded', 'superseded']);
    expect(data(cache).price).toBe(4);
  });

  test('of which a part is stored already goes on from there', async () => {
    const cache = inMemoryCache();
    await arrive(cache, [state(1), delta(2)]);
    expect(await arrive(cache, [delta(2), delta(3)])).toEqual(['superseded', 'applied']);
    expect(data(cache).price).toBe(3);
  });

  test('that comes again is a duplicate, an older one is outdated', async () => {
    const cache = inMemoryCache();
    await arrive(cache, [state(1), delta(2), delta(3)]);
    expect(await arrive(cache, [delta(2)])).toEqual(['outdated']);
    expect(await arrive(cache, [delta(3)])).toEqual(['duplicate']);
  });

  test.each<[string, (cache: Cache) => Promise<unknown>]>([
    ['nothing is stored', async () => {}],
    ['its predecessor is missing', (cache) => arrive(cache, [state(1)])],
    ['its predecessor is a deletion', (cache) => arrive(cache, [message(deleted(product(), 2))])],
    [
      'its predecessor has another digest',
      (cache) => arrive(cache, [message(owned(product(), 2, { name: 'x', price: 2 }))]),
    ],
    [
      'its predecessor was stored with other fields',
      async (cache) => {
        await arrive(cache, [state(2)], part);
        cache.stored.set('Product/p1', { ...stored(cache), fieldsRevision: 7 });
      },
    ],
    [
      'its predecessor was stored under another schema version',
      async (cache) => {
        await arrive(cache, [state(2)]);
        cache.stored.set('Product/p1', { ...stored(cache), schemaVersion: 7 });
      },
    ],
  ])('is a gap when %s: nothing is written, and the owner is asked', async (_, prepare) => {
    const cache = inMemoryCache();
    await prepare(cache);
    const before = cache.stored.get('Product/p1');
    expect(await arrive(cache, [delta(3)])).toEqual(['gap']);
    expect(cache.stored.get('Product/p1')).toEqual(before);
    expect(cache.resyncs).toEqual([{ entity: product(), wantedVersion: 3 }]);
  });

  test('behind a gap asks once, for the highest version; the state that comes then is applied', async () => {
    const cache = inMemoryCache();
    await arrive(cache, [state(1)]);
    expect(await arrive(cache, [delta(3), delta(4), delta(6)])).toEqual(['gap', 'gap', 'gap']);
    expect(cache.resyncs).toEqual([{ entity: product(), wantedVersion: 6 }]);
    expect(await arrive(cache, [state(6), delta(7)])).toEqual(['superseded', 'applied']);
    expect(data(cache).price).toBe(7);
  });

  test('behind a gap in a batch with a newer state is overtaken by it', async () => {
    const cache = inMemoryCache();
    expect(await arrive(cache, [delta(3), state(5)])).toEqual(['superseded', 'applied']);
    expect(cache.resyncs).toEqual([]);
  });

  test('behind a gap leaves what is before the gap to be applied', async () => {
    const cache = inMemoryCache();
    expect(await arrive(cache, [state(1), delta(2), delta(4)])).toEqual(['superseded', 'applied', 'gap']);
    expect(data(cache).price).toBe(2);
  });

  test('of an older schema version than the cache keeps is a gap, even on its predecessor', async () => {
    const newer = defineBoundary('file:///catalogue.ts', {
      name: 'catalogue',
      owns: { Product: { schema: productSchema, schemaVersion: 2, deltas: true } },
    });
    const cache = inMemoryCache();
    const boundary = defineBoundary('file:///n.ts', { name: 'n', caches: { Product: keep(newer.owns.Product) } });
    await arrive(cache, [state(1)], boundary);
    expect(await arrive(cache, [delta(2)], boundary)).toEqual(['gap']);
  });

  test('whose result is not the one that the owner digested is a gap, not a wrong state', async () => {
    const cache = inMemoryCache();
    await arrive(cache, [state(1)]);
    const body = JSON.stringify({ ...JSON.parse(delta(2).body), data: { changed: { price: 99 }, removed: [] } });
    expect(await arrive(cache, [message(at(2), { body })])).toEqual(['gap']);
    expect(data(cache).price).toBe(1);
  });

  test('whose result does not meet the schema is parked', async () => {
    const cache = inMemoryCache();
    await arrive(cache, [state(1)]);
    const broken = owned(product(), 2, { name: 'bolt', description: DESCRIPTION, price: 'none' });
    const sent = outgoingMessage(catalogue, broken, { publishedAt: PUBLISHED_AT, previous: at(1) });
    expect(await arrive(cache, [message(broken, { body: 'body' in sent ? sent.body : '' })])).toEqual(['parked']);
    expect(cache.parked).toMatchObject([{ reason: 'invalid', explanation: 'data.price: not a number' }]);
  });

  test('whose base changes between reading and writing is worked out anew', async () => {
    const cache = inMemoryCache();
    await arrive(cache, [state(1)]);
    let raced = false;
    const { write } = cache.ports;
    const ports = {
      ...cache.ports,
      write: async (...args: Parameters<typeof write>) => {
        // Another projector, on which this group's visibility has run out, stores the state before.
        if (!raced) {
          raced = true;
          await arrive(cache, [state(2)]);
        }
        return write(...args);
      },
    };
    const messages = [delta(2), delta(3)];
    const report = await projectBatch(projectionOf(whole, ports), messages);
    expect(outcomes(report, messages)).toEqual(['superseded', 'applied']);
    expect(data(cache).price).toBe(3);
  });
});

test('a request for the state that fails returns the delta, which asks again', async () => {
  let fails = true;
  const cache = inMemoryCache({ fail: (port) => port === 'requestResync' && fails });
  const messages = [delta(3)];
  const report = await projectBatch(projectionOf(whole, cache.ports), messages);
  expect([report.settled, report.returned.length]).toEqual([[], 1]);
  fails = false;
  expect(await arrive(cache, messages)).toEqual(['gap']);
});
