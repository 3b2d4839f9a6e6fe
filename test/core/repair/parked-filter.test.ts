import { describe, expect, test } from 'vitest';
import { messageGroupId } from '../../../core/entity.ts';
import type { ParkedEvent } from '../../../core/project/ports.ts';
import { MAX_REDRIVE_KEYS } from '../../../core/repair/operation.ts';
import {
  byAge,
  isOutdated,
  isSelected,
  type ParkedFilter,
  redriveRequests,
} from '../../../core/repair/parked-filter.ts';

const NOW = Date.parse('2026-11-23T12:00:00Z');
const entity = { type: 'Product', id: 'p1' };

function event(
  changes: Partial<ParkedEvent> = {},
  groupId = messageGroupId(changes.entity ?? entity),
  sequence = 1,
): ParkedEvent {
  const sequenceNumber = String(sequence).padStart(20, '0');
  const message = {
    messageId: 'm',
    groupId,
    sequenceNumber,
    body: '',
    receiveCount: 1,
    sentAtMs: NOW,
    firstReceivedAtMs: NOW,
  };
  const why = { status: 'parked', reason: 'invalid', explanation: '' } as const;
  return { ...why, message, entity, version: 3, parkedAtMs: NOW - 60_000, ...changes };
}

describe('the filter of parked events', () => {
  const hashed = { type: 'Product', id: '漢字' };
  const unread = event({ entity: undefined, version: undefined }, messageGroupId(hashed));
  test.each<[string, ParkedFilter, ParkedEvent]>([
    ['without conditions', {}, event()],
    ['by the reason', { reason: 'invalid' }, event()],
    ['by the type', { type: 'Product' }, event()],
    ['by the type of the message group, for an event whose body was not read,', { type: 'Product' }, unread],
    ['by the id', { entity: 'p1' }, event()],
    ['by the id whose hash names the message group', { entity: '漢字' }, unread],
    ['by the status', { status: 'parked' }, event()],
    ['by the age', { olderThanMs: 59_999, newerThanMs: 60_001 }, event()],
    ['by the key', { keys: ['Product/other/1', `Product/p1/${'1'.padStart(20, '0')}`] }, event()],
  ])('a filter %s selects a parked event that meets it', (_, filter, one) => {
    expect(isSelected(one, filter, NOW)).toBe(true);
  });

  test.each<[string, ParkedFilter]>([
    ['another reason', { reason: 'conflict' }],
    ['another type', { type: 'Label' }],
    ['another id', { entity: 'p2' }],
    ['another status', { status: 'held' }],
    ['a greater age', { olderThanMs: 60_000 }],
    ['a lesser age', { newerThanMs: 60_000 }],
    ['other keys', { keys: ['Product/p1/2'] }],
    ['no key', { keys: [] }],
    ['the same reason and another type', { reason: 'invalid', type: 'Label' }],
  ])('a filter by %s does not select a parked event', (_, filter) => {
    expect(isSelected(event(), filter, NOW)).toBe(false);
  });
});

describe('a parked event', () => {
  test('a parked event is outdated only by a newer version in the cache', () => {
    expect(isOutdated(event(), 4)).toBe(true);
    expect(isOutdated(event(), 3)).toBe(false);
    expect(isOutdated(event(), undefined)).toBe(false);
    expect(isOutdated(event({ version: undefined }), 4)).toBe(false);
  });

  test('parked events are sorted by age, and the events of one group by sequence number', () => {
    const first = event({ parkedAtMs: NOW }, 'Product/p1', 1);
    const second = event({ parkedAtMs: NOW - 1 }, 'Product/p1', 2);
    const older = event({ parkedAtMs: NOW - 9 }, 'Product/p2', 9);
    expect([second, first].sort(byAge)).toEqual([first, second]);
    expect([first, older].sort(byAge)).toEqual([older, first]);
  });
});

describe('requests to redrive', () => {
  test('the keys of a redrive are split into requests of the largest size, each group in order', () => {
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
