import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { DescribeStacksCommand } from '@aws-sdk/client-cloudformation';
import * as z from 'zod';
import { cdkArguments } from './cdk.ts';
import { type Clients, openClients } from './clients.ts';
import { fillGaps, gapsOfEndpoint, replaceRefused } from './gaps/gaps.ts';
import { killAll, run } from './processes.ts';
import { differences, exists, isReadable } from './settings.ts';
import { type DeployedResource, deployedResources, readTemplates } from './template.ts';

/**
 * Deploys the shop to the target that the environment describes, runs the suite against it, and destroys it. Arguments:
 * a folder for the files of the run, and `--throwaway` if an interrupted run doesn't have to destroy the stacks.
 */
const [folder = '', throwaway] = process.argv.slice(2);
const root = fileURLToPath(new URL('../..', import.meta.url));
const assembly = join(folder, 'assembly');
const isEmulator = process.env.AWS_ENDPOINT_URL !== undefined;
const MINUTE_MS = 60_000;
/** AWS takes minutes where an emulator takes seconds. */
const TIMEOUT_FACTOR = isEmulator ? 1 : 4;

const stop = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.on(signal, () => {
    if (stop.signal.aborted) {
      killAll();
      process.exit(130);
    }
    stop.abort(new Error('interrupted'));
  });
}

/** Runs a command and prints how long it took. If the command fails, prints its output. */
async function step(name: string, args: readonly string[], minutes: number, signal = stop.signal): Promise<void> {
  const begun = performance.now();
  const log = join(folder, `${name.replaceAll(/\W+/g, '-')}.log`);
  const env = { ...process.env, CDK_OUTDIR: assembly, CDK_DISABLE_CLI_TELEMETRY: 'true' };
  try {
    const timeoutMs = minutes * MINUTE_MS * TIMEOUT_FACTOR;
    const code = await run(process.execPath, args, { env, log, signal, timeoutMs });
    if (code !== 0) throw new Error(`exit code ${code}`);
  } catch (error) {
    if (!stop.signal.aborted) console.log(readFileSync(log, 'utf8'));
    throw new Error(`${name}: ${error instanceof Error ? error.message : error}`, { cause: error });
  }
  console.log(`${name}: ${((performance.now() - begun) / 1000).toFixed(1)} s`);
}

/** Refuses to deploy over existing stacks, because the suite destroys its stacks at the end. */
async function refuseExisting({ cloudFormation }: Clients, stacks: readonly string[]): Promise<void> {
  for (const stack of stacks) {
    if (await stackExists({ cloudFormation }, stack)) {
      throw new Error(`the stack ${stack} already exists, and this run didn't deploy it. Destroy it first.`);
    }
  }
}

async function stackExists({ cloudFormation }: Pick<Clients, 'cloudFormation'>, StackName: string): Promise<boolean> {
  try {
    const { Stacks = [] } = await cloudFormation.send(new DescribeStacksCommand({ StackName }));
    return Stacks.some(({ StackStatus }) => StackStatus !== 'DELETE_COMPLETE');
  } catch (error) {
    // CloudFormation's answer if the stack doesn't exist.
    if (error instanceof Error && error.name === 'ValidationError') return false;
    throw error;
  }
}

const report = z.object({ numPassedTests: z.int(), numFailedTests: z.int() });

/** Runs the suite. Returns how many tests passed and failed. @param slowness see `Gaps` */
async function suite(slowness: number): Promise<{ passed: number; failed: number }> {
  const results = join(folder, 'results.json');
  const vitest = join(root, 'node_modules/vitest/vitest.mjs');
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${results}`];
  const args = [vitest, 'run', '--config', 'test/deploy/vitest.config.ts', ...reporters];
  const env = { ...process.env, DEPLOYED_ASSEMBLY: assembly, DEPLOYED_SLOWNESS: String(slowness), NO_COLOR: '1' };
  const timeoutMs = (slowness > 1 ? 35 : 12) * MINUTE_MS;
  const code = await run(process.execPath, args, { env, timeoutMs, signal: stop.signal });
  const { numPassedTests: passed, numFailedTests } = report.parse(JSON.parse(readFileSync(results, 'utf8')));
  // A suite that couldn't start counts as one failure.
  return { passed, failed: numFailedTests > 0 || code === 0 ? numFailedTests : 1 };
}

/**
 * Waits until the stacks are gone, with all resources that can be read back. A deleted queue may still answer for a
 * minute.
 */
async function waitUntilGone(
  clients: Clients,
  stacks: readonly string[],
  resources: readonly DeployedResource[],
): Promise<void> {
  for (const stack of stacks) {
    if (await stackExists(clients, stack)) throw new Error(`the stack ${stack} still exists`);
  }
  const deadline = Date.now() + 2 * MINUTE_MS;
  let left = resources.filter(isReadable);
  for (;;) {
    const isLeft = await Promise.all(left.map((resource) => exists(clients, resource)));
    left = left.filter((_, index) => isLeft[index]);
    if (left.length === 0) return;
    if (Date.now() > deadline) break;
    await pause(1_000);
  }
  const names = left.map(({ type, physicalId }) => `${type} ${physicalId}`);
  throw new Error(`resources are left after the stacks were destroyed: ${names.join(', ')}`);
}

async function main(): Promise<void> {
  const clients = openClients();
  const counts = { passed: 0, failed: 0 };
  const check = async (work: () => Promise<unknown>): Promise<boolean> => {
    try {
      await work();
      counts.passed += 1;
      return true;
    } catch (error) {
      counts.failed += 1;
      console.log(error instanceof Error ? error.message : error);
      return false;
    }
  };

  await step('synthesise', ['--conditions=freshet-source', '--import', 'tsx', join(root, 'bin/app.ts')], 2);
  const stacks = [...readTemplates(assembly).keys()];
  await refuseExisting(clients, stacks);
  const gaps = await gapsOfEndpoint();
  const lines = gaps === undefined ? [] : replaceRefused(gaps, assembly);
  const slowness = gaps?.slowness ?? 1;
  let resources: readonly DeployedResource[] = [];
  const deploy = async () => {
    if (!(await stackExists(clients, 'CDKToolkit')))
      await step('cdk bootstrap', cdkArguments(assembly, 'bootstrap'), 2);
    await step('cdk deploy --all', cdkArguments(assembly, 'deploy', '--all', '--require-approval', 'never'), 5);
    resources = await deployedResources(assembly, clients.cloudFormation, clients.dynamoDb);
    if (gaps === undefined) return;
    lines.push(...(await fillGaps(gaps, clients, await differences(clients, resources))));
    lines.push(...((await gaps.allow?.(clients, resources)) ?? []));
    console.log(['gaps of this emulator, with the number of resources:', ...lines].join('\n  '));
    console.log(['not covered on this emulator:', ...gaps.notCovered].join('\n  '));
  };
  try {
    if (await check(deploy)) {
      const { passed, failed } = await suite(slowness);
      counts.passed += passed;
      counts.failed += failed;
    }
  } finally {
    if (!(stop.signal.aborted && throwaway === '--throwaway')) {
      // Without the signal, so that an interrupted run also destroys the stacks: they cost money.
      const never = new AbortController().signal;
      const destroy = async () => {
        await step('cdk destroy --all', cdkArguments(assembly, 'destroy', '--all', '--force'), 5, never);
        await waitUntilGone(clients, stacks, resources);
      };
      await check(destroy);
    }
    clients.close();
  }
  stop.signal.throwIfAborted();
  console.log(`deploy suite: ${counts.passed} passed, ${counts.failed} failed`);
  process.exitCode = counts.failed === 0 ? 0 : 1;
}

try {
  await main();
} catch (error) {
  console.log(error instanceof Error ? error.message : error);
  if (stop.signal.aborted) process.exitCode = 130;
  else {
    console.log('deploy suite: 0 passed, 1 failed');
    process.exitCode = 1;
  }
}
