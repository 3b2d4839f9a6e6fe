import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { openKept } from '../../cli/commands/up/kept.ts';
import { assemblyOf } from '../support/assembly.ts';
import { root, runHere } from '../support/command-line.ts';
import { copyAssembly } from '../support/copy-assembly.ts';
import { startUp, type Up } from '../support/up.ts';

/** A command is tried several times, and a local cloud takes seconds to start on a busy machine. */
const patience = { timeout: 50_000, interval: 100 };
const slow = { timeout: 180_000 };

let folder: string;
let cloud: Up | undefined;

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
  await cloud?.end('SIGKILL');
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const choose = (assembly: string) => writeFile(join(folder, 'which'), assembly);
const run = (...args: readonly string[]) => runHere(args, folder);

async function up(...args: readonly string[]): Promise<void> {
  cloud = await startUp(args, folder, patience.timeout);
}

const put = async (id: string) =>
  expect(await run('put', 'Item', id, '--data', JSON.stringify({ name: id }))).toMatchObject({ code: 0, err: '' });

/** The projector of a cache, and where it runs. */
async function projectorOf(cache: string): Promise<{ url: string; functionName: string }> {
  const { url, deployed } = JSON.parse(await readFile(join(folder, '.freshet', 'local.json'), 'utf8'));
  const found = deployed
    .map((one: string) => parsed(one))
    .find(
      (one: { projector?: string; contracts?: string }) =>
        one?.projector !== undefined && one.contracts?.includes(cache),
    );
  return { url, functionName: found.projector };
}

function parsed(text: string): { projector?: string; contracts?: string } | undefined {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

const inCache = (cache: string, id: string) =>
  vi.waitFor(async () => expect((await run('get', cache, 'Item', id)).code).toBe(0), patience);

describe('freshet up --keep', slow, () => {
  test('a put that was confirmed before the process was killed is in the owner and reaches the cache in the next run', async () => {
    await up('--keep');
    expect(cloud?.output()).toContain('keeps its data in');
    await put('before');
    await inCache('lenient', 'before');
    await run('stop', 'projector');
    await put('in-queue');
    await run('stop', 'relay');
    await put('in-stream');
    await cloud?.end('SIGKILL');

    await up('--keep');
    expect(cloud?.output()).toContain('continues with the data in');
    await inCache('lenient', 'before');
    const { out } = await run('status', '--json');
    expect(JSON.parse(out).stoppedFunctions).toHaveLength(2);
    await run('start', 'projector');
    await run('start', 'relay');
    for (const id of ['in-queue', 'in-stream']) await inCache('lenient', id);
    await cloud?.end('SIGINT');
  });

  test('a rehearsal before a restart is taken back after it, once', async () => {
    await up('--keep');
    expect(await run('rehearse', 'stalled', 'lenient')).toMatchObject({ code: 0 });
    const stopped = async () => JSON.parse((await run('status', '--json')).out).stoppedFunctions;
    expect(await stopped()).toHaveLength(1);
    await cloud?.end('SIGINT');
    await up('--keep');
    expect(await stopped()).toHaveLength(1);
    const { out } = await run('rehearse', '--undo');
    expect(out).toContain('stalled at lenient: taken back');
    expect(await stopped()).toEqual([]);
    expect((await run('rehearse', '--undo')).out).toContain('there is no rehearsal to take back');
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
    expect(cloud?.output()).toContain('keeps its data in');
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

describe('freshet up', slow, () => {
  test('why a function failed is one line of the terminal', async () => {
    await choose('one');
    await up();
    const { url, functionName } = await projectorOf('lenient');
    const credentials = { accessKeyId: 'local', secretAccessKey: 'local' };
    const lambda = new LambdaClient({ endpoint: url, region: 'us-east-1', credentials });
    await lambda.send(new InvokeCommand({ FunctionName: functionName, Payload: '{}' }));
    lambda.destroy();
    await vi.waitFor(() => expect(cloud?.output()).toMatch(new RegExp(`\n {2}! ${functionName}: \\w*Error`)), patience);
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
    await vi.waitFor(() => expect(cloud?.output()).toContain('runs on without this change'), patience);
    expect(cloud?.output()).toContain('cdk.out/nowhere');
    await inCache('lenient', 'watched');
    await choose('both');
    await vi.waitFor(() => expect(cloud?.output()).toMatch(/added strict\/\w+ \(AWS::DynamoDB::Table\)/), patience);
    await vi.waitFor(() => expect(cloud?.output()).toMatch(/added strict\/\w+ \(AWS::SNS::Subscription\)/), patience);
    await vi.waitFor(
      async () => expect((await run('get', 'strict', 'Item', 'watched')).err).not.toContain('no cache'),
      patience,
    );
    await put('after');
    await inCache('strict', 'after');
    await inCache('lenient', 'watched');
  });
});
