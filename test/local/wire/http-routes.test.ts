import { describe, expect, test } from 'vitest';
import { takenRoute } from '../../../local/wire/http-routes.ts';

const taken = (keys: readonly string[], method: string, path: string) =>
  takenRoute(
    keys.map((routeKey) => ({ routeKey, timeoutMs: 30_000, functionName: routeKey })),
    method,
    path,
  );

/** The routes of AWS's example (apigw/http-api-develop-routes), in the worst order. */
const PETS = [
  '$default',
  'ANY /{proxy+}',
  'GET /pets/{proxy+}',
  'ANY /pets/dog/1',
  'GET /pets/dog/{id}',
  'GET /pets/dog/1',
];

describe('the route of a request to an HTTP API', () => {
  test.each([
    ['GET', '/pets/dog/1', 'GET /pets/dog/1', {}],
    ['GET', '/pets/dog/2', 'GET /pets/dog/{id}', { id: '2' }],
    ['GET', '/pets/cat/1', 'GET /pets/{proxy+}', { proxy: 'cat/1' }],
    ['POST', '/pets/dog/1', 'ANY /pets/dog/1', {}],
    ['POST', '/pets/cat', 'ANY /{proxy+}', { proxy: 'pets/cat' }],
    ['GET', '/', '$default', {}],
  ])('%s %s takes the most specific route, %s', (method, path, routeKey, pathParameters) => {
    expect(taken(PETS, method, path)).toMatchObject({ routeKey, pathParameters });
  });

  test.each([
    ['GET', '/pets', ['GET /pets/{proxy+}'], 'a greedy variable stands for at least one part'],
    ['GET', '/pets/1/2', ['GET /pets/{id}'], 'a variable stands for one part'],
    ['GET', '/pets/', ['GET /pets/{id}'], 'a variable is not empty'],
    ['PUT', '/pets', ['GET /pets'], 'another method'],
    ['GET', '/Pets', ['GET /pets'], 'paths are case-sensitive'],
  ])('%s %s takes no route of %j: %s', (method, path, keys) => {
    expect(taken(keys, method, path)).toBeUndefined();
  });

  test('values of variables are decoded, and a value that cannot be decoded stays as it is', () => {
    expect(taken(['GET /a/{x}/{y}'], 'GET', '/a/S%C3%A3o%20Tom%C3%A9/%E0%A4%A')?.pathParameters).toEqual({
      x: 'São Tomé',
      y: '%E0%A4%A',
    });
  });
});
