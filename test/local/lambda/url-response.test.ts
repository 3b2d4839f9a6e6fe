import { describe, expect, test } from 'vitest';
import { urlResponse } from '../../../local/lambda/url-response.ts';

const answerTo = (payload: unknown) => urlResponse({ ok: true, payload });

describe('the answer of a function URL', () => {
  test.each<[string, unknown]>([
    ['a text', 'Hello'],
    ['an object', { a: [1] }],
    ['a list', [{ statusCode: 201 }]],
    ['a number', 1],
    ['null', null],
  ])('is the body of a success, in JSON, where it is %s without a status code', (_, payload) => {
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
  ])('is what %j says', (payload, expected) => {
    expect(answerTo(payload)).toMatchObject(expected);
  });

  test.each<[string, unknown, string]>([
    ['no status code', { statusCode: 'ok' }, 'statusCode'],
    ['a status code below 200', { statusCode: 101 }, 'statusCode'],
    ['a broken status code', { statusCode: 200.5 }, 'statusCode'],
    ['a body that is no text', { statusCode: 200, body: { a: 1 } }, 'body'],
    ['cookies that are no list', { statusCode: 200, cookies: 'a=1' }, 'cookies'],
    ['a header that is none', { statusCode: 200, headers: { 'a b': '1' } }, 'a b'],
    ['a header over two lines', { statusCode: 200, cookies: ['a\r\nb: c'] }, 'set-cookie'],
    ['more than 6 MB', 'x'.repeat(6 * 1_048_576), 'exceeded maximum allowed'],
  ])('is a 502 where it has %s, and says why to the log only', (_, payload, problem) => {
    const { status, body, problem: told } = answerTo(payload);
    expect([status, body.toString()]).toEqual([502, 'Internal Server Error']);
    expect(told).toContain(problem);
  });

  test('is a 502 where the function fails, and a 429 where it may not run', () => {
    expect(urlResponse({ ok: false, error: 'TimedOut', message: 'late' })).toMatchObject({ status: 502 });
    const throttled = urlResponse({ ok: false, error: 'Throttled', message: '' });
    expect(throttled).toMatchObject({ status: 429, headers: { 'x-amzn-errortype': 'TooManyRequestsException' } });
    expect(throttled).not.toHaveProperty('problem');
  });
});
