import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { openKept } from '../../cli/commands/up/kept.ts';
import { assemblyOf } from '../support/assembly.ts';
import { root, runHere, freshet as start } from '../support/command-line.ts';
import { copyAssembly } from '../support/copy-assembly.ts';

/** A command is tried several times, and a local cloud takes seconds to start on a busy machine. */
const patience = { timeout: 50_000, interval: 100 };
const slow = { timeout: 180_000 };

let folder: string;
let cloud: ChildProcess | undefined;
let output = '';

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'freshet-up-keep-'));
  const assembly = await assemblyOf('test/cli/depot/app.ts');
  const both = copyAssembly(assembly, join(folder, 'cdk.out', 'both'), () => undefined, { contractsIn: root });
  const one = copyAssembly(assembly, join(folder, 'cdk.out', 'one'), () => undefined, { contractsIn: root });
  const manifest = join(one, 'manifest.json');
  const read = JSON.parse(readFileSync(manifest, 'utf8'));
  delete read.artifacts.strict;
  writeFileSync(manifest, JSON.stringify(read));
  expect(existsSync(both)).toBe(true);
  // The app is synthesised by copying the assembly that a file of the project names.
  await writeFile(join(folder, 'cdk.json'), JSON.stringify({ app: 'cp -R "cdk.out/$(cat which)/." "$CDK_OUTDIR"' }));
  await choose('one');
}, 120_000);
afterEach(async () => {
  await kill('SIGKILL');
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const choose = (assembly: string) => writeFile(join(folder, 'which'), assembly);
const run = (...args: readonly string[]) => runHere(args, folder);

async function kill(signal: 'SIGKILL' | 'SIGINT'): Promise<void> {
  if (cloud === undefined) return;
  const ended = once(cloud, 'exit');
  cloud.kill(signal);
  await ended;
  cloud = undefined;
}

async function up(...args: readonly string[]): Promise<void> {
  output = '';
  const child = start(['up', '--no-story', ...args], folder);
  cloud = child;
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on('data', (chunk) => {
      output += chunk;
    });
  }
  await vi.waitFor(() => {
    if (child.exitCode !== null) throw new Error(`up ended: ${output}`);
    expect(output).toContain('Ctrl-C stops it');
  }, patience);
}

const put = async (id: string) =>
  expect(await run('put', 'Item', id, '--data', JSON.stringify({ name: id }))).toMatchObject({ code: 0, err: '' });
const inCache = (cache: string, id: string) =>
  vi.waitFor(async () => expect((await run('get', cache, 'Item', id)).code).toBe(0), patience);

describe('freshet up --keep', slow, () => {
  test('a put that was confirmed before the process was killed is in the owner and reaches the cache in the next run', async () => {
    await up('--keep');
    expect(output).toContain('keeps its data in');
    await put('before');
    await inCache('lenient', 'before');
    await run('stop', 'projector');
    await put('in-queue');
    await run('stop', 'relay');
    await put('in-stream');
    await kill('SIGKILL');

    await up('--keep');
    expect(output).toContain('continues with the data in');
    await inCache('lenient', 'before');
    const { out } = await run('status', '--json');
    expect(JSON.parse(out).stoppedFunctions).toHaveLength(2);
    await run('start', 'projector');
    await run('start', 'relay');
    for (const id of ['in-queue', 'in-stream']) await inCache('lenient', id);
    await kill('SIGINT');
  });

  test('a cache that is added later is made beside the kept data, and a backfill fills it', async () => {
    await choose('both');
    await up('--keep');
    await inCache('lenient', 'before');
    expect(await run('backfill', 'strict')).toMatchObject({ code: 0 });
    for (const id of ['before', 'in-queue', 'in-stream']) await inCache('strict', id);
  });

  test('--reset drops what was kept, and is refused without --keep', async () => {
    expect(await run('up', '--reset')).toMatchObject({ code: 2, err: expect.stringContaining('Add --keep') });
    await up('--keep', '--reset');
    expect(output).toContain('keeps its data in');
    expect((await run('get', 'lenient', 'Item', 'before')).code).toBe(3);
  });

  test('a folder that keeps the data of another app is refused, with the stacks of both', async () => {
    const other = await mkdtemp(join(tmpdir(), 'freshet-other-app-'));
    await mkdir(join(other, '.freshet', 'kept'), { recursive: true });
    await writeFile(join(other, '.freshet', 'kept', 'app.json'), JSON.stringify({ stacks: ['Orders'] }));
    const assembly = join(folder, 'cdk.out', 'one');
    expect(() => openKept(other, assembly, false)).toThrow(
      /keeps the data of another app, with the stacks Orders. This app has the stacks Depot, lenient.*--keep --reset/,
    );
    expect(openKept(other, assembly, true)).toMatchObject({ isNew: true });
    await rm(other, { recursive: true });
  });
});

describe('freshet up --watch', slow, () => {
  test('a changed app changes the running cloud, and a failing synthesis leaves it as it is', async () => {
    expect(await run('up', '--watch', '--once')).toMatchObject({ code: 2, err: expect.stringContaining('--once') });
    await choose('one');
    await up('--watch');
    await put('watched');
    await inCache('lenient', 'watched');
    await choose('nowhere');
    await vi.waitFor(() => expect(output).toContain('runs on without this change'), patience);
    expect(output).toContain('cdk.out/nowhere');
    await inCache('lenient', 'watched');
    await choose('both');
    await vi.waitFor(() => expect(output).toMatch(/added strict\/\w+ \(AWS::DynamoDB::Table\)/), patience);
    await vi.waitFor(() => expect(output).toMatch(/added strict\/\w+ \(AWS::SNS::Subscription\)/), patience);
    await vi.waitFor(
      async () => expect((await run('get', 'strict', 'Item', 'watched')).err).not.toContain('no cache'),
      patience,
    );
    await put('after');
    await inCache('strict', 'after');
    await inCache('lenient', 'watched');
  });
});
