import { describe, expect, test } from 'vitest';
import { defineBoundary, keep } from '../../../core/contract.ts';
import { messageGroupId } from '../../../core/entity.ts';
import type { State } from '../../../core/state.ts';
import { catalogue, schemaOf } from '../../support/boundaries.ts';
import { CHANGED_AT, deleted, eventBody, message, owned, product } from '../../support/events.ts';
import { inMemoryCache } from '../../support/in-memory-cache.ts';
import {
  cacheHolding,
  cacheOf,
  NOW_MS,
  outcomes,
  project,
  TOMBSTONE_LIFE_SECONDS,
  versionsWritten,
} from '../../support/projecting.ts';

describe('the events of one entity in a batch', () => {
  test('are folded into one write of the newest, which overtakes the others', async () => {
    const cache = inMemoryCache();
    const messages = [1, 2, 3].map((version) => message(owned(product(), version)));
    const report = await project(cache, messages);
    expect(versionsWritten(cache)).toEqual([3]);
    expect(outcomes(report, messages)).toEqual(['superseded', 'superseded', 'applied']);
  });

  test('are folded by version, in whatever order they came', async () => {
    const cache = inMemoryCache();
    const messages = [3, 1, 2].map((version) => message(owned(product(), version)));
    expect(outcomes(await project(cache, messages), messages)).toEqual(['applied', 'superseded', 'superseded']);
  });

  test('may end with a deletion', async () => {
    const cache = inMemoryCache();
    const messages = [message(owned(product(), 1)), message(deleted(product(), 2))];
    expect(outcomes(await project(cache, messages), messages)).toEqual(['superseded', 'applied']);
    expect(cache.stored.get('Product/p1')).toMatchObject({ version: 2, dataJson: undefined });
  });

  test('are none of them superseded when the write of the newest failed', async () => {
    const cache = inMemoryCache({ fail: (port) => port === 'write' });
    const report = await project(
      cache,
      [1, 2].map((version) => message(owned(product(), version))),
    );
    expect(report.settled).toEqual([]);
    expect(report.returned).toHaveLength(2);
  });

  test('are outdated when the cache holds a newer one', async () => {
    const cache = await cacheHolding(owned(product(), 9));
    const messages = [7, 8].map((version) => message(owned(product(), version)));
    expect(outcomes(await project(cache, messages), messages)).toEqual(['outdated', 'outdated']);
    expect(versionsWritten(cache)).toEqual([8]);
  });

  test('are a duplicate and outdated when the cache holds the newest of them', async () => {
    const cache = await cacheHolding(owned(product(), 8));
    const messages = [7, 8].map((version) => message(owned(product(), version)));
    expect(outcomes(await project(cache, messages), messages)).toEqual(['outdated', 'duplicate']);
  });

  test('may be twins: one is applied, the other is a duplicate', async () => {
    const cache = inMemoryCache();
    const messages = [message(owned(product(), 1)), message(owned(product(), 1))];
    expect(outcomes(await project(cache, messages), messages)).toEqual(['applied', 'duplicate']);
    expect(cache.writes).toHaveLength(1);
  });

  test('may be twins that differ: the second is a conflict and parked', async () => {
    const cache = inMemoryCache();
    const messages = [message(owned(product(), 1)), message(owned(product(), 1, { name: 'nut', price: 1 }))];
    expect(outcomes(await project(cache, messages), messages)).toEqual(['applied', 'parked']);
    expect(cache.parked).toMatchObject([{ message: messages[1], reason: 'conflict' }]);
    expect(cache.stored.get('Product/p1')?.dataJson).toContain('bolt');
  });

  test('are a conflict where the stored one has the same version and another digest, and the group goes on', async () => {
    const cache = await cacheHolding(owned(product(), 2));
    const messages = [message(owned(product(), 1)), message(deleted(product(), 2))];
    expect(outcomes(await project(cache, messages), messages)).toEqual(['outdated', 'parked']);
    expect(cache.parked).toMatchObject([{ reason: 'conflict', explanation: expect.stringContaining('version 2') }]);
  });

  test('are a conflict only where the newer ones leave the same version to decide', async () => {
    const cache = await cacheHolding(owned(product(), 2));
    const messages = [message(owned(product(), 2, { name: 'nut', price: 2 })), message(owned(product(), 3))];
    expect(outcomes(await project(cache, messages), messages)).toEqual(['superseded', 'applied']);
  });

  test('fall back on the next newest when the newest can never be stored', async () => {
    const cache = inMemoryCache({ unstorable: ({ version }) => version >= 3 });
    const messages = [1, 2, 3, 4].map((version) => message(owned(product(), version)));
    expect(outcomes(await project(cache, messages), messages)).toEqual(['superseded', 'applied', 'parked', 'parked']);
    expect(versionsWritten(cache)).toEqual([4, 3, 2]);
    expect(cache.parked.map(({ reason }) => reason)).toEqual(['unstorable', 'unstorable']);
  });

  test('are all parked when none can be stored', async () => {
    const cache = inMemoryCache({ unstorable: () => true });
    const messages = [1, 2].map((version) => message(owned(product(), version)));
    expect(outcomes(await project(cache, messages), messages)).toEqual(['parked', 'parked']);
    expect(cache.stored.size).toBe(0);
  });

  test('end as a duplicate when the write succeeded and its answer was lost', async () => {
    const { ports } = inMemoryCache();
    let lost = true;
    const write: typeof ports.write = async (...args) => {
      const result = await ports.write(...args);
      if (lost) throw new Error('connection reset');
      return result;
    };
    const messages = [message(owned(product(), 1)), message(owned(product(), 2))];
    const first = await project({ ports: { ...ports, write } }, messages);
    expect([first.settled, first.returned.length]).toEqual([[], 2]);
    lost = false;
    expect(outcomes(await project({ ports: { ...ports, write } }, messages), messages)).toEqual([
      'outdated',
      'duplicate',
    ]);
  });
});

describe('a stored item', () => {
  const trimmed = (fieldsRevision: number, fields: ('name' | 'price' | 'tags')[]) =>
    defineBoundary('file:///trimmed.ts', {
      name: 'trimmed',
      caches: { Product: keep(catalogue.owns.Product, { fields, fieldsRevision, indexes: { name: 'name' } }) },
    });

  test('carries version, digest, commit time, data and index of the event', async () => {
    const cache = inMemoryCache();
    await project(cache, [message(owned(product(), 3))]);
    expect(cache.writes).toEqual([
      {
        entity: product(),
        version: 3,
        digest: owned(product(), 3).digest,
        changedAt: CHANGED_AT,
        schemaVersion: 2,
        fieldsRevision: 1,
        dataJson: '{"name":"bolt","price":3}',
        indexed: { name: 'Product=bolt' },
        expiresAtSeconds: undefined,
      },
    ]);
  });

  test('is a tombstone that lives as long as it was given, counted from now', async () => {
    const cache = inMemoryCache();
    await project(cache, [message(deleted(product(), 4))]);
    expect(cache.writes).toMatchObject([
      { dataJson: undefined, indexed: {}, expiresAtSeconds: Math.ceil(NOW_MS / 1000) + TOMBSTONE_LIFE_SECONDS },
    ]);
  });

  test('has only the fields that the cache keeps and that the state has', async () => {
    const cache = inMemoryCache();
    await project(cache, [message(owned(product(), 3))], trimmed(1, ['tags', 'name']));
    expect(cache.writes[0]?.dataJson).toBe('{"name":"bolt"}');
  });

  test('is filled again at the same version when the selection of fields is newer', async () => {
    const cache = inMemoryCache();
    const again = [message(owned(product(), 3)), message(owned(product(), 3))];
    await project(cache, [message(owned(product(), 3))], trimmed(1, ['name']));
    expect(outcomes(await project(cache, again, trimmed(2, ['name', 'price'])), again)).toEqual([
      'applied',
      'duplicate',
    ]);
    expect(cache.stored.get('Product/p1')?.dataJson).toBe('{"name":"bolt","price":3}');
  });

  test('is written in canonical form, whatever order the schema puts fields in', async () => {
    const cache = inMemoryCache();
    const schema = schemaOf<State>((value) => ({
      value: Object.fromEntries(Object.entries(value as State).reverse()),
    }));
    await project(cache, [message(owned(product(), 3))], cacheOf(schema));
    expect(cache.writes[0]?.dataJson).toBe('{"name":"bolt","price":3}');
  });

  test('tells how long the event took from the owner’s commit, never less than nothing', async () => {
    const skewed = eventBody({ ...owned(product('b'), 1), changedAt: '2099-01-01T00:00:00Z' });
    const report = await project(inMemoryCache(), [
      message(owned(product('a'), 1)),
      message(owned(product('a'), 2)),
      message(owned(product('b'), 1), { body: skewed }),
    ]);
    const times = report.settled.map(({ entity, version, leadTimeMs }) => [entity?.id, version, leadTimeMs]);
    expect(times.sort()).toEqual([
      ['a', 1, undefined],
      ['a', 2, 4_500],
      ['b', 1, 0],
    ]);
  });
});

describe('groups of a batch', () => {
  test('are written side by side', async () => {
    const { ports, stored } = inMemoryCache();
    let underWay = 0;
    let open = (): void => {};
    const allUnderWay = new Promise<void>((resolve) => {
      open = resolve;
    });
    const write: typeof ports.write = async (...args) => {
      underWay += 1;
      // No write goes on before all ten have begun: one after the other would never get here.
      if (underWay === 10) open();
      await allUnderWay;
      return ports.write(...args);
    };
    const messages = Array.from({ length: 10 }, (_, n) => message(owned(product(`p${n}`), 1)));
    const report = await project({ ports: { ...ports, write } }, messages);
    expect(outcomes(report, messages)).toEqual(Array(10).fill('applied'));
    expect(stored.size).toBe(10);
  });

  test('that fail are returned whole and alone, hidden under one visibility', async () => {
    const failing = product('p5');
    const cache = inMemoryCache({ fail: (_, groupId) => groupId === messageGroupId(failing) });
    const others = Array.from({ length: 8 }, (_, n) => owned(product(`p${n < 5 ? n : n + 1}`), 1));
    const messages = [
      ...others.slice(0, 4),
      owned(failing, 1),
      ...others.slice(4, 6),
      owned(failing, 2),
      ...others.slice(6),
    ].map((one) => message(one));
    const report = await project(cache, messages);
    const back = messages.filter(({ groupId }) => groupId === 'Product/p5');
    expect(report.returned.map(({ message }) => message)).toEqual(back);
    expect(report.returned[0]?.error).toMatchObject({ message: 'write is broken' });
    expect(report.settled.map(({ outcome }) => outcome)).toEqual(Array(8).fill('applied'));
  });

  test('that fail are postponed by the attempts of the message that was received most often', async () => {
    const cache = inMemoryCache({ fail: (port) => port === 'write' });
    const a = [1, 4, 2].map((receiveCount, n) => message(owned(product('a'), n + 1), { receiveCount }));
    const b = [message(owned(product('b'), 1))];
    await project(cache, [...a, ...b]);
    expect(cache.postponed).toEqual([
      { messages: b, seconds: 1 },
      { messages: a, seconds: 8 },
    ]);
  });

  test('that fail and cannot be postponed are returned all the same', async () => {
    const cache = inMemoryCache({ fail: (port, groupId) => port !== 'park' && groupId === 'Product/a' });
    const messages = [message(owned(product('a'), 1)), message(owned(product('b'), 1))];
    const report = await project(cache, messages);
    expect(report.returned.map(({ message }) => message)).toEqual(messages.slice(0, 1));
    expect(outcomes(report, messages)).toEqual([undefined, 'applied']);
  });

  test('of no messages need nothing', async () => {
    expect(await project(inMemoryCache(), [])).toEqual({ settled: [], returned: [] });
  });
});
