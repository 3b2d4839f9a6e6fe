import { once } from 'node:events';
import { request } from 'node:http';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { type LocalCloud, startLocalCloud } from '../../../local/cloud.ts';
import { removeFolders } from '../provision/assembly-fixture.ts';
import { assembleUrls } from './url-app.ts';

let cloud: LocalCloud;
let lines: string[];

beforeAll(async () => {
  lines = [];
  cloud = await startLocalCloud({ assembly: assembleUrls(), onLog: (_, line) => lines.push(line) });
});
afterAll(async () => {
  await cloud.stop();
  removeFolders();
});

type Output = 'Asked' | 'Open' | 'Closed' | 'Arn';

function output(name: Output): string {
  const value = cloud.outputs.S?.[name];
  if (value === undefined) throw new Error(`there is no output ${name}`);
  return value;
}

const at = (name: Output, path = '') => new URL(path, output(name)).href;

/** The header of a request that is signed by a function or by the developer. */
function signed(functionName?: string, service = 'lambda'): { headers: { authorization: string } } {
  const key = functionName === undefined ? 'local' : cloud.access.credentialsOf(functionName)?.accessKeyId;
  const scope = `${key}/20261201/us-east-1/${service}/aws4_request`;
  return { headers: { authorization: `AWS4-HMAC-SHA256 Credential=${scope}, SignedHeaders=host, Signature=0` } };
}

const json = { 'content-type': 'application/json' };
const answering = (answer: unknown, init: RequestInit = {}) =>
  fetch(at('Open', 'answer'), { method: 'POST', headers: json, body: JSON.stringify(answer), ...init });

/** Sends raw bytes and returns the answer when the server closes the connection. */
async function raw(message: string): Promise<string> {
  const socket = connect(Number(new URL(output('Open')).port), '127.0.0.1');
  socket.write(message);
  return text(socket);
}

describe('the event of a function URL', () => {
  test('the event of a function URL has payload format 2.0', async () => {
    const url = at('Open', 'a%20b/c?x=1&y=%C3%BC+z&x=2');
    const { host: domainName, port } = new URL(url);
    const answer = await fetch(url, {
      method: 'PUT',
      body: 'grüße',
      headers: [
        ['Content-Type', 'text/plain; charset=utf-8'],
        ['X-One', 'a'],
        ['x-one', 'b'],
        ['Cookie', 'k=1; l=2'],
        ['User-Agent', 'test'],
      ],
    });
    const event = await answer.json();
    const id = expect.stringMatching(/^[0-9a-f]{32}$/);
    expect(event).toEqual({
      version: '2.0',
      routeKey: '$default',
      rawPath: '/a%20b/c',
      rawQueryString: 'x=1&y=%C3%BC+z&x=2',
      cookies: ['k=1', 'l=2'],
      headers: expect.objectContaining({
        host: domainName,
        'x-one': 'a, b',
        'content-type': 'text/plain; charset=utf-8',
        'x-forwarded-for': '127.0.0.1',
        'x-forwarded-proto': 'http',
        'x-forwarded-port': port,
      }),
      queryStringParameters: { x: '1,2', y: 'ü z' },
      requestContext: {
        accountId: 'anonymous',
        apiId: id,
        domainName,
        domainPrefix: id,
        http: { method: 'PUT', path: '/a%20b/c', protocol: 'HTTP/1.1', sourceIp: '127.0.0.1', userAgent: 'test' },
        requestId: answer.headers.get('x-amzn-requestid'),
        routeKey: '$default',
        stage: '$default',
        time: expect.stringMatching(/^\d\d\/[A-Z][a-z]{2}\/\d{4}:\d\d:\d\d:\d\d \+0000$/),
        timeEpoch: expect.any(Number),
      },
      body: 'grüße',
      isBase64Encoded: false,
    });
    for (const name of ['cookie', 'connection']) expect(event).not.toHaveProperty(['headers', name]);
  });

  test('the event of a function URL leaves out what the request does not have', async () => {
    const event = await (await fetch(output('Open'))).json();
    expect(event).toMatchObject({ rawPath: '/', rawQueryString: '', isBase64Encoded: false });
    for (const name of ['body', 'cookies', 'queryStringParameters']) expect(event).not.toHaveProperty(name);
  });

  test('the event of a function URL has a body that is not text in base64', async () => {
    const body = Buffer.from([0, 255, 128]);
    const headers = { 'content-type': 'application/octet-stream' };
    const answer = await fetch(output('Open'), { method: 'POST', body, headers });
    expect(await answer.json()).toMatchObject({ body: body.toString('base64'), isBase64Encoded: true });
  });

  test('the event of a function URL names the signer of the request', async () => {
    const eventOf = async (functionName?: string) => (await fetch(output('Asked'), signed(functionName))).json();
    const { accountId } = cloud;
    const developer = { accessKey: 'local', userArn: `arn:aws:iam::${accountId}:root` };
    expect(await eventOf()).toMatchObject({ requestContext: { accountId, authorizer: { iam: developer } } });
    const friend = { userArn: expect.stringMatching(/^arn:aws:sts::000000000000:assumed-role\/.*\/friend$/) };
    expect(await eventOf('friend')).toMatchObject({ requestContext: { accountId, authorizer: { iam: friend } } });
  });
});

describe('the answer of a function URL', () => {
  test('a function URL answers 200 with the payload as body if the payload has no status code', async () => {
    const answer = await answering({ a: [1] });
    expect([answer.status, answer.headers.get('content-type')]).toEqual([200, 'application/json']);
    expect(await answer.json()).toEqual({ a: [1] });
  });

  test('a function URL answers with the status, headers, cookies and body of the payload', async () => {
    const headers = { 'X-Own': 1, 'Content-Type': 'text/html', 'Set-Cookie': 'a=1', 'Content-Length': 99 };
    const answer = await answering({ statusCode: 201, headers, cookies: ['b=2; HttpOnly', 'c=3'], body: '<p>' });
    expect(answer.status).toBe(201);
    expect(answer.headers.getSetCookie()).toEqual(['a=1', 'b=2; HttpOnly', 'c=3']);
    expect(Object.fromEntries(answer.headers)).toMatchObject({
      'x-own': '1',
      'content-type': 'text/html',
      'content-length': '3',
      'x-amzn-remapped-content-length': '99',
    });
    expect(await answer.text()).toBe('<p>');
  });

  test('a function URL can answer with a binary or an empty body', async () => {
    const bytes = Buffer.from([0, 255, 128]);
    const answer = await answering({ statusCode: '200', body: bytes.toString('base64'), isBase64Encoded: true });
    expect(Buffer.from(await answer.arrayBuffer())).toEqual(bytes);
    const empty = await answering({ statusCode: 204 });
    expect([empty.status, await empty.text()]).toEqual([204, '']);
  });

  test('a function URL answers HEAD without a body and passes OPTIONS to the function', async () => {
    const head = await fetch(output('Open'), { method: 'HEAD' });
    expect([head.status, await head.text()]).toEqual([200, '']);
    expect(Number(head.headers.get('content-length'))).toBeGreaterThan(100);
    const options = await fetch(output('Open'), { method: 'OPTIONS', headers: { origin: 'http://localhost:1' } });
    expect(await options.json()).toMatchObject({ requestContext: { http: { method: 'OPTIONS' } } });
  });
});

describe('failures of a function URL', () => {
  test.each<[string, () => Promise<Response>, string]>([
    ['an error of the function', () => fetch(at('Open', 'throw')), 'TypeError: broken'],
    ['an answer over 6 MB', () => fetch(at('Open', 'large')), 'exceeded maximum allowed'],
    ['an invalid status code', () => answering({ statusCode: 99 }), 'statusCode'],
  ])('a function URL answers 502 and logs the reason for %s', async (_, send, reason) => {
    lines.length = 0;
    const answer = await send();
    expect([answer.status, await answer.text()]).toEqual([502, 'Internal Server Error']);
    expect(lines.at(-1)).toMatch(/^\[function URL\] /);
    expect(lines.at(-1)).toContain(reason);
  });

  test('a function URL answers 429 if its function has no concurrency', async () => {
    cloud.functions.setReservedConcurrency('open', 0);
    const answer = await fetch(output('Open'));
    cloud.functions.setReservedConcurrency('open', undefined);
    expect(answer.status).toBe(429);
    expect(answer.headers.get('x-amzn-errortype')).toBe('TooManyRequestsException');
  });

  test.each([
    ['text', 'text/plain', 6 * 1_048_576 + 1],
    ['bytes, which are larger in base64', 'application/octet-stream', 5 * 1_048_576],
  ])('a function URL answers 413 to a request over 6 MB of %s', async (_, type, bytes) => {
    const headers = { 'content-type': type };
    const answer = await fetch(output('Open'), { method: 'POST', headers, body: Buffer.alloc(bytes, 'a') });
    expect(answer.status).toBe(413);
  });

  test('a function URL refuses invalid HTTP and requests to other hosts, and serves the next request', async () => {
    expect(await raw('GET / HTTP/1.1\r\nHost: example.com\r\nConnection: close\r\n\r\n')).toMatch(/^HTTP\/1.1 403 /);
    expect(await raw('GET / HTTP/1.1\r\nHost: [::\r\nConnection: close\r\n\r\n')).toMatch(/^HTTP\/1.1 403 /);
    expect(await raw('nonsense\r\n\r\n')).toMatch(/^HTTP\/1.1 400 /);
    expect(await raw(`GET / HTTP/1.1\r\nX: ${'x'.repeat(20_000)}\r\n\r\n`)).toMatch(/^HTTP\/1.1 431 /);
    const own = 'Host: 127.0.0.1\r\nConnection: close\r\n\r\n';
    expect(await raw(`GET http://127.0.0.1/a?b HTTP/1.1\r\n${own}`)).toContain('"rawPath":"/a","rawQueryString":"b"');
    expect(await raw(`OPTIONS * HTTP/1.1\r\n${own}`)).toContain('"rawPath":"/"');
    expect((await fetch(output('Open'))).status).toBe(200);
  });

  test('a function URL serves other clients after a client disconnects during or after its request', async () => {
    const { invocations } = stateOf('open');
    const started = request(output('Open'), { method: 'POST', headers: { 'content-length': 5 } });
    started.on('error', () => {});
    started.write('ab');
    await once(started, 'socket');
    started.destroy();
    const leaving = new AbortController();
    const gone = fetch(at('Open', 'answer'), { method: 'POST', headers: json, body: '1', signal: leaving.signal });
    await vi.waitUntil(() => stateOf('open').invocations > invocations, { interval: 1 });
    leaving.abort();
    await gone.catch(() => {});
    await cloud.idle();
    expect((await fetch(output('Open'))).status).toBe(200);
  });
});

function stateOf(name: string) {
  const found = cloud.functions.functions().find((one) => one.name === name);
  if (!found) throw new Error(`there is no function ${name}`);
  return found;
}

describe('a function URL of auth type AWS_IAM', () => {
  test('a function URL of auth type AWS_IAM serves the developer and permitted functions', async () => {
    expect((await fetch(output('Asked'), signed())).status).toBe(200);
    expect((await fetch(output('Asked'), signed('friend'))).status).toBe(200);
    expect(cloud.access.calls).toContainEqual({
      caller: expect.objectContaining({ functionName: 'friend' }),
      action: 'lambda:InvokeFunctionUrl',
      resource: output('Arn'),
      context: { 'lambda:FunctionUrlAuthType': 'AWS_IAM' },
    });
  });

  test.each<[string, RequestInit]>([
    ['is not signed', {}],
    ['carries a token of another kind', { headers: { authorization: 'Bearer Credential=a/b' } }],
  ])('a function URL of auth type AWS_IAM refuses a request that %s, and explains how to sign it', async (_, init) => {
    const { invocations } = stateOf('asked');
    const answer = await fetch(output('Asked'), init);
    expect(answer.status).toBe(403);
    expect(answer.headers.get('x-amzn-errortype')).toBe('AccessDeniedException');
    const how = expect.stringMatching(/^Forbidden\. .*\n.*curl --aws-sigv4 aws:amz:us-east-1:lambda/);
    expect(await answer.json()).toEqual({ Message: how });
    expect(stateOf('asked').invocations).toBe(invocations);
  });

  test('a function URL of auth type AWS_IAM refuses a signature for another service', async () => {
    const answer = await fetch(output('Asked'), signed(undefined, 's3'));
    expect(answer.status).toBe(403);
    expect(await answer.json()).toEqual({ Message: expect.stringContaining("correct service: 'lambda'") });
  });

  test.each([
    ['stranger', 'lambda:InvokeFunctionUrl', { StringEquals: { 'lambda:FunctionUrlAuthType': 'AWS_IAM' } }],
    ['half', 'lambda:InvokeFunction', { Bool: { 'lambda:InvokedViaFunctionUrl': 'true' } }],
  ])('a function URL of auth type AWS_IAM refuses the function %s, and names the missing permission', async (name, action, Condition) => {
    const answer = await fetch(output('Asked'), signed(name));
    expect(answer.status).toBe(403);
    const denial = cloud.access.denials.find(({ caller }) => caller.endsWith(`/${name}`));
    expect(denial).toMatchObject({ action, resource: output('Arn'), statement: { Effect: 'Allow', Condition } });
    expect(await answer.json()).toEqual({ Message: expect.stringContaining(denial?.message ?? 'a denial') });
  });
});

describe('a function URL of auth type NONE', () => {
  test('a function URL of auth type NONE serves exactly the callers that its policy allows, signed or not', async () => {
    expect((await fetch(output('Open'))).status).toBe(200);
    const answers = await Promise.all([fetch(output('Closed')), fetch(output('Closed'), signed())]);
    expect(answers.map(({ status }) => status)).toEqual([403, 403]);
    const denial = cloud.access.denials.find(({ caller }) => caller === 'anonymous');
    expect(denial).toMatchObject({
      action: 'lambda:InvokeFunctionUrl',
      statement: { Principal: '*', Condition: { StringEquals: { 'lambda:FunctionUrlAuthType': 'NONE' } } },
      count: 2,
    });
  });

  test('a function URL of auth type NONE does not allow other ways to invoke its function', () => {
    const call = {
      caller: { kind: 'anonymous' },
      action: 'lambda:InvokeFunction',
      resource: stateOf('open').arn,
    } as const;
    expect(cloud.access.check(call)).toMatchObject({ statement: { Principal: '*' } });
    expect(cloud.access.check({ ...call, context: { 'lambda:InvokedViaFunctionUrl': 'true' } })).toBeUndefined();
  });
});

test('a stop ends the servers of function URLs and their open requests', async () => {
  const { invocations } = stateOf('open');
  const ended = fetch(at('Open', 'hang')).then(
    () => 'answered',
    () => 'ended',
  );
  await vi.waitUntil(() => stateOf('open').invocations > invocations, { interval: 1 });
  await cloud.stop();
  expect(await ended).toBe('ended');
  await expect(fetch(output('Open'))).rejects.toThrow();
});
