import { describe, expect, test } from 'vitest';
import { entityRef } from '../../../core/entity.ts';
import type { ReceivedMessage } from '../../../core/project/ports.ts';
import type { State } from '../../../core/state.ts';
import { schemaOf } from '../../support/boundaries.ts';
import { deleted, eventBody, message, owned, product } from '../../support/events.ts';
import { inMemoryCache } from '../../support/in-memory-cache.ts';
import { cacheOf, outcomes, project } from '../../support/projecting.ts';

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
      /its own group is Product\/p2/,
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
  ])('a message that %s is parked with its reason, and its group goes on', async (_, poison, reason, explanation) => {
    const cache = inMemoryCache();
    const messages = [poison, message(owned(product(), 1)), message(owned(product('other'), 1))];
    const report = await project(cache, messages);
    expect(outcomes(report, messages)).toEqual(['parked', 'applied', 'applied']);
    expect(report.settled.find(({ message }) => message === poison)?.reason).toBe(reason);
    const parked = { status: 'parked', message: poison, reason, explanation: expect.stringMatching(explanation) };
    expect(cache.everParked).toEqual([expect.objectContaining(parked)]);
    expect(report.returned).toEqual([]);
  });

  test('a batch of poison only is parked as a whole', async () => {
    const cache = inMemoryCache();
    const messages = ['', 'null', '[]'].map((body) => message(owned(product(), 1), { body }));
    expect(outcomes(await project(cache, messages), messages)).toEqual(['parked', 'parked', 'parked']);
    expect(cache.writes).toEqual([]);
  });

  test('a group whose poison cannot be parked is returned whole and alone', async () => {
    const cache = inMemoryCache({ fail: (port) => port === 'park' });
    const messages = [message(noPrice), message(owned(product(), 3)), message(owned(product('other'), 1))];
    const report = await project(cache, messages);
    expect(outcomes(report, messages)).toEqual([undefined, undefined, 'applied']);
    expect(report.returned.map(({ message }) => message)).toEqual(messages.slice(0, 2));
  });

  test('poison that is found at the write and cannot be parked is returned alone', async () => {
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
  ])('an event whose data %s is parked as invalid, and its group goes on', async (_, schema, data) => {
    const cache = inMemoryCache();
    const bad = message(owned(product(), 2), { body: eventBody({ ...owned(product(), 2), stateJson: data }) });
    const messages = [bad, message(deleted(product(), 1)), message(deleted(product('other'), 2))];
    const report = await project(cache, messages, cacheOf(schema));
    expect(outcomes(report, messages)).toEqual(['parked', 'applied', 'applied']);
    expect(cache.everParked).toMatchObject([{ message: bad, reason: 'invalid' }]);
  });
});
