import type { LambdaFunctionURLEvent } from 'aws-lambda';
import { expect, test } from 'vitest';
import * as z from 'zod/mini';
import { FreshetError } from '../../../core/errors.ts';
import { BackpressureError } from '../../../core/govern/admit.ts';
import type { FlowDecision } from '../../../core/govern/decide.ts';
import { assertExpectedVersion } from '../../../core/own/own.ts';
import { checkedLimit, checkFreshness } from '../../../core/read/read.ts';
import { Answer, freshness, numbersIn, parsed, serve } from '../../../examples/shop/service/http.ts';

/** Creates the parts of a function URL's event that `serve` reads. */
function request(method: string, path: string, body?: string, query?: Record<string, string>) {
  const event = { requestContext: { http: { method } }, rawPath: path, body, queryStringParameters: query };
  return event as unknown as LambdaFunctionURLEvent;
}

const decision: FlowDecision = {
  state: 'refusing',
  retryAfterSeconds: 41.2,
  levels: {},
  missing: [],
  decidedAtMs: 0,
  validUntilMs: 1,
  cause: { cache: 'ordering', backlog: 5_000, drainSeconds: 40 },
};

const handler = serve({
  'GET /things/:id/parts/:part': async ({ path, query }) => ({ ...path, ...query }),
  'POST /things': async ({ body }) => new Answer(201, parsed(z.object({ card: z.number() }), body)),
  'PUT /slowed': async () => {
    throw new BackpressureError({ type: 'Product', id: 'p' }, decision, decision.retryAfterSeconds, 0);
  },
  'GET /stale': async () => {
    throw new FreshetError('stale', { code: 'TooStale', stalenessMs: 9 });
  },
  'GET /bug': async () => {
    throw new TypeError('bug');
  },
});

test('a route receives the parameters of its path and its query', async () => {
  const answer = await handler(request('GET', '/things/a%20b/parts/7', undefined, { limit: '3' }));
  expect(answer).toMatchObject({ statusCode: 200, body: JSON.stringify({ id: 'a b', part: '7', limit: '3' }) });
});

test('a write that is refused because a cache lags is answered with 429 and the time to retry', async () => {
  const answer = await handler(request('PUT', '/slowed'));
  expect(answer).toMatchObject({ statusCode: 429, headers: { 'retry-after': '42' } });
  expect(JSON.parse((answer as { body: string }).body)).toMatchObject({ code: 'Backpressure' });
});

test.each([
  ['a read that is too stale', request('GET', '/stale'), 412, /"TooStale".*"stalenessMs":9/],
  ['a path without a route', request('GET', '/none'), 404, /Routes: GET/],
  ['a path that is not a valid URL', request('GET', '/things/%ff/parts/1'), 400, /Unreadable/],
  ['a path without an id', request('GET', '/things//parts/1'), 400, /InvalidEntityId/],
  ['a path with an id too long for a table', request('GET', `/things/${'x'.repeat(1_025)}/parts/1`), 400, /too long/],
  ['a path with an id that no message can carry', request('GET', '/things/%EF%BF%BE/parts/1'), 400, /U\+FFFE/],
  ["a body that isn't JSON", request('POST', '/things', '{'), 400, /Unreadable/],
])('%s is refused', async (_, event, statusCode, body) => {
  expect(await handler(event)).toMatchObject({ statusCode, body: expect.stringMatching(body) });
});

test('a body that its schema refuses is not quoted in the answer', async () => {
  const answer = await handler(request('POST', '/things', JSON.stringify({ card: '4242' })));
  expect(answer).toMatchObject({ statusCode: 400, body: expect.stringMatching(/card/) });
  expect(JSON.stringify(answer)).not.toContain('4242');
});

test('a bug is thrown and not answered', async () => {
  await expect(handler(request('GET', '/bug'))).rejects.toThrow(TypeError);
});

test('freshness leaves out what a query does not require', () => {
  expect(freshness({ path: {}, query: {}, body: undefined })).toEqual({});
  expect(freshness({ path: {}, query: { maxStalenessMs: '5', atLeastVersion: '2' }, body: undefined })).toEqual({
    maxStalenessMs: 5,
    atLeastVersion: 2,
  });
});

test.each([
  ['', Number.NaN],
  [' ', Number.NaN],
  ['five', Number.NaN],
  ['0', 0],
  ['20', 20],
])('the query value %j is read as the number %d', (text, limit) => {
  expect(numbersIn({ limit: text, cursor: 'x' }, 'limit')).toEqual({ limit });
});

test.each([
  ['limit', 'InvalidLimit'],
  ['maxStalenessMs', 'InvalidMaxStaleness'],
  ['atLeastVersion', 'InvalidVersion'],
  ['expectedVersion', 'InvalidExpectedVersion'],
])('an empty %s is refused and not read as 0', async (name, code) => {
  const page = serve({
    'GET /page': async (asked) => {
      const { limit, expectedVersion } = numbersIn(asked.query, 'limit', 'expectedVersion');
      checkedLimit(limit);
      checkFreshness(freshness(asked));
      assertExpectedVersion(expectedVersion);
    },
  });
  const answer = await page(request('GET', '/page', undefined, { [name]: '' }));
  expect(answer).toMatchObject({ statusCode: 400, body: expect.stringContaining(code) });
});
