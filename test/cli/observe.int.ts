import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, afterEach, beforeAll, describe, expect, inject, test, vi } from 'vitest';
import { readDeployed } from '../../adapters/aws/stack-output.ts';
import { createFlowStore } from '../../adapters/govern/flow-table.ts';
import { writeOnce } from '../../cli/backpressure.ts';
import { EXIT } from '../../cli/errors.ts';
import { importRows } from '../../cli/import/import-rows.ts';
import { writeLocalFile } from '../../cli/local-file.ts';
import { connectTo, ownerOf, type Session } from '../../cli/session.ts';
import { type StatusReport, statusReport } from '../../cli/status/document.ts';
import { watchView } from '../../cli/watch/document.ts';
import type { FlowDecision } from '../../core/govern/decide.ts';
import { type LocalCloud, startLocalCloud } from '../../local/cloud.ts';
import { type CloudFormation, startCloudFormation } from '../support/cloud-formation.ts';
import { type Ended, endOf, root, freshet as start } from '../support/command-line.ts';

/** A wait is told of after a second. */
const patience = { timeout: 10_000 };

const state = { name: 'Test', number: '963', digits: 2, countries: [] as string[] };

let cloud: LocalCloud;
let folder: string;
let session: Session;
/** Lines that tell what a write of the newest session waits for. */
const waits: string[] = [];
/** Decisions that a test made are newer than any of the governor's, which has no say here. */
let decidedAtMs = Date.now() + 3_600_000;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'freshet-observe-'));
  cloud = await startLocalCloud({ assembly: inject('assembly') });
  writeLocalFile(folder, localFile());
  session = await newSession();
});

afterAll(async () => {
  session?.close();
  await cloud?.stop();
  await rm(folder, { recursive: true, force: true });
});

function localFile() {
  const { sqs: url, dynamodb: dynamodbUrl } = cloud.endpoints;
  return { pid: process.pid, startedAt: new Date().toISOString(), url, dynamodbUrl, deployed: outputs() };
}

/** One that has read no decision yet. */
function newSession(): Promise<Session> {
  waits.length = 0;
  return connectTo({ file: localFile(), projectFolder: root }, (line) => waits.push(line));
}

/** What the stacks say of the boundaries, with contracts that are found from any folder. */
function outputs(): string[] {
  return Object.values(cloud.outputs)
    .flatMap((stack) => Object.values(stack))
    .flatMap((output) => {
      const deployed = readDeployed(output);
      return deployed ? [JSON.stringify({ ...deployed, contracts: resolve(root, deployed.contracts) })] : [];
    });
}

function run(args: readonly string[], input = '', env?: Readonly<Record<string, string>>): Promise<Ended> {
  const child = start(args, folder, env);
  child.stdin?.on('error', () => undefined).end(input);
  return endOf(child);
}

/** Writes a decision as the governor would. */
async function decide(decision: Pick<FlowDecision, 'state'> & Partial<FlowDecision>): Promise<void> {
  decidedAtMs += 1;
  const validUntilMs = decidedAtMs + 3_600_000;
  const { tables } = session.watched.clients;
  await createFlowStore({ client: tables, tableName: ownerOf(session, 'Currency').deployed.flowTable }).saveDecision({
    ...{ retryAfterSeconds: 0, levels: {}, missing: [], decidedAtMs, validUntilMs },
    ...decision,
  });
}

const cause = { cache: 'ordering', backlog: 61_000, drainSeconds: 240 };
const refusing = { state: 'refusing', cause, retryAfterSeconds: 600 } as const;

describe('while an owner refuses writes', () => {
  test('put, delete and import fail with an exit code of their own and write nothing, and a write with priority passes', async () => {
    const { owner } = ownerOf(session, 'Currency');
    await owner.put('Currency', 'kept', state, { priority: true });
    await decide(refusing);
    const rows = ['one', 'two', 'three'].map((code) => JSON.stringify({ ...state, code })).join('\n');
    const [put, deletion, imported, urgent, report] = await Promise.all([
      run(['put', 'Currency', 'refused', '--max-wait', '0s', '--json'], JSON.stringify(state)),
      run(['delete', 'Currency', 'kept']),
      run(['import', 'Currency', '-', '--id', 'code', '--max-wait', '1m', '--json'], rows),
      run(['put', 'Currency', 'urgent', '--priority'], JSON.stringify(state)),
      run(['status']),
    ]);
    expect(put.code).toBe(75);
    expect(JSON.parse(put.out)).toMatchObject({
      ...{ outcome: 'refused', code: 'Backpressure', entity: { type: 'Currency', id: 'refused' } },
      ...{ cache: 'ordering', backlog: 61_000, drainSeconds: 240, retryAfterSeconds: 600 },
    });
    expect(put.err).toContain('cache ordering lags by 61000 events');
    expect(deletion).toMatchObject({ code: 75, out: '', err: expect.stringContaining('Try again in 600 s') });
    expect(imported.code).toBe(75);
    expect(JSON.parse(imported.out)).toMatchObject({
      ...{ created: 0, rejected: 0, interrupted: false },
      refusal: { code: 'Backpressure', cache: 'ordering' },
    });
    expect(imported.err).toContain('run it again');
    expect(urgent).toMatchObject({ code: 0, out: expect.stringContaining('created') });
    for (const id of ['refused', 'one', 'two', 'three']) expect(await owner.get('Currency', id)).toBeUndefined();
    expect(await owner.get('Currency', 'kept')).toMatchObject({ version: 1 });
    expect(report.code).toBe(1);
    expect(report.out).toContain('flow refusing, since cache ordering lags by 61,000 events (drained in 4m)');
  });

  test('a wait says what it is for, and Ctrl-C ends it with nothing written', async () => {
    await decide({ ...refusing, retryAfterSeconds: 20 });
    const waiting = await newSession();
    const { owner } = ownerOf(waiting, 'Currency');
    const listening = process.listeners('SIGINT');
    const printed = vi.spyOn(process.stderr, 'write').mockReturnValue(true);
    const done = writeOnce(async (signal) => {
      await owner.put('Currency', 'interrupted', state, { maxWaitMs: 60_000, signal });
      return EXIT.ok;
    }, {});
    await expect.poll(() => waits, patience).toContainEqual(expect.stringContaining('ordering lags by 61,000 events'));
    for (const listener of process.listeners('SIGINT')) if (!listening.includes(listener)) listener('SIGINT');
    expect(await done).toBe(130);
    expect(printed).toHaveBeenCalledWith('interrupted while waiting; nothing was written\n');
    printed.mockRestore();
    expect(await owner.get('Currency', 'interrupted')).toBeUndefined();
    waiting.close();
  });

  test('a put waits until it is let through', async () => {
    await decide({ ...refusing, retryAfterSeconds: 1 });
    const waiting = await newSession();
    const { owner } = ownerOf(waiting, 'Currency');
    const put = owner.put('Currency', 'waited', state, { maxWaitMs: 60_000 });
    await expect.poll(() => waits.length, patience).toBeGreaterThan(0);
    expect(await owner.get('Currency', 'waited')).toBeUndefined();
    await decide({ state: 'normal' });
    expect(await put).toMatchObject({ outcome: 'created' });
    waiting.close();
  });
});

describe('while an owner paces writes', () => {
  afterEach(() => decide({ state: 'normal' }));

  test('an import goes at about the pace, all its writers together', async () => {
    const pacePerSecond = 150;
    const count = 400;
    await decide({ state: 'paced', pacePerSecond, cause });
    const paced = await newSession();
    const { owner, boundary } = ownerOf(paced, 'Currency');
    const contract = boundary.owns.Currency;
    if (contract === undefined) throw new Error('no contract');
    const beginMs = performance.now();
    const counts = await importRows({
      ...{ owner, contract, rows: rows(count), mapping: { idField: 'code', keepId: false }, writers: 32 },
      ...{ maxWaitMs: 60_000, signal: new AbortController().signal, onProgress: () => {} },
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
    yield { place: `row ${n}`, fields: { ...state, code: `paced${n}` }, cells: false };
  }
}

describe('freshet status', () => {
  test('reads the same from the local cloud and, named by their stacks, as from AWS', async () => {
    await cloud.idle();
    const formation: CloudFormation = await startCloudFormation({ Shop: outputs() });
    const urls = {
      ...{ AWS_ENDPOINT_URL_CLOUDFORMATION: formation.url, AWS_ENDPOINT_URL: cloud.endpoints.sqs },
      ...{ AWS_ENDPOINT_URL_DYNAMODB: cloud.endpoints.dynamodb },
      ...{ AWS_ACCESS_KEY_ID: 'local', AWS_SECRET_ACCESS_KEY: 'local', AWS_REGION: 'us-east-1' },
    };
    const [local, remote] = await Promise.all([
      run(['status', '--json']),
      run(['status', '--json', '--stack', 'Shop'], '', urls),
    ]);
    formation.close();
    expect(local).toMatchObject({ code: 0, err: '' });
    expect(remote).toMatchObject({ code: 0, err: '' });
    const [here, there] = [local, remote].map(({ out }) => statusReport.parse(JSON.parse(out)));
    expect(there?.place).toBe('AWS, us-east-1');
    expect(comparable(there)).toEqual(comparable(here));
    const ordering = here?.caches.find(({ cache }) => cache === 'ordering');
    expect(ordering?.applied).toBeGreaterThan(400);
    expect(ordering?.leadTimeP50Ms).toBeGreaterThan(0);
    expect(ordering?.entities).toBeGreaterThan(400);
    expect(there?.caches.find(({ cache }) => cache === 'ordering')?.entities).toBeNull();
  });

  test('tells a relay that is stopped, with exit code 1', async () => {
    const { relay } = ownerOf(session, 'Currency').deployed;
    cloud.functions.setReservedConcurrency(relay, 0);
    const { code, out } = await run(['status']);
    cloud.functions.setReservedConcurrency(relay, undefined);
    expect(code).toBe(1);
    expect(out).toContain('needs a person: geography: its relay is stopped');
  });
});

/** What doesn't depend on the moment, or on what is only counted locally. */
function comparable(report: StatusReport | undefined) {
  return {
    owners: report?.owners.map(({ owner, relay, published, setAside, flow }) => {
      return { owner, relay, published, setAside, state: flow.state };
    }),
    caches: report?.caches.map(({ cache, applied, superseded, parked, backlog, deadLetters, setAside }) => {
      return { cache, applied, superseded, parked, backlog, deadLetters, setAside };
    }),
  };
}

describe('freshet watch', () => {
  test('prints each refresh as a line of JSON, with the rates of what goes on, and ends after --count', async () => {
    const child = start(['watch', '--json', '--count', '3'], folder);
    const done = endOf(child);
    await once(child.stdout ?? child, 'data');
    const { owner } = ownerOf(session, 'Currency');
    await Promise.all(Array.from({ length: 50 }, (_, n) => owner.put('Currency', `watched${n}`, state)));
    const { code, out, err } = await done;
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

  test('prints a line of text without escape codes where there is no terminal, and ends on Ctrl-C with exit code 0', async () => {
    const child = start(['watch'], folder);
    const out = child.stdout && text(child.stdout);
    const err = child.stderr && text(child.stderr);
    await once(child.stdout ?? child, 'data');
    child.kill('SIGINT');
    const [code] = await once(child, 'close');
    expect({ code, err: await err }).toEqual({ code: 0, err: '' });
    expect(await out).toMatch(/^\S+Z \| geography: flow normal \| .*ordering: backlog \d+, in /);
    expect(await out).not.toContain('\u001b');
  });

  test('ends with exit code 2 and no stack trace when the local cloud goes away', async () => {
    const child = start(['watch', '--json'], folder);
    const err = child.stderr && text(child.stderr);
    await once(child.stdout ?? child, 'data');
    await cloud.stop();
    const [code] = await once(child, 'close');
    expect(code).toBe(2);
    expect(await err).toMatch(/^error: the local cloud at http:\S+ doesn't answer\. .* npm start\n$/);
  });
});
