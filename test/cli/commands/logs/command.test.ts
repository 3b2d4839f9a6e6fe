import { createServer, type ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { runCommand } from '../../../../cli/main.ts';
import { type CloudFormation, startCloudFormation } from '../../../support/cloud-formation.ts';
import { commandIo, type TestIo } from '../../../support/command-io.ts';

/** The output of a stack that has an owner. */
const OWNER = JSON.stringify({
  role: 'owner',
  boundary: 'geography',
  stack: 'Prod',
  table: 'states',
  topicArn: 'arn:aws:sns:eu-west-1:111122223333:x.fifo',
  relay: 'relay',
  governor: 'governor',
  flowTable: 'flow',
  failureQueueUrl: 'failures',
  parkingTable: 'parked',
  contracts: 'none.ts',
});

/** A page of FilterLogEvents, or the name of the error that the request gets. */
type Page = { readonly messages: readonly string[]; readonly nextToken?: string } | string;

interface Request {
  readonly atMs: number;
  readonly logGroupName: string;
  readonly startTime: number;
}

/** Answers a request for a page of a log group. A test sets it. */
let pageOf: (logGroup: string, index: number) => Page;
/** The functions whose configuration can't be read, with the name of the error. */
let refusedFunctions: Record<string, string>;
let requests: Request[];
let formation: CloudFormation;
let server: ReturnType<typeof createServer>;
let io: TestIo;

/** A stand-in for Lambda and for CloudWatch Logs. */
beforeEach(async () => {
  [refusedFunctions, requests] = [{}, []];
  server = createServer(async (request, response) => {
    const body = await text(request);
    if (!String(request.headers['x-amz-target']).startsWith('Logs_')) {
      const [, name = ''] = /functions\/([^/]+)\//.exec(request.url ?? '') ?? [];
      const refused = refusedFunctions[name];
      if (refused !== undefined) return refuse(response, refused, refused === 'AccessDeniedException' ? 403 : 404);
      response.end(JSON.stringify({ FunctionName: name, LoggingConfig: { LogGroup: `group-${name}` } }));
      return;
    }
    const { logGroupName, startTime } = JSON.parse(body);
    const page = pageOf(logGroupName, requests.push({ atMs: Date.now(), logGroupName, startTime }) - 1);
    if (typeof page === 'string') return refuse(response, page, 400);
    const events = page.messages.map((message) => ({ eventId: message, timestamp: Date.now(), message }));
    response.setHeader('content-type', 'application/x-amz-json-1.1');
    response.end(JSON.stringify({ events, nextToken: page.nextToken }));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  formation = await startCloudFormation({ Prod: [OWNER] });
  formation.functionsOf = () => ['A', 'B'];
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

function refuse(response: ServerResponse, name: string, status: number): void {
  response.writeHead(status, { 'content-type': 'application/x-amz-json-1.1', 'x-amzn-errortype': name });
  response.end(JSON.stringify({ __type: name, message: 'refused' }));
}

const logs = (...args: string[]) => runCommand(['logs', '--stack', 'Prod', ...args], io);
const patience = { timeout: 10_000 };

describe('freshet logs on AWS', { timeout: 30_000 }, () => {
  test('each page is printed when it is read, with a pause after it, and Ctrl-C ends the reading', async () => {
    formation.functionsOf = () => ['A'];
    pageOf = (_, index) => ({ messages: [`line ${index}`], nextToken: `${index}` });
    const code = logs();
    await expect.poll(() => io.out(), patience).toContain('line 2');
    io.interrupt();
    expect(await code).toBe(130);
    const pauses = requests.slice(1).map(({ atMs }, index) => atMs - (requests[index]?.atMs ?? 0));
    expect(Math.min(...pauses)).toBeGreaterThanOrEqual(200);
  });

  test.each([
    ['AccessDeniedException', { A: 'AccessDeniedException' }],
    ['ResourceNotFoundException', { A: 'ResourceNotFoundException' }],
  ])('a function whose configuration answers %s is named and left out', async (name, refused) => {
    refusedFunctions = refused;
    pageOf = (group) => ({ messages: [`line of ${group}`] });
    expect(await logs()).toBe(0);
    expect(io.out()).toMatch(/^\S+ · B: line of group-B\n$/);
    expect(io.err()).toBe(`note: left out, because the log can't be read: A. ${name}: refused\n`);
  });

  test('a log group that may not be read is named and left out', async () => {
    pageOf = (group) => (group === 'group-A' ? 'AccessDeniedException' : { messages: ['line of B'] });
    expect(await logs()).toBe(0);
    expect(io.out()).toContain('line of B');
    expect(io.err()).toBe("note: left out, because the log can't be read: A. AccessDeniedException: refused\n");
  });

  test('the command fails if no function and no log group may be read', async () => {
    pageOf = () => 'AccessDeniedException';
    expect(await logs('--follow')).toBe(2);
    expect(io.err()).toContain('CloudWatchLogs FilterLogEvents of group-B failed. AccessDeniedException: refused.');
    refusedFunctions = { A: 'AccessDeniedException', B: 'AccessDeniedException' };
    expect(await logs('--follow')).toBe(2);
  });

  test('--follow repeats a request that is throttled, and says so', async () => {
    formation.functionsOf = () => ['A'];
    // The SDK itself tries four times.
    pageOf = (_, index) => (index > 0 && index < 5 ? 'ThrottlingException' : { messages: [`line ${index}`] });
    const code = logs('--follow');
    await expect.poll(() => io.out(), { timeout: 20_000 }).toContain('line 5');
    io.interrupt();
    expect(await code).toBe(0);
    expect(io.err()).toBe('note: a request failed. It is repeated in 1 s. ThrottlingException: refused\n');
  });

  test('--follow repeats a request that gets no answer, and a request that is not valid ends it', async () => {
    formation.functionsOf = () => ['A'];
    pageOf = () => {
      server.closeAllConnections();
      return { messages: [] };
    };
    const code = logs('--follow');
    await expect.poll(() => io.err(), { timeout: 20_000 }).toContain('note: a request failed. It is repeated in 1 s.');
    pageOf = () => 'InvalidParameterException';
    expect(await code).toBe(2);
    expect(io.err()).toContain('CloudWatchLogs FilterLogEvents of group-A failed. InvalidParameterException: refused.');
  });

  test('without --follow, a request that stays throttled ends the command', async () => {
    pageOf = () => 'ThrottlingException';
    expect(await logs()).toBe(2);
    expect(io.err()).toContain('ThrottlingException');
  });

  test('a time before 1970 is asked for as 1970', async () => {
    pageOf = () => ({ messages: [] });
    expect(await logs('--since', '999999d')).toBe(0);
    expect(requests.map(({ startTime }) => startTime)).toEqual([0, 0]);
  });

  test('control characters of lines do not reach the terminal, in text and in JSON', async () => {
    formation.functionsOf = () => ['A'];
    pageOf = () => ({ messages: ['a\u001b[2J\u009b2J\rb\nc'] });
    expect(await logs()).toBe(0);
    expect(io.out()).toMatch(/ · A: a\\u001b\[2J\\u009b2J\\u000db\n {4}c\n$/);
    const json = commandIo({ cwd: tmpdir() });
    await runCommand(['logs', '--stack', 'Prod', '--json'], json);
    expect(json.out()).not.toMatch(/[^\P{Cc}\n]/u);
    expect(JSON.parse(json.out())).toMatchObject({ line: 'a\u001b[2J\u009b2J\rb\nc' });
  });
});
