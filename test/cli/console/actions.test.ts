import { afterEach, describe, expect, test } from 'vitest';
import type { ActionInputs, ActionName } from '../../../cli/console/api/documents.ts';
import { act, ask, type FakeConsole, fakeIo, ON_AWS, startFake, tokenOf } from './world.ts';

const started: FakeConsole[] = [];
afterEach(async () => {
  for (const one of started.splice(0)) await one.close();
});

async function start(given: Parameters<typeof startFake>[0] = {}): Promise<string> {
  const running = await startFake(given);
  started.push(running);
  return running.url;
}

const STATE = '{"name":"Test","digits":2}';
const KEYS = ['Country/FR/1', 'Country/FR/2', 'Country/DE/1', 'Country/DE/2'];

const EXPECTED: { readonly [N in ActionName]: readonly [ActionInputs[N], readonly string[], RegExp] } = {
  put: [
    { type: 'Currency', id: 'TST', stateJson: STATE, expectedVersion: 3 },
    ['put', '--max-wait', '5s', '--expected-version', '3', '--json', '--', 'Currency', 'TST'],
    /put --max-wait 5s --expected-version 3 --data '\{"name":"Test","digits":2\}' Currency TST$/,
  ],
  delete: [
    { type: 'Currency', id: 'TST' },
    ['delete', '--yes', '--max-wait', '5s', '--json', '--', 'Currency', 'TST'],
    /delete --yes --max-wait 5s Currency TST$/,
  ],
  resync: [{ type: 'Country', id: 'FR' }, ['resync', '--json', '--', 'Country', 'FR'], /resync Country FR$/],
  release: [
    { cache: 'ordering', type: 'Country', id: 'FR', drop: true },
    ['release', '--drop', '--yes', '--json', '--', 'ordering', 'Country', 'FR'],
    /release --drop --yes ordering Country FR$/,
  ],
  redrive: [
    { name: 'ordering', keys: KEYS },
    ['parked', 'redrive', '--json', '--', 'ordering', ...KEYS],
    /parked redrive ordering Country\/FR\/1 Country\/FR\/2 Country\/DE\/1 '… 1 more'$/,
  ],
  discard: [
    { name: 'ordering', keys: ['Country/FR/1'] },
    ['parked', 'discard', '--yes', '--json', '--', 'ordering', 'Country/FR/1'],
    /parked discard --yes ordering Country\/FR\/1$/,
  ],
  backfill: [
    { cache: 'ordering', type: 'Country', restart: true },
    ['backfill', '--restart', '--no-wait', '--json', '--', 'ordering', 'Country'],
    /backfill --restart --no-wait ordering Country$/,
  ],
  reconcile: [
    { cache: 'ordering', type: 'Country' },
    ['reconcile', '--no-wait', '--json', '--', 'ordering', 'Country'],
    /reconcile --no-wait ordering Country$/,
  ],
  stop: [{ function: 'Relay-1' }, ['stop', '--json', '--', 'Relay-1'], /stop Relay-1$/],
  start: [{ function: 'Relay-1' }, ['start', '--json', '--', 'Relay-1'], /start Relay-1$/],
};

const ALL = Object.entries(EXPECTED);
const OF_AWS = ALL.filter(([name]) => name !== 'stop' && name !== 'start');

describe('the actions of the console', () => {
  test('a backfill begins again only if that was asked for', async () => {
    const { io, ran } = fakeIo();
    await act(await start({ io }), 'backfill', { cache: 'ordering', type: 'Country', restart: false });
    expect(ran[0]?.args).toEqual(['backfill', '--no-wait', '--json', '--', 'ordering', 'Country']);
  });

  test.each(ALL)('%s runs the command of its name', async (name, [input, args, shown]) => {
    const { io, ran } = fakeIo({ exitCode: 75, stdout: '{"a":1}\n', stderr: 'a cache lags\n' });
    const answer = await act(await start({ io }), name, input);
    expect(answer.status).toBe(200);
    expect(answer.json()).toEqual({
      command: expect.stringMatching(shown),
      exitCode: 75,
      result: { a: 1 },
      message: 'a cache lags',
    });
    expect(ran.map((one) => one.args)).toEqual([args]);
    expect(ran[0]?.stdin).toBe(name === 'put' ? STATE : undefined);
  });

  test('a large state goes to standard input, and the shown command has its beginning and end', async () => {
    const { io, ran } = fakeIo();
    const stateJson = `{"text":"${'x'.repeat(250_000)}"}`;
    const answer = await act(await start({ io }), 'put', { type: 'T', id: 'I', stateJson });
    expect(ran[0]?.stdin).toBe(stateJson);
    expect(ran[0]?.args.join(' ')).not.toContain('xxx');
    const { command } = answer.json() as { readonly command: string };
    expect(command).toMatch(/--data '\{"text":"x+…x+"\}' T I$/);
    expect(command.length).toBeLessThan(200);
  });

  test('names that look like options are arguments, and the shown command is safe to copy', async () => {
    const { io, ran } = fakeIo();
    const url = await start({ io });
    const answer = await act(url, 'resync', { type: '--stack', id: "-x'; rm -rf / #\n" });
    expect(ran[0]?.args).toEqual(['resync', '--json', '--', '--stack', "-x'; rm -rf / #\n"]);
    expect(answer.json()).toMatchObject({
      command: expect.stringMatching(/resync -- --stack \$'-x\\'; rm -rf \/ #\\u000a'$/),
    });
  });

  test('a command that prints no JSON has the result null', async () => {
    const { io } = fakeIo({ exitCode: 2, stdout: '', stderr: 'error: id: empty\n' });
    const answer = await act(await start({ io }), 'resync', { type: 'T', id: 'I' });
    expect(answer.json()).toMatchObject({ exitCode: 2, result: null, message: 'error: id: empty' });
  });

  test.each<[string, string, unknown, string]>([
    ['a missing field', 'put', { type: 'T', id: 'I' }, 'put: stateJson: Allowed: the state as JSON text.'],
    ['an empty id', 'resync', { type: 'T', id: '' }, 'resync: id: Allowed: a text of 1 to 1024 characters.'],
    ['a number as id', 'resync', { type: 'T', id: 1 }, 'resync: id'],
    ['a fraction as version', 'delete', { type: 'T', id: 'I', expectedVersion: 0.5 }, 'expectedVersion: Allowed'],
    ['a negative version', 'delete', { type: 'T', id: 'I', expectedVersion: -1 }, 'expectedVersion: Allowed'],
    ['no keys, which would mean all', 'discard', { name: 'n', keys: [] }, 'keys: Allowed: 1 to 1000 keys'],
    ['too many keys', 'redrive', { name: 'n', keys: Array(1_001).fill('k') }, 'keys: Allowed: 1 to 1000 keys'],
    ['an empty key', 'redrive', { name: 'n', keys: [''] }, 'keys: Allowed'],
    ['an unknown field', 'backfill', { cache: 'c', type: 'T', restart: true, stack: 'S' }, 'unknown fields: "stack"'],
    ['a list', 'stop', [], 'the body is not a JSON object'],
    ['null', 'stop', null, 'the body is not a JSON object'],
  ])('%s is refused, and no command runs', async (_, name, input, expected) => {
    const { io, ran } = fakeIo();
    const answer = await act(await start({ io }), name, input);
    expect(answer.status).toBe(400);
    expect(answer.json()).toEqual({ error: expect.stringContaining(expected) });
    expect(ran).toEqual([]);
  });

  test('a body that is not JSON, and an unknown action, are refused', async () => {
    const url = await start();
    const headers = { 'x-freshet-token': await tokenOf(url), 'content-type': 'application/json' };
    const broken = await ask(url, '/api/actions/stop', { method: 'POST', headers, body: '{' });
    expect([broken.status, broken.json()]).toEqual([400, { error: 'body: not JSON.' }]);
    for (const name of ['up', 'restore', 'constructor', '__proto__'])
      expect((await act(url, name, {})).status).toBe(404);
  });

  test('a console of a deployment on AWS without --write refuses every action', async () => {
    const { io, ran } = fakeIo();
    const url = await start({ io, deployment: ON_AWS });
    expect((await ask(url, '/api/deployment')).json()).toMatchObject({ actions: [] });
    for (const [name, [input]] of ALL) expect((await act(url, name, input)).status).toBe(403);
    expect(ran).toEqual([]);
  });

  test('with --write it runs the commands on the stacks of the console, and never stops a function', async () => {
    const { io, ran } = fakeIo({}, { FRESHET_STACK: 'Other' });
    const on = { stack: ['Geography', 'Ordering'], region: 'eu-central-1', profile: 'ops' };
    const url = await start({ io, deployment: ON_AWS, on, write: true });
    expect((await ask(url, '/api/deployment')).json()).toMatchObject({ actions: OF_AWS.map(([name]) => name) });
    for (const [name, [input]] of ALL) {
      const isRun = name !== 'stop' && name !== 'start';
      expect((await act(url, name, input)).status).toBe(isRun ? 200 : 403);
    }
    const place = ['--stack', 'Geography,Ordering', '--region', 'eu-central-1', '--profile', 'ops'];
    for (const { args } of ran) expect(args.join(' ')).toContain(`${place.join(' ')} -- `);
    expect(ran).toHaveLength(OF_AWS.length);
  });

  test('a local console never reaches the stacks that the environment names', async () => {
    const { io, ran } = fakeIo({}, { FRESHET_STACK: 'Production', PATH: '/bin' });
    await act(await start({ io }), 'resync', { type: 'T', id: 'I' });
    expect(ran[0]?.env).toEqual({ PATH: '/bin' });
  });

  test('the end of the console interrupts the commands that run', async () => {
    let interrupted: () => void = () => {};
    const isInterrupted = new Promise<void>((resolve) => {
      interrupted = resolve;
    });
    let begun: () => void = () => {};
    const hasBegun = new Promise<void>((resolve) => {
      begun = resolve;
    });
    const running = await startFake({
      io: {
        env: {},
        async run(_, { signal } = {}) {
          signal?.addEventListener('abort', interrupted);
          begun();
          await isInterrupted;
          return { exitCode: 130, stdout: '', stderr: '' };
        },
      },
    });
    const answer = act(running.url, 'resync', { type: 'T', id: 'I' }).catch(() => undefined);
    await hasBegun;
    await running.close();
    await isInterrupted;
    await answer;
  });
});
