import { describe, expect, test } from 'vitest';
import { defineBoundary, keep } from '../../../core/contract.ts';
import { messageGroupId } from '../../../core/entity.ts';
import type { FailurePolicy } from '../../../core/outcome.ts';
import { type ProjectReport, projectBatch } from '../../../core/project/batch.ts';
import type { ReceivedMessage } from '../../../core/project/ports.ts';
import { catalogue } from '../../support/boundaries.ts';
import { eventBody, message, owned, PUBLISHED_AT, product } from '../../support/events.ts';
import { inMemoryCache, projectionOf, SETTINGS } from '../../support/in-memory-cache.ts';

type Cache = ReturnType<typeof inMemoryCache>;

const cacheWith = (onPoison: FailurePolicy) =>
  defineBoundary('file:///shop.ts', { name: 'shop', caches: { Product: keep(catalogue.owns.Product, { onPoison }) } });

const STOP = cacheWith('stop');

/** Where the marker begins: the time of the stop. */
const STOPPED_AT = Date.parse(PUBLISHED_AT);

const version = (number: number, id = 'p1') => message(owned(product(id), number));
const malformed = (id = 'p1') => message(owned(product(id), 1), { body: '{' });

const outcomes = (report: ProjectReport, messages: readonly ReceivedMessage[]) =>
  messages.map((one) => report.settled.find(({ message }) => message === one)?.outcome);

async function project(cache: Pick<Cache, 'ports'>, messages: readonly ReceivedMessage[], boundary = STOP) {
  const report = await projectBatch(projectionOf(boundary, cache.ports), messages);
  return { report, outcomes: outcomes(report, messages) };
}

describe('poison under the policy', () => {
  test('discard is counted with its reason and gone, and its group goes on', async () => {
    const cache = inMemoryCache();
    const { report, outcomes } = await project(cache, [malformed(), version(2)], cacheWith('discard'));
    expect(outcomes).toEqual(['discarded', 'applied']);
    expect(report.settled[0]).toMatchObject({ outcome: 'discarded', reason: 'malformed' });
    expect(cache.parked).toEqual([]);
  });

  test('park is set aside, and its group goes on', async () => {
    const cache = inMemoryCache();
    expect((await project(cache, [malformed(), version(2)], cacheWith('park'))).outcomes).toEqual([
      'parked',
      'applied',
    ]);
    expect(cache.stopped.size).toBe(0);
  });

  test('stop stops its entity: what came before is applied, what comes after is held in order', async () => {
    const cache = inMemoryCache();
    const messages = [version(1), version(2), malformed(), version(4), version(5)];
    expect((await project(cache, messages)).outcomes).toEqual(['superseded', 'applied', 'parked', 'held', 'held']);
    expect(cache.stored.get('Product/p1')?.version).toBe(2);
    expect([...cache.aside.values()].map(({ status, reason }) => [status, reason])).toEqual([
      ['parked', 'malformed'],
      ['held', 'stopped'],
      ['held', 'stopped'],
    ]);
    expect(cache.stopped.get('Product/p1')).toBe(STOPPED_AT + 2);
  });

  test('stop holds what arrives later too, while other entities never notice', async () => {
    const cache = inMemoryCache();
    await project(cache, [malformed()]);
    const messages = [version(2), version(1, 'other'), version(3)];
    expect((await project(cache, messages)).outcomes).toEqual(['held', 'applied', 'held']);
    expect(cache.stored.has('Product/p1')).toBe(false);
  });

  test('stop holds further poison behind the first', async () => {
    const cache = inMemoryCache();
    expect((await project(cache, [malformed(), malformed(), version(3)])).outcomes).toEqual(['parked', 'held', 'held']);
    expect((await project(cache, [malformed()])).outcomes).toEqual(['held']);
  });

  test('stop stops at what the table can never hold, once what came before it is applied', async () => {
    const cache = inMemoryCache({ unstorable: (item) => item.version === 2 });
    expect((await project(cache, [version(1), version(2)])).outcomes).toEqual(['applied', 'parked']);
    expect(cache.stopped.get('Product/p1')).toBe(STOPPED_AT);
    expect((await project(cache, [version(3)])).outcomes).toEqual(['held']);
  });

  test('stop stops at a conflict', async () => {
    const cache = inMemoryCache();
    await project(cache, [version(1)]);
    const other = message(owned(product(), 1, { name: 'nut', price: 1 }));
    expect((await project(cache, [other])).outcomes).toEqual(['parked']);
    expect(cache.parked).toMatchObject([{ reason: 'conflict' }]);
    expect(cache.stopped.has('Product/p1')).toBe(true);
  });

  test.each<[string, ReceivedMessage]>([
    ['of a type that is not kept', message(owned({ type: 'Label', id: 'x' }, 1))],
    ['of another owner', message(owned(product(), 1), { body: eventBody(owned(product(), 1), { owner: 'impostor' }) })],
    ['of another entity', message(owned(product('p2'), 1), { groupId: 'Product/p1' })],
  ])('stop parks what is %s: it says nothing of the entity whose group it is in', async (_, poison) => {
    const cache = inMemoryCache();
    expect((await project(cache, [poison, version(2)])).outcomes).toEqual(['parked', 'applied']);
    expect(cache.stopped.size).toBe(0);
  });

  test('stop stops an entity whose event can be read, though its id is hashed in the group', async () => {
    const cache = inMemoryCache();
    const id = 'é'.repeat(200);
    const poison = message(owned(product(id), 1), { body: eventBody(owned(product(id), 1), { schemaVersion: 9 }) });
    expect((await project(cache, [poison, version(2, id)])).outcomes).toEqual(['parked', 'held']);
  });

  test('stop parks what cannot be read where the group names no entity that could be stopped', async () => {
    const cache = inMemoryCache();
    const id = 'é'.repeat(200);
    expect((await project(cache, [malformed(id), version(2, id)])).outcomes).toEqual(['parked', 'applied']);
  });

  test('park does nothing to an entity that an earlier policy stopped: its events are held', async () => {
    const cache = inMemoryCache();
    await project(cache, [malformed()]);
    expect((await project(cache, [version(2)], cacheWith('park'))).outcomes).toEqual(['held']);
  });
});

describe('poison that the cache is past', () => {
  const poison = (version: number) =>
    message(owned(product(), version), { body: eventBody(owned(product(), version), { schemaVersion: 9 }) });

  test('stops nothing: nobody needs it any more', async () => {
    const cache = inMemoryCache();
    await project(cache, [version(5)]);
    expect((await project(cache, [poison(3), version(6)])).outcomes).toEqual(['outdated', 'applied']);
    expect([cache.parked.length, cache.stopped.size]).toEqual([0, 0]);
  });

  test('is parked all the same under park, where it does no harm', async () => {
    const cache = inMemoryCache();
    await project(cache, [version(5)], cacheWith('park'));
    expect((await project(cache, [poison(3)], cacheWith('park'))).outcomes).toEqual(['parked']);
  });

  test('is poison at the version that the cache holds, and above', async () => {
    const cache = inMemoryCache();
    await project(cache, [version(5)]);
    expect((await project(cache, [poison(5)])).outcomes).toEqual(['parked']);
  });

  test('is held all the same behind a stopped entity', async () => {
    const cache = inMemoryCache();
    await project(cache, [version(5), malformed()]);
    expect((await project(cache, [poison(3)])).outcomes).toEqual(['held']);
  });
});

describe('an entity that is being stopped', () => {
  test('by two projectors at once is stopped by one, and the other holds its event', async () => {
    const cache = inMemoryCache();
    const [a, b] = [malformed(), malformed()];
    const results = await Promise.all([project(cache, [a]), project(cache, [b])]);
    expect(results.map(({ outcomes }) => outcomes)).toEqual([['parked'], ['held']]);
    expect(cache.stopped.get('Product/p1')).toBe(STOPPED_AT + 1);
  });

  test('and whose answer is lost holds the same event once, in the same place', async () => {
    const cache = inMemoryCache();
    const messages = [malformed(), version(2)];
    await project(cache, messages);
    expect((await project(cache, messages)).outcomes).toEqual(['held', 'held']);
    expect([...cache.aside.values()].map(({ status }) => status)).toEqual(['parked', 'held']);
    expect(cache.stopped.get('Product/p1')).toBe(STOPPED_AT + 1);
  });

  test('and released between write and hold returns its events: delivered again they find out', async () => {
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
  ] as const)('returns what could not be set aside when %s fails, and settles what was', async (port) => {
    const cache = inMemoryCache({ fail: (broken) => broken === port });
    const messages = [version(1), malformed(), version(3)];
    const { report, outcomes } = await project(cache, messages);
    expect(outcomes).toEqual(port === 'stop' ? ['applied', undefined, undefined] : ['applied', 'parked', undefined]);
    expect(report.returned.map(({ message }) => message)).toEqual(messages.slice(port === 'stop' ? 1 : 2));
  });
});

describe('an event that is too old', () => {
  const at = (seconds: number) => Date.parse(JSON.parse(version(1).body).publishedat) + seconds * 1000;

  test('is parked, so that it cannot bring back what was deleted and forgotten', async () => {
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
  const nowMs = version(1).sentAtMs + ageSeconds * 1000;
  const fail = (port: string) => port === 'write';

  const tried = async (receiveCount: number, now: number, onPoison: FailurePolicy = 'park') => {
    const cache = inMemoryCache({ fail });
    const messages = [1, 2].map((number) => message(owned(product(), number), { receiveCount }));
    const report = await projectBatch(projectionOf(cacheWith(onPoison), cache.ports, now), messages);
    return { cache, outcomes: outcomes(report, messages), returned: report.returned.length };
  };

  test('is poison once both its attempts and its age are used up', async () => {
    const { cache, outcomes, returned } = await tried(attempts, nowMs);
    // What is behind it was received as often, and never tried.
    expect([outcomes, returned]).toEqual([['parked', undefined], 1]);
    expect(cache.parked[0]).toMatchObject({ reason: 'retries-exhausted', version: 1 });
    expect(cache.parked[0]?.explanation).toBe('failed 5 times; at last: Error');
  });

  test.each<[string, number, number]>([
    ['attempts', attempts - 1, nowMs],
    ['age', attempts, nowMs - 1_000],
  ])('is returned while %s are left', async (_, receiveCount, now) => {
    const { outcomes, returned } = await tried(receiveCount, now);
    expect([outcomes, returned]).toEqual([[undefined, undefined], 2]);
  });

  test('stops its entity where the policy says so', async () => {
    const cache = inMemoryCache({ fail });
    const messages = [message(owned(product(), 1), { receiveCount: attempts })];
    const report = await projectBatch(projectionOf(STOP, cache.ports, nowMs), messages);
    expect(outcomes(report, messages)).toEqual(['parked']);
    expect(cache.stopped.has(messageGroupId(product()))).toBe(true);
  });

  test('is returned when it cannot be parked either', async () => {
    const cache = inMemoryCache({ fail: (port) => port === 'write' || port === 'park' });
    const messages = [message(owned(product(), 1), { receiveCount: attempts })];
    const report = await projectBatch(projectionOf(cacheWith('park'), cache.ports, nowMs), messages);
    expect([report.settled.length, report.returned.length]).toEqual([0, 1]);
  });
});
