import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { FunctionDefinition } from '../../../local/lambda/function-definition.ts';
import { createFunctionHost, type FunctionHost } from '../../../local/lambda/host.ts';
import { removeFolders, temporaryFolder } from '../provision/assembly-fixture.ts';

let host: FunctionHost;
let lines: string[] = [];

beforeEach(() => {
  lines = [];
  const url = 'http://127.0.0.1:1';
  host = createFunctionHost({
    endpoints: { dynamodb: url, sqs: url, sns: url },
    region: 'us-east-1',
    accountId: '000000000000',
    onLog: (_name, line) => lines.push(line),
  });
});
afterEach(() => host.stop());
afterAll(removeFolders);

function deploy(code: string, given: Partial<FunctionDefinition> & { file?: string } = {}): void {
  const { file = 'index.mjs', ...definition } = given;
  const codeDir = temporaryFolder();
  writeFileSync(join(codeDir, file), code);
  const base = { name: 'fn', handler: 'index.handler', environment: {}, timeoutMs: 5_000, memoryMb: 128 };
  host.deploy({ ...base, codeDir, ...definition });
}

function state() {
  const [first] = host.functions();
  if (!first) throw new Error('no function');
  return first;
}

test('a worker is reused for the next invocation', async () => {
  deploy('let calls = 0; export const handler = async () => ++calls;');
  await host.invoke('fn', {});
  expect(await host.invoke('fn', {})).toEqual({ ok: true, payload: 2 });
  expect(state()).toMatchObject({ invocations: 2, coldStarts: 1, running: 0 });
});

test('a .js file is loaded as CommonJS, as on Lambda, whatever package.json is in a parent folder', async () => {
  deploy("const { basename } = require('node:path'); exports.handler = async (e) => basename(e.path);", {
    file: 'index.js',
  });
  expect(await host.invoke('fn', { path: '/a/b' })).toEqual({ ok: true, payload: 'b' });
});

test('event and answer are converted to JSON and back', async () => {
  deploy('export const handler = async (event) => ({ ...event, at: new Date(0), gone: undefined });');
  const result = await host.invoke('fn', { n: 1, when: new Date(0) });
  const time = '1970-01-01T00:00:00.000Z';
  expect(result).toEqual({ ok: true, payload: { n: 1, when: time, at: time } });
});

test('a handler that returns nothing answers null', async () => {
  deploy('export const handler = async () => {};');
  expect(await host.invoke('fn', {})).toEqual({ ok: true, payload: null });
});

test('an invocation whose handler throws ends with Unhandled, and the worker is kept', async () => {
  deploy(`let calls = 0;
    export const handler = async () => { if (++calls === 1) throw new TypeError('broken'); return calls; };`);
  expect(await host.invoke('fn', {})).toEqual({ ok: false, error: 'Unhandled', message: 'TypeError: broken' });
  expect(await host.invoke('fn', {})).toEqual({ ok: true, payload: 2 });
  expect(state()).toMatchObject({ errors: 1, coldStarts: 1 });
});

test('an invocation that takes too long ends with TimedOut, and the next one gets a new worker', async () => {
  deploy('export const handler = (event) => event.hang ? new Promise(() => setInterval(() => {}, 1000)) : 1;', {
    timeoutMs: 50,
  });
  expect(await host.invoke('fn', { hang: true })).toMatchObject({ ok: false, error: 'TimedOut' });
  expect(lines).toEqual([expect.stringMatching(/ Task timed out after 0\.05 seconds$/)]);
  expect(await host.invoke('fn', {})).toEqual({ ok: true, payload: 1 });
  expect(state()).toMatchObject({ timeouts: 1, errors: 1, coldStarts: 2 });
});

test('an invocation with an endless loop ends with TimedOut', async () => {
  deploy('export const handler = () => { for (;;); };', { timeoutMs: 50 });
  expect(await host.invoke('fn', {})).toMatchObject({ ok: false, error: 'TimedOut' });
});

test.each([
  ['process.exit', 'process.exit(3)', /exit status 3/],
  [
    'an uncaught error',
    "setTimeout(() => { throw new RangeError('late') }); await new Promise(() => {})",
    /RangeError: late/,
  ],
  ['lack of memory', 'const all = []; for (;;) all.push(new Array(1e5).fill({}).map(() => ({})));', /memory/],
])('an invocation that crashes through %s ends with Unhandled, keeps its log lines and gets its worker replaced', async (_how, crash, message) => {
  deploy(
    `export const handler = async (event) => { if (event.crash) { console.log('before'); ${crash}; } return 1; };`,
    {
      memoryMb: 32,
    },
  );
  const result = await host.invoke('fn', { crash: true });
  expect(result).toMatchObject({ ok: false, error: 'Unhandled', message: expect.stringMatching(message) });
  expect(lines).toEqual(['before', expect.stringMatching(message)]);
  expect(await host.invoke('fn', {})).toEqual({ ok: true, payload: 1 });
  expect(state().coldStarts).toBe(2);
});

test('every invocation fails if the bundle does not load', async () => {
  deploy("throw new Error('bad start');");
  expect(await host.invoke('fn', {})).toEqual({ ok: false, error: 'Unhandled', message: 'Error: bad start' });
  expect(lines).toEqual([expect.stringContaining('bad start')]);
  expect(await host.invoke('fn', {})).toMatchObject({ ok: false, error: 'Unhandled' });
});

test('a worker that ends by itself after its bundle did not load adds no line', async () => {
  deploy("throw new Error('bad start');", { concurrency: 4 });
  for (let round = 0; round < 20; round += 1) await Promise.all(Array.from({ length: 4 }, () => host.invoke('fn', {})));
  expect(lines).toHaveLength(80);
  expect(lines.filter((line) => !line.includes('bad start'))).toEqual([]);
});

test('the error for a missing handler names the handler', async () => {
  deploy('export const other = 1;');
  expect(await host.invoke('fn', {})).toMatchObject({ message: expect.stringContaining('index.handler') });
  expect(lines).toEqual([expect.stringContaining('index.handler')]);
});

test('all invocations of a stopped function are throttled, including waiting ones, until it may run again', async () => {
  deploy('export const handler = (event) => new Promise((done) => setTimeout(done, 20, event));', { concurrency: 1 });
  const first = host.invoke('fn', 1);
  const second = host.invoke('fn', 2);
  host.setReservedConcurrency('fn', 0);
  expect(await second).toMatchObject({ ok: false, error: 'Throttled' });
  expect(await host.invoke('fn', 3)).toMatchObject({ ok: false, error: 'Throttled' });
  expect(state()).toMatchObject({ stopped: true, throttles: 2 });
  expect(await first).toEqual({ ok: true, payload: 1 });
  host.setReservedConcurrency('fn', undefined);
  expect(await host.invoke('fn', 4)).toEqual({ ok: true, payload: 4 });
});

test('invocations beyond the reserved concurrency are throttled, and those below it run', async () => {
  deploy('export const handler = (event) => new Promise((done) => setTimeout(done, 20, event));');
  host.setReservedConcurrency('fn', 3);
  const answers = await Promise.all([1, 2, 3, 4, 5].map((each) => host.invoke('fn', each)));
  expect(answers.map((each) => (each.ok ? each.payload : each.error))).toEqual([1, 2, 3, 'Throttled', 'Throttled']);
  expect(state()).toMatchObject({ stopped: false, reserved: 3, throttles: 2, invocations: 3 });
  expect(await host.invoke('fn', 6)).toEqual({ ok: true, payload: 6 });
});

test.each([-1, 1.5])('a reserved concurrency of %s is refused', (reserved) => {
  deploy('export const handler = () => 1;');
  expect(() => host.setReservedConcurrency('fn', reserved)).toThrow(`an integer from 0. Given: ${reserved}.`);
});

test('exactly as many invocations run at the same time as the concurrency allows', async () => {
  deploy(
    `export const handler = async (event) => { console.log('start ' + event);
      await new Promise((done) => setTimeout(done, 50)); console.log('end ' + event); };`,
    { concurrency: 2 },
  );
  // Both environments are loaded first. Otherwise the faster one could do all the work.
  await Promise.all([1, 2].map((each) => host.invoke('fn', each)));
  lines.length = 0;
  await Promise.all([1, 2, 3, 4, 5].map((each) => host.invoke('fn', each)));
  let running = 0;
  let most = 0;
  for (const line of lines) {
    running += line.startsWith('start') ? 1 : -1;
    most = Math.max(most, running);
  }
  expect(most).toBe(2);
  expect(state().coldStarts).toBe(2);
});

test("a function sees its own and the runtime's environment variables, not those of this process", async () => {
  vi.stubEnv('FRESHET_SECRET', 'x');
  deploy('export const handler = async () => process.env;', { environment: { OWN: 'yes' } });
  const { payload } = (await host.invoke('fn', {})) as { payload: Record<string, string> };
  expect(payload).toMatchObject({
    OWN: 'yes',
    AWS_LAMBDA_FUNCTION_NAME: 'fn',
    AWS_LAMBDA_FUNCTION_MEMORY_SIZE: '128',
    AWS_REGION: 'us-east-1',
    AWS_ENDPOINT_URL_SNS: 'http://127.0.0.1:1',
  });
  expect(payload).not.toHaveProperty('FRESHET_SECRET');
  expect(payload).not.toHaveProperty('PATH');
  vi.unstubAllEnvs();
});

test('the context has the names of function and request, and the remaining time', async () => {
  deploy(
    `export const handler = async (_event, context) => ({ ...context, left: context.getRemainingTimeInMillis() });`,
  );
  const { payload } = (await host.invoke('fn', {})) as { payload: Record<string, unknown> };
  expect(payload).toMatchObject({
    functionName: 'fn',
    invokedFunctionArn: 'arn:aws:lambda:us-east-1:000000000000:function:fn',
    memoryLimitInMB: '128',
    awsRequestId: expect.stringMatching(/^[0-9a-f-]{36}$/),
  });
  expect(payload.left).toBeGreaterThan(4_000);
});

test('all log lines of an invocation have arrived, in order, when it ends', async () => {
  deploy(`import { Console } from 'node:console';
    const own = new Console({ stdout: process.stdout, stderr: process.stderr });
    export const handler = async () => {
      console.log('one'); own.log('two\\nthree'); console.error('four'); process.stdout.write('fi'); process.stdout.write('ve');
    };`);
  await host.invoke('fn', {});
  expect(lines).toEqual(['one', 'two', 'three', 'four', 'five']);
});

test('the host refuses to invoke an unknown function and to deploy a name twice', async () => {
  deploy('export const handler = async () => 1;');
  expect(() => host.invoke('other', {})).toThrow(/other is not deployed\. Deployed: fn/);
  expect(() => deploy('')).toThrow(/already deployed/);
});

test('an invocation that is killed while its bundle loads ends without a call of its handler', async () => {
  deploy(`console.log('loading'); await new Promise((resolve) => setTimeout(resolve, 200));
    export const handler = () => console.log('called');`);
  const killed = host.invoke('fn', {});
  await vi.waitFor(() => expect(lines).toContain('loading'));
  expect(host.kill('fn')).toBe(1);
  expect(await killed).toMatchObject({ ok: false, error: 'Unhandled' });
  expect(lines).not.toContain('called');
  expect(await host.invoke('fn', {})).toMatchObject({ ok: true });
  expect(state().coldStarts).toBe(2);
});

test('kill ends running invocations as a failing machine would, and the next one starts cold', async () => {
  const hang = 'new Promise((resolve) => setTimeout(resolve, 60_000))';
  deploy(`let calls = 0; export const handler = async (event) => (event.hangs ? ${hang} : ++calls);`);
  expect(await host.invoke('fn', {})).toEqual({ ok: true, payload: 1 });
  expect(host.kill('fn')).toBe(0);
  const running = host.invoke('fn', { hangs: true });
  expect(host.kill('fn')).toBe(1);
  expect(await running).toMatchObject({ ok: false, error: 'Unhandled' });
  expect(await host.invoke('fn', {})).toEqual({ ok: true, payload: 1 });
  expect(state()).toMatchObject({ invocations: 3, errors: 1, coldStarts: 2, running: 0 });
  expect(() => host.kill('other')).toThrow('not deployed');
});
