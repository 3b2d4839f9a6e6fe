import { describe, expect, test } from 'vitest';
import { messageGroupId } from '../../../core/entity.ts';
import type { SetAside } from '../../../core/project/ports.ts';
import { MAX_REDRIVE_KEYS } from '../../../core/repair/operation.ts';
import {
  type AsideFilter,
  asideKey,
  byAge,
  isMeant,
  isOutdated,
  parseAsideKey,
  redriveRequests,
} from '../../../core/repair/parked-filter.ts';

const NOW = Date.parse('2026-11-23T12:00:00Z');
const entity = { type: 'Product', id: 'p1' };

function aside(
  changes: Partial<SetAside> = {},
  groupId = messageGroupId(changes.entity ?? entity),
  sequence = 1,
): SetAside {
  const sequenceNumber = String(sequence).padStart(20, '0');
  const message = { messageId: 'm', groupId, sequenceNumber, body: '', receiveCount: 1, sentAtMs: NOW };
  const why = { status: 'parked', reason: 'invalid', explanation: '' } as const;
  return { ...why, message, entity, version: 3, setAsideAtMs: NOW - 60_000, ...changes };
}

describe('an event that was set aside is meant', () => {
  const hashed = { type: 'Product', id: '漢字' };
  const unread = aside({ entity: undefined, version: undefined }, messageGroupId(hashed));
  test.each<[string, AsideFilter, SetAside]>([
    ['by nothing at all', {}, aside()],
    ['by its reason', { reason: 'invalid' }, aside()],
    ['by its type', { type: 'Product' }, aside()],
    ['by the type of its group, where its body was not read', { type: 'Product' }, unread],
    ['by its id', { entity: 'p1' }, aside()],
    ['by the id that its group is a hash of', { entity: '漢字' }, unread],
    ['by its status', { status: 'parked' }, aside()],
    ['by its age', { olderThanMs: 59_999, newerThanMs: 60_001 }, aside()],
    ['by its key', { keys: ['Product/other/1', `Product/p1/${'1'.padStart(20, '0')}`] }, aside()],
  ])('%s', (_, filter, one) => {
    expect(isMeant(one, filter, NOW)).toBe(true);
  });

  test.each<[string, AsideFilter]>([
    ['another reason', { reason: 'conflict' }],
    ['another type', { type: 'Label' }],
    ['another id', { entity: 'p2' }],
    ['another status', { status: 'held' }],
    ['a greater age', { olderThanMs: 60_000 }],
    ['a lesser age', { newerThanMs: 60_000 }],
    ['other keys', { keys: ['Product/p1/2'] }],
    ['no key', { keys: [] }],
    ['its reason, but another type', { reason: 'invalid', type: 'Label' }],
  ])('but not by %s', (_, filter) => {
    expect(isMeant(aside(), filter, NOW)).toBe(false);
  });
});

describe('an event that was set aside', () => {
  test('is outdated only by a newer version in the cache', () => {
    expect(isOutdated(aside(), 4)).toBe(true);
    expect(isOutdated(aside(), 3)).toBe(false);
    expect(isOutdated(aside(), undefined)).toBe(false);
    expect(isOutdated(aside({ version: undefined }), 4)).toBe(false);
  });

  test('comes oldest first, but those of one group in its order', () => {
    const first = aside({ setAsideAtMs: NOW }, 'Product/p1', 1);
    const second = aside({ setAsideAtMs: NOW - 1 }, 'Product/p1', 2);
    const older = aside({ setAsideAtMs: NOW - 9 }, 'Product/p2', 9);
    expect([second, first].sort(byAge)).toEqual([first, second]);
    expect([first, older].sort(byAge)).toEqual([older, first]);
  });

  test.each(['Product/p1', 'Product/a/b', 'Product#hash', '/'])('of group %s has a key that names it', (groupId) => {
    const key = { groupId, sequenceNumber: '00012' };
    expect(parseAsideKey(asideKey(key))).toEqual(key);
  });

  test.each(['', '/', 'x', 'Product/', '/1'])('has no key such as "%s"', (key) => {
    expect(parseAsideKey(key)).toBeUndefined();
  });
});

describe('requests to redrive', () => {
  test('hold as many keys as the function takes, each group in its order', () => {
    const keys = Array.from({ length: 2 * MAX_REDRIVE_KEYS + 1 }, (_, n) => ({
      groupId: `Product/${n % 3}`,
      sequenceNumber: String(100 - n).padStart(20, '0'),
    }));
    const requests = redriveRequests(keys);
    expect(requests.map(({ length }) => length)).toEqual([MAX_REDRIVE_KEYS, MAX_REDRIVE_KEYS, 1]);
    const all = requests.flat();
    expect(new Set(all)).toEqual(new Set(keys));
    for (const group of ['Product/0', 'Product/1', 'Product/2']) {
      const numbers = all.filter(({ groupId }) => groupId === group).map(({ sequenceNumber }) => sequenceNumber);
      expect(numbers).toEqual([...numbers].sort());
    }
    expect(redriveRequests([])).toEqual([]);
  });
});
