import { once } from 'node:events';
import { get, type IncomingMessage } from 'node:http';
import { afterEach, describe, expect, test, vi } from 'vitest';
import type { FlowDocument } from '../../../cli/console/api/documents.ts';
import { type FakeConsole, fakeReads, flowOf, LOCAL, startFake } from './world.ts';

let running: FakeConsole | undefined;
afterEach(() => running?.close());

/** Opens the events as a page does. */
async function open(url: string): Promise<IncomingMessage> {
  const sent = get(new URL('/api/live', url), { agent: false });
  const [answer] = (await once(sent, 'response')) as [IncomingMessage];
  answer.on('error', () => undefined);
  return answer;
}

function textOf(answer: IncomingMessage): () => string {
  let all = '';
  answer.setEncoding('utf8').on('data', (chunk: string) => {
    all += chunk;
  });
  return () => all;
}

/** A clock whose timers end at once, after the other work of this process. */
const hurried = {
  now: () => 0,
  after(_: number, then: () => void) {
    const timer = setImmediate(then);
    return () => clearImmediate(timer);
  },
};

describe('GET /api/live', () => {
  test('sends the flow as server-sent events, and an event when the deployment is replaced', async () => {
    running = await startFake();
    const answer = await open(running.url);
    expect(answer.headers).toMatchObject({ 'content-type': 'text/event-stream', 'cache-control': 'no-store' });
    const text = textOf(answer);
    await vi.waitFor(() => expect(text()).toContain('event: flow\ndata: {"at":'));
    running.replace(LOCAL);
    await vi.waitFor(() => expect(text()).toContain('event: deployment\ndata: {}\n\n'));
    answer.destroy();
  });

  test('looks end when the last page is closed', async () => {
    let looks = 0;
    const flow = async () => {
      looks += 1;
      return flowOf();
    };
    running = await startFake({ createReads: () => fakeReads({ flow }), clock: hurried });
    const answer = await open(running.url);
    await vi.waitFor(() => expect(looks).toBeGreaterThan(3));
    answer.destroy();
    // With a hurried clock, looks that go on would be countless within these turns.
    await vi.waitFor(async () => {
      const before = looks;
      for (let turn = 0; turn < 20; turn += 1) await new Promise((resolve) => setImmediate(resolve));
      expect(looks).toBe(before);
    });
  });

  test('a page that reads nothing loses its connection, and no memory fills up', async () => {
    let looks = 0;
    const large: FlowDocument['unread'] = ['x'.repeat(1024 * 1024)];
    const flow = async () => {
      looks += 1;
      return flowOf({ unread: [...large, String(looks)] });
    };
    running = await startFake({ createReads: () => fakeReads({ flow }), clock: hurried });
    const answer = await open(running.url);
    answer.pause();
    const closed = once(answer.socket, 'close');
    await vi.waitFor(
      async () => {
        const before = looks;
        for (let turn = 0; turn < 20; turn += 1) await new Promise((resolve) => setImmediate(resolve));
        expect(looks).toBe(before);
      },
      { timeout: 10_000 },
    );
    // What the sockets hold is taken now, and then the connection is over.
    answer.resume();
    await closed;
    expect(looks).toBeLessThan(100);
  });

  test('a console that closes ends the connections of its pages', async () => {
    const console = await startFake();
    const answer = await open(console.url);
    answer.resume();
    const closed = once(answer.socket, 'close');
    await console.close();
    await closed;
  });
});
