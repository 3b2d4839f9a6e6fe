import { once } from 'node:events';
import { get as httpGet, type IncomingMessage } from 'node:http';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import type {
  ActionDocument,
  DeploymentDocument,
  EntityDocument,
  FlowDocument,
  ParkedDocument,
} from '../../../cli/console/api/documents.ts';
import { type Running, startHere } from '../../support/command-line.ts';
import { type Depot, startDepot } from '../depot/world.ts';
import { type Answer, ask } from './world.ts';

let depot: Depot;
let running: Running;
let url: string;
let token: string;
const slow = { timeout: 120_000 };
const patience = { timeout: 20_000 };

beforeAll(async () => {
  depot = await startDepot();
  running = startHere(['console', '--json'], depot.folder);
  // The page is built first, if its sources are newer than it.
  const isServed = vi.waitFor(() => expect(running.out()).toContain('"url"'), { timeout: 60_000 });
  await Promise.race([isServed, running.ended.then(({ err }) => expect.fail(err))]);
  url = JSON.parse(running.out()).url;
  token = /name="freshet-token" content="([\w-]+)"/.exec((await ask(url, '/')).text)?.[1] ?? '';
}, 180_000);

afterAll(async () => {
  running?.interrupt();
  expect(await running?.ended).toMatchObject({ code: 0 });
  await depot?.stop();
});

async function read<T>(path: string): Promise<T> {
  const answer = await ask(url, path);
  if (answer.status !== 200) throw new Error(`${path}: ${answer.status} ${answer.text}`);
  return answer.json() as T;
}

async function act(name: string, input: unknown): Promise<ActionDocument> {
  const answer = await send(name, input);
  if (answer.status !== 200) throw new Error(`${name}: ${answer.status} ${answer.text}`);
  return answer.json() as ActionDocument;
}

function send(name: string, input: unknown): Promise<Answer> {
  const headers = { 'x-freshet-token': token, 'content-type': 'application/json' };
  return ask(url, `/api/actions/${name}`, { method: 'POST', headers, body: JSON.stringify(input) });
}

const put = (id: string, state: object, more = {}) =>
  act('put', { type: 'Item', id, stateJson: JSON.stringify(state), ...more });
const projector = () => depot.cache('lenient').deployed.projector;

describe('the console on a local cloud', slow, () => {
  test('the page has the token of this start, and the deployment all actions', async () => {
    expect(Buffer.from(token, 'base64url')).toHaveLength(32);
    const deployment = await read<DeploymentDocument>('/api/deployment');
    expect(deployment).toMatchObject({ isLocal: true });
    expect(deployment.caches.map(({ name }) => name).sort()).toEqual(['lenient', 'strict']);
    expect(deployment.actions).toHaveLength(10);
  });

  test('a put travels into the caches, a put at the wrong version is refused, and a deletion travels too', async () => {
    expect(await put('new', { name: 'one' })).toMatchObject({
      exitCode: 0,
      result: { outcome: 'created', version: 1 },
      message: '',
      command: expect.stringMatching(/put --max-wait 5s --data '\{"name":"one"\}' Item new$/),
    });
    expect(await put('new', { name: 'two' }, { expectedVersion: 7 })).toMatchObject({
      exitCode: 2,
      result: null,
      message: expect.stringContaining('is at version 1'),
    });
    await vi.waitFor(async () => {
      const { caches } = await read<EntityDocument>('/api/entity?type=Item&id=new');
      expect(caches.map(({ copy }) => copy?.version)).toEqual([1, 1]);
    }, patience);
    expect(await act('delete', { type: 'Item', id: 'new', expectedVersion: 1 })).toMatchObject({
      exitCode: 0,
      result: { outcome: 'deleted', version: 2 },
    });
    expect(await act('resync', { type: 'Item', id: 'new' })).toMatchObject({ exitCode: 0, result: { version: 2 } });
  });

  test('a stopped projector lets the backlog grow, which the live flow shows, and a start drains it', async () => {
    const live = await open();
    expect(await act('stop', { function: projector() })).toMatchObject({ exitCode: 0, result: { state: 'stopped' } });
    await put('waits', { name: 'one' });
    await vi.waitFor(() => {
      const flow = live.newest();
      expect(flow?.stoppedFunctions).toContain(projector());
      expect(cacheIn(flow)).toMatchObject({ projector: { state: 'stopped' }, backlog: 1 });
    }, patience);
    expect(await act('start', { function: projector() })).toMatchObject({ exitCode: 0, result: { state: 'running' } });
    await vi.waitFor(() => {
      expect(cacheIn(live.newest())).toMatchObject({ projector: { state: 'running' }, backlog: 0 });
    }, patience);
    live.close();
  });

  test('parked events are redriven and discarded by their keys, and a stopped entity is released', async () => {
    const [one, other] = [await depot.park('lenient', 'p1', '{"no":"event"}'), await depot.park('lenient', 'p2', '{')];
    const { events } = await read<ParkedDocument>('/api/parked');
    expect(events.map(({ key }) => key)).toEqual(expect.arrayContaining([one, other]));
    expect(await act('redrive', { name: 'lenient', keys: [one] })).toMatchObject({
      exitCode: 1,
      result: { events: [{ key: one, outcome: 'parked', stays: true }] },
    });
    expect(await act('discard', { name: 'lenient', keys: [one, other] })).toMatchObject({
      exitCode: 0,
      result: { discarded: 2, absent: [] },
    });
    expect(await act('release', { cache: 'strict', type: 'Item', id: 'waits', drop: true })).toMatchObject({
      exitCode: 0,
      result: { events: [] },
    });
  });

  test('a backfill and an inventory are started, and nobody waits for their ends', async () => {
    expect(await act('backfill', { cache: 'lenient', type: 'Item', restart: true })).toMatchObject({
      exitCode: 0,
      command: expect.stringMatching(/backfill --restart --no-wait lenient Item$/),
      result: { cache: 'lenient', types: [{ type: 'Item' }] },
    });
    await depot.cloud.idle();
    // An inventory needs a cache that is filled.
    await vi.waitFor(async () => {
      expect(await depot.cache('lenient').notes.backfill('Item')).toMatchObject({ status: 'ready' });
    }, patience);
    expect(await act('reconcile', { cache: 'lenient', type: 'Item' })).toMatchObject({
      exitCode: 0,
      result: { cache: 'lenient', deleted: 0 },
    });
    await vi.waitFor(async () => {
      expect(await depot.cache('lenient').notes.inventory('Item')).toMatchObject({ endedAt: expect.any(String) });
    }, patience);
  });

  test('an unknown name is answered with 404 and what there is', async () => {
    for (const path of ['/api/entity?type=Planet&id=X', '/api/why?cache=nobody&type=Item&id=X']) {
      const answer = await ask(url, path);
      expect({ path, status: answer.status }).toEqual({ path, status: 404 });
      expect(answer.json()).toEqual({ error: expect.stringMatching(/Item|lenient/) });
    }
  });
});

function cacheIn(flow: FlowDocument | undefined) {
  return flow?.caches.find(({ name }) => name === 'lenient');
}

/** Follows the live flow as a page does. */
async function open() {
  const sent = httpGet(new URL('/api/live', url), { agent: false });
  const [answer] = (await once(sent, 'response')) as [IncomingMessage];
  let text = '';
  answer.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk;
  });
  answer.on('error', () => undefined);
  return {
    newest(): FlowDocument | undefined {
      const json = [...text.matchAll(/^event: flow\ndata: (.*)\n$/gm)].at(-1)?.[1];
      return json === undefined ? undefined : JSON.parse(json);
    },
    close: () => answer.destroy(),
  };
}
