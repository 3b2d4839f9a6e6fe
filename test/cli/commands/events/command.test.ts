import { createServer, type ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { runCommand } from '../../../../cli/main.ts';
import { type CloudFormation, startCloudFormation } from '../../../support/cloud-formation.ts';
import { commandIo, type TestIo } from '../../../support/command-io.ts';

/** The output of a stack that has a cache. */
const CACHE = JSON.stringify({
  role: 'cache',
  boundary: 'ordering',
  stack: 'Prod',
  table: 'states',
  queueUrl: 'https://sqs.eu-west-1.amazonaws.com/111122223333/q.fifo',
  deadLetterQueueUrl: 'dead',
  subscriptionDeadLetterQueueUrl: 'undelivered',
  parkingTable: 'parked',
  gapQueueUrl: 'gaps',
  projector: 'projector',
  repair: 'repair',
  report: 'report',
  contracts: 'none.ts',
});

/** A line of the projector's log group; the repair function logs nothing. */
interface Line {
  readonly atMs: number;
  readonly line: string;
}

interface Asked {
  readonly operation: string;
  readonly atMs: number;
  readonly input: {
    readonly logGroupName?: string;
    readonly queryString?: string;
    readonly queryId?: string;
    readonly startTime?: number;
    readonly endTime?: number;
  };
}

/** The lines that the query finds, and those that FilterLogEvents returns. */
let found: (queryString: string) => readonly Line[];
let filtered: () => readonly Line[];
/** The states of a query, one an answer; the last one repeats. */
let states: string[];
/** The errors of operations. */
let refused: Record<string, string>;
let asked: Asked[];
let formation: CloudFormation;
let server: ReturnType<typeof createServer>;
let io: TestIo;

/** A stand-in for Lambda and for CloudWatch Logs. */
beforeEach(async () => {
  [found, filtered, states, refused, asked] = [() => [], () => [], ['Complete'], {}, []];
  const queries: Line[][] = [];
  server = createServer(async (request, response) => {
    const body = await text(request);
    const target = String(request.headers['x-amz-target']);
    if (!target.startsWith('Logs_')) {
      const [, name = ''] = /functions\/([^/]+)\//.exec(request.url ?? '') ?? [];
      response.end(JSON.stringify({ FunctionName: name, LoggingConfig: { LogGroup: `group-${name}` } }));
      return;
    }
    const operation = target.slice(target.indexOf('.') + 1);
    const input: Asked['input'] = JSON.parse(body);
    asked.push({ operation, atMs: Date.now(), input });
    response.setHeader('content-type', 'application/x-amz-json-1.1');
    if (refused[operation] !== undefined) return refuse(response, refused[operation]);
    const isProjector = input.logGroupName === 'group-projector';
    response.end(JSON.stringify(answer(operation, input, isProjector, queries)));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  formation = await startCloudFormation({ Prod: [CACHE] });
  vi.stubEnv('AWS_REGION', 'eu-west-1');
  vi.stubEnv('AWS_ACCESS_KEY_ID', 'test');
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'test');
  vi.stubEnv('AWS_ENDPOINT_URL', `http://127.0.0.1:${address.port}`);
  vi.stubEnv('AWS_ENDPOINT_URL_CLOUDFORMATION', formation.url);
  io = commandIo({ cwd: tmpdir() });
});
afterEach(() => {
  vi.unstubAllEnvs();
  formation.close();
  server.close();
  server.closeAllConnections();
});

function answer(operation: string, input: Asked['input'], isProjector: boolean, queries: Line[][]): object {
  if (operation === 'StartQuery') {
    const lines = isProjector ? [...found(input.queryString ?? '')] : [];
    return { queryId: String(queries.push(lines) - 1) };
  }
  if (operation === 'GetQueryResults') {
    const [status] = states.length > 1 ? states.splice(0, 1) : states;
    return { status, results: (queries[Number(input.queryId)] ?? []).map(row) };
  }
  if (operation === 'StopQuery') return { success: true };
  const events = isProjector ? filtered() : [];
  return {
    events: events.map(({ atMs, line }, index) => ({ eventId: `${atMs}-${index}`, timestamp: atMs, message: line })),
  };
}

function row({ atMs, line }: Line): object[] {
  return [
    { field: '@timestamp', value: new Date(atMs).toISOString().replace('T', ' ').replace('Z', '') },
    { field: '@message', value: `${line}\n` },
    { field: '@ptr', value: 'x' },
  ];
}

function refuse(response: ServerResponse, name: string): void {
  response.writeHead(400, { 'x-amzn-errortype': name });
  response.end(JSON.stringify({ __type: name, message: 'refused' }));
}

const applied = (id: string, version: number, agoMs: number): Line => ({
  atMs: Date.now() - agoMs,
  line: JSON.stringify({ outcomes: [{ outcome: 'applied', type: 'Country', id, version }] }),
});

const events = (...args: string[]) => runCommand(['events', '--stack', 'Prod', 'ordering', ...args], io);
const entities = () => [...io.out().matchAll(/Country\/\S+ +\d+/g)].map(([one]) => one.replace(/ +/, ' '));
const operations = () => asked.map(({ operation }) => operation);
const patience = { timeout: 10_000 };

describe('freshet events on AWS', { timeout: 30_000 }, () => {
  test('each log is searched once, in any folder, and the result is awaited with growing pauses', async () => {
    found = () => [applied('FR', 2, 1_000), applied('FR', 1, 2_000)];
    states = ['Scheduled', 'Scheduled', 'Running', 'Running', 'Running', 'Running', 'Complete'];
    expect(await events('Country', 'FR', '--since', '2h', '--limit', '7')).toBe(0);
    expect(entities()).toEqual(['Country/FR 2', 'Country/FR 1']);
    const [first, second, ...others] = asked;
    expect([first?.input.logGroupName, second?.input.logGroupName].sort()).toEqual(['group-projector', 'group-repair']);
    expect(first?.input.queryString).toMatch(
      /like \/"type":"Country","id":"FR"\/\n\| sort @timestamp desc\n\| limit 7$/,
    );
    const { startTime = 0, endTime = 0 } = first?.input ?? {};
    expect(endTime - startTime).toBeGreaterThanOrEqual(7_200);
    const polls = others.filter(({ input }) => input.queryId === '0').map(({ atMs }) => atMs);
    const pauses = polls.slice(1).map((atMs, index) => atMs - (polls[index] ?? 0));
    expect(pauses.length).toBeGreaterThan(2);
    expect(pauses.at(-1)).toBeGreaterThan((pauses[0] ?? 0) * 1.2);
    expect(operations()).not.toContain('StopQuery');
  });

  test('Ctrl-C stops the queries and ends with exit code 130', async () => {
    states = ['Running'];
    const code = events();
    await expect.poll(operations, patience).toContain('GetQueryResults');
    io.interrupt();
    expect(await code).toBe(130);
    expect(io.out()).toBe('');
    const stopped = asked.filter(({ operation }) => operation === 'StopQuery').map(({ input }) => input.queryId);
    expect(stopped.sort()).toEqual(['0', '1']);
  });

  test.each(['Failed', 'Timeout', 'Cancelled'])('a query that ends as %s ends the command', async (state) => {
    states = [state];
    expect(await events()).toBe(1);
    expect(io.err()).toMatch(
      new RegExp(`the query of group-\\w+ ended with the status ${state}\\. Run the command again`),
    );
  });

  test('a log group that does not exist has no outcomes', async () => {
    refused = { StartQuery: 'ResourceNotFoundException' };
    expect(await events('--json')).toBe(0);
    expect(JSON.parse(io.out())).toMatchObject({ cache: 'ordering', events: [] });
  });

  test('a missing permission is named, and a query whose result may not be read is stopped', async () => {
    refused = { GetQueryResults: 'AccessDeniedException' };
    expect(await events()).toBe(1);
    expect(io.err()).toMatch(/AccessDeniedException: refused.*permissions/);
    const started = operations().filter((one) => one === 'StartQuery').length;
    expect(operations().filter((one) => one === 'StopQuery')).toHaveLength(started);
  });

  test('a search that finds lines of similar ids only is widened', async () => {
    const similar = Array.from({ length: 2 }, (_, n) => applied('a.b', n, 1_000));
    found = (query) => (query.endsWith('limit 2') ? similar : [...similar, applied('a/b', 7, 2_000)]);
    expect(await events('Country', 'a/b', '--limit', '2')).toBe(0);
    expect(entities()).toEqual(['Country/a/b 7']);
  });

  test('--follow prints the oldest first, and then each new outcome once', async () => {
    const [older, newer] = [applied('FR', 1, 20_000), applied('FR', 2, 10_000)];
    const late = applied('FR', 3, 15_000);
    found = () => [newer, older];
    filtered = () => [older, late, newer, applied('DE', 1, 0)];
    const code = events('--follow');
    await expect.poll(entities, patience).toContain('Country/DE 1');
    io.interrupt();
    expect(await code).toBe(0);
    expect(entities().slice(0, 4)).toEqual(['Country/FR 1', 'Country/FR 2', 'Country/FR 3', 'Country/DE 1']);
    expect(entities().filter((one) => one === 'Country/FR 1')).toHaveLength(1);
  });

  test('--follow leaves out older outcomes that the limit cut off', async () => {
    const newest = applied('FR', 9, 10_000);
    found = () => [newest];
    filtered = () => [newest, applied('DE', 1, 0)];
    const code = events('--follow', '--limit', '1', '--json');
    await expect.poll(() => io.out(), patience).toContain('DE');
    io.interrupt();
    expect(await code).toBe(0);
    const start = asked.find(({ operation }) => operation === 'FilterLogEvents')?.input.startTime;
    expect(start).toBe(newest.atMs);
    const lines = io
      .out()
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(lines.slice(0, 2)).toMatchObject([{ id: 'FR', version: 9 }, { id: 'DE' }]);
  });

  test('control characters of ids do not reach the terminal', async () => {
    found = () => [applied('a\u001b[2J\u009b', 1, 0)];
    expect(await events()).toBe(0);
    expect(io.out()).not.toMatch(/[^\P{Cc}\n]/u);
  });
});

describe('the arguments of freshet events', () => {
  test.each([
    ['an unknown cache', ['events', '--stack', 'Prod', 'nobody'], 'there is no cache named "nobody". Known: ordering.'],
    ['an invalid type', ['events', 'ordering', '1'], 'type: not a valid entity type'],
    ['an empty id', ['events', 'ordering', 'Country', ''], 'id: empty'],
    [
      'an unknown outcome',
      ['events', 'ordering', '--outcome', 'parked,lost'],
      'not an outcome: "lost". Allowed: applied,',
    ],
    ['a limit of nothing', ['events', 'ordering', '--limit', '0'], '--limit: given: "0". Allowed: an integer from 1'],
    ['a duration without unit', ['events', 'ordering', '--since', '5'], '--since: not a duration: "5"'],
  ])('%s is refused with exit code 2', async (_, args, message) => {
    expect(await runCommand(args, io)).toBe(2);
    expect(io.out()).toBe('');
    expect(io.err()).toContain(message);
  });
});
