import { expect, test } from 'vitest';
import { apiPath, entityOfGroup, parseRoute, routeTo } from '../../../../cli/console/page/pure/route.ts';

test('a route is read back from its address, whatever is in an id', () => {
  for (const id of ['FR', 'a/b?c&d=e#f', '100 %', '\u202e<script>', '__proto__', '🇫🇷']) {
    const { view, params } = parseRoute(routeTo('entities', { type: 'Country', id }));
    expect(view).toBe('entities');
    expect([...params]).toEqual([
      ['type', 'Country'],
      ['id', id],
    ]);
  }
});

test('an address without a view, or with an unknown one, shows the flow', () => {
  for (const hash of ['', '#', '#/', '#/nothing?x=1', '#main']) expect(parseRoute(hash).view).toBe('flow');
});

test('parameters that are not given are left out', () => {
  expect(routeTo('parked', { at: undefined, by: '' })).toBe('#/parked');
  expect(apiPath('/api/entities', { type: 'Country', prefix: null, cursor: 'a b' })).toBe(
    '/api/entities?type=Country&cursor=a+b',
  );
});

test('the entity of a message group is known unless its id is hashed', () => {
  expect(entityOfGroup('Country/FR')).toEqual({ type: 'Country', id: 'FR' });
  expect(entityOfGroup('Country/a/b')).toEqual({ type: 'Country', id: 'a/b' });
  expect(entityOfGroup('Country#1f3a')).toBeUndefined();
});
