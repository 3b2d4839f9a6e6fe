import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { runCommand } from '../../cli/main.ts';
import { type CloudFormation, startCloudFormation } from '../support/cloud-formation.ts';
import { commandIo } from '../support/command-io.ts';
import { root } from '../support/command-line.ts';
import { bodyOf, type Depot, item, startDepot } from './depot/world.ts';

let depot: Depot;
let formation: CloudFormation;
/** A folder without an app. */
let elsewhere: string;
const slow = { timeout: 120_000 };

beforeAll(async () => {
  depot = await startDepot();
  const outputs = Object.values(depot.cloud.outputs).flatMap((ofStack) => Object.values(ofStack));
  const { owner } = depot;
  const restored = JSON.stringify({ ...owner.deployed, contracts: 'test/cli/depot/restored.ts' });
  formation = await startCloudFormation({ Depot: outputs, Restored: [restored] });
  elsewhere = mkdtempSync(join(tmpdir(), 'freshet-elsewhere-'));
}, 120_000);
afterAll(async () => {
  formation?.close();
  rmSync(elsewhere, { recursive: true, force: true });
  await depot?.stop();
});

beforeEach(() => {
  const { sqs, dynamodb } = depot.cloud.endpoints;
  vi.stubEnv('AWS_ENDPOINT_URL', sqs);
  vi.stubEnv('AWS_ENDPOINT_URL_DYNAMODB', dynamodb);
  vi.stubEnv('AWS_ENDPOINT_URL_CLOUDFORMATION', formation.url);
  return () => vi.unstubAllEnvs();
});

/** Runs a command without a local cloud: in the folder of the app, or elsewhere. */
async function runIn(cwd: string, args: readonly string[], env: NodeJS.ProcessEnv = {}, input: string[] = []) {
  const io = commandIo({ cwd, env, stdin: Readable.from(input.map((text) => Buffer.from(text))) });
  const code = await runCommand(args, io);
  return { code, out: io.out(), err: io.err() };
}
const onStack = (...args: string[]) => runIn(root, [...args, '--stack', 'Depot']);
const fromAnywhere = (...args: string[]) => runIn(elsewhere, [...args, '--stack', 'Depot']);
const settled = () => depot.cloud.idle();

describe('commands on stacks', slow, () => {
  test('put, get, import, export and delete work on stacks', async () => {
    const put = await onStack('put', 'Item', 'p1', '--data', '{"name":"one"}');
    expect(put).toMatchObject({ code: 0, out: 'depot: Item/p1 created, version 1\n' });
    const rows = await runIn(root, ['import', 'Item', '-', '--id', 'id', '--stack', 'Depot'], {}, [
      '{"id":"p2","name":"two"}\n',
    ]);
    expect(rows.code).toBe(0);
    await settled();
    expect((await onStack('get', 'lenient', 'Item', 'p2')).out).toContain('"name": "two"');
    expect((await onStack('export', 'lenient', 'Item')).out).toMatch(/"id":"p1".*"name":"one"/);
    const deleted = await onStack('delete', 'Item', 'p1', '--yes');
    expect(deleted).toMatchObject({ code: 0, out: 'depot: Item/p1 deleted, version 2\n' });
  });

  test('import --sync and delete --from work on stacks, and ask first', async () => {
    const path = join(elsewhere, 'feed.ndjson');
    writeFileSync(path, '{"id":"p2","name":"two"}\n{"id":"p3","name":"three"}\n');
    const sync = ['import', 'Item', path, '--id', 'id', '--sync', '--max-deletes', '100'];
    expect((await onStack(...sync, '--yes')).out).toMatch(/^2 records: .* entities deleted\n$/);
    writeFileSync(path, '{"id":"p2","name":"two"}\n');
    const asked = 'On AWS account 000000000000, us-east-1, Depot: Delete';
    expect(await onStack(...sync)).toMatchObject({ code: 2, err: expect.stringContaining(`${asked} 1 entities`) });
    const from = ['delete', 'Item', '--from', path];
    expect(await onStack(...from)).toMatchObject({ code: 2, out: '', err: expect.stringContaining(asked) });
    expect((await onStack(...sync, '--yes')).out).toContain('1 unchanged, 0 rejected, 1 entities deleted');
    expect((await onStack(...from, '--yes')).out).toContain('1 records: 1 deleted');
    expect((await onStack('put', 'Item', 'p2', '--data', '{"name":"two"}')).code).toBe(0);
  });

  test('delete on stacks asks first, and names the account, the region and the stacks', async () => {
    const { code, err } = await onStack('delete', 'Item', 'p2');
    expect(code).toBe(2);
    expect(err).toContain('On AWS account 000000000000, us-east-1, Depot: Delete Item/p2 at depot?');
    expect((await depot.owner.owner.get('Item', 'p2'))?.state).toEqual({ name: 'two' });
  });

  test('backfill, reconcile and restore work on stacks', async () => {
    const backfill = await onStack('backfill', 'strict');
    expect(backfill).toMatchObject({ code: 0 });
    expect(backfill.out).toContain('strict: Item is ready');
    expect((await onStack('reconcile', 'strict', '--json')).code).toBe(0);
    const restore = await onStack('restore', 'depot');
    expect(restore).toMatchObject({ code: 2 });
    expect(restore.err).toContain('epoch: the epoch of depot is 0');
  });

  test('status, watch and logs work on stacks', async () => {
    expect((await onStack('status', '--json')).code).toBe(0);
    expect((await onStack('watch', '--count', '1')).code).toBe(0);
    await depot.cloud.functions.invoke(depot.cache('lenient').deployed.projector, { Records: 'none' });
    vi.spyOn(formation, 'functionsOf').mockReturnValue([depot.cache('lenient').deployed.projector]);
    const logs = await onStack('logs', '--errors');
    expect(logs).toMatchObject({ code: 0 });
    expect(logs.out).toContain('TypeError');
  });
});

describe('commands on stacks without contracts', slow, () => {
  test('parked list, show, discard and redrive work from a folder without an app', async () => {
    const key = await depot.park('lenient', 'a1', bodyOf(item('a1', 1, { name: 'parked' })));
    const other = await depot.park('lenient', 'a2', bodyOf(item('a2', 1, { name: 'parked' })));
    const list = await fromAnywhere('parked', 'list', 'lenient');
    expect(list).toMatchObject({ code: 0, err: '' });
    expect(list.out).toContain('2');
    expect((await fromAnywhere('parked', 'show', 'lenient', key)).out).toContain('"parked"');
    const redriven = await fromAnywhere('parked', 'redrive', 'lenient', key);
    expect(redriven.code).toBe(0);
    expect(redriven.out).toContain('applied');
    const unselected = await fromAnywhere('parked', 'discard', 'lenient', '--yes');
    expect(unselected).toMatchObject({ code: 2 });
    expect(unselected.err).toContain('no events are selected');
    const discarded = await fromAnywhere('parked', 'discard', 'lenient', other, '--yes');
    expect(discarded).toMatchObject({ code: 0 });
  });

  test('release and resync work from a folder without an app', async () => {
    await depot.owner.owner.put('Item', 'r1', { name: 'one' });
    await settled();
    const release = await fromAnywhere('release', 'lenient', 'Item', 'r1');
    expect(release).toMatchObject({ code: 0, out: 'lenient: Item/r1 was not stopped\n' });
    const resync = await fromAnywhere('resync', 'Item', 'r1', '--wait');
    expect(resync).toMatchObject({ code: 0, err: '' });
    expect(resync.out).toContain('depot: the publication of Item/r1 version 1 is requested\narrived in ');
  });

  test('a command that needs contracts says where it looked for them', async () => {
    const { code, err } = await fromAnywhere('get', 'lenient', 'Item', 'r1');
    expect(code).toBe(2);
    expect(err).toContain("the contracts of lenient (test/cli/depot/lenient.ts) aren't in ");
  });

  test('resync of an entity that no owner has is refused from a folder without an app too', async () => {
    const { code, err } = await fromAnywhere('resync', 'Item', 'never');
    expect(code).toBe(2);
    expect(err).toContain('id: no owner in this deployment has ever had Item/never');
  });

  test('contracts are loaded from the folder of a CDK app only, and not through a link that leads out of it', async () => {
    mkdirSync(join(elsewhere, 'test/cli'), { recursive: true });
    symlinkSync(join(root, 'test/cli/depot'), join(elsewhere, 'test/cli/depot'));
    for (const files of [{}, { 'cdk.json': '{}' }]) {
      for (const [name, content] of Object.entries(files)) writeFileSync(join(elsewhere, name), content);
      const { code, err } = await fromAnywhere('get', 'lenient', 'Item', 'r1');
      expect(code).toBe(2);
      expect(err).toContain("the contracts of lenient (test/cli/depot/lenient.ts) aren't in ");
    }
    for (const name of ['cdk.json', 'test']) rmSync(join(elsewhere, name), { recursive: true });
  });

  test('resync of an entity that no owner has needs contracts to say what is wrong', async () => {
    expect((await onStack('resync', 'Item', 'never')).err).toContain('id: depot has never had Item/never');
    expect((await onStack('resync', 'Nothing', 'never')).err).toContain('no owner in this deployment owns "Nothing"');
  });
});

describe('stacks that no option names', slow, () => {
  test('FRESHET_STACK and cdk.json name the stacks, and a line says which they are', async () => {
    const command = ['parked', 'list', 'lenient'];
    const line = (from: string) => `on AWS account 000000000000, us-east-1: Depot (from ${from})\n`;
    const fromEnvironment = await runIn(elsewhere, command, { FRESHET_STACK: 'Depot' });
    expect(fromEnvironment).toMatchObject({ code: 0, err: line('FRESHET_STACK') });
    for (const stacks of [['Depot'], 'Depot, Depot']) {
      writeFileSync(join(elsewhere, 'cdk.json'), JSON.stringify({ context: { 'freshet:stacks': stacks } }));
      expect(await runIn(elsewhere, command)).toMatchObject({ code: 0, err: line('freshet:stacks in cdk.json') });
    }
    rmSync(join(elsewhere, 'cdk.json'));
  });

  test.each([
    [['put', 'Item', 'x', '--data', '{"name":"x"}']],
    [['import', 'Item', '-', '--id', 'id']],
    [['import', 'Item', 'x', '--id', 'id', '--sync', '--yes']],
    [['delete', 'Item', '--from', 'x', '--yes']],
    [['delete', 'Item', 'x', '--yes']],
    [['resync', 'Item', 'x']],
    [['release', 'lenient', 'Item', 'x']],
    [['parked', 'redrive', 'lenient']],
    [['parked', 'discard', 'lenient', '--all', '--yes']],
    [['backfill', 'lenient']],
    [['reconcile', 'lenient']],
    [['reconcile', 'lenient', '--delete-unknown', '--yes']],
    [['restore', 'depot', '--yes']],
  ])('%j does not change the stacks in cdk.json, which no option named', async (command) => {
    writeFileSync(join(elsewhere, 'cdk.json'), JSON.stringify({ context: { 'freshet:stacks': ['Depot'] } }));
    const { code, err } = await runIn(elsewhere, command, {}, ['{"id":"x","name":"x"}']);
    expect(code).toBe(2);
    expect(err).toContain(
      'the stacks in cdk.json are only for commands that read. To change them, name them: --stack Depot',
    );
    rmSync(join(elsewhere, 'cdk.json'));
  });

  test('a running local cloud comes before the stacks in cdk.json, and FRESHET_STACK before the local cloud', async () => {
    writeFileSync(join(depot.folder, 'cdk.json'), JSON.stringify({ context: { 'freshet:stacks': ['Nowhere'] } }));
    expect(await runIn(depot.folder, ['parked', 'list', 'lenient'])).toMatchObject({ code: 0, err: '' });
    const other = await runIn(depot.folder, ['parked', 'list', 'lenient'], { FRESHET_STACK: 'Nowhere' });
    expect(other.err).toContain('there is no stack Nowhere');
    rmSync(join(depot.folder, 'cdk.json'));
  });

  test.each([
    ['an empty list', { cdk: [], env: {} }, 'freshet:stacks in cdk.json: '],
    ['something else than names', { cdk: { a: 1 }, env: {} }, 'freshet:stacks in cdk.json: '],
    ['a name that no stack has', { cdk: ['-'], env: {} }, 'freshet:stacks in cdk.json: not a stack name: "-"'],
    [
      'such a name in FRESHET_STACK',
      { cdk: ['Depot'], env: { FRESHET_STACK: 'a b' } },
      'FRESHET_STACK: not a stack name',
    ],
  ])('%s is refused', async (_, { cdk, env }, message) => {
    writeFileSync(join(elsewhere, 'cdk.json'), JSON.stringify({ context: { 'freshet:stacks': cdk } }));
    const { code, err } = await runIn(elsewhere, ['parked', 'list', 'lenient'], env);
    expect(code).toBe(2);
    expect(err).toContain(message);
    rmSync(join(elsewhere, 'cdk.json'));
  });

  test('without a deployment, the error names both ways to one', async () => {
    const { code, err } = await runIn(elsewhere, ['status']);
    expect(code).toBe(2);
    expect(err).toContain('no local cloud is running');
    expect(err).toContain('--stack');
  });

  test.each(['region', 'profile'])('--%s without stacks is refused', async (option) => {
    const { code, err } = await runIn(elsewhere, ['status', `--${option}`, 'eu-central-1']);
    expect(code).toBe(2);
    expect(err).toContain(`--${option}: needs --stack`);
  });
});

describe('the profile of a command', slow, () => {
  test('--profile chooses the credentials, and an unknown profile is refused', async () => {
    const config = join(elsewhere, 'config');
    writeFileSync(
      config,
      '[profile night]\nregion = us-east-1\naws_access_key_id = local\naws_secret_access_key = local\n',
    );
    for (const [name, value] of Object.entries({ AWS_CONFIG_FILE: config, AWS_SHARED_CREDENTIALS_FILE: config }))
      vi.stubEnv(name, value);
    for (const name of ['AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY', 'AWS_REGION']) vi.stubEnv(name, undefined);
    vi.stubEnv('AWS_EC2_METADATA_DISABLED', 'true');
    const found = await fromAnywhere('parked', 'list', 'lenient', '--profile', 'night');
    expect(found).toMatchObject({ code: 0, err: '' });
    const unknown = await fromAnywhere('parked', 'list', 'lenient', '--profile', 'day', '--region', 'us-east-1');
    expect(unknown.code).toBe(2);
    expect(unknown.err).toContain('no AWS credentials');
  });
});

test('a restore without a cache in the deployment says so and fails', slow, async () => {
  const { code, out, err } = await runIn(root, ['restore', 'depot', '--yes', '--stack', 'Restored']);
  expect({ code, out }).toMatchObject({ code: 1, out: expect.stringMatching(/entities lifted into epoch 1/) });
  expect(out).not.toContain('equal');
  expect(err).toContain('no cache in this deployment keeps a type of depot, so none was compared');
});
