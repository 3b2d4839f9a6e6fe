import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));
const tsx = import.meta.resolve('tsx');
let folder: string;
let cloud: ChildProcess;
let upOutput = '';

beforeAll(async () => {
  // A folder of its own, so that a local cloud that runs for the clone is neither used nor disturbed.
  folder = await mkdtemp(join(tmpdir(), 'freshet-cli-'));
  const app = `"${process.execPath}" --import ${tsx} "${join(root, 'bin/app.ts')}"`;
  await writeFile(join(folder, 'cdk.json'), JSON.stringify({ app }));
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
    { timeout: 50_000, interval: 50 },
  );
});

afterAll(async () => {
  cloud.kill('SIGKILL');
  await rm(folder, { recursive: true, force: true });
});

const currency = { name: 'Test', number: '963', digits: 2, countries: [] };

describe('freshet put and get', () => {
  test('show a change in the cache after it was put at the owner', async () => {
    const put = await run(['put', 'Currency', 'TST', '--data', JSON.stringify(currency), '--json']);
    expect(put.code).toBe(0);
    expect(JSON.parse(put.out)).toMatchObject({ outcome: 'created', version: 1 });
    const got = await vi.waitFor(async () => {
      const attempt = await run(['get', 'ordering', 'Currency', 'TST', '--json']);
      expect(attempt.code).toBe(0);
      return JSON.parse(attempt.out);
    });
    expect(got).toMatchObject({ status: 'found', version: 1, value: currency });
  });

  test('read the state from standard input, and change nothing when it is equal', async () => {
    const state = JSON.stringify({ ...currency, number: '964' });
    expect((await run(['put', 'Currency', '試し'], state)).out).toContain('Currency/試し created, version 1');
    expect((await run(['put', 'Currency', '試し'], state)).out).toContain('unchanged, version 1');
  });

  test('read the state from a file', async () => {
    const path = join(folder, 'state.json');
    await writeFile(path, JSON.stringify(currency));
    expect((await run(['put', 'Currency', 'from-file', '--file', path])).out).toContain('created, version 1');
  });

  test('tell an unknown entity by exit code 3', async () => {
    const got = await run(['get', 'ordering', 'Country', 'nowhere', '--json']);
    expect(got).toMatchObject({ code: 3, out: `${JSON.stringify({ status: 'unknown', id: 'nowhere' })}\n` });
  });

  test.each([
    ['malformed JSON', ['put', 'Currency', 'X', '--data', '{'], ['state: not JSON', 'Allowed: one JSON object']],
    ['a state that misses a field', ['put', 'Currency', 'X', '--data', '{}'], ['state.name', 'Currency/X']],
    ['a state that is no object', ['put', 'Currency', 'X', '--data', '[]'], ['state', 'Currency/X']],
    [
      'a type that nobody owns',
      ['put', 'Planet', 'X', '--data', '{}'],
      ['"Planet"', 'geography owns Country, Currency'],
    ],
    ['an empty id', ['put', 'Currency', '', '--data', JSON.stringify(currency)], ['id: empty', '1 to 1024 bytes']],
    ['an id over 1 KB', ['put', 'Currency', 'é'.repeat(513), '--data', JSON.stringify(currency)], ['1026 bytes']],
    ['an expected version that is none', ['put', 'Currency', 'X', '--data', '{}', '--expected-version', 'x'], ['"x"']],
    [
      'an expected version that is not met',
      ['put', 'Currency', 'X', '--data', JSON.stringify(currency), '--expected-version', '7'],
      ['is at version 0', 'given: 7'],
    ],
    ['a file that is not there', ['put', 'Currency', 'X', '--file', 'nowhere.json'], ['nowhere.json', 'ENOENT']],
    ['a state too large', ['put', 'Currency', 'X', '--file', '-'], ['Currency/X', 'bytes']],
    ['an unknown cache', ['get', 'billing', 'Country', 'FR'], ['"billing"', 'ordering, warehouse']],
    [
      'a type that the cache does not keep',
      ['get', 'warehouse', 'Currency', 'EUR'],
      ['"Currency"', 'It keeps: Country'],
    ],
    ['an unknown option', ['get', 'ordering', 'Country', 'FR', '--loud'], ["unknown option '--loud'", '--help']],
  ])('refuse %s with exit code 2, what was given, what is allowed, and no stack trace', async (_, args, expected) => {
    const huge = JSON.stringify({ ...currency, countries: Array(2_000).fill('x'.repeat(200)) });
    const { code, out, err } = await run(args, huge);
    expect(code).toBe(2);
    expect(out).toBe('');
    for (const part of expected) expect(err).toContain(part);
    expect(err).not.toMatch(/^\s+at /m);
  });

  test('show the stack trace with --debug', async () => {
    expect((await run(['get', 'billing', 'Country', 'FR', '--debug'])).err).toMatch(/^\s+at /m);
  });

  test('say how to start a local cloud where none runs', async () => {
    const elsewhere = await mkdtemp(join(tmpdir(), 'freshet-none-'));
    const { code, err } = await run(['get', 'ordering', 'Country', 'FR'], '', elsewhere);
    await rm(elsewhere, { recursive: true });
    expect(code).toBe(2);
    expect(err).toContain('npm start');
  });
});

describe('freshet import, delete and export', () => {
  const rows = Array.from({ length: 300 }, (_, n) => ({ ...currency, code: `bulk${n}`, name: `Bulk ${n}` }));
  const ndjson = [...rows.slice(0, 150), 'oops', ...rows.slice(150)].map((row) => JSON.stringify(row)).join('\n');

  test('put every good row, name the bad one by its line, and change nothing the second time', async () => {
    const path = join(folder, 'bulk.ndjson');
    await writeFile(path, ndjson);
    const first = await run(['import', 'Currency', path, '--id', 'code', '--json']);
    expect(first).toMatchObject({ code: 1, err: expect.stringContaining('line 151: not a JSON object: "oops"') });
    expect(JSON.parse(first.out)).toMatchObject({ created: 300, changed: 0, unchanged: 0, rejected: 1 });
    const second = await run(['import', 'Currency', '-', '--id', 'code', '--json'], ndjson);
    expect(JSON.parse(second.out)).toMatchObject({ created: 0, changed: 0, unchanged: 300, rejected: 1 });
  });

  test('stop on Ctrl-C with exit code 130, say what was done, and go on the next time', async () => {
    const child = freshet(['import', 'Currency', '-', '--id', 'code', '--json']);
    child.stdin?.on('error', () => undefined).write(`${JSON.stringify({ ...currency, code: 'interrupted' })}\n`);
    await vi.waitFor(async () => expect((await run(['get', 'ordering', 'Currency', 'interrupted'])).code).toBe(0), {
      timeout: 20_000,
    });
    child.kill('SIGINT');
    const out = child.stdout === null ? '' : await text(child.stdout);
    expect(JSON.parse(out)).toEqual({ created: 1, changed: 0, unchanged: 0, rejected: 0, interrupted: true });
    expect(child.exitCode ?? (await once(child, 'exit'))[0]).toBe(130);
  });

  test('write what the cache holds, deleted entities included', async () => {
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
    });
    const bulk = exported.filter(({ id, deleted }) => id.startsWith('bulk') && !deleted);
    expect(bulk).toHaveLength(299);
    expect(bulk.find(({ id }) => id === 'bulk8')).toMatchObject({ version: 1, data: { ...currency, name: 'Bulk 8' } });
  });
});

describe('freshet status', () => {
  test('prints a row for each cache, and the same as JSON', async () => {
    const { code, out } = await run(['status']);
    expect(code).toBe(0);
    expect(out).toMatch(/ordering/);
    expect(out).toMatch(/warehouse/);
    const report = JSON.parse((await run(['status', '--json'])).out);
    expect(report.owners).toMatchObject([{ owner: 'geography', relay: 'running' }]);
    expect(report.caches.map(({ cache }: { cache: string }) => cache)).toEqual(['ordering', 'warehouse']);
  });
});

describe.each(['', 'up', 'put', 'delete', 'get', 'import', 'export', 'status'])('freshet %s --help', (command) => {
  test('explains itself on standard output', async () => {
    const { code, out } = await run([...(command ? [command] : []), '--help']);
    expect(code).toBe(0);
    expect(out).toContain('Usage: freshet');
  });
});

describe('freshet up', () => {
  test('refuses to start a second local cloud for the same folder', async () => {
    const { code, err } = await run(['up', '--once']);
    expect(code).toBe(2);
    expect(err).toContain(`process ${cloud.pid}`);
  });

  test('stops on Ctrl-C with exit code 0 and leaves no file behind', async () => {
    cloud.kill('SIGINT');
    const [code] = await once(cloud, 'exit');
    expect(code).toBe(0);
    expect(existsSync(join(folder, '.freshet/local.json'))).toBe(false);
  });
});

function freshet(args: readonly string[], cwd = folder): ChildProcess {
  return spawn(process.execPath, ['--import', tsx, join(root, 'bin/freshet.ts'), ...args], { cwd, stdio: 'pipe' });
}

async function run(
  args: readonly string[],
  input = '',
  cwd = folder,
): Promise<{ code: number; out: string; err: string }> {
  const child = freshet(args, cwd);
  child.stdin?.on('error', () => undefined).end(input);
  const { stdout, stderr } = child;
  if (stdout === null || stderr === null) throw new Error('no pipes');
  const [[code], out, err] = await Promise.all([once(child, 'close'), text(stdout), text(stderr)]);
  return { code, out, err };
}
