import { expect, test } from 'vitest';
import { shareUnchanged } from '../../../../cli/console/page/pure/share.ts';

const flow = () => ({
  caches: [
    { name: 'a', backlog: 1 },
    { name: 'b', backlog: 2 },
  ],
  alarms: [] as string[],
});

test('a value that equals the old one is the old one', () => {
  const before = flow();
  expect(shareUnchanged(before, flow())).toBe(before);
});

test('only the parts that changed are new', () => {
  const before = flow();
  const after = flow();
  after.caches[1] = { name: 'b', backlog: 3 };
  const shared = shareUnchanged(before, after);
  expect(shared).toEqual(after);
  expect(shared).not.toBe(before);
  expect(shared.caches[0]).toBe(before.caches[0]);
  expect(shared.caches[1]).not.toBe(before.caches[1]);
  expect(shared.alarms).toBe(before.alarms);
});

test('a part that is missing now, or that is undefined now, is a change', () => {
  expect(shareUnchanged({ a: 1, b: 2 }, { a: 1 })).toEqual({ a: 1 });
  expect(shareUnchanged({ a: undefined }, { b: undefined })).toEqual({ b: undefined });
  expect(shareUnchanged([1, 2], [1])).toEqual([1]);
  expect(shareUnchanged([1], { 0: 1 })).toEqual({ 0: 1 });
});

test('a key __proto__ stays a key', () => {
  const shared = shareUnchanged(JSON.parse('{"__proto__":{"a":1}}'), JSON.parse('{"__proto__":{"a":2}}') as object);
  expect(Object.entries(shared)).toEqual([['__proto__', { a: 2 }]]);
});
