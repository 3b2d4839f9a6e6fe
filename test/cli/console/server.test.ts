import { once } from 'node:events';
import { createServer } from 'node:net';
import { FreshetError } from 'freshet-aws/internal/core/errors';
import { afterEach, describe, expect, test } from 'vitest';
import type { DeploymentDocument } from '../../../cli/console/api/documents.ts';
import { type ConsoleReads, NotFound } from '../../../cli/console/api/reads-interface.ts';
import { UsageError } from '../../../cli/errors.ts';
import { ask, type FakeConsole, type FakeDeployment, fakeReads, LOCAL, ON_AWS, startFake } from './world.ts';

const started: FakeConsole[] = [];
afterEach(async () => {
  for (const one of started.splice(0)) await one.close();
});

async function start(given: Parameters<typeof startFake>[0] = {}): Promise<FakeConsole> {
  const running = await startFake(given);
  started.push(running);
  return running;
}

function failing(error: unknown): ConsoleReads {
  return fakeReads({ entity: () => Promise.reject(error) });
}

describe('the reads of the console', () => {
  test.each<[string, string, unknown]>([
    ['/api/entities?type=Country', 'entities', { type: 'Country' }],
    ['/api/entities?type=Country&prefix=F&cursor=c', 'entities', { type: 'Country', prefix: 'F', cursor: 'c' }],
    ['/api/entities?type=Country&prefix=&cursor=', 'entities', { type: 'Country' }],
    ['/api/entity?type=Country&id=%E8%A9%A6%2F%3Cb%3E', 'entity', { type: 'Country', id: '試/<b>' }],
    ['/api/why?cache=ordering&type=Country&id=FR', 'why', { cache: 'ordering', type: 'Country', id: 'FR' }],
    ['/api/parked', 'parked', {}],
    ['/api/parked?at=ordering&cursor=c', 'parked', { at: 'ordering', cursor: 'c' }],
    [
      '/api/parked/event?role=cache&name=ordering&key=g/1',
      'parkedEvent',
      { role: 'cache', name: 'ordering', key: 'g/1' },
    ],
    ['/api/contracts', 'contracts', null],
    ['/api/sagas', 'sagas', null],
    ['/api/sagas/instances?saga=s&status=waiting', 'sagaInstances', { saga: 's', status: 'waiting' }],
  ])('%s is answered by the read %s', async (path, read, input) => {
    const { url } = await start();
    const answer = await ask(url, path);
    expect(answer.status).toBe(200);
    expect(answer.json()).toEqual({ read, input });
  });

  test('each start of the console names itself, so that a page finds out that it belongs to an earlier one', async () => {
    const [one, other] = [await start(), await start()];
    const instanceOf = async ({ url }: FakeConsole) =>
      ((await ask(url, '/api/deployment')).json() as DeploymentDocument).instance;
    const instances = [await instanceOf(one), await instanceOf(one), await instanceOf(other)];
    expect(instances[0]).toMatch(/^[\da-f-]{36}$/);
    expect(instances[1]).toBe(instances[0]);
    expect(instances[2]).not.toBe(instances[0]);
  });

  test('the deployment names the actions, and the numbers have the changes of alarms', async () => {
    const { url } = await start();
    expect((await ask(url, '/api/deployment')).json()).toMatchObject({
      read: 'deployment',
      actions: expect.arrayContaining(['put', 'stop']),
    });
    expect((await ask(url, '/api/numbers')).json()).toEqual({
      read: 'numbers',
      input: { minutes: 15 },
      alarmChanges: [],
    });
    expect((await ask(url, '/api/numbers?minutes=180')).json()).toMatchObject({ input: { minutes: 180 } });
  });

  test('documents are downloads whose names no header can be made of', async () => {
    const { url } = await start();
    const asyncapi = await ask(url, '/api/contracts/asyncapi?boundary=geo%22%0D%0Ax%3A1');
    expect(asyncapi.headers['content-disposition']).toBe('attachment; filename="geo___x_1.asyncapi.json"');
    expect(asyncapi.json()).toEqual({ read: 'asyncapi', input: 'geo"\r\nx:1' });
    const schema = await ask(url, '/api/contracts/schema?type=Country');
    expect(schema.headers['content-disposition']).toBe('attachment; filename="Country.schema.json"');
    expect(schema.headers['content-type']).toBe('application/json');
  });

  test.each([
    ['/api/entities', 'type: missing. Allowed: a text of 1 to 256 characters.'],
    ['/api/entity?type=Country&id=', 'id: given: "". Allowed: a text of 1 to 1024 characters.'],
    ['/api/numbers?minutes=0', 'minutes: given: "0". Allowed: an integer from 1 to 180.'],
    ['/api/numbers?minutes=181', 'minutes'],
    ['/api/numbers?minutes=1e2', 'minutes'],
    ['/api/parked/event?role=king&name=n&key=k', 'role: given: "king". Allowed: owner, cache, fact-queue.'],
    ['/api/sagas/instances?saga=s&status=gone', 'Allowed: nothing, or waiting, decided, cancelled.'],
  ])('%s is refused with what is allowed', async (path, expected) => {
    const { url } = await start();
    const answer = await ask(url, path);
    expect(answer.status).toBe(400);
    expect(answer.json()).toEqual({ error: expect.stringContaining(expected) });
  });

  test('an id that is too long for any entity is refused', async () => {
    const { url } = await start();
    expect((await ask(url, `/api/entity?type=Country&id=${'x'.repeat(1_024)}`)).status).toBe(200);
    expect((await ask(url, `/api/entity?type=Country&id=${'x'.repeat(1_025)}`)).status).toBe(400);
  });

  test.each<[string, number, unknown, string]>([
    ['a name that the deployment does not have', 404, new NotFound('no saga x'), 'no saga x'],
    ['an unknown type', 404, new FreshetError('no type x', { code: 'UnknownEntityType' }), 'no type x'],
    ['an unknown cache', 404, new FreshetError('no cache x', { code: 'UnknownCache' }), 'no cache x'],
    ['an input that a read refuses', 400, new FreshetError('id: empty', { code: 'InvalidEntityId' }), 'id: empty'],
    ['contracts that are not there', 400, new UsageError('run it there'), 'run it there'],
    ['a bug', 500, new TypeError('x is not a function'), 'x is not a function'],
  ])('%s is answered with its status and message, and no stack trace', async (_, status, error, message) => {
    const { url } = await start({ createReads: () => failing(error) });
    const answer = await ask(url, '/api/entity?type=T&id=I');
    expect(answer.status).toBe(status);
    expect(answer.json()).toEqual({ error: message });
  });

  test('a request that AWS refuses is answered with what to do about it', async () => {
    const denied = Object.assign(new Error('not authorized'), { name: 'AccessDeniedException', $metadata: {} });
    const { url } = await start({ deployment: ON_AWS, createReads: () => failing(denied) });
    const answer = await ask(url, '/api/entity?type=T&id=I');
    expect(answer.status).toBe(502);
    expect(answer.json()).toEqual({ error: expect.stringMatching(/111122223333.*not authorized.*AWS credentials/) });
  });

  test('a read during which the deployment is replaced is answered from the new deployment', async () => {
    const next: FakeDeployment = { ...LOCAL, place: 'next' };
    let fail: (error: Error) => void = () => {};
    let onAsked: () => void = () => {};
    const asked = new Promise<void>((resolve) => {
      onAsked = resolve;
    });
    const former = fakeReads({
      sagas() {
        onAsked();
        return new Promise((_, reject) => {
          fail = reject;
        });
      },
    });
    const running = await start({ createReads: (deployment) => (deployment === next ? fakeReads() : former) });
    const answer = ask(running.url, '/api/sagas');
    await asked;
    running.replace(next);
    fail(new Error('closed'));
    expect((await answer).json()).toEqual({ read: 'sagas', input: null });
  });
});

describe('the page and the server of the console', () => {
  test('the page, its files and reads are answered to GET and HEAD, and nothing else is there', async () => {
    const { url } = await start();
    expect((await ask(url, '/')).headers['content-type']).toBe('text/html');
    expect((await ask(url, '/assets/app-12345678.js')).text).toBe('1');
    for (const path of ['/', '/assets/app-12345678.js', '/api/flow', '/api/live']) {
      const answer = await ask(url, path, { method: 'HEAD' });
      expect({ path, status: answer.status, text: answer.text }).toEqual({ path, status: 200, text: '' });
    }
    for (const path of [
      '/flow',
      '/index.html',
      '/assets/',
      '/api',
      '/api/',
      '/..%2f..%2fpackage.json',
      '/assets/../../main.ts',
    ]) {
      const answer = await ask(url, path);
      expect({ path, status: answer.status }).toEqual({ path, status: 404 });
      expect(answer.json()).toEqual({ error: expect.any(String) });
    }
  });

  test('a console without a port takes a free one if its own is taken, and a named port that is taken is an error', async () => {
    const [one, other] = [await start(), await start()];
    expect(one.url).not.toBe(other.url);
    const port = Number(new URL(other.url).port);
    await expect(startFake({ port })).rejects.toThrow(new RegExp(`^port ${port} is taken by another process`));
    await other.close();
    expect((await start({ port })).url).toBe(other.url);
  });

  test('the console listens on 127.0.0.1 only', async () => {
    const { url } = await start();
    // The same port on another address of this machine is still free.
    const server = createServer().listen(Number(new URL(url).port), '127.0.0.2');
    await once(server, 'listening');
    server.close();
  });
});
