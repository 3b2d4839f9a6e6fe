import { describe, expect, test } from 'vitest';
import { defineBoundary, keep } from '../../../core/contract/define-boundary.ts';
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
  test('the events of one entity are folded into one write of the newest, which supersedes the others', async () => {
    const cache = inMemoryCache();
    const messages = [1, 2, 3].map((version) => message(owned(product(), version)));
    const report = await project(cache, messages);
    expect(versionsWritten(cache)).toEqual([3]);
    expect(outcomes(report, messages)).toEqual(['superseded', 'superseded', 'applied']);
  });

  test('events are folded by version, in any order of arrival', async () => {
    const cache = inMemoryCache();
    const messages = [3, 1, 2].map((version) => message(owned(product(), version)));
    expect(outcomes(await project(cache, messages), messages)).toEqual(['applied', 'superseded', 'superseded']);
  });

  test('a deletion as the newest event is written as a tombstone', async () => {
    const cache = inMemoryCache();
    const messages = [message(owned(product(), 1)), message(deleted(product(), 2))];
    expect(outcomes(await project(cache, messages), messages)).toEqual(['superseded', 'applied']);
    expect(cache.stored.get('Product/p1')).toMatchObject({ version: 2, dataJson: undefined });
  });

  test('no event is superseded when the write of the newest one failed', async () => {
    const cache = inMemoryCache({ fail: (port) => port === 'write' });
    const report = await project(
      cache,
      [1, 2].map((version) => message(owned(product(), version))),
    );
    expect(report.settled).toEqual([]);
    expect(report.returned).toHaveLength(2);
  });

  test('events are outdated when the cache holds a newer version', async () => {
    const cache = await cacheHolding(owned(product(), 9));
    const messages = [7, 8].map((version) => message(owned(product(), version)));
    expect(outcomes(await project(cache, messages), messages)).toEqual(['outdated', 'outdated']);
    expect(versionsWritten(cache)).toEqual([8]);
  });

  test('events are a duplicate and outdated when the cache holds the newest of them', async () => {
    const cache = await cacheHolding(owned(product(), 8));
    const messages = [7, 8].map((version) => message(owned(product(), version)));
    expect(outcomes(await project(cache, messages), messages)).toEqual(['outdated', 'duplicate']);
  });

  test('of two equal events one is applied and the other is a duplicate', async () => {
    const cache = inMemoryCache();
    const messages = [message(owned(product(), 1)), message(owned(product(), 1))];
    expect(outcomes(await project(cache, messages), messages)).toEqual(['applied', 'duplicate']);
    expect(cache.writes).toHaveLength(1);
  });

  test('of two different events with the same version the second is parked as a conflict', async () => {
    const cache = inMemoryCache();
    const messages = [message(owned(product(), 1)), message(owned(product(), 1, { name: 'nut', price: 1 }))];
    expect(outcomes(await project(cache, messages), messages)).toEqual(['applied', 'parked']);
    expect(cache.everParked).toMatchObject([{ message: messages[1], reason: 'conflict' }]);
    expect(cache.stored.get('Product/p1')?.dataJson).toContain('bolt');
  });

  test('an event with the stored version and another digest is a conflict, and its group goes on', async () => {
    const cache = await cacheHolding(owned(product(), 2));
    const messages = [message(owned(product(), 1)), message(deleted(product(), 2))];
    expect(outcomes(await project(cache, messages), messages)).toEqual(['outdated', 'parked']);
    expect(cache.everParked).toMatchObject([{ reason: 'conflict', explanation: expect.stringContaining('version 2') }]);
  });

  test('an event with another digest is superseded, and no conflict, when a newer event is stored', async () => {
    const cache = await cacheHolding(owned(product(), 2));
    const messages = [message(owned(product(), 2, { name: 'nut', price: 2 })), message(owned(product(), 3))];
    expect(outcomes(await project(cache, messages), messages)).toEqual(['superseded', 'applied']);
  });

  test('the next newest event is stored when the newest one can never be stored', async () => {
    const cache = inMemoryCache({ unstorable: ({ version }) => version >= 3 });
    const messages = [1, 2, 3, 4].map((version) => message(owned(product(), version)));
    expect(outcomes(await project(cache, messages), messages)).toEqual(['superseded', 'applied', 'parked', 'parked']);
    expect(versionsWritten(cache)).toEqual([4, 3, 2]);
    expect(cache.everParked.map(({ reason }) => reason)).toEqual(['unstorable', 'unstorable']);
  });

  test('all events are parked when none can be stored', async () => {
    const cache = inMemoryCache({ unstorable: () => true });
    const messages = [1, 2].map((version) => message(owned(product(), version)));
    expect(outcomes(await project(cache, messages), messages)).toEqual(['parked', 'parked']);
    expect(cache.stored.size).toBe(0);
  });

  test('an event whose write succeeded and whose answer was lost ends as a duplicate', async () => {
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

  test('a stored item carries version, digest, commit time, data and index values of the event', async () => {
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

  test('a tombstone expires when its configured life, counted from now, is over', async () => {
    const cache = inMemoryCache();
    await project(cache, [message(deleted(product(), 4))]);
    expect(cache.writes).toMatchObject([
      { dataJson: undefined, indexed: {}, expiresAtSeconds: Math.ceil(NOW_MS / 1000) + TOMBSTONE_LIFE_SECONDS },
    ]);
  });

  test('a stored item has only the fields that the cache keeps and that the state has', async () => {
    const cache = inMemoryCache();
    await project(cache, [message(owned(product(), 3))], trimmed(1, ['tags', 'name']));
    expect(cache.writes[0]?.dataJson).toBe('{"name":"bolt"}');
  });

  test('a stored item is written again at the same version when the selection of fields is newer', async () => {
    const cache = inMemoryCache();
    const again = [message(owned(product(), 3)), message(owned(product(), 3))];
    await project(cache, [message(owned(product(), 3))], trimmed(1, ['name']));
    expect(outcomes(await project(cache, again, trimmed(2, ['name', 'price'])), again)).toEqual([
      'applied',
      'duplicate',
    ]);
    expect(cache.stored.get('Product/p1')?.dataJson).toBe('{"name":"bolt","price":3}');
  });

  test('a stored item is in canonical form, whatever order the schema returns the fields in', async () => {
    const cache = inMemoryCache();
    const schema = schemaOf<State>((value) => ({
      value: Object.fromEntries(Object.entries(value as State).reverse()),
    }));
    await project(cache, [message(owned(product(), 3))], cacheOf(schema));
    expect(cache.writes[0]?.dataJson).toBe('{"name":"bolt","price":3}');
  });

  test('the lead time of an applied event counts from the commit of its owner and is never negative', async () => {
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
  test('the groups of a batch are written side by side', async () => {
    const { ports, stored } = inMemoryCache();
    let underWay = 0;
    let open = (): void => {};
    const allUnderWay = new Promise<void>((resolve) => {
      open = resolve;
    });
    const write: typeof ports.write = async (...args) => {
      underWay += 1;
      // No write ends before all ten have begun. Writes one after the other would never get here.
      if (underWay === 10) open();
      await allUnderWay;
      return ports.write(...args);
    };
    const messages = Array.from({ length: 10 }, (_, n) => message(owned(product(`p${n}`), 1)));
    const report = await project({ ports: { ...ports, write } }, messages);
    expect(outcomes(report, messages)).toEqual(Array(10).fill('applied'));
    expect(stored.size).toBe(10);
  });

  test('a group that fails is returned whole and alone, hidden under one visibility', async () => {
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

  test('a group that fails is hidden by the attempts of its most received message', async () => {
    const cache = inMemoryCache({ fail: (port) => port === 'write' });
    const a = [1, 4, 2].map((receiveCount, n) => message(owned(product('a'), n + 1), { receiveCount }));
    const b = [message(owned(product('b'), 1))];
    await project(cache, [...a, ...b]);
    expect(cache.postponed).toEqual([
      { messages: b, seconds: 1 },
      { messages: a, seconds: 8 },
    ]);
  });

  test('a group that fails and cannot be hidden is returned all the same', async () => {
    const cache = inMemoryCache({ fail: (port, groupId) => port !== 'park' && groupId === 'Product/a' });
    const messages = [message(owned(product('a'), 1)), message(owned(product('b'), 1))];
    const report = await project(cache, messages);
    expect(report.returned.map(({ message }) => message)).toEqual(messages.slice(0, 1));
    expect(outcomes(report, messages)).toEqual([undefined, 'applied']);
  });

  test('a batch without messages has an empty report', async () => {
    expect(await project(inMemoryCache(), [])).toEqual({ settled: [], returned: [] });
  });
});
