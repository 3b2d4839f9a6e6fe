import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DeleteTopicCommand, SetSubscriptionAttributesCommand } from '@aws-sdk/client-sns';
import { App, Stack } from 'aws-cdk-lib';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { snsClient } from '../../adapters/aws/clients.ts';
import { readDeployedOfFacts } from '../../adapters/aws/stack-output.ts';
import { createFacts } from '../../adapters/facts/outbox.ts';
import { createSagaReader } from '../../adapters/saga/table.ts';
import { writeLocalFile } from '../../cli/deployment/local-file.ts';
import { FactTopic } from '../../lib/fact-topic.ts';
import { Saga } from '../../lib/saga.ts';
import { type LocalCloud, startLocalCloud } from '../../local/cloud.ts';
import { cloudClient, sagaIn } from '../../local/deployed.ts';
import { LOCAL_CREDENTIALS } from '../../local/identity.ts';
import billing from '../sagas/billing.ts';
import sales from '../sagas/sales.ts';
import shipping from '../sagas/shipping.ts';
import { runHere, freshet as startFreshet, startHere } from '../support/command-line.ts';

const folders: string[] = [];
const newFolder = () => {
  const path = mkdtempSync(join(tmpdir(), 'freshet-replay-'));
  folders.push(path);
  return path;
};

/** The facts of two boundaries, and the saga in a stack of its own. @param withSaga whether it is deployed yet */
function synthesised(withSaga: boolean): string {
  const outdir = newFolder();
  const app = new App({ outdir });
  const facts = new Stack(app, 'Facts');
  const sources = [sales, billing].map(
    (boundary) => new FactTopic(facts, boundary.name, { boundary, archiveDays: 30 }),
  );
  if (withSaga) new Saga(new Stack(app, 'Shipping'), 'Saga', { saga: shipping, sources });
  app.synth();
  return outdir;
}

let cloud: LocalCloud;
let client: DynamoDBClient;
/** The folder in which the command line finds the cloud. */
let folder: string;

beforeAll(async () => {
  folder = newFolder();
  cloud = await startLocalCloud({ assembly: synthesised(false) });
  client = cloudClient(cloud);
}, 120_000);
afterAll(async () => {
  client?.destroy();
  await cloud?.stop();
  for (const path of folders) rmSync(path, { recursive: true, force: true });
});

const deployed = () => Object.values(cloud.outputs).flatMap((outputs) => Object.values(outputs));

/** Lets the command line find the cloud with what is deployed now. */
function announce(): void {
  const { sqs: url, dynamodb: dynamodbUrl } = cloud.endpoints;
  writeLocalFile(folder, {
    pid: process.pid,
    startedAt: new Date().toISOString(),
    url,
    dynamodbUrl,
    deployed: deployed(),
  });
}

const factsOf = (boundary: string) => {
  const found = deployed().flatMap((value) => readDeployedOfFacts(value) ?? []);
  const one = found.find((facts) => facts.role === 'facts' && facts.boundary === boundary);
  if (one?.role !== 'facts') throw new Error(`no facts of ${boundary}`);
  return one;
};
const subscriptions = () => {
  const found = deployed().flatMap((value) => readDeployedOfFacts(value) ?? []);
  return found.flatMap((one) => (one.role === 'fact-queue' ? (one.subscriptions ?? []) : []));
};

async function ordered(id: string): Promise<void> {
  const ofSales = createFacts({ boundary: sales, tableName: factsOf('sales').table, client });
  const ofBilling = createFacts({ boundary: billing, tableName: factsOf('billing').table, client });
  await ofSales.commit('OrderPlaced', { orderId: id, shoppingCartId: `cart-of-${id}` });
  await ofBilling.commit('OrderBilled', { orderId: id, paymentId: `payment-of-${id}` });
}

async function labels(): Promise<string[]> {
  await cloud.idle();
  const reader = createSagaReader({ client, tableName: sagaIn(cloud, shipping).table });
  return (await reader.effects('CreateShippingLabel')).items.map(({ key }) => key).sort();
}

const freshet = (...args: string[]) => runHere(args, folder);

describe('freshet replay', { timeout: 120_000 }, () => {
  test('a saga that is deployed after orders were placed decides about all of them once, and about new ones', async () => {
    for (const id of ['early-1', 'early-2', 'early-3']) await ordered(id);
    await cloud.idle();
    await cloud.apply(synthesised(true));
    announce();
    await ordered('live-1');
    expect(await labels()).toEqual(['live-1']);
    const [{ code, out, err }] = await Promise.all([
      freshet('replay', 'shipping', '--from', 'beginning'),
      ordered('live-2'),
    ]);
    expect({ code, err }).toEqual({ code: 0, err: expect.not.stringMatching(/error/) });
    expect(out).toMatch(/^shipping: facts of sales: replayed, and new ones follow\nshipping: facts of billing: /);
    await ordered('live-3');
    expect(await labels()).toEqual(['early-1', 'early-2', 'early-3', 'live-1', 'live-2', 'live-3']);
  });

  test('a bounded replay leaves the saga working', async () => {
    const to = new Date().toISOString();
    const { code, out } = await freshet('replay', 'shipping', '--from', 'beginning', '--to', to, '--json');
    expect({ code, ...JSON.parse(out) }).toMatchObject({
      code: 0,
      queue: 'shipping',
      from: 'beginning',
      to,
      subscriptions: [
        { boundary: 'sales', state: 'live' },
        { boundary: 'billing', state: 'live' },
      ],
    });
    await ordered('after-bounded');
    expect(await labels()).toContain('after-bounded');
    expect((await freshet('status')).out).not.toMatch(/paused|replaying/);
  });

  test('status names a subscription that a killed command left paused, and --resume loses no fact', async () => {
    const topics = snsClient({ endpoint: cloud.endpoints.sns, region: cloud.region, credentials: LOCAL_CREDENTIALS });
    const [arn = ''] = subscriptions();
    const EndingPoint = new Date().toISOString();
    const policy = { PointType: 'Timestamp', StartingPoint: new Date(Date.now() - 2_000).toISOString(), EndingPoint };
    const attribute = { AttributeName: 'ReplayPolicy', AttributeValue: JSON.stringify(policy) };
    await topics.send(new SetSubscriptionAttributesCommand({ SubscriptionArn: arn, ...attribute }));
    topics.destroy();
    await ordered('while-paused');
    const isPaused = async () => expect((await freshet('status')).out).toMatch(/│ paused/);
    await vi.waitFor(isPaused, { timeout: 10_000 });
    const status = await freshet('status');
    expect(status.code).toBe(1);
    expect(status.out.replaceAll(/\s+/g, ' ')).toMatch(
      /needs a person: shipping: it receives no new facts since a bounded replay ended, see: .*replay shipping --resume/,
    );
    expect(await labels()).not.toContain('while-paused');
    const { code, out } = await freshet('replay', 'shipping', '--resume');
    expect({ code, out }).toEqual({
      code: 0,
      out: expect.stringMatching(/sales: delivered again, and new ones follow/),
    });
    expect(await labels()).toContain('while-paused');
    expect((await freshet('replay', 'shipping', '--resume')).code).toBe(0);
  });

  test('--resume waits until a bounded replay in progress has ended, --no-wait refuses, and Ctrl-C changes nothing', async () => {
    const held = vi.spyOn(cloud.messaging.replays, 'advance').mockReturnValue();
    try {
      const args = ['replay', 'shipping', '--from', 'beginning', '--to', new Date().toISOString(), '--of', 'sales'];
      const child = startFreshet(args, folder);
      child.stderr?.once('data', () => child.kill('SIGKILL'));
      await once(child, 'close');
      await ordered('while-bounded');
      const refused = await freshet('replay', 'shipping', '--resume', '--no-wait');
      expect(refused).toMatchObject({ code: 1, out: expect.stringMatching(/sales: .* is in progress\. Wait until/) });
      const interrupted = startHere(['replay', 'shipping', '--resume'], folder);
      await expect.poll(interrupted.err, { timeout: 20_000 }).toMatch(/replaying the facts of sales from/);
      interrupted.interrupt();
      expect(await interrupted.ended).toMatchObject({
        code: 130,
        out: expect.stringMatching(/sales: a replay is in progress, and pauses the subscription at its end/),
      });
      const waiting = startHere(['replay', 'shipping', '--resume'], folder);
      await expect.poll(waiting.err, { timeout: 20_000 }).toMatch(/replaying the facts of sales from/);
      held.mockRestore();
      expect(await waiting.ended).toMatchObject({
        code: 0,
        out: expect.stringMatching(/sales: delivered again, and new ones follow/),
      });
    } finally {
      held.mockRestore();
    }
    expect(await labels()).toContain('while-bounded');
    expect((await freshet('status')).out).not.toMatch(/paused|replaying|failed/);
  });

  test('a command that is killed at some point leaves nothing that --resume does not repair', async () => {
    const args = ['replay', 'shipping', '--from', 'beginning', '--to', new Date().toISOString()];
    const child = startFreshet(args, folder);
    child.stderr?.once('data', () => child.kill('SIGKILL'));
    await once(child, 'close');
    await ordered('after-kill');
    expect((await freshet('replay', 'shipping', '--resume')).code).toBe(0);
    expect(await labels()).toContain('after-kill');
    expect((await freshet('status')).out).not.toMatch(/paused|replaying|failed/);
  });

  test.each([
    [['--from', '31d'], /--from: .* is before the archive of sales\. Allowed: 20.*Z or later, or "beginning"/],
    [['--from', 'yesterday'], /--from: not a time: "yesterday"\. Allowed: a time with its zone/],
    [['--from', '2026-11-01T08:00:00'], /--from: not a time/],
    [['--from', 'beginning', '--to', '2999-01-01'], /--to: 2999-01-01T00:00:00.000Z is in the future/],
    [['--from', '2999-01-01'], /--from: .* is in the future/],
    [['--from', '0s', '--to', '1s'], /--to: .* is not after --from/],
    [['--from', 'beginning', '--to', '2020-01-01'], /--to: .* is before the archive of sales/],
    [
      ['--from', 'beginning', '--of', 'geography'],
      /--of: shipping has no facts of "geography"\. Allowed: sales, billing/,
    ],
    [['--from', 'beginning', '--resume'], /pass --from, which --to may bound, or --resume alone/],
    [['--from', 'beginning', '--no-wait'], /--no-wait: pass it with --resume/],
    [[], /pass --from, which --to may bound, or --resume alone/],
  ] as const)('%j is refused with what is allowed', async (args, message) => {
    const { code, err } = await freshet('replay', 'shipping', ...args);
    expect({ code, err }).toEqual({ code: 2, err: expect.stringMatching(message) });
  });

  test('an unknown queue is refused, and --of replays the facts of one boundary', async () => {
    const unknown = await freshet('replay', 'nobody', '--from', 'beginning');
    expect(unknown).toMatchObject({ code: 2, err: expect.stringMatching(/is named "nobody"\. Allowed: shipping\./) });
    const { out } = await freshet('replay', 'shipping', '--from', 'beginning', '--of', 'billing');
    expect(out).toBe('shipping: facts of billing: replayed, and new ones follow\n');
  });

  test('the function of the archive has the right that it needs, and the topic can be deleted after it ran', async () => {
    const results: string[] = [];
    const server = createServer((request, response) => {
      request.on('data', (chunk) => results.push(JSON.parse(String(chunk)).Status));
      request.on('end', () => response.end());
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { topicArn } = factsOf('billing');
    const { name = '' } = cloud.functions.functions().find((one) => /ArchiveEndBilling/.test(one.name)) ?? {};
    await cloud.functions.invoke(name, {
      RequestType: 'Delete',
      ResponseURL: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
      PhysicalResourceId: topicArn,
      ResourceProperties: { TopicArn: topicArn },
    });
    server.close();
    expect(results).toEqual(['SUCCESS']);
    const topics = snsClient({ endpoint: cloud.endpoints.sns, region: cloud.region, credentials: LOCAL_CREDENTIALS });
    await topics.send(new DeleteTopicCommand({ TopicArn: topicArn }));
    topics.destroy();
    expect(cloud.access.denials).toEqual([]);
  });
});
