import { describe, expect, test } from 'vitest';
import { defineBoundary, keep } from '../../../core/contract/define-boundary.ts';
import type { OwnedEntity } from '../../../core/own/own.ts';
import { projectBatch } from '../../../core/project/batch.ts';
import type { CachedItem, ReceivedMessage } from '../../../core/project/ports.ts';
import type { ProjectReport } from '../../../core/project/report.ts';
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

/** The product at a version. Its price is the version, and all else stays. */
function at(version: number): OwnedEntity {
  return owned(product(), version, { name: 'bolt', description: DESCRIPTION, price: version } as never);
}

/** The relay's message of a version with the version before it: a delta. */
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
  test('the relay sends a delta for a change that is shorter than the state', () => {
    expect(JSON.parse(delta(2).body)).toMatchObject({
      kind: 'delta',
      basedigest: at(1).digest,
      digest: at(2).digest,
      data: { changed: { price: 2 }, removed: [] },
    });
  });

  test('a delta is applied on its direct predecessor', async () => {
    const cache = inMemoryCache();
    await arrive(cache, [state(1)]);
    expect(await arrive(cache, [delta(2)])).toEqual(['applied']);
    expect(data(cache)).toEqual({ name: 'bolt', description: DESCRIPTION, price: 2 });
    expect(cache.stored.get('Product/p1')).toMatchObject({ version: 2, digest: at(2).digest });
  });

  test('a delta changes only the fields that the cache keeps', async () => {
    const cache = inMemoryCache();
    await arrive(cache, [state(1)], part);
    expect(await arrive(cache, [delta(2)], part)).toEqual(['applied']);
    expect(data(cache)).toEqual({ price: 2 });
  });

  test('a delta is folded with the state and the deltas before it into one write', async () => {
    const cache = inMemoryCache();
    expect(await arrive(cache, [state(1), delta(2), delta(3)])).toEqual(['superseded', 'superseded', 'applied']);
    expect(cache.writes.map(({ version }) => version)).toEqual([3]);
    expect(data(cache).price).toBe(3);
  });

  test('deltas in any order are folded onto the stored item in one write', async () => {
    const cache = inMemoryCache();
    await arrive(cache, [state(1)]);
    expect(await arrive(cache, [delta(4), delta(2), delta(3)])).toEqual(['applied', 'superseded', 'superseded']);
    expect(data(cache).price).toBe(4);
  });

  test('a chain of deltas continues from the version that is stored', async () => {
    const cache = inMemoryCache();
    await arrive(cache, [state(1), delta(2)]);
    expect(await arrive(cache, [delta(2), delta(3)])).toEqual(['superseded', 'applied']);
    expect(data(cache).price).toBe(3);
  });

  test('a delta that is delivered again is a duplicate, and an older delta is outdated', async () => {
    const cache = inMemoryCache();
    await arrive(cache, [state(1), delta(2), delta(3)]);
    expect(await arrive(cache, [delta(2)])).toEqual(['outdated']);
    expect(await arrive(cache, [delta(3)])).toEqual(['duplicate']);
  });

  test('a state replaces an item with earlier fields, also beside the delta of its version', async () => {
    const cache = inMemoryCache();
    await arrive(cache, [state(2)], part);
    cache.stored.set('Product/p1', { ...stored(cache), fieldsRevision: 0 });
    expect(await arrive(cache, [delta(2), state(2)], part)).toEqual(['duplicate', 'applied']);
    expect(stored(cache).fieldsRevision).toBe(1);
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
  ])('a delta is a gap when %s: nothing is written, and the owner is asked for the state', async (_, prepare) => {
    const cache = inMemoryCache();
    await prepare(cache);
    const before = cache.stored.get('Product/p1');
    expect(await arrive(cache, [delta(3)])).toEqual(['gap']);
    expect(cache.stored.get('Product/p1')).toEqual(before);
    expect(cache.resyncs).toEqual([{ entity: product(), wantedVersion: 3 }]);
  });

  test('a delta on data that something else changed is a gap, even if the cache keeps only some fields', async () => {
    const cache = inMemoryCache();
    await arrive(cache, [state(1)], part);
    cache.stored.set('Product/p1', { ...stored(cache), dataJson: '{"price":99}' });
    expect(await arrive(cache, [delta(2)], part)).toEqual(['gap']);
    expect(cache.resyncs).toMatchObject([{ wantedVersion: 2 }]);
    expect(await arrive(cache, [state(2)], part)).toEqual(['applied']);
    expect(await arrive(cache, [delta(3)], part)).toEqual(['applied']);
    expect(data(cache)).toEqual({ price: 3 });
  });

  test('deltas behind a gap ask once, for the highest version, and the answer is applied', async () => {
    const cache = inMemoryCache();
    await arrive(cache, [state(1)]);
    expect(await arrive(cache, [delta(3), delta(4), delta(6)])).toEqual(['gap', 'gap', 'gap']);
    expect(cache.resyncs).toEqual([{ entity: product(), wantedVersion: 6 }]);
    expect(await arrive(cache, [state(6), delta(7)])).toEqual(['superseded', 'applied']);
    expect(data(cache).price).toBe(7);
  });

  test('a delta behind a gap is superseded by a newer state of its batch', async () => {
    const cache = inMemoryCache();
    expect(await arrive(cache, [delta(3), state(5)])).toEqual(['superseded', 'applied']);
    expect(cache.resyncs).toEqual([]);
  });

  test('events before a gap are applied', async () => {
    const cache = inMemoryCache();
    expect(await arrive(cache, [state(1), delta(2), delta(4)])).toEqual(['superseded', 'applied', 'gap']);
    expect(data(cache).price).toBe(2);
  });

  test('a delta with an older schema version than the cache keeps is a gap, even on its predecessor', async () => {
    const newer = defineBoundary('file:///catalogue.ts', {
      name: 'catalogue',
      owns: { Product: { schema: productSchema, schemaVersion: 2, deltas: true } },
    });
    const cache = inMemoryCache();
    const boundary = defineBoundary('file:///n.ts', { name: 'n', caches: { Product: keep(newer.owns.Product) } });
    await arrive(cache, [state(1)], boundary);
    expect(await arrive(cache, [delta(2)], boundary)).toEqual(['gap']);
  });

  test('a delta whose result has another digest than the owner computed is a gap', async () => {
    const cache = inMemoryCache();
    await arrive(cache, [state(1)]);
    const body = JSON.stringify({ ...JSON.parse(delta(2).body), data: { changed: { price: 99 }, removed: [] } });
    expect(await arrive(cache, [message(at(2), { body })])).toEqual(['gap']);
    expect(data(cache).price).toBe(1);
  });

  test('a delta whose result does not meet the schema is parked', async () => {
    const cache = inMemoryCache();
    await arrive(cache, [state(1)]);
    const broken = owned(product(), 2, { name: 'bolt', description: DESCRIPTION, price: 'none' });
    const sent = outgoingMessage(catalogue, broken, { publishedAt: PUBLISHED_AT, previous: at(1) });
    expect(await arrive(cache, [message(broken, { body: 'body' in sent ? sent.body : '' })])).toEqual(['parked']);
    expect(cache.everParked).toMatchObject([{ reason: 'invalid', explanation: 'data.price: not a number' }]);
  });

  test('a delta whose base changes between read and write is applied to the new base', async () => {
    const cache = inMemoryCache();
    await arrive(cache, [state(1)]);
    let raced = false;
    const { write } = cache.ports;
    const ports = {
      ...cache.ports,
      write: async (...args: Parameters<typeof write>) => {
        // Another projector, which got the group after its visibility had ended, stores the state before.
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

test('a delta whose request for the state fails is returned, and asks again', async () => {
  let fails = true;
  const cache = inMemoryCache({ fail: (port) => port === 'requestResync' && fails });
  const messages = [delta(3)];
  const report = await projectBatch(projectionOf(whole, cache.ports), messages);
  expect([report.settled, report.returned.length]).toEqual([[], 1]);
  fails = false;
  expect(await arrive(cache, messages)).toEqual(['gap']);
});
