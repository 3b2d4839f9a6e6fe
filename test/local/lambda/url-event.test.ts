import { describe, expect, test } from 'vitest';
import { type UrlRequest, urlEvent } from '../../../local/lambda/url-event.ts';

const place = { id: 'abc', domainName: '127.0.0.1:1', port: '1' };
const get: UrlRequest = {
  id: 'r',
  receivedAtMs: Date.UTC(2020, 2, 2, 9, 3, 58),
  method: 'GET',
  target: '/',
  protocol: 'HTTP/1.1',
  sourceIp: '127.0.0.1',
  headers: {},
  body: Buffer.alloc(0),
};
const eventOf = (request: Partial<UrlRequest>) => urlEvent({ ...get, ...request }, place);

describe('the event of a function URL', () => {
  test.each<[string, string | undefined, string | number[], boolean]>([
    ['of text', 'text/csv', 'grüße', false],
    ['of text with a character set', 'TEXT/PLAIN ; charset=utf-8', 'a', false],
    ['of JSON', 'application/json;charset=utf-8', '{}', false],
    ['of XML', 'application/xml', '<a/>', false],
    ['of JSON with a vendor type', 'application/vnd.api+json', '{}', true],
    ['of a form', 'application/x-www-form-urlencoded', 'a=1', true],
    ['of invalid UTF-8 declared as text', 'text/plain', [0xff, 0xfe], true],
    ['without a type', undefined, 'a', true],
  ])('the event of a function URL has the body %s (text, or base64 if binary)', (_, type, content, isBase64Encoded) => {
    const body = typeof content === 'string' ? Buffer.from(content) : Buffer.from(content);
    const headers = type === undefined ? {} : { 'content-type': [type] };
    const expected = body.toString(isBase64Encoded ? 'base64' : 'utf8');
    expect(eventOf({ method: 'POST', body, headers })).toMatchObject({ body: expected, isBase64Encoded });
  });

  test.each([
    ['/', { rawPath: '/', rawQueryString: '' }],
    ['/?', { rawPath: '/', rawQueryString: '' }],
    ['/a?b?c', { rawPath: '/a', rawQueryString: 'b?c', queryStringParameters: { 'b?c': '' } }],
    [
      '//a%2Fb?x=%E4&x=1',
      { rawPath: '//a%2Fb', rawQueryString: 'x=%E4&x=1', queryStringParameters: { x: '\ufffd,1' } },
    ],
    ['/?__proto__=1', { rawPath: '/', queryStringParameters: JSON.parse('{"__proto__":"1"}') }],
  ])('the event of a function URL keeps the path and query %s as they were sent', (target, expected) => {
    expect(eventOf({ target })).toMatchObject(expected);
  });

  test("the event of a function URL has the time in Apache's format and every cookie of every header", () => {
    const headers = { cookie: ['a=1; b=2', 'c=3'], 'x-a': ['1', '2'], connection: ['close'] };
    expect(eventOf({ headers })).toMatchObject({
      cookies: ['a=1', 'b=2', 'c=3'],
      headers: { 'x-a': '1,2' },
      requestContext: { time: '02/Mar/2020:09:03:58 +0000', timeEpoch: 1583139838000 },
    });
    expect(eventOf({ headers })).not.toHaveProperty('headers.connection');
  });
});
