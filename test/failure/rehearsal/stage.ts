import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { DeleteFunctionConcurrencyCommand } from '@aws-sdk/client-lambda';
import { DeleteMessageCommand, ReceiveMessageCommand } from '@aws-sdk/client-sqs';
import { expect, vi } from 'vitest';
import { readDeployed } from '../../../adapters/aws/stack-output.ts';
import { createFacts } from '../../../adapters/facts/outbox.ts';
import type { Deployment } from '../../../cli/deployment/deployment.ts';
import { openLocalCloud } from '../../../cli/deployment/local-cloud.ts';
import { localFileOf, writeLocalFile } from '../../../cli/deployment/local-file.ts';
import { type LocalCloud, startLocalCloud } from '../../../local/cloud.ts';
import { factsIn } from '../../../local/deployed.ts';
import billing from '../../sagas/billing.ts';
import sales from '../../sagas/sales.ts';
import { assemblyOf } from '../../support/assembly.ts';
import { type Ended, root, runHere } from '../../support/command-line.ts';
import { setTestCredentials } from '../../support/credentials.ts';

/** How long a test waits until an alarm is raised, and until it ends. */
export const patience = { timeout: 60_000, interval: 200 };

/** The names that the runbook's commands use, such as `PROJECTOR`. */
type Names = Readonly<Record<string, string>>;

/** What `freshet rehearse --json` prints. */
interface Told {
  readonly did: readonly string[];
  readonly alarms: readonly { readonly name: string; readonly runbook: string }[];
  readonly names: Names;
}

/** A local cloud with everything that `PipelineMonitoring` watches, in which a minute lasts a second. */
export interface Stage {
  readonly cloud: LocalCloud;
  readonly deployment: Deployment;
  /** Runs a command on the local cloud. */
  run(...args: readonly string[]): Promise<Ended>;
  /** Runs a command of the runbook, which must succeed. */
  freshet(...args: readonly string[]): Promise<void>;
  /**
   * Provokes alarms of one cause, expects that they are raised, mends the cause by the steps of the runbook, and
   * expects that the alarms end.
   */
  rehearse(alarms: string | readonly string[], name: string, mend: (names: Names) => Promise<unknown>): Promise<void>;
  /** Waits until an alarm is in a state. */
  alarmIs(state: 'ALARM' | 'OK', alarm: string, name: string): Promise<void>;
  /** `aws lambda delete-function-concurrency` */
  runAgain(functionName: string | undefined): Promise<unknown>;
  /** Deletes the messages of a failure queue, as the runbook says. */
  deleteMessages(queueUrl: string | undefined): Promise<void>;
  stop(): Promise<void>;
}

/**
 * Starts the stage.
 *
 * @param options.app default: an app with three entities in the cache and the facts of two orders
 */
export async function startStage({
  app = 'test/failure/rehearsal/app.ts',
  assembly,
  fill = fillDepot,
}: {
  readonly app?: string;
  /** The folder of an assembly, in place of an app. */
  readonly assembly?: string;
  readonly fill?: (cloud: LocalCloud, deployment: Deployment) => Promise<void>;
} = {}): Promise<Stage> {
  setTestCredentials();
  const cloud = await startLocalCloud({ assembly: assembly ?? (await assemblyOf(app)), minuteMs: 1_000 });
  const folder = await mkdtemp(join(tmpdir(), 'freshet-rehearse-'));
  const file = localFileOf(cloud);
  const deployed = file.deployed.map((value) => {
    const one = readDeployed(value);
    return one === undefined ? value : JSON.stringify({ ...one, contracts: resolve(root, one.contracts) });
  });
  writeLocalFile(folder, { ...file, deployed });
  const deployment = openLocalCloud({ file: { ...file, deployed }, projectFolder: folder });
  await fill(cloud, deployment);

  const run = (...args: readonly string[]) => runHere(args, folder);
  const { functions, queues } = deployment.clients;
  const alarmIs: Stage['alarmIs'] = (state, alarm, name) =>
    vi.waitFor(
      () => expect(cloud.alarms.list().find((one) => one.name === `Test-${name}-${alarm}`)).toMatchObject({ state }),
      patience,
    );

  /** Provokes an alarm. Returns the names that its runbook entry uses. */
  async function provoke(alarm: string, name: string): Promise<Names> {
    const { code, out, err } = await run('rehearse', alarm, name, '--json');
    expect({ code, err }).toEqual({ code: 0, err: '' });
    const told: Told = JSON.parse(out);
    expect(told.did.length).toBeGreaterThan(0);
    expect(told.alarms).toMatchObject([
      { name: `Test-${name}-${alarm}`, runbook: expect.stringContaining(`#${alarm}`) },
    ]);
    return told.names;
  }

  return {
    cloud,
    deployment,
    run,
    async freshet(...args) {
      const { code, err } = await run(...args);
      expect({ code, err }).toEqual({ code: 0, err: '' });
    },
    alarmIs,
    async rehearse(alarms, name, mend) {
      const kinds = [alarms].flat();
      let names: Names = {};
      for (const alarm of kinds) names = await provoke(alarm, name);
      await Promise.all(kinds.map((alarm) => alarmIs('ALARM', alarm, name)));
      const status = JSON.parse((await run('status', '--json')).out) as { alarms: { name: string }[] };
      const raised = status.alarms.map((one) => one.name);
      expect(raised).toEqual(expect.arrayContaining(kinds.map((alarm) => `Test-${name}-${alarm}`)));
      await mend(names);
      await Promise.all(kinds.map((alarm) => alarmIs('OK', alarm, name)));
    },
    runAgain: (FunctionName) => functions.send(new DeleteFunctionConcurrencyCommand({ FunctionName })),
    async deleteMessages(QueueUrl) {
      const { Messages = [] } = await queues.send(new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: 10 }));
      for (const { ReceiptHandle } of Messages)
        await queues.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle }));
    },
    async stop() {
      deployment.close();
      await cloud.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

async function fillDepot(cloud: LocalCloud, deployment: Deployment): Promise<void> {
  const { owner } = await deployment.ownerOf('Item');
  for (const id of ['a', 'b', 'c']) await owner.put('Item', id, { name: id });
  const client = deployment.clients.tables;
  const facts = createFacts({ boundary: sales, tableName: factsIn(cloud, sales).table, client });
  for (const orderId of ['o1', 'o2']) await facts.commit('OrderPlaced', { orderId, shoppingCartId: `of-${orderId}` });
  const bills = createFacts({ boundary: billing, tableName: factsIn(cloud, billing).table, client });
  await bills.commit('OrderBilled', { orderId: 'o1', paymentId: 'p1' });
  const cache = await deployment.cacheNamed('lenient');
  await vi.waitFor(async () => {
    for (const id of ['a', 'b', 'c']) expect(await cache.records.get({ type: 'Item', id })).toBeDefined();
  }, patience);
}
