import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { readDeployed } from '../../adapters/aws/stack-output.ts';
import { createFlowStore } from '../../adapters/govern/flow-table.ts';
import { importRows } from '../../cli/commands/import/import-rows.ts';
import { type StatusReport, statusReport } from '../../cli/commands/status/document.ts';
import { watchView } from '../../cli/commands/watch/document.ts';
import type { Deployment } from '../../cli/deployment/deployment.ts';
import { openLocalCloud } from '../../cli/deployment/local-cloud.ts';
import { localFileOf, writeLocalFile } from '../../cli/deployment/local-file.ts';
import { EXIT } from '../../cli/errors.ts';
import { writeOnce } from '../../cli/write-once.ts';
import type { FlowDecision } from '../../core/govern/decide.ts';
import { type LocalCloud, startLocalCloud } from '../../local/cloud.ts';
import { assemblyOf, SHOP } from '../support/assembly.ts';
import { type CloudFormation, startCloudFormation } from '../support/cloud-formation.ts';
import { commandIo } from '../support/command-io.ts';
import { type Ended, endOf, root, runFreshet, runHere, freshet as start, startHere } from '../support/command-line.ts';

/** A wait is told after a second. */
const patience = { timeout: 10_000 };

const state = { name: 'Test', number: '963', digits: 2, countries: [] as string[] };

let cloud: LocalCloud;
let folder: string;
let deployment: Deployment;
/** Lines that say what a write of the newest deployment waits for. */
const waits: string[] = [];
/** The decisions of the tests are newer than those of the governor, so the governor's have no effect. */
let decidedAtMs = Date.now() + 3_600_000;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'freshet-observe-'));
  cloud = await startLocalCloud({ assembly: await assemblyOf(SHOP) });
  writeLocalFile(folder, localFile());
  deployment = newDeployment();
});

afterAll(async () => {
  deployment?.close();
  await cloud?.stop();
  await rm(folder, { recursive: true, force: true });
});

function localFile() {
  return { ...localFileOf(cloud), deployed: outputs() };
}

/** A deployment whose owners haven't read a decision yet. */
function newDeployment(): Deployment {
  waits.length = 0;
  return openLocalCloud({ file: localFile(), projectFolder: root }, { onWait: (line) => waits.push(line) });
}

/** The outputs of the stacks, with contracts that are found from any folder. */
function outputs(): string[] {
  return Object.values(cloud.outputs)
    .flatMap((stack) => Object.values(stack))
    .flatMap((output) => {
      const deployed = readDeployed(output);
      return deployed ? [JSON.stringify({ ...deployed, contracts: resolve(root, deployed.contracts) })] : [];
    });
}

/** Runs a command in this process. */
function run(args: readonly string[], input = ''): Promise<Ended> {
  return runHere(args, folder, input);
}

/** Writes a decision as the governor would. */
async function decide(decision: Pick<FlowDecision, 'state'> & Partial<FlowDecision>): Promise<void> {
  decidedAtMs += 1;
  const validUntilMs = decidedAtMs + 3_600_000;
  const { tables } = deployment.clients;
  await createFlowStore({
    client: tables,
    tableName: (await deployment.ownerOf('Currency')).deployed.flowTable,
  }).saveDecision({
    retryAfterSeconds: 0,
    levels: {},
    missing: [],
    decidedAtMs,
    validUntilMs,
    ...decision,
  });
}

const cause = { cache: 'ordering', backlog: 61_000, drainSeconds: 240 };
const refusing = { state: 'refusing', cause, retryAfterSeconds: 600 } as const;

describe('an owner that refuses writes', () => {
  test('put, delete and import fail with exit code 75 and write nothing while an owner refuses writes, and a write with priority succeeds', async () => {
    const { owner } = await deployment.ownerOf('Currency');
    await owner.put('Currency', 'kept', state, { priority: true });
    await decide(refusing);
    const rows = ['one', 'two', 'three'].map((code) => JSON.stringify({ ...state, code })).join('\n');
    const [put, deletion, imported, urgent, report] = await Promise.all([
      run(['put', 'Currency', 'refused', '--max-wait', '0s', '--json'], JSON.stringify(state)),
      runFreshet(['delete', 'Currency', 'kept'], folder),
      run(['import', 'Currency', '-', '--id', 'code', '--max-wait', '1m', '--json'], rows),
      run(['put', 'Currency', 'urgent', '--priority'], JSON.stringify(state)),
      run(['status']),
    ]);
    expect(put.code).toBe(75);
    expect(JSON.parse(put.out)).toMatchObject({
      outcome: 'refused',
      code: 'Backpressure',
      entity: { type: 'Currency', id: 'refused' },
      cache: 'ordering',
      backlog: 61_000,
      drainSeconds: 240,
      retryAfterSeconds: 600,
    });
    expect(put.err).toContain('cache ordering lags by 61000 events');
    expect(deletion).toMatchObject({ code: 75, out: '', err: expect.stringContaining('Try again in 600 s') });
    expect(imported.code).toBe(75);
    expect(JSON.parse(imported.out)).toMatchObject({
      created: 0,
      rejected: 0,
      interrupted: false,
      refusal: { code: 'Backpressure', cache: 'ordering' },
    });
    expect(imported.err).toContain('run the command again');
    expect(urgent).toMatchObject({ code: 0, out: expect.stringContaining('created') });
    for (const id of ['refused', 'one', 'two', 'three']) expect(await owner.get('Currency', id)).toBeUndefined();
    expect(await owner.get('Currency', 'kept')).toMatchObject({ version: 1 });
    expect(report.code).toBe(1);
    expect(report.out).toMatch(
      /flow\s+refusing,\s+because\s+cache\s+ordering\s+lags\s+by\s+61,000\s+events\s+\(drained\s+in\s+4m\)/,
    );
  });

  test('a waiting write says what it waits for, and Ctrl-C ends the wait with nothing written', async () => {
    await decide({ ...refusing, retryAfterSeconds: 20 });
    const waiting = newDeployment();
    const { owner } = await waiting.ownerOf('Currency');
    const io = commandIo();
    const done = writeOnce(
      io,
      async (signal) => {
        await owner.put('Currency', 'interrupted', state, { maxWaitMs: 60_000, signal });
        return EXIT.ok;
      },
      {},
    );
    await expect.poll(() => waits, patience).toContainEqual(expect.stringContaining('ordering lags by 61,000 events'));
    io.interrupt();
    expect(await done).toBe(130);
    expect(io.err()).toBe('interrupted while waiting; nothing was written\n');
    expect(await owner.get('Currency', 'interrupted')).toBeUndefined();
    waiting.close();
  });

  test('a put waits until it is admitted', async () => {
    await decide({ ...refusing, retryAfterSeconds: 1 });
    const waiting = newDeployment();
    const { owner } = await waiting.ownerOf('Currency');
    const put = owner.put('Currency', 'waited', state, { maxWaitMs: 60_000 });
    await expect.poll(() => waits.length, patience).toBeGreaterThan(0);
    expect(await owner.get('Currency', 'waited')).toBeUndefined();
    await decide({ state: 'normal' });
    expect(await put).toMatchObject({ outcome: 'created' });
    waiting.close();
  });
});

describe('an owner that paces writes', () => {
  afterEach(() => decide({ state: 'normal' }));

  test('all writers of an import together write at about the pace of a paced owner', async () => {
    const pacePerSecond = 150;
    const count = 400;
    await decide({ state: 'paced', pacePerSecond, cause });
    const paced = newDeployment();
    const { owner, boundary } = await paced.ownerOf('Currency');
    const contract = boundary.owns.Currency;
    if (contract === undefined) throw new Error('no contract');
    const beginMs = performance.now();
    const counts = await importRows({
      owner,
      contract,
      rows: rows(count),
      mapping: { idField: 'code', keepId: false },
      writers: 32,
      maxWaitMs: 60_000,
      signal: new AbortController().signal,
      onProgress: () => {},
      onReject: (place, problem) => expect.unreachable(`${place}: ${problem}`),
    });
    const rate = count / ((performance.now() - beginMs) / 1000);
    paced.close();
    expect(counts).toMatchObject({ created: count });
    expect(rate / pacePerSecond).toBeGreaterThan(0.5);
    expect(rate / pacePerSecond).toBeLessThan(1.3);
  });
});

async function* rows(count: number) {
  for (let n = 0; n < count; n += 1) {
    yield { place: { line: n + 1, byte: 0 }, fields: { ...state, code: `paced${n}` }, cells: false };
  }
}

describe('freshet status', () => {
  test('freshet status reads the same from the local cloud and from the same stacks as on AWS', async () => {
    await cloud.idle();
    const formation: CloudFormation = await startCloudFormation({ Shop: outputs() });
    const urls = {
      AWS_ENDPOINT_URL_CLOUDFORMATION: formation.url,
      AWS_ENDPOINT_URL: cloud.endpoints.sqs,
      AWS_ENDPOINT_URL_DYNAMODB: cloud.endpoints.dynamodb,
      AWS_ACCESS_KEY_ID: 'local',
      AWS_SECRET_ACCESS_KEY: 'local',
      AWS_REGION: 'us-east-1',
    };
    const [local, remote] = await Promise.all([
      run(['status', '--json']),
      endOf(start(['status', '--json', '--stack', 'Shop'], folder, urls)),
    ]);
    formation.close();
    expect(local).toMatchObject({ code: 0, err: '' });
    expect(remote).toMatchObject({ code: 0, err: '' });
    const [here, there] = [local, remote].map(({ out }) => statusReport.parse(JSON.parse(out)));
    expect(there?.place).toBe('AWS account 000000000000, us-east-1');
    expect(comparable(there)).toEqual(comparable(here));
    const ordering = here?.caches.find(({ cache }) => cache === 'ordering');
    expect(ordering?.applied).toBeGreaterThan(400);
    expect(ordering?.leadTimeP50Ms).toBeGreaterThan(0);
    expect(ordering?.entities).toBeGreaterThan(400);
    expect(there?.caches.find(({ cache }) => cache === 'ordering')?.entities).toBeNull();
  });

  test('freshet status reports a stopped relay with exit code 1', async () => {
    const { relay } = (await deployment.ownerOf('Currency')).deployed;
    cloud.functions.setReservedConcurrency(relay, 0);
    const { code, out } = await run(['status']);
    cloud.functions.setReservedConcurrency(relay, undefined);
    expect(code).toBe(1);
    expect(out).toContain('needs a person: geography: its relay is stopped');
  });
});

/** The parts of a report that don't depend on the time, and that aren't only counted locally. */
function comparable(report: StatusReport | undefined) {
  return {
    owners: report?.owners.map(({ owner, relay, published, setAside, flow }) => {
      return { owner, relay, published, setAside, state: flow?.state };
    }),
    caches: report?.caches.map(({ cache, applied, superseded, parked, backlog, deadLetters, setAside }) => {
      return { cache, applied, superseded, parked, backlog, deadLetters, setAside };
    }),
  };
}

describe('freshet watch', () => {
  test('freshet watch --json prints each refresh with the current rates as a line of JSON, and ends after --count', async () => {
    const watch = startHere(['watch', '--json', '--count', '3'], folder);
    await expect.poll(watch.out, patience).not.toBe('');
    const { owner } = await deployment.ownerOf('Currency');
    await Promise.all(Array.from({ length: 50 }, (_, n) => owner.put('Currency', `watched${n}`, state)));
    const { code, out, err } = await watch.ended;
    expect({ code, err }).toEqual({ code: 0, err: '' });
    const views = out
      .trimEnd()
      .split('\n')
      .map((line) => watchView.parse(JSON.parse(line)));
    expect(views).toHaveLength(3);
    const ordering = views.map(({ caches }) => caches.find(({ cache }) => cache === 'ordering'));
    expect(ordering[0]).toMatchObject({ productionRate: null, consumptionRate: null });
    expect(ordering[2]?.consumptionRate).toBeGreaterThan(0);
    expect(ordering[2]?.leadTimeP99Ms).toBeGreaterThan(0);
    expect(views[2]?.owners).toMatchObject([{ owner: 'geography', flow: { state: 'normal' } }]);
  });

  test('freshet watch prints lines without escape codes if there is no terminal, and ends with exit code 0 on Ctrl-C', async () => {
    const child = start(['watch'], folder);
    const out = child.stdout && text(child.stdout);
    const err = child.stderr && text(child.stderr);
    await once(child.stdout ?? child, 'data');
    child.kill('SIGINT');
    const [code] = await once(child, 'close');
    expect({ code, err: await err }).toEqual({ code: 0, err: '' });
    expect(await out).toMatch(/^\S+Z\n {2}geography: flow normal\n {2}ordering: backlog \d+, in /);
    expect(await out).not.toContain('\u001b');
  });

  test('freshet watch ends with exit code 2 and no stack trace when the local cloud stops', async () => {
    const watch = startHere(['watch', '--json'], folder);
    await expect.poll(watch.out, patience).not.toBe('');
    await cloud.stop();
    const { code, err } = await watch.ended;
    expect(code).toBe(2);
    expect(err).toMatch(/^error: the local cloud at http:\S+: \w+ \w+( of \S+)? failed( \d times)?\. .* -- up\n$/);
  });
});
