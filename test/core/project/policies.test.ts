import { describe, expect, test } from 'vitest';
import { defineBoundary, keep } from '../../../core/contract/define-boundary.ts';
import { messageGroupId } from '../../../core/entity.ts';
import type { FailurePolicy } from '../../../core/outcome.ts';
import { projectBatch } from '../../../core/project/batch.ts';
import type { ReceivedMessage } from '../../../core/project/ports.ts';
import type { ProjectReport } from '../../../core/project/report.ts';
import { catalogue } from '../../support/boundaries.ts';
import { eventBody, message, owned, PUBLISHED_AT, product } from '../../support/events.ts';
import { inMemoryCache, projectionOf, SETTINGS } from '../../support/in-memory-cache.ts';

type Cache = ReturnType<typeof inMemoryCache>;

const cacheWith = (onPoison: FailurePolicy) =>
  defineBoundary('file:///shop.ts', { name: 'shop', caches: { Product: keep(catalogue.owns.Product, { onPoison }) } });

const STOP = cacheWith('stop');

/** The first stop marker: the time of the stop. */
const STOPPED_AT = Date.parse(PUBLISHED_AT);

const version = (number: number, id = 'p1') => message(owned(product(id), number));
const malformed = (id = 'p1') => message(owned(product(id), 1), { body: '{' });

const outcomes = (report: ProjectReport, messages: readonly ReceivedMessage[]) =>
  messages.map((one) => report.settled.find(({ message }) => message === one)?.outcome);

async function project(cache: Pick<Cache, 'ports'>, messages: readonly ReceivedMessage[], boundary = STOP) {
  const report = await projectBatch(projectionOf(boundary, cache.ports), messages);
  return { report, outcomes: outcomes(report, messages) };
}

describe('poison under a policy', () => {
  test('the policy discard counts poison with its reason, stores nothing of it, and its group goes on', async () => {
    const cache = inMemoryCache();
    const { report, outcomes } = await project(cache, [malformed(), version(2)], cacheWith('discard'));
    expect(outcomes).toEqual(['discarded', 'applied']);
    expect(report.settled[0]).toMatchObject({ outcome: 'discarded', reason: 'malformed' });
    expect(cache.everParked).toEqual([]);
  });

  test('the policy park parks poison, and its group goes on', async () => {
    const cache = inMemoryCache();
    expect((await project(cache, [malformed(), version(2)], cacheWith('park'))).outcomes).toEqual([
      'parked',
      'applied',
    ]);
    expect(cache.stopped.size).toBe(0);
  });

  test('the policy stop applies the events before the poison and holds the events behind it in order', async () => {
    const cache = inMemoryCache();
    const messages = [version(1), version(2), malformed(), version(4), version(5)];
    expect((await project(cache, messages)).outcomes).toEqual(['superseded', 'applied', 'parked', 'held', 'held']);
    expect(cache.stored.get('Product/p1')?.version).toBe(2);
    expect([...cache.parked.values()].map(({ status, reason }) => [status, reason])).toEqual([
      ['parked', 'malformed'],
      ['held', 'stopped'],
      ['held', 'stopped'],
    ]);
    expect(cache.stopped.get('Product/p1')).toBe(STOPPED_AT + 2);
  });

  test('the policy stop holds events that arrive later, and other entities are not affected', async () => {
    const cache = inMemoryCache();
    await project(cache, [malformed()]);
    const messages = [version(2), version(1, 'other'), version(3)];
    expect((await project(cache, messages)).outcomes).toEqual(['held', 'applied', 'held']);
    expect(cache.stored.has('Product/p1')).toBe(false);
  });

  test('the policy stop holds further poison behind the first', async () => {
    const cache = inMemoryCache();
    expect((await project(cache, [malformed(), malformed(), version(3)])).outcomes).toEqual(['parked', 'held', 'held']);
    expect((await project(cache, [malformed()])).outcomes).toEqual(['held']);
  });

  test('the policy stop stops an entity at an event that the table can never store', async () => {
    const cache = inMemoryCache({ unstorable: (item) => item.version === 2 });
    expect((await project(cache, [version(1), version(2)])).outcomes).toEqual(['applied', 'parked']);
    expect(cache.stopped.get('Product/p1')).toBe(STOPPED_AT);
    expect((await project(cache, [version(3)])).outcomes).toEqual(['held']);
  });

  test('the policy stop stops an entity at a conflict', async () => {
    const cache = inMemoryCache();
    await project(cache, [version(1)]);
    const other = message(owned(product(), 1, { name: 'nut', price: 1 }));
    expect((await project(cache, [other])).outcomes).toEqual(['parked']);
    expect(cache.everParked).toMatchObject([{ reason: 'conflict' }]);
    expect(cache.stopped.has('Product/p1')).toBe(true);
  });

  test.each<[string, ReceivedMessage]>([
    ['of a type that the cache does not keep', message(owned({ type: 'Label', id: 'x' }, 1))],
    [
      'from a boundary that does not own the type',
      message(owned(product(), 1), { body: eventBody(owned(product(), 1), { owner: 'impostor' }) }),
    ],
    ['of another entity', message(owned(product('p2'), 1), { groupId: 'Product/p1' })],
  ])('the policy stop parks an event %s without stopping the entity whose group it came in', async (_, poison) => {
    const cache = inMemoryCache();
    expect((await project(cache, [poison, version(2)])).outcomes).toEqual(['parked', 'applied']);
    expect(cache.stopped.size).toBe(0);
  });

  test('the policy stop stops an entity whose id is hashed in the group when its event can be read', async () => {
    const cache = inMemoryCache();
    const id = 'é'.repeat(200);
    const poison = message(owned(product(id), 1), { body: eventBody(owned(product(id), 1), { schemaVersion: 9 }) });
    expect((await project(cache, [poison, version(2, id)])).outcomes).toEqual(['parked', 'held']);
  });

  test('the policy stop parks a malformed message whose group names no entity', async () => {
    const cache = inMemoryCache();
    const id = 'é'.repeat(200);
    expect((await project(cache, [malformed(id), version(2, id)])).outcomes).toEqual(['parked', 'applied']);
  });

  test('the policy park holds the events of an entity that an earlier policy stopped', async () => {
    const cache = inMemoryCache();
    await project(cache, [malformed()]);
    expect((await project(cache, [version(2)], cacheWith('park'))).outcomes).toEqual(['held']);
  });
});

describe('poison below the version that the cache holds', () => {
  const poison = (version: number) =>
    message(owned(product(), version), { body: eventBody(owned(product(), version), { schemaVersion: 9 }) });

  test('poison below the cached version is outdated, and stops nothing', async () => {
    const cache = inMemoryCache();
    await project(cache, [version(5)]);
    expect((await project(cache, [poison(3), version(6)])).outcomes).toEqual(['outdated', 'applied']);
    expect([cache.everParked.length, cache.stopped.size]).toEqual([0, 0]);
  });

  test('poison below the cached version is parked under the policy park', async () => {
    const cache = inMemoryCache();
    await project(cache, [version(5)], cacheWith('park'));
    expect((await project(cache, [poison(3)], cacheWith('park'))).outcomes).toEqual(['parked']);
  });

  test('poison at the cached version is treated by the policy', async () => {
    const cache = inMemoryCache();
    await project(cache, [version(5)]);
    expect((await project(cache, [poison(5)])).outcomes).toEqual(['parked']);
  });

  test('poison below the cached version is held when its entity is stopped', async () => {
    const cache = inMemoryCache();
    await project(cache, [version(5), malformed()]);
    expect((await project(cache, [poison(3)])).outcomes).toEqual(['held']);
  });
});

describe('an entity that is being stopped', () => {
  test('of two projectors that stop an entity at once, one stops it and the other holds its event', async () => {
    const cache = inMemoryCache();
    const [a, b] = [malformed(), malformed()];
    const results = await Promise.all([project(cache, [a]), project(cache, [b])]);
    expect(results.map(({ outcomes }) => outcomes)).toEqual([['parked'], ['held']]);
    expect(cache.stopped.get('Product/p1')).toBe(STOPPED_AT + 1);
  });

  test('an event whose parking succeeded and whose answer was lost is in the parking table once', async () => {
    const cache = inMemoryCache();
    const messages = [malformed(), version(2)];
    await project(cache, messages);
    expect((await project(cache, messages)).outcomes).toEqual(['held', 'held']);
    expect([...cache.parked.values()].map(({ status }) => status)).toEqual(['parked', 'held']);
    expect(cache.stopped.get('Product/p1')).toBe(STOPPED_AT + 1);
  });

  test('events of an entity that is released between write and hold are returned, then applied', async () => {
    const cache = inMemoryCache();
    await project(cache, [malformed()]);
    const hold: typeof cache.ports.hold = async (...args) => {
      await cache.repair.clearStop(product(), STOPPED_AT);
      return cache.ports.hold(...args);
    };
    const messages = [version(2)];
    const { report } = await project({ ports: { ...cache.ports, hold } }, messages);
    expect([report.settled.length, report.returned.length]).toEqual([0, 1]);
    expect((await project(cache, messages)).outcomes).toEqual(['applied']);
  });

  test.each([
    'stop',
    'hold',
  ] as const)('events that cannot be parked because %s fails are returned, and others are settled', async (port) => {
    const cache = inMemoryCache({ fail: (broken) => broken === port });
    const messages = [version(1), malformed(), version(3)];
    const { report, outcomes } = await project(cache, messages);
    expect(outcomes).toEqual(port === 'stop' ? ['applied', undefined, undefined] : ['applied', 'parked', undefined]);
    expect(report.returned.map(({ message }) => message)).toEqual(messages.slice(port === 'stop' ? 1 : 2));
  });
});

describe('an event that is too old', () => {
  const at = (seconds: number) => Date.parse(JSON.parse(version(1).body).publishedat) + seconds * 1000;

  test('an event older than maxEventAge is parked, because its tombstone may have expired', async () => {
    const cache = inMemoryCache();
    const { maxEventAgeSeconds } = SETTINGS;
    const young = projectionOf(STOP, cache.ports, at(maxEventAgeSeconds));
    expect((await projectBatch(young, [version(1)])).settled).toMatchObject([{ outcome: 'applied' }]);
    const old = projectionOf(cacheWith('park'), cache.ports, at(maxEventAgeSeconds + 1));
    expect((await projectBatch(old, [version(2)])).settled).toMatchObject([{ outcome: 'parked', reason: 'too-old' }]);
  });
});

describe('a message that fails again and again', () => {
  const { attempts, ageSeconds } = SETTINGS.budget;
  const nowMs = version(1).firstReceivedAtMs + ageSeconds * 1000;
  const fail = (port: string) => port === 'write';

  const tried = async (receiveCount: number, now: number, onPoison: FailurePolicy = 'park') => {
    const cache = inMemoryCache({ fail });
    const messages = [1, 2].map((number) => message(owned(product(), number), { receiveCount }));
    const report = await projectBatch(projectionOf(cacheWith(onPoison), cache.ports, now), messages);
    return { cache, outcomes: outcomes(report, messages), returned: report.returned.length };
  };

  test('a message is poison once both its attempts and its age are used up', async () => {
    const { cache, outcomes, returned } = await tried(attempts, nowMs);
    // The message behind it was tried once, after the first one was parked.
    expect([outcomes, returned]).toEqual([['parked', undefined], 1]);
    expect(cache.everParked[0]).toMatchObject({ reason: 'retries-exhausted', version: 1 });
    expect(cache.everParked[0]?.explanation).toBe('failed 5 times; last error: Error');
  });

  test.each<[string, number, number]>([
    ['attempts', attempts - 1, nowMs],
    ['age', attempts, nowMs - 1_000],
  ])('a failing message is returned while its budget of %s is not used up', async (_, receiveCount, now) => {
    const { outcomes, returned } = await tried(receiveCount, now);
    expect([outcomes, returned]).toEqual([[undefined, undefined], 2]);
  });

  test('the message behind one that used up its budget is applied in the same batch', async () => {
    let failures = 1;
    const cache = inMemoryCache({ fail: (port) => port === 'write' && failures-- > 0 });
    const messages = [1, 2].map((number) => message(owned(product(), number), { receiveCount: attempts }));
    const report = await projectBatch(projectionOf(cacheWith('park'), cache.ports, nowMs), messages);
    expect(outcomes(report, messages)).toEqual(['parked', 'applied']);
    expect(cache.postponed).toEqual([]);
  });

  test('a message that used up its budget stops its entity under the policy stop', async () => {
    const cache = inMemoryCache({ fail });
    const messages = [message(owned(product(), 1), { receiveCount: attempts })];
    const report = await projectBatch(projectionOf(STOP, cache.ports, nowMs), messages);
    expect(outcomes(report, messages)).toEqual(['parked']);
    expect(cache.stopped.has(messageGroupId(product()))).toBe(true);
  });

  test('a message that used up its budget and cannot be parked is returned', async () => {
    const cache = inMemoryCache({ fail: (port) => port === 'write' || port === 'park' });
    const messages = [message(owned(product(), 1), { receiveCount: attempts })];
    const report = await projectBatch(projectionOf(cacheWith('park'), cache.ports, nowMs), messages);
    expect([report.settled.length, report.returned.length]).toEqual([0, 1]);
  });
});
