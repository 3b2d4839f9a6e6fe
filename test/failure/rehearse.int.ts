import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { DeleteItemCommand } from '@aws-sdk/client-dynamodb';
import { DeleteFunctionConcurrencyCommand, UpdateFunctionConfigurationCommand } from '@aws-sdk/client-lambda';
import {
  DeleteMessageCommand,
  ReceiveMessageCommand,
  SendMessageCommand,
  SetQueueAttributesCommand,
  StartMessageMoveTaskCommand,
} from '@aws-sdk/client-sqs';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { keyItem } from '../../adapters/aws/items.ts';
import { readDeployed } from '../../adapters/aws/stack-output.ts';
import { createFacts } from '../../adapters/facts/outbox.ts';
import { REHEARSALS } from '../../cli/commands/rehearse/catalog.ts';
import type { Deployment } from '../../cli/deployment/deployment.ts';
import { openLocalCloud } from '../../cli/deployment/local-cloud.ts';
import { localFileOf, writeLocalFile } from '../../cli/deployment/local-file.ts';
import { type LocalCloud, startLocalCloud } from '../../local/cloud.ts';
import { factsIn } from '../../local/deployed.ts';
import billing from '../sagas/billing.ts';
import sales from '../sagas/sales.ts';
import { assemblyOf } from '../support/assembly.ts';
import { root, runHere } from '../support/command-line.ts';
import { setTestCredentials } from '../support/credentials.ts';

let cloud: LocalCloud;
let folder: string;
let deployment: Deployment;
const slow = { timeout: 180_000 };
const patience = { timeout: 60_000, interval: 200 };

beforeAll(async () => {
  setTestCredentials();
  cloud = await startLocalCloud({ assembly: await assemblyOf('test/failure/rehearsal/app.ts'), minuteMs: 1_000 });
  folder = await mkdtemp(join(tmpdir(), 'freshet-rehearse-'));
  const file = localFileOf(cloud);
  const deployed = file.deployed.map((value) => {
    const one = readDeployed(value);
    return one === undefined ? value : JSON.stringify({ ...one, contracts: resolve(root, one.contracts) });
  });
  writeLocalFile(folder, { ...file, deployed });
  deployment = openLocalCloud({ file: { ...file, deployed }, projectFolder: folder });
  const { owner } = await deployment.ownerOf('Item');
  for (const id of ['a', 'b', 'c']) await owner.put('Item', id, { name: id });
  const { client } = { client: deployment.clients.tables };
  const facts = createFacts({ boundary: sales, tableName: factsIn(cloud, sales).table, client });
  for (const orderId of ['o1', 'o2']) await facts.commit('OrderPlaced', { orderId, shoppingCartId: `of-${orderId}` });
  const bills = createFacts({ boundary: billing, tableName: factsIn(cloud, billing).table, client });
  await bills.commit('OrderBilled', { orderId: 'o1', paymentId: 'p1' });
  await vi.waitFor(async () => {
    const cache = await deployment.cacheNamed('lenient');
    for (const id of ['a', 'b', 'c']) expect(await cache.records.get({ type: 'Item', id })).toBeDefined();
  }, patience);
}, 120_000);
afterEach(async () => {
  await run('rehearse', '--undo');
});
afterAll(async () => {
  deployment?.close();
  await cloud?.stop();
  await rm(folder, { recursive: true, force: true });
});

const run = (...args: readonly string[]) => runHere(args, folder);

/** Runs a command of the runbook, which must succeed or report what it mended. */
async function freshet(...args: readonly string[]): Promise<void> {
  const { code, err } = await run(...args);
  expect({ code, err }).toEqual({ code: 0, err: '' });
}

const stateOf = (alarm: string, name: string) =>
  cloud.alarms.list().find((one) => one.name === `Test-${name}-${alarm}`);

async function isRaised(alarm: string, name: string, within: typeof patience): Promise<void> {
  await vi.waitFor(() => expect(stateOf(alarm, name)).toMatchObject({ state: 'ALARM' }), within);
}

async function hasEnded(alarm: string, name: string, within: typeof patience): Promise<void> {
  await vi.waitFor(() => expect(stateOf(alarm, name)).toMatchObject({ state: 'OK' }), within);
}

interface Told {
  readonly did: readonly string[];
  readonly after: string;
  readonly alarms: readonly { readonly name: string; readonly runbook: string }[];
  readonly names: Readonly<Record<string, string>>;
}

/** Provokes an alarm, mends it by the steps of the runbook, and expects that it is raised and ends. */
async function rehearse(
  alarm: string,
  name: string,
  mend: (names: Readonly<Record<string, string>>) => Promise<unknown>,
  within = patience,
): Promise<void> {
  const { code, out, err } = await run('rehearse', alarm, name, '--json');
  expect({ code, err }).toEqual({ code: 0, err: '' });
  const told: Told = JSON.parse(out);
  expect(told.did.length).toBeGreaterThan(0);
  expect(told.alarms).toMatchObject([{ name: `Test-${name}-${alarm}`, runbook: expect.stringContaining(`#${alarm}`) }]);
  await isRaised(alarm, name, within);
  const status = JSON.parse((await run('status', '--json')).out) as { alarms: { name: string }[] };
  expect(status.alarms.map((one) => one.name)).toContain(`Test-${name}-${alarm}`);
  await mend(told.names);
  await hasEnded(alarm, name, within);
}

/** `aws lambda delete-function-concurrency` */
const runAgain = (FunctionName: string | undefined) =>
  deployment.clients.functions.send(new DeleteFunctionConcurrencyCommand({ FunctionName }));

describe('alarms on a cache', slow, () => {
  test.each(['stalled', 'behind'])('%s: a stopped projector raises it, and its concurrency is removed', (alarm) =>
    rehearse(alarm, 'lenient', ({ PROJECTOR }) => runAgain(PROJECTOR)));

  test('staleness: a stopped report function raises it, and its concurrency is removed', () =>
    rehearse('staleness', 'lenient', ({ REPORT }) => runAgain(REPORT)));

  test('inflow-above-outflow: a backlog that nothing processes raises it, and the projector runs again', () =>
    rehearse('inflow-above-outflow', 'lenient', ({ PROJECTOR }) => runAgain(PROJECTOR)));

  test('lead-time: delayed messages raise it, and the delay of the queue is removed', {
    timeout: 240_000,
  }, async () => {
    const { owner } = await deployment.ownerOf('Item');
    let changes = 0;
    const change = () => {
      changes += 1;
      void owner.put('Item', 'changing', { name: String(changes) }, { priority: true });
    };
    const changing = setInterval(change, 500);
    try {
      await rehearse(
        'lead-time',
        'lenient',
        ({ QUEUE_URL: QueueUrl }) =>
          deployment.clients.queues.send(
            new SetQueueAttributesCommand({ QueueUrl, Attributes: { DelaySeconds: '0' } }),
          ),
        // The first delayed message arrives after 90 seconds.
        { timeout: 120_000, interval: 500 },
      );
    } finally {
      clearInterval(changing);
    }
  });

  test('group-stuck: an unreadable item raises it; it is deleted, and the owner publishes the entity again', () =>
    rehearse('group-stuck', 'lenient', async ({ CACHE_TABLE }) => {
      const entity = { type: 'Item', id: 'a' };
      const { Items = [] } = await itemsWithoutDigest(CACHE_TABLE ?? '');
      const [damaged] = Items;
      expect(damaged).toBeDefined();
      const Key =
        damaged === undefined ? keyItem(entity) : { pk: damaged.pk ?? { S: '' }, id: damaged.id ?? { S: '' } };
      await deployment.clients.tables.send(new DeleteItemCommand({ TableName: CACHE_TABLE, Key }));
      await freshet('resync', 'Item', damaged?.id?.S ?? '', '--wait');
    }));

  test('parked: a message that is not an event raises it, and is discarded', () =>
    rehearse('parked', 'lenient', () => freshet('parked', 'discard', 'lenient', '--reason', 'malformed', '--yes')));

  test('subscription-dead-letters: an undelivered event raises it, and is redriven', () =>
    rehearse('subscription-dead-letters', 'lenient', async () => {
      await vi.waitFor(() => freshet('parked', 'redrive', 'lenient', '--reason', 'undelivered'), patience);
    }));

  test('dead-letters: an event that the repair function does not take raises it, and the repair function runs again', () =>
    rehearse('dead-letters', 'lenient', ({ REPAIR }) => runAgain(REPAIR)));

  test('conflicts: another content of a version raises it, and the conflict is discarded', () =>
    rehearse('conflicts', 'lenient', () => freshet('parked', 'discard', 'lenient', '--reason', 'conflict', '--yes')));

  async function itemsWithoutDigest(TableName: string) {
    const { ScanCommand } = await import('@aws-sdk/client-dynamodb');
    const FilterExpression = 'attribute_exists(#data) AND attribute_not_exists(digest)';
    return deployment.clients.tables.send(
      new ScanCommand({ TableName, FilterExpression, ExpressionAttributeNames: { '#data': 'data' } }),
    );
  }
});

describe('alarms on an owner', slow, () => {
  test.each(['relay-delay', 'stream-use'])('%s: a stopped relay raises it, and its concurrency is removed', (alarm) =>
    rehearse(alarm, 'depot', ({ RELAY }) => runAgain(RELAY)));

  test('not-published: an item that createOwner did not write raises it, and its record is discarded', () =>
    rehearse('not-published', 'depot', () =>
      vi.waitFor(() => freshet('parked', 'discard', 'depot', '--reason', 'unreadable', '--yes'), patience),
    ));

  test('reports-missing: a stopped report function raises it, and its concurrency is removed', () =>
    rehearse('reports-missing', 'depot', async () =>
      runAgain((await deployment.cacheNamed('lenient')).deployed.report),
    ));

  test.each([
    'writers-slowed',
    'writers-refused',
  ])('%s: a full queue raises it, and the projector runs again', (alarm) =>
    rehearse(alarm, 'depot', async () => runAgain((await deployment.cacheNamed('lenient')).deployed.projector)));
});

/** The steps of the runbook that delete the messages that were dealt with from a failure queue. */
async function deleteMessages(QueueUrl: string | undefined): Promise<void> {
  const { queues } = deployment.clients;
  const { Messages = [] } = await queues.send(new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: 10 }));
  for (const { ReceiptHandle } of Messages) await queues.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle }));
}

describe('alarms on facts', slow, () => {
  test('facts-not-published: an item that createFacts did not write raises it, and its message is deleted', () =>
    rehearse('facts-not-published', 'sales', ({ FACT_FAILURES_URL }) => deleteMessages(FACT_FAILURES_URL)));

  test.each([
    'facts-delayed',
    'facts-unpublished-for-hours',
  ])('%s: a stopped relay raises it, and its concurrency is removed', (alarm) =>
    rehearse(alarm, 'sales', ({ FACT_RELAY }) => runAgain(FACT_RELAY)));

  test('facts-parked: a message that is not a fact raises it, and is discarded', () =>
    rehearse('facts-parked', 'charges', () =>
      freshet('parked', 'discard', 'charges', '--reason', 'malformed', '--yes'),
    ));

  test('facts-undelivered: an undelivered fact raises it, and is sent to the queue', () =>
    rehearse('facts-undelivered', 'charges', async ({ FACT_UNDELIVERED_URL, FACT_QUEUE_URL }) => {
      const { queues } = deployment.clients;
      const { Messages: [message] = [] } = await queues.send(
        new ReceiveMessageCommand({ QueueUrl: FACT_UNDELIVERED_URL, MessageSystemAttributeNames: ['MessageGroupId'] }),
      );
      await queues.send(
        new SendMessageCommand({
          QueueUrl: FACT_QUEUE_URL,
          MessageBody: message?.Body,
          MessageGroupId: message?.Attributes?.MessageGroupId,
          MessageDeduplicationId: message?.MessageId,
        }),
      );
      const ReceiptHandle = message?.ReceiptHandle;
      await queues.send(new DeleteMessageCommand({ QueueUrl: FACT_UNDELIVERED_URL, ReceiptHandle }));
    }));

  test('facts-dead-letters: a fact that no try answered raises it, and SQS moves it back', () =>
    rehearse('facts-dead-letters', 'charges', ({ FACT_DEAD_LETTERS_URL = '' }) => {
      const SourceArn = cloud.messaging.queues.require(FACT_DEAD_LETTERS_URL).arn;
      return deployment.clients.queues.send(new StartMessageMoveTaskCommand({ SourceArn }));
    }));

  test.each([
    'facts-waiting',
    'facts-waiting-for-hours',
  ])('%s: a stopped function raises it, and its concurrency is removed', (alarm) =>
    rehearse(alarm, 'charges', ({ FACT_HANDLER }) => runAgain(FACT_HANDLER)));

  test('facts-crashing: a broken handler raises it, and the former one is deployed again', () =>
    rehearse('facts-crashing', 'charges', ({ FACT_HANDLER }) =>
      deployment.clients.functions.send(
        new UpdateFunctionConfigurationCommand({ FunctionName: FACT_HANDLER, Handler: 'index.handler' }),
      ),
    ));
});

describe('alarms on a saga', slow, () => {
  test('saga-overdue: an instance beyond its deadline raises it once', () =>
    rehearse('saga-overdue', 'shipping', async () => undefined));

  test('saga-deadlines-silent: a stopped check raises it, and its concurrency is removed', () =>
    rehearse('saga-deadlines-silent', 'shipping', ({ DEADLINES }) => runAgain(DEADLINES)));

  test('effects-failed: a batch that Lambda gave up raises it, and its message is deleted', () =>
    rehearse('effects-failed', 'shipping', ({ EFFECT_FAILURES_URL }) => deleteMessages(EFFECT_FAILURES_URL)));

  test.each([
    'effects-delayed',
    'effects-waiting-for-hours',
  ])('%s: a stopped function raises it, and its concurrency is removed', (alarm) =>
    rehearse(alarm, 'shipping', ({ EFFECT_HANDLER }) => runAgain(EFFECT_HANDLER)));
});

describe('freshet rehearse', slow, () => {
  test('each alarm of the runbook can be provoked or says why not, and its entry names the command', async () => {
    const runbook = await readFile(join(root, 'docs/runbook.md'), 'utf8');
    const entries = runbook.split(/^## /m).slice(1);
    expect(Object.keys(REHEARSALS).sort()).toEqual(entries.map((entry) => entry.split('\n')[0] ?? '').sort());
    for (const entry of entries) {
      const [alarm = ''] = entry.split('\n');
      const rehearsal = REHEARSALS[alarm];
      expect(entry).toContain(
        rehearsal !== undefined && 'because' in rehearsal
          ? "**Rehearse:** this alarm can't be provoked"
          : `**Rehearse:** \`freshet rehearse ${alarm}\``,
      );
    }
  });

  test('rehearse --list shows each alarm, and rehearse refuses what it cannot provoke', async () => {
    const { code, out } = await run('rehearse', '--list');
    expect(code).toBe(0);
    for (const alarm of Object.keys(REHEARSALS)) expect(out).toMatch(new RegExp(`^${alarm} \\(`, 'm'));
    expect(await run('rehearse', 'throttles')).toMatchObject({
      code: 2,
      err: expect.stringContaining('never throttles'),
    });
    expect(await run('rehearse', 'nothing')).toMatchObject({
      code: 2,
      err: expect.stringContaining('no alarm "nothing"'),
    });
    expect(await run('rehearse', 'facts-delayed')).toMatchObject({
      code: 2,
      err: expect.stringContaining('sales, billing'),
    });
    expect(await run('rehearse', 'stalled', 'nobody')).toMatchObject({
      code: 2,
      err: expect.stringContaining('"nobody"'),
    });
  });

  test('rehearse --undo takes back what the rehearsals did, the last one first', async () => {
    const { projector } = (await deployment.cacheNamed('lenient')).deployed;
    await run('rehearse', 'stalled', 'lenient');
    await run('rehearse', 'conflicts', 'lenient');
    expect(cloud.functions.functions().find(({ name }) => name === projector)).toMatchObject({ stopped: true });
    const { out } = await run('rehearse', '--undo');
    expect(out).toBe('conflicts at lenient: taken back\nstalled at lenient: taken back\n');
    expect(cloud.functions.functions().find(({ name }) => name === projector)).toMatchObject({ stopped: false });
    expect((await run('rehearse', '--undo')).out).toContain('there is no rehearsal');
  });
});
