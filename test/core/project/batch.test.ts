import { describe, expect, test } from 'vitest';
import { type Boundary, defineBoundary, keep } from '../../../core/contract.ts';
import { entityRef, messageGroupId, sha256 } from '../../../core/entity.ts';
import type { OwnedEntity } from '../../../core/own.ts';
import { type ProjectReport, projectBatch } from '../../../core/project/batch.ts';
import { indexValue } from '../../../core/project/fields.ts';
import type { ReceivedMessage } from '../../../core/project/ports.ts';
import { MAX_POSTPONE_SECONDS, postponeSeconds } from '../../../core/retries.ts';
import type { State } from '../../../core/state.ts';
import { catalogue, schemaOf, shop } from '../../support/boundaries.ts';
import { CHANGED_AT, deleted, eventBody, message, owned, product } from '../../support/events.ts';
import { inMemoryCache, projectionOf, SETTINGS } from '../../support/in-memory-cache.ts';

/** Four seconds and a half after the owner's commits. */
const NOW_MS = Date.parse(CHANGED_AT) + 4_500;
const TOMBSTONE_LIFE_SECONDS = SETTINGS.tombstoneLifeSeconds;

type Cache = ReturnType<typeof inMemoryCache>;

const project = (cache: Pick<Cache, 'ports'>, messages: readonly ReceivedMessage[], boundary: Boundary = shop) =>
  projectBatch(projectionOf(boundary, cache.ports, NOW_MS), messages);

/** The outcomes in the order of the messages. */
function outcomes(report: ProjectReport, messages: readonly ReceivedMessage[]): (string | undefined)[] {
  return messages.map((one) => {
    const of = report.settled.filter(({ message }) => message === one);
    expect(of.length).toBeLessThanOrEqual(1);
    return of[0]?.outcome;
  });
}

/** Projects events of one entity, each in a batch of its own, then forgets what was asked of the ports. */
async function cacheHolding(...entities: readonly OwnedEntity[]): Promise<Cache> {
  const cache = inMemoryCache();
  for (const one of entities) await project(cache, [message(one)]);
  cache.writes.length = 0;
  return cache;
}

const versionsWritten = (cache: Cache) => cache.writes.map(({ version }) => version);

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

/** A cache of Product under another schema, named like the owner's. */
function cacheOf(schema: ReturnType<typeof schemaOf<State>>): Boundary {
  const owner = defineBoundary('file:///catalogue.ts', { name: 'catalogue', owns: { Product: { schema } } });
  return defineBoundary('file:///lenient.ts', { name: 'lenient', caches: { Product: keep(owner.owns.Product) } });
}

describe('poison', () => {
  const label = owned(entityRef('Label', 'l1'), 1);
  const hostile = owned(entityRef('constructor', 'c1'), 1);
  const noPrice = owned(product(), 2, { name: 'bolt' });

  test.each<[string, ReceivedMessage, string, RegExp]>([
    ['cannot be read', message(owned(product(), 2), { body: '{"specversion":"1.0"' }), 'malformed', /^not JSON/],
    ['is of a type that the cache does not keep', message(label), 'unknown-type', /cache shop/],
    ['is of a type named like a prototype key', message(hostile), 'unknown-type', /cache shop/],
    [
      'was published by a boundary that does not own the type',
      message(owned(product(), 2), { body: eventBody(owned(product(), 2), { owner: 'impostor' }) }),
      'wrong-owner',
      /impostor; Product is owned by catalogue/,
    ],
    [
      'is in the message group of another entity',
      message(owned(product('p2'), 2), { groupId: 'Product/p1' }),
      'wrong-group',
      /its own is Product\/p2/,
    ],
    [
      'was written by a newer schema',
      message(owned(product(), 2), { body: eventBody(owned(product(), 2), { schemaVersion: 3 }) }),
      'newer-schema',
      /schema version 3; this cache knows up to 2/,
    ],
    ['does not meet the schema', message(noPrice), 'invalid', /^data\.price: not a number/],
    [
      "has another state's digest",
      message(owned(product(), 1), { body: eventBody(owned(product(), 1), { digest: owned(product(), 2).digest }) }),
      'invalid',
      /^digest: /,
    ],
  ])('that %s is parked with the reason, and its group goes on', async (_, poison, reason, explanation) => {
    const cache = inMemoryCache();
    const messages = [poison, message(owned(product(), 1)), message(owned(product('other'), 1))];
    const report = await project(cache, messages);
    expect(outcomes(report, messages)).toEqual(['parked', 'applied', 'applied']);
    expect(report.settled.find(({ message }) => message === poison)?.reason).toBe(reason);
    const aside = { status: 'parked', message: poison, reason, explanation: expect.stringMatching(explanation) };
    expect(cache.parked).toEqual([expect.objectContaining(aside)]);
    expect(report.returned).toEqual([]);
  });

  test('may be a whole batch of nothing but poison', async () => {
    const cache = inMemoryCache();
    const messages = ['', 'null', '[]'].map((body) => message(owned(product(), 1), { body }));
    expect(outcomes(await project(cache, messages), messages)).toEqual(['parked', 'parked', 'parked']);
    expect(cache.writes).toEqual([]);
  });

  test('that cannot be parked returns its group whole and alone', async () => {
    const cache = inMemoryCache({ fail: (port) => port === 'park' });
    const messages = [message(noPrice), message(owned(product(), 3)), message(owned(product('other'), 1))];
    const report = await project(cache, messages);
    expect(outcomes(report, messages)).toEqual([undefined, undefined, 'applied']);
    expect(report.returned.map(({ message }) => message)).toEqual(messages.slice(0, 2));
  });

  test('that is found at the write and cannot be parked is returned alone: what was written is settled, and nothing is counted twice', async () => {
    const cache = inMemoryCache({ fail: (port) => port === 'park' });
    const messages = [message(owned(product(), 1)), message(owned(product(), 1, { name: 'nut', price: 1 }))];
    const report = await project(cache, messages);
    expect(outcomes(report, messages)).toEqual(['applied', undefined]);
    expect(report.returned.map(({ message }) => message)).toEqual(messages.slice(1));
  });

  const deep = (levels: number) => `${'{"a":'.repeat(levels)}1${'}'.repeat(levels)}`;

  test.each<[string, ReturnType<typeof schemaOf<State>>, string]>([
    ['is nested deeper than the stack', schemaOf((value) => ({ value: value as State })), deep(100_000)],
    ['is nested deeper than an owner may commit', schemaOf((value) => ({ value: value as State })), deep(66)],
    ['has a lone surrogate', schemaOf((value) => ({ value: value as State })), '{"name":"\\ud800"}'],
    ['is null', schemaOf((value) => ({ value: value as State })), 'null'],
    ['is an array', schemaOf((value) => ({ value: value as State })), '[]'],
    ['becomes a Date in the schema', schemaOf(() => ({ value: { at: new Date(0) } as never })), '{}'],
    ['becomes a BigInt in the schema', schemaOf(() => ({ value: { n: 1n } as never })), '{}'],
    [
      'makes the schema throw',
      schemaOf(() => {
        throw new RangeError('Maximum call stack size exceeded');
      }),
      '{}',
    ],
  ])('may be data that %s: it is parked as invalid and its group goes on', async (_, schema, data) => {
    const cache = inMemoryCache();
    const bad = message(owned(product(), 2), { body: eventBody({ ...owned(product(), 2), stateJson: data }) });
    const messages = [bad, message(deleted(product(), 1)), message(deleted(product('other'), 2))];
    const report = await project(cache, messages, cacheOf(schema));
    expect(outcomes(report, messages)).toEqual(['parked', 'applied', 'applied']);
    expect(cache.parked).toMatchObject([{ message: bad, reason: 'invalid' }]);
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

test('a failing group waits twice as long after each attempt, up to five minutes', () => {
  expect([1, 2, 3, 4, 9].map(postponeSeconds)).toEqual([1, 2, 4, 8, 256]);
  expect([10, 100, 100_000].map(postponeSeconds)).toEqual(Array(3).fill(MAX_POSTPONE_SECONDS));
});

describe('the value that an index lists an entity under', () => {
  test.each<[string, Parameters<typeof indexValue>[1], string | undefined]>([
    ['a text', 'Europe', 'Product=Europe'],
    ['an empty text', '', 'Product='],
    ['a text of 1,024 bytes', 'é'.repeat(512), `Product=${'é'.repeat(512)}`],
    ['a longer text by its hash', `${'é'.repeat(512)}x`, `Product#${sha256(`${'é'.repeat(512)}x`)}`],
    ['a number', 1.5, 'Product=1.5'],
    ['a boolean', false, 'Product=false'],
    ['nothing for null', null, undefined],
    ['nothing for a missing field', undefined, undefined],
    ['nothing for an array', ['Europe'], undefined],
    ['nothing for an object', {}, undefined],
    ['nothing for what is not a number', Number.NaN, undefined],
    ['nothing for an infinite number', Number.POSITIVE_INFINITY, undefined],
  ])('is, of %s', (_, value, key) => {
    expect(indexValue('Product', value)).toBe(key);
  });
});
