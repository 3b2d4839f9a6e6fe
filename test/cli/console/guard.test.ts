import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { MAX_BODY_BYTES } from '../../../cli/console/guard.ts';
import { canonicalText } from '../../../core/canonical-json.ts';
import { MAX_STATE_BYTES } from '../../../core/state.ts';
import { act, ask, type FakeConsole, fakeIo, type Ran, startFake, tokenOf } from './world.ts';

let running: FakeConsole;
let ran: readonly Ran[];
let url: string;
let host: string;

beforeAll(async () => {
  const fake = fakeIo();
  ran = fake.ran;
  running = await startFake({ io: fake.io });
  url = running.url;
  host = new URL(url).host;
});
afterAll(() => running?.close());

const resync = { type: 'Country', id: 'FR' };

describe('the guard of the console', () => {
  test('a rebound host name is refused', async () => {
    for (const rebound of [`evil.example:${new URL(url).port}`, 'evil.example', '127.0.0.1', '127.0.0.1:1']) {
      for (const path of ['/', '/api/flow', '/assets/app-12345678.js']) {
        const answer = await ask(url, path, { headers: { host: rebound } });
        expect(answer.status).toBe(421);
        expect(answer.json()).toEqual({ error: expect.stringContaining(`Allowed: ${host}`) });
      }
    }
  });

  test('the addresses 127.0.0.1 and localhost are answered', async () => {
    expect((await ask(url, '/api/flow')).status).toBe(200);
    const headers = { host: `localhost:${new URL(url).port}` };
    expect((await ask(url, '/api/flow', { headers })).status).toBe(200);
  });

  test('another origin is refused', async () => {
    for (const origin of ['http://evil.example', 'null', `http://127.0.0.1:1`, `https://${host}`]) {
      const answer = await ask(url, '/api/flow', { headers: { origin } });
      expect(answer.status).toBe(403);
      expect(answer.json()).toEqual({ error: expect.stringContaining('Origin') });
      expect((await act(url, 'resync', resync, { origin })).status).toBe(403);
    }
    expect(ran).toEqual([]);
    expect((await ask(url, '/api/flow', { headers: { origin: `http://${host}` } })).status).toBe(200);
  });

  test('a request that another site sent is refused, also if it names no origin', async () => {
    const from = (site: string) => ({ headers: { 'sec-fetch-site': site } });
    expect((await ask(url, '/', from('cross-site'))).status).toBe(403);
    expect((await ask(url, '/api/flow', from('cross-site'))).status).toBe(403);
    expect((await ask(url, '/api/flow', from('same-site'))).status).toBe(403);
    expect((await ask(url, '/', from('same-site'))).status).toBe(200);
    expect((await ask(url, '/', from('none'))).status).toBe(200);
    expect((await ask(url, '/api/flow', from('same-origin'))).status).toBe(200);
  });

  test('a change without the token is refused', async () => {
    const send = (headers: Record<string, string>) =>
      ask(url, '/api/actions/resync', {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...headers },
        body: JSON.stringify(resync),
      });
    const token = await tokenOf(url);
    const wrong = `${token.slice(0, -1)}${token.endsWith('A') ? 'B' : 'A'}`;
    for (const headers of [{}, { 'x-freshet-token': '' }, { 'x-freshet-token': wrong }, { cookie: token }]) {
      const answer = await send(headers);
      expect(answer.status).toBe(403);
      expect(answer.json()).toEqual({ error: expect.stringContaining('x-freshet-token') });
    }
    expect((await ask(url, '/api/flow', { method: 'DELETE' })).status).toBe(403);
    expect(ran).toEqual([]);
    expect((await send({ 'x-freshet-token': token })).status).toBe(200);
    expect(ran).toHaveLength(1);
  });

  test('the token has 32 random bytes, and differs from start to start', async () => {
    const other = await startFake();
    const tokens = [await tokenOf(url), await tokenOf(other.url)];
    await other.close();
    for (const token of tokens) expect(Buffer.from(token, 'base64url')).toHaveLength(32);
    expect(tokens[0]).not.toBe(tokens[1]);
  });

  test('a body that a form could send is refused, and one that is longer than any state', async () => {
    for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'application/jsonp'])
      expect((await act(url, 'resync', resync, { 'content-type': type })).status).toBe(415);
    expect((await act(url, 'resync', resync, { 'content-type': 'application/json; charset=utf-8' })).status).toBe(200);
    const long = { ...resync, id: 'x'.repeat(MAX_BODY_BYTES) };
    expect((await act(url, 'resync', long)).status).toBe(413);
    expect((await act(url, 'resync', long, { 'transfer-encoding': 'chunked' })).status).toBe(413);
  });

  test('a state of the largest size can be put, also if each of its characters is escaped twice', async () => {
    const name = '"'.repeat((MAX_STATE_BYTES - '{"name":""}'.length - 1) / 2);
    const stateJson = JSON.stringify({ name }, undefined, 2);
    expect(canonicalText({ name }).length).toBeGreaterThanOrEqual(MAX_STATE_BYTES - 1);
    const before = ran.length;
    expect((await act(url, 'put', { type: 'Country', id: 'FR', stateJson })).status).toBe(200);
    expect(ran[before]?.stdin).toBe(stateJson);
  });

  test('every answer has the security headers, also one that refuses or fails', async () => {
    const answers = [
      await ask(url, '/'),
      await ask(url, '/api/flow'),
      await ask(url, '/api/nothing'),
      await ask(url, '/assets/app-12345678.js'),
      await ask(url, '/api/flow', { headers: { host: 'evil.example' } }),
      await act(url, 'resync', {}),
    ];
    for (const { headers } of answers) {
      expect(headers['content-security-policy']).toBe(
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; " +
          "font-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
      );
      expect(headers).toMatchObject({
        'x-content-type-options': 'nosniff',
        'referrer-policy': 'no-referrer',
        'cross-origin-resource-policy': 'same-origin',
        'cross-origin-opener-policy': 'same-origin',
      });
      expect(headers['access-control-allow-origin']).toBeUndefined();
    }
    const stored = answers.map(({ headers }) => headers['cache-control']);
    expect(stored.filter((one) => one !== 'no-store')).toEqual(['public, max-age=31536000, immutable']);
  });
});
