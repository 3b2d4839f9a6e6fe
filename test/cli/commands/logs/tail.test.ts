import { createServer } from 'node:http';
import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { LoggingFunction } from '../../../../cli/clients/logs.ts';
import { logsClient } from '../../../../cli/clients/logs.ts';
import { createLogTail, type TailOptions } from '../../../../cli/commands/logs/tail.ts';

/** An event of CloudWatch Logs. */
interface Event {
  readonly eventId: string;
  readonly timestamp: number;
  readonly message: string;
}

/** The events of each log group. */
let groups: Record<string, Event[]>;
/** The start times of the requests. */
let asked: number[];
let server: ReturnType<typeof createServer>;
let client: ReturnType<typeof logsClient>;

/** A stand-in for CloudWatch Logs: pages of two events, in the order of their times. */
beforeEach(async () => {
  groups = {};
  asked = [];
  server = createServer(async (request, response) => {
    const { logGroupName, startTime, nextToken = '0' } = JSON.parse(await text(request));
    asked.push(startTime);
    const events = groups[logGroupName]?.filter(({ timestamp }) => timestamp >= startTime);
    response.setHeader('content-type', 'application/x-amz-json-1.1');
    if (events === undefined) {
      response.writeHead(400).end('{"__type":"ResourceNotFoundException","message":"no group"}');
      return;
    }
    const at = Number(nextToken);
    const sorted = [...events].sort((one, other) => one.timestamp - other.timestamp);
    const next = at + 2 < sorted.length ? { nextToken: String(at + 2) } : {};
    response.end(JSON.stringify({ events: sorted.slice(at, at + 2), ...next }));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  const credentials = { accessKeyId: 'test', secretAccessKey: 'test' };
  client = logsClient({ endpoint: `http://127.0.0.1:${address.port}`, region: 'eu-central-1', credentials });
});
afterEach(() => {
  client.destroy();
  server.close();
});

const event = (second: number, message: string): Event => ({
  eventId: `${second}-${message}`,
  timestamp: second * 1000,
  message: `${message}\n`,
});

const tailOf = (functions: readonly LoggingFunction[], sinceMs: number, options: Partial<TailOptions> = {}) =>
  createLogTail(functions, client, {
    sinceMs,
    pauseMs: 0,
    signal: new AbortController().signal,
    onDenied: () => undefined,
    ...options,
  });

/** The lines of each part that the tail returns. */
async function parts(tail: ReturnType<typeof createLogTail>): Promise<string[][]> {
  const all: string[][] = [];
  for await (const lines of tail()) all.push(lines.map(({ functionName, line }) => `${functionName} ${line}`));
  return all.filter((lines) => lines.length > 0);
}

const messages = async (tail: ReturnType<typeof createLogTail>) => (await parts(tail)).flat();

describe('the tail of logs', () => {
  test('the lines of all groups and pages come in the order of their times, each once', async () => {
    groups.a = [event(1, 'one'), event(3, 'three'), event(5, 'five')];
    groups.b = [event(2, 'two'), event(4, 'four')];
    const functions = [
      { name: 'A', logGroup: 'a' },
      { name: 'B', logGroup: 'b' },
    ];
    const tail = tailOf(functions, 0);
    expect(await messages(tail)).toEqual(['A one', 'B two', 'A three', 'B four', 'A five']);
    groups.a.push(event(6, 'six'));
    expect(await messages(tail)).toEqual(['A six']);
    expect(await messages(tail)).toEqual([]);
  });

  test('lines are returned as soon as no group can have an older line', async () => {
    groups.a = [event(1, 'one'), event(2, 'two'), event(9, 'nine')];
    groups.b = [event(3, 'three'), event(4, 'four'), event(5, 'five')];
    const functions = [
      { name: 'A', logGroup: 'a' },
      { name: 'B', logGroup: 'b' },
    ];
    expect(await parts(tailOf(functions, 0))).toEqual([
      ['A one', 'A two'],
      ['B three', 'B four'],
      ['B five'],
      ['A nine'],
    ]);
  });

  test('a line that appears up to 30 seconds late is returned, and older lines are not asked for again', async () => {
    groups.a = [event(100, 'first')];
    const tail = tailOf([{ name: 'A', logGroup: 'a' }], 50_000);
    expect(await messages(tail)).toEqual(['A first']);
    groups.a.push(event(75, 'late'));
    expect(await messages(tail)).toEqual(['A late']);
    expect(asked).toEqual([50_000, 70_000]);
  });

  test('lines from before the start are never returned', async () => {
    groups.a = [event(10, 'old'), event(20, 'new')];
    expect(await messages(tailOf([{ name: 'A', logGroup: 'a' }], 15_000))).toEqual(['A new']);
  });

  test('a group that does not exist yet has no lines, and functions that share a group are named together', async () => {
    const functions = [
      { name: 'A', logGroup: 'a' },
      { name: 'B', logGroup: 'a' },
    ];
    const tail = tailOf(functions, 0);
    expect(await messages(tail)).toEqual([]);
    groups.a = [event(1, 'first')];
    expect(await messages(tail)).toEqual(['A, B first']);
  });
});
