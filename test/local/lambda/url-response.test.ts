import { describe, expect, test } from 'vitest';
import { urlResponse } from '../../../local/lambda/url-response.ts';

const answerTo = (payload: unknown) => urlResponse({ ok: true, payload });

describe('the answer of a function URL', () => {
  test.each<[string, unknown]>([
    ['a text payload', 'Hello'],
    ['an object payload without a status code', { a: [1] }],
    ['a list payload', [{ statusCode: 201 }]],
    ['a number payload', 1],
    ['a null payload', null],
  ])('a function URL answers %s with status 200 and the payload as its JSON body', (_, payload) => {
    const headers = { 'content-type': 'application/json' };
    expect(answerTo(payload)).toEqual({ status: 200, headers, body: Buffer.from(JSON.stringify(payload)) });
  });

  test.each<[object, object]>([
    [{ statusCode: 201 }, { status: 201, headers: { 'content-type': 'application/json' }, body: Buffer.from('') }],
    [
      { statusCode: '404', body: 'x' },
      { status: 404, body: Buffer.from('x') },
    ],
    [{ statusCode: 200, headers: null, cookies: null, body: null, isBase64Encoded: null }, { status: 200 }],
    [{ statusCode: 200, body: 'AP8=', isBase64Encoded: true }, { body: Buffer.from([0, 255]) }],
    [
      { statusCode: 200, headers: { 'Content-Type': 'a/b', X: true } },
      { headers: { 'content-type': 'a/b', x: 'true' } },
    ],
    [
      { statusCode: 200, headers: { 'Set-Cookie': 'a=1' }, cookies: ['b=2'] },
      { headers: { 'set-cookie': ['a=1', 'b=2'] } },
    ],
    [{ statusCode: 200, headers: { Connection: 'close' } }, { headers: { 'x-amzn-remapped-connection': 'close' } }],
  ])('a function URL answers as the payload %j says', (payload, expected) => {
    expect(answerTo(payload)).toMatchObject(expected);
  });

  test.each<[string, unknown, string]>([
    ['no status code', { statusCode: 'ok' }, 'statusCode'],
    ['a status code below 200', { statusCode: 101 }, 'statusCode'],
    ['a broken status code', { statusCode: 200.5 }, 'statusCode'],
    ['a body that is not a text', { statusCode: 200, body: { a: 1 } }, 'body'],
    ['cookies that are not a list', { statusCode: 200, cookies: 'a=1' }, 'cookies'],
    ['an invalid header name', { statusCode: 200, headers: { 'a b': '1' } }, 'a b'],
    ['a line break in a header', { statusCode: 200, cookies: ['a\r\nb: c'] }, 'set-cookie'],
    ['more than 6 MB', 'x'.repeat(6 * 1_048_576), 'exceeded maximum allowed'],
  ])('a function URL answers a payload with %s with 502 and gives the reason to the log only', (_, payload, problem) => {
    const { status, body, problem: told } = answerTo(payload);
    expect([status, body.toString()]).toEqual([502, 'Internal Server Error']);
    expect(told).toContain(problem);
  });

  test('a function URL answers 502 if the function fails and 429 if it is throttled', () => {
    expect(urlResponse({ ok: false, error: 'TimedOut', message: 'late' })).toMatchObject({ status: 502 });
    const throttled = urlResponse({ ok: false, error: 'Throttled', message: '' });
    expect(throttled).toMatchObject({ status: 429, headers: { 'x-amzn-errortype': 'TooManyRequestsException' } });
    expect(throttled).not.toHaveProperty('problem');
  });
});
