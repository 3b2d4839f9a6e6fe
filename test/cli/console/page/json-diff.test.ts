import { expect, test } from 'vitest';
import { parseExact } from '../../../../cli/console/page/pure/exact-json.ts';
import { differences, differencesOfCopy } from '../../../../cli/console/page/pure/json-diff.ts';

const diff = (before: string, after: string) => differences(parseExact(before), parseExact(after));

test('differences are found field by field, whatever the order of the keys', () => {
  expect(diff('{"a":1,"n":{"x":"p","y":2}}', '{"n":{"y":2,"x":"q"},"b":[]}')).toEqual([
    { path: 'a', kind: 'removed', before: '1', after: undefined },
    { path: 'n.x', kind: 'changed', before: '"p"', after: '"q"' },
    { path: 'b', kind: 'added', before: undefined, after: '[]' },
  ]);
});

test('two numbers that JavaScript rounds to the same one differ', () => {
  expect(diff('{"n":9007199254740993}', '{"n":9007199254740992}')).toHaveLength(1);
});

test('an item that is put into the middle of a list is one difference', () => {
  expect(diff('["AND","DEU"]', '["AND","BEL","DEU"]')).toEqual([
    { path: '[1]', kind: 'added', before: undefined, after: '"BEL"' },
  ]);
  expect(diff('["a","a"]', '["a"]')).toHaveLength(1);
});

test('a key __proto__ is compared as any other', () => {
  expect(diff('{"__proto__":1}', '{"__proto__":2}')).toEqual([
    { path: '__proto__', kind: 'changed', before: '1', after: '2' },
  ]);
  expect(diff('{}', '{"__proto__":{"a":1}}')).toHaveLength(1);
});

test('fields that a cache does not keep are no differences of its copy', () => {
  const owner = parseExact('{"name":{"common":"France"},"region":"Europe"}');
  const copy = parseExact('{"name":{"common":"Frankreich"}}');
  expect(differencesOfCopy(owner, copy, ['name']).map(({ path }) => path)).toEqual(['name.common']);
  expect(differencesOfCopy(owner, copy, null).map(({ path }) => path)).toEqual(['name.common', 'region']);
});

test('a kept field that is missing in the copy is a difference', () => {
  expect(differencesOfCopy(parseExact('{"name":"x"}'), parseExact('{}'), ['name'])).toEqual([
    { path: 'name', kind: 'removed', before: '"x"', after: undefined },
  ]);
});

test('equal values have no differences', () => {
  expect(diff('{"a":[1,{"b":null}]}', '{ "a": [ 1, { "b": null } ] }')).toEqual([]);
});
