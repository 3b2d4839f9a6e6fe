import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { assemblyOf, SHOP } from '../support/assembly.ts';
import { type Ended, root, runFreshet, runHere, freshet as start } from '../support/command-line.ts';
import { copyAssembly } from '../support/copy-assembly.ts';

let folder: string;
let cloud: ChildProcess;
let upOutput = '';
/** A command is tried several times, and takes a second to start on a busy machine. */
const patience = { timeout: 20_000 };

beforeAll(async () => {
  // A separate folder, so that a local cloud that runs for the clone is neither used nor disturbed.
  folder = await mkdtemp(join(tmpdir(), 'freshet-cli-'));
  // The app that the folder's cdk.json runs is synthesised once for all tests; to synthesise it here is to copy that.
  const assembly = join(folder, 'synthesised');
  copyAssembly(await assemblyOf(SHOP), assembly, () => undefined, { contractsIn: root });
  await writeFile(join(folder, 'cdk.json'), JSON.stringify({ app: `cp -R "${assembly}/." "$CDK_OUTDIR"` }));
  cloud = freshet(['up']);
  cloud.stdout?.on('data', (chunk) => {
    upOutput += chunk;
  });
  cloud.stderr?.on('data', (chunk) => {
    upOutput += chunk;
  });
  await vi.waitFor(
    () => {
      if (cloud.exitCode !== null) throw new Error(`up ended: ${upOutput}`);
      expect(upOutput).toContain('Ctrl-C stops it');
    },
    { timeout: 110_000, interval: 50 },
  );
}, 120_000);

afterAll(async () => {
  cloud.kill('SIGKILL');
  await rm(folder, { recursive: true, force: true });
});

const currency = { name: 'Test', number: '963', digits: 2, countries: [] };

describe('freshet put and get', () => {
  test('freshet get shows a change in the cache after freshet put at the owner', async () => {
    const put = await run(['put', 'Currency', 'TST', '--data', JSON.stringify(currency), '--json']);
    expect(put.code).toBe(0);
    expect(JSON.parse(put.out)).toMatchObject({ outcome: 'created', version: 1 });
    const got = await vi.waitFor(async () => {
      const attempt = await run(['get', 'ordering', 'Currency', 'TST', '--json']);
      expect(attempt.code).toBe(0);
      return JSON.parse(attempt.out);
    }, patience);
    expect(got).toMatchObject({ status: 'found', version: 1, value: currency });
  });

  test('freshet put reads the state from standard input, and an equal state changes nothing', async () => {
    const state = JSON.stringify({ ...currency, number: '964' });
    expect((await runAlone(['put', 'Currency', '試し'], state)).out).toContain('Currency/試し created, version 1');
    expect((await run(['put', 'Currency', '試し'], state)).out).toContain('unchanged, version 1');
  });

  test('freshet put reads the state from a file', async () => {
    const path = join(folder, 'state.json');
    await writeFile(path, JSON.stringify(currency));
    expect((await run(['put', 'Currency', 'from-file', '--file', path])).out).toContain('created, version 1');
  });

  test('freshet get ends with exit code 3 for an unknown entity', async () => {
    const got = await runAlone(['get', 'ordering', 'Country', 'nowhere', '--json']);
    expect(got.code).toBe(3);
    const { stalenessMs, ...rest } = JSON.parse(got.out);
    expect(rest).toEqual({ status: 'unknown', id: 'nowhere', readiness: expect.stringMatching(/^(filling|ready)$/) });
    expect(stalenessMs === null || stalenessMs >= 0).toBe(true);
  });

  test.each([
    ['malformed JSON', ['put', 'Currency', 'X', '--data', '{'], ['state: not JSON', 'Allowed: one JSON object']],
    ['a state without a required field', ['put', 'Currency', 'X', '--data', '{}'], ['state.name', 'Currency/X']],
    ['a state that is not an object', ['put', 'Currency', 'X', '--data', '[]'], ['state', 'Currency/X']],
    [
      'a type that no owner owns',
      ['put', 'Planet', 'X', '--data', '{}'],
      ['"Planet"', 'geography owns Country, Currency'],
    ],
    ['an empty id', ['put', 'Currency', '', '--data', JSON.stringify(currency)], ['id: empty', '1 to 1024 bytes']],
    ['an id over 1 KB', ['put', 'Currency', 'é'.repeat(513), '--data', JSON.stringify(currency)], ['1026 bytes']],
    [
      'an expected version that is not a number',
      ['put', 'Currency', 'X', '--data', '{}', '--expected-version', 'x'],
      ['"x"'],
    ],
    [
      'an expected version that is not met',
      ['put', 'Currency', 'X', '--data', JSON.stringify(currency), '--expected-version', '7'],
      ['is at version 0', 'given: 7'],
    ],
    ['a file that does not exist', ['put', 'Currency', 'X', '--file', 'nowhere.json'], ['nowhere.json', 'ENOENT']],
    ['malformed JSON with control characters', ['put', 'Currency', 'X', '--data', 'a\n\u001b[31m'], ['"a  [31m"']],
    ['a state too large', ['put', 'Currency', 'X', '--file', '-'], ['Currency/X', 'bytes']],
    ['an unknown cache', ['get', 'billing', 'Country', 'FR'], ['"billing"', 'ordering, warehouse']],
    [
      'a type that the cache does not keep',
      ['get', 'warehouse', 'Currency', 'EUR'],
      ['"Currency"', 'It keeps: Country'],
    ],
    ['an unknown option', ['get', 'ordering', 'Country', 'FR', '--loud'], ["unknown option '--loud'", '--help']],
    [
      'a number that would be rounded',
      ['put', 'Currency', 'X', '--data', '{"n":12345678901234567890}'],
      ["state.n: the number 12345678901234567890 can't be stored exactly", 'it would become 12345678901234567000'],
    ],
    [
      'a key that is given twice',
      ['put', 'Currency', 'X', '--data', '{"a":{"b":1,"b":2}}'],
      ['state.a.b: given twice'],
    ],
    [
      'a key with a special meaning in JavaScript',
      ['put', 'Currency', 'X', '--data', JSON.stringify(currency).replace('{', '{"__proto__":1,')],
      ['state: Currency/X', '__proto__'],
    ],
  ])('%s is refused with exit code 2, what was given, what is allowed, and no stack trace', async (_, args, expected) => {
    const huge = JSON.stringify({ ...currency, countries: Array(25_000).fill('x'.repeat(200)) });
    const { code, out, err } = await run(args, huge);
    expect(code).toBe(2);
    expect(out).toBe('');
    for (const part of expected) expect(err).toContain(part);
    expect(err).not.toMatch(/^\s+at /m);
  });

  test('an unknown option and an unknown command are also refused in processes of their own', async () => {
    const [option, command] = await Promise.all([runAlone(['get', '--loud']), runAlone(['got'])]);
    expect(option).toEqual({ code: 2, out: '', err: expect.stringContaining("unknown option '--loud'") });
    expect(command).toEqual({ code: 2, out: '', err: expect.stringContaining("unknown command 'got'") });
  });

  test.each<[string, string | Buffer, string]>([
    ['nothing at all', ' \n', 'no state given'],
    ['text that is not UTF-8', Buffer.from('\uFEFF{"name":"', 'utf16le'), 'UTF-8'],
    ['a text that is not UTF-8 in one place', Buffer.from([0x22, 0xff, 0x22]), 'byte 2 is not UTF-8'],
    ['far more than any state', Buffer.alloc(64 * 1024 * 1024, ' '), 'at most'],
  ])('freshet put refuses %s on standard input', async (_, input, expected) => {
    const { code, err } = await run(['put', 'Currency', 'X'], input);
    expect(code).toBe(2);
    expect(err).toContain(expected);
    expect(err.trimEnd().split('\n')).toHaveLength(1);
  });

  test('freshet put skips a byte order mark', async () => {
    const path = join(folder, 'marked.json');
    await writeFile(path, `\uFEFF${JSON.stringify(currency)}`);
    expect((await run(['put', 'Currency', 'BOM', '--file', path])).out).toContain('created');
  });

  test.each([
    'put',
    'get',
    'delete',
  ])('freshet %s escapes control characters of an id, which a terminal would obey', async (verb) => {
    const id = 'a\n\u001b[31mred';
    await run(['put', 'Currency', id, '--data', JSON.stringify(currency)]);
    const args = verb === 'get' ? ['ordering', 'Currency', id] : ['Currency', id];
    const { out } = await run([verb, ...args], JSON.stringify(currency));
    expect(out).toContain('Currency/a\\u000a\\u001b[31mred');
  });

  test('put, get and delete take an id that begins with a dash after --, as their help says', async () => {
    expect((await run(['put', 'Currency', '--', '-x'], JSON.stringify(currency))).out).toContain('Currency/-x created');
    for (const command of ['put', 'get', 'delete'])
      expect((await run([command, '--help'])).out).toMatch(/begins\s+with\s+a\s+dash/);
  });

  test('put, get and status end without an error if the reader of their output closes the pipe', async () => {
    const large = { ...currency, countries: Array(1_000).fill('x'.repeat(200)) };
    await run(['put', 'Currency', 'LARGE'], JSON.stringify(large));
    for (const args of [
      ['put', 'Currency', 'LARGE', '--data', JSON.stringify(currency)],
      ['get', 'ordering', 'Currency', 'LARGE'],
      ['status'],
    ]) {
      const child = freshet(args);
      child.stdout?.destroy();
      const [[code], err] = await Promise.all([once(child, 'close'), child.stderr && text(child.stderr)]);
      expect({ code, err }).toEqual({ code: 0, err: '' });
    }
  });

  test('--debug prints the stack trace of an error', async () => {
    expect((await run(['get', 'billing', 'Country', 'FR', '--debug'])).err).toMatch(/^\s+at /m);
  });

  test('a command says how to start a local cloud if none runs', async () => {
    const elsewhere = await mkdtemp(join(tmpdir(), 'freshet-none-'));
    const { code, err } = await run(['get', 'ordering', 'Country', 'FR'], '', elsewhere);
    await rm(elsewhere, { recursive: true });
    expect(code).toBe(2);
    expect(err).toContain('npm run -s freshet -- up');
  });

  test('a command ignores the file of a killed local cloud whose process id is in use again', async () => {
    const killed = await folderWithLocalFile({ pid: process.pid, url: 'http://127.0.0.1:9' });
    const { code, err } = await run(['get', 'ordering', 'Country', 'FR'], '', killed);
    await rm(killed, { recursive: true });
    expect(code).toBe(2);
    expect(err).toContain('no local cloud is running');
  });
});

describe('freshet import, delete and export', () => {
  const rows = Array.from({ length: 300 }, (_, n) => ({ ...currency, code: `bulk${n}`, name: `Bulk ${n}` }));
  const ndjson = [...rows.slice(0, 150), 'oops', ...rows.slice(150)].map((row) => JSON.stringify(row)).join('\n');

  test('freshet import puts every valid row, reports an invalid row by its line, and changes nothing the second time', async () => {
    const path = join(folder, 'bulk.ndjson');
    await writeFile(path, ndjson);
    const first = await run(['import', 'Currency', path, '--id', 'code', '--json']);
    expect(first).toMatchObject({
      code: 1,
      err: expect.stringMatching(/line 151 \(byte [0-9]+\): not a JSON object: "oops"/),
    });
    expect(JSON.parse(first.out)).toMatchObject({ created: 300, changed: 0, unchanged: 0, rejected: 1 });
    const second = await run(['import', 'Currency', '-', '--id', 'code', '--json'], ndjson);
    expect(JSON.parse(second.out)).toMatchObject({ created: 0, changed: 0, unchanged: 300, rejected: 1 });
  });

  test('freshet import stops on Ctrl-C with exit code 130 and prints what was done', async () => {
    const child = freshet(['import', 'Currency', '-', '--id', 'code', '--json']);
    child.stdin?.on('error', () => undefined).write(`${JSON.stringify({ ...currency, code: 'interrupted' })}\n`);
    await vi.waitFor(
      async () => expect((await run(['get', 'ordering', 'Currency', 'interrupted'])).code).toBe(0),
      patience,
    );
    child.kill('SIGINT');
    const out = child.stdout === null ? '' : await text(child.stdout);
    expect(JSON.parse(out)).toEqual({
      ...{ records: 1, created: 1, changed: 0, unchanged: 0, deleted: 0, rejected: 0 },
      ...{ leftOut: 0, notPut: 0, kept: 0 },
      interrupted: true,
    });
    expect(child.exitCode ?? (await once(child, 'exit'))[0]).toBe(130);
  });

  test('freshet export prints the entities of a cache, deleted entities included', async () => {
    expect((await run(['delete', 'Currency', 'bulk7'])).out).toContain('deleted, version 2');
    expect((await run(['delete', 'Currency', 'bulk7', '--json'])).out).toContain('"outcome":"unchanged"');
    expect((await run(['delete', 'Currency', 'never'])).code).toBe(3);
    const exported = await vi.waitFor(async () => {
      const { code, out } = await run(['export', 'ordering', 'Currency']);
      expect(code).toBe(0);
      const entities = out
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line));
      expect(entities.find(({ id }) => id === 'bulk7')).toMatchObject({ version: 2, deleted: true, data: null });
      return entities;
    }, patience);
    const bulk = exported.filter(({ id, deleted }) => id.startsWith('bulk') && !deleted);
    expect(bulk).toHaveLength(299);
    expect(bulk.find(({ id }) => id === 'bulk8')).toMatchObject({ version: 1, data: { ...currency, name: 'Bulk 8' } });
  });

  test('freshet import takes what freshet export printed, and leaves deleted entities out', async () => {
    const ofCache = (await run(['export', 'ordering', 'Currency'])).out;
    const ofOwner = (await run(['export', 'geography', 'Currency'])).out;
    expect(ofOwner.split('\n').sort()).toEqual(ofCache.split('\n').sort());
    const count = (text: string) => ofOwner.split(text).length - 1;
    const [live, leftOut] = [count('"deleted":false'), count('"deleted":true')];
    expect(leftOut).toBeGreaterThan(0);
    const again = await run(['import', 'Currency', '-', '--json'], ofCache);
    expect(JSON.parse(again.out)).toMatchObject({ created: 0, changed: 0, unchanged: live, rejected: 0, leftOut });
    expect((await run(['delete', 'Currency', 'bulk8'])).code).toBe(0);
    const restored = await run(['import', 'Currency', '-'], ofOwner);
    expect(restored).toMatchObject({ code: 0, out: expect.stringContaining(`${leftOut} deleted entities left out`) });
    expect((await run(['export', 'geography', 'Currency'])).out).toContain('"id":"bulk8","version":3');
    const foreign = await run(['import', 'Country', '-', '--json'], ofOwner);
    expect(foreign).toMatchObject({ code: 1, err: expect.stringContaining('an entity of type Currency') });
    expect((await run(['import', 'Currency', 'some.csv'])).code).toBe(2);
  });
});

describe('freshet status', () => {
  test('freshet status prints a row for each cache, and the same report as JSON', async () => {
    const { code, out } = await run(['status']);
    expect(code).toBe(0);
    expect(out).toMatch(/ordering/);
    expect(out).toMatch(/warehouse/);
    const report = JSON.parse((await run(['status', '--json'])).out);
    expect(report.owners).toMatchObject([{ owner: 'geography', relay: 'running' }]);
    expect(report.caches.map(({ cache }: { cache: string }) => cache)).toEqual(['ordering', 'warehouse']);
  });
});

const parked = ['list', 'show', 'redrive', 'discard'].map((verb) => `parked ${verb}`);
const repairs = ['release', 'resync', 'backfill', 'reconcile', 'survey', 'restore', 'replay'];

describe('help', () => {
  test.each([
    '',
    'up',
    'put',
    'delete',
    'get',
    'import',
    'export',
    'status',
    'watch',
    'stop',
    'start',
    'rehearse',
    'contracts',
    'contracts check',
    'parked',
    ...parked,
    ...repairs,
  ])('freshet %s --help prints the usage on standard output', async (command) => {
    const { code, out } = await run([...command.split(' ').filter((word) => word !== ''), '--help']);
    expect(code).toBe(0);
    expect(out).toContain('Usage: freshet');
  });
});

describe('freshet up', () => {
  test('freshet up refuses to start a second local cloud for the same folder', async () => {
    const { code, err } = await run(['up', '--once']);
    expect(code).toBe(2);
    expect(err).toContain(`process ${cloud.pid}`);
  });

  test('freshet up gives way to a local cloud that was started at the same time and was ready first, and leaves its files', async () => {
    const shared = await mkdtemp(join(tmpdir(), 'freshet-both-'));
    // Its synthesis only copies the assembly of the first local cloud, together with the file that says that this cloud
    // is ready.
    const local = join(folder, '.freshet');
    const assembly = `cloud-assembly-${cloud.pid}`;
    const app = `cp -R "${local}/${assembly}/." "$CDK_OUTDIR" && cp "${local}/local.json" .freshet/`;
    await writeFile(join(shared, 'cdk.json'), JSON.stringify({ app }));
    await mkdir(join(shared, '.freshet', assembly), { recursive: true });
    const { code, err } = await runAlone(['up', '--no-story', '--once'], '', shared);
    const left = await filesLeft(shared);
    await rm(shared, { recursive: true });
    expect(code).toBe(2);
    expect(err).toContain(`process ${cloud.pid}`);
    expect(left).toEqual([assembly, 'local.json']);
  });

  test('freshet up leaves no file in a folder without a CDK app', async () => {
    const empty = await mkdtemp(join(tmpdir(), 'freshet-empty-'));
    const { code, err } = await run(['up'], '', empty);
    const left = await readdir(empty);
    await rm(empty, { recursive: true });
    expect(code).toBe(2);
    expect(err).toContain('cdk.json is missing');
    expect(left).toEqual([]);
  });

  test('freshet up stops on Ctrl-C with exit code 0 and leaves no file', async () => {
    cloud.kill('SIGINT');
    const [code] = await once(cloud, 'exit');
    expect(code).toBe(0);
    expect(await filesLeft(folder)).toEqual([]);
  });
});

/** The files of a local cloud in a project's folder, without the engine, which later local clouds use again. */
async function filesLeft(project: string): Promise<readonly string[]> {
  return (await readdir(join(project, '.freshet'))).filter((name) => name !== 'engine').sort();
}

/** A separate folder with the file of a local cloud that may not run. */
async function folderWithLocalFile(differing: { pid: number; url: string }): Promise<string> {
  const other = await mkdtemp(join(tmpdir(), 'freshet-killed-'));
  const own = JSON.parse(await readFile(join(folder, '.freshet/local.json'), 'utf8'));
  await mkdir(join(other, '.freshet'));
  await writeFile(join(other, '.freshet/local.json'), JSON.stringify({ ...own, ...differing }));
  return other;
}

function freshet(args: readonly string[], cwd = folder): ChildProcess {
  return start(args, cwd);
}

/** Runs a command in this process. */
function run(args: readonly string[], input: string | Buffer = '', cwd = folder): Promise<Ended> {
  return runHere(args, cwd, input);
}

/** Runs a command in a process of its own, as a person does. */
function runAlone(args: readonly string[], input: string | Buffer = '', cwd = folder): Promise<Ended> {
  return runFreshet(args, cwd, input);
}
