import { expect, test } from 'vitest';
import type { ParkedRow } from '../../../../cli/console/api/documents.ts';
import {
  actionRequests,
  groupParked,
  heldEntities,
  listState,
  outcomesOf,
  rowId,
} from '../../../../cli/console/page/pure/group-parked.ts';

function row(part: Partial<ParkedRow>): ParkedRow {
  return {
    role: 'cache',
    name: 'ordering',
    key: 'Country/FR/1',
    status: 'parked',
    reason: 'invalid',
    explanation: '',
    type: 'Country',
    id: 'FR',
    version: 1,
    sentAt: '',
    parkedAt: '',
    ...part,
  };
}

test('events are grouped by what is asked for, the largest group first', () => {
  const rows = [row({}), row({ reason: 'conflict', id: 'DE' }), row({ reason: 'conflict', type: null, id: null })];
  const labels = (by: Parameters<typeof groupParked>[1]) =>
    groupParked(rows, by).map((group) => [group.label, group.rows.length]);
  expect(labels('reason')).toEqual([
    ['conflict', 2],
    ['invalid', 1],
  ]);
  expect(labels('type')).toEqual([
    ['Country', 2],
    ['type not readable', 1],
  ]);
  expect(labels('entity')).toHaveLength(3);
  expect(labels('place')).toEqual([['cache ordering', 3]]);
});

test('entities whose type and id make the same text are different groups', () => {
  expect(groupParked([row({ type: 'A', id: 'B C' }), row({ type: 'A B', id: 'C' })], 'entity')).toHaveLength(2);
});

test('a group named __proto__ is a group as any other', () => {
  expect(groupParked([row({ reason: '__proto__' })], 'reason')[0]?.rows).toHaveLength(1);
});

test('an action gets the keys of one place, and no more than it takes', () => {
  const rows = Array.from({ length: 2_001 }, (_, index) => row({ key: `k${index}` }));
  const requests = actionRequests([...rows, row({ name: 'support', key: 'k1' }), row({ key: 'k1' })]);
  expect(requests.map(({ name, keys }) => [name, keys.length])).toEqual([
    ['ordering', 1_000],
    ['ordering', 1_000],
    ['ordering', 1],
    ['support', 1],
  ]);
});

test('each stopped entity is released once, and only in caches', () => {
  const held = row({ status: 'held' });
  expect(heldEntities([held, held, row({}), row({ status: 'held', role: 'owner' })])).toEqual([
    { cache: 'ordering', type: 'Country', id: 'FR' },
  ]);
});

test('the same key at an owner and at a cache of one name are two events', () => {
  expect(rowId(row({ role: 'owner' }))).not.toBe(rowId(row({})));
});

test('outcomes are read from what redrive prints, and nothing from any other result', () => {
  const result = { events: [{ key: 'k', outcome: 'parked', stays: true, detail: 'why' }, { key: 1 }, null] };
  expect(outcomesOf(result)).toEqual([{ key: 'k', outcome: 'parked', stays: true, detail: 'why' }]);
  for (const other of [null, 'text', {}, { events: 'x' }]) expect(outcomesOf(other)).toEqual([]);
});

test('a list of parked events always says what it shows, and offers the next page until it is complete', () => {
  const list = { loaded: 0, shown: 0, isLoading: false, isComplete: false, hasFailed: false };
  expect(listState({ ...list, isLoading: true })).toEqual({ says: 'reading', hasMore: false });
  expect(listState({ ...list, hasFailed: true })).toEqual({ says: 'failed', hasMore: false });
  expect(listState({ ...list, isComplete: true })).toEqual({ says: 'none', hasMore: false });
  expect(listState(list)).toEqual({ says: 'none yet', hasMore: true });
  expect(listState({ ...list, loaded: 7 })).toEqual({ says: 'no match', hasMore: true });
  expect(listState({ ...list, loaded: 7, isComplete: true })).toEqual({ says: 'no match', hasMore: false });
  expect(listState({ ...list, loaded: 7, shown: 7 })).toEqual({ says: 'events', hasMore: true });
  expect(listState({ ...list, loaded: 7, shown: 7, hasFailed: true })).toEqual({ says: 'failed', hasMore: true });
  expect(listState({ ...list, loaded: 7, shown: 7, isLoading: true })).toEqual({ says: 'events', hasMore: true });
});
