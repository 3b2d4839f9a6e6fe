import { describe, expect, test } from 'vitest';
import { errorPathOf } from '../../../../cli/console/api/error-path.ts';

const pathOf = (explanation: string, message: unknown, reason: 'invalid' | 'malformed' = 'invalid') =>
  errorPathOf({ reason, explanation }, JSON.stringify(message));

describe('the path of what is wrong in a parked message', () => {
  test.each([
    ['data.region: expected string', { data: { region: 1 } }, ['data', 'region']],
    ['data.name.common: too short', { data: { name: { common: '' } } }, ['data', 'name', 'common']],
    ['data.cities[2].name: invalid', { data: { cities: [{}, {}, { name: 1 }] } }, ['data', 'cities', 2, 'name']],
    ['data.grid[0][1]: invalid', { data: { grid: [[1, 'x']] } }, ['data', 'grid', 0, 1]],
    ['data: not a state', { data: 1 }, ['data']],
    ["digest: isn't that of data", { digest: 'x' }, ['digest']],
  ])('of %s is looked up in the message', (explanation, message, path) => {
    expect(pathOf(explanation, message)).toEqual(path);
  });

  test('finds fields with dots, brackets and colons in their names', () => {
    expect(pathOf('data.a.b: wrong', { data: { 'a.b': 1 } })).toEqual(['data', 'a.b']);
    expect(pathOf('data.a.b: wrong', { data: { a: { b: 1 } } })).toEqual(['data', 'a', 'b']);
    expect(pathOf('data.x: y: wrong', { data: { 'x: y': 1 } })).toEqual(['data', 'x: y']);
    expect(pathOf('data.list[0]: wrong', { data: { 'list[0]': 1 } })).toEqual(['data', 'list[0]']);
  });

  test('names a field that is missing', () => {
    expect(pathOf('data.region: required', { data: {} })).toEqual(['data', 'region']);
    expect(pathOf('entityversion: required', {}, 'malformed')).toEqual(['entityversion']);
    expect(pathOf('envelope: expected object', {}, 'malformed')).toEqual([]);
  });

  test('of a delta leads to the changed field', () => {
    const delta = { kind: 'delta', data: { changed: { region: 1 }, removed: [] } };
    expect(pathOf('data.region: wrong', delta)).toEqual(['data', 'changed', 'region']);
  });

  test('follows own fields only', () => {
    const message = JSON.parse('{"data": {"__proto__": {"x": 1}}}');
    expect(pathOf('data.__proto__.x: wrong', message)).toEqual(['data', '__proto__', 'x']);
    expect(pathOf('data.constructor.name: wrong', { data: {} })).toBeNull();
  });

  test('is the attribute that a reason is about, and null if nothing says it', () => {
    expect(errorPathOf({ reason: 'newer-schema', explanation: 'schema version 3' }, '{}')).toEqual(['schemaversion']);
    expect(errorPathOf({ reason: 'wrong-owner', explanation: 'published by x' }, '{}')).toEqual(['source']);
    expect(errorPathOf({ reason: 'conflict', explanation: 'version 1 is stored' }, '{}')).toBeNull();
    expect(errorPathOf({ reason: 'malformed', explanation: 'not JSON: Unexpected token' }, 'x')).toBeNull();
    expect(pathOf('the upcast failed: TypeError', { data: {} })).toBeNull();
  });

  test('ends in a message that is nested deeper than the stack', () => {
    const deep = `${'{"a":'.repeat(5_000)}1${'}'.repeat(5_000)}`;
    const explanation = `${'a.'.repeat(4_999)}a: wrong`;
    expect(errorPathOf({ reason: 'invalid', explanation }, deep)).toBeNull();
  });
});
