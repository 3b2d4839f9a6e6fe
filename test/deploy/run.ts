import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { DescribeStacksCommand } from '@aws-sdk/client-cloudformation';
import * as z from 'zod';
import { type Clients, openClients } from './clients.ts';
import { allowBatchCalls, fillGaps, NOT_COVERED, replaceRefused } from './gaps.ts';
import { killAll, run } from './processes.ts';
import { differences, exists, isReadable } from './settings.ts';
import { type DeployedResource, deployedResources, readTemplates } from './template.ts';

/**
 * Deploys the shop to wherever the environment says, runs the suite against it and destroys it. Arguments: a folder for its files, and
 * `--throwaway` where an interrupted run needs to clear nothing away.
 */
const [folder = '', throwaway] = process.argv.slice(2);
const root = fileURLToPath(new URL('../..', import.meta.url));
const assembly = join(folder, 'assembly');
const isEmulator = process.env.AWS_ENDPOINT_URL !== undefined;
const MINUTE_MS = 60_000;
/** AWS itself takes minutes for what an emulator does in seconds. */
const PATIENCE = isEmulator ? 1 : 4;

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

/** Runs a command, says how long it took, and shows its output if it fails. */
async function step(name: string, args: readonly string[], minutes: number, signal = stop.signal): Promise<void> {
  const begun = performance.now();
  const log = join(folder, `${name.replaceAll(/\W+/g, '-')}.log`);
  const env = { ...process.env, CDK_OUTDIR: assembly, CDK_DISABLE_CLI_TELEMETRY: 'true' };
  try {
    const timeoutMs = minutes * MINUTE_MS * PATIENCE;
    const code = await run(process.execPath, args, { env, log, signal, timeoutMs });
    if (code !== 0) throw new Error(`exit code ${code}`);
  } catch (error) {
    if (!stop.signal.aborted) console.log(readFileSync(log, 'utf8'));
    throw new Error(`${name}: ${error instanceof Error ? error.message : error}`, { cause: error });
  }
  console.log(`${name}: ${((performance.now() - begun) / 1000).toFixed(1)} s`);
}

const cdk = (command: string, ...options: string[]) => [
  join(root, 'node_modules/aws-cdk/bin/cdk'),
  ...['--app', assembly, '--ci', '--no-notices', '--no-version-reporting', '--progress', 'events'],
  ...[command, ...options],
];

/** Refuses to deploy over what is there: it would be destroyed in the end. */
async function refuseExisting({ cloudFormation }: Clients, stacks: readonly string[]): Promise<void> {
  for (const stack of stacks) {
    if (await isThere({ cloudFormation }, stack)) {
      throw new Error(`there is a stack ${stack} already, which isn't this run's: destroy it first`);
    }
  }
}

async function isThere({ cloudFormation }: Pick<Clients, 'cloudFormation'>, StackName: string): Promise<boolean> {
  try {
    const { Stacks = [] } = await cloudFormation.send(new DescribeStacksCommand({ StackName }));
    return Stacks.some(({ StackStatus }) => StackStatus !== 'DELETE_COMPLETE');
  } catch (error) {
    // What CloudFormation answers for a stack that there is none of.
    if (error instanceof Error && error.name === 'ValidationError') return false;
    throw error;
  }
}

/** Whether the endpoint is MiniStack's, by a path that only it answers. */
async function isMiniStack(): Promise<boolean> {
  const endpoint = process.env.AWS_ENDPOINT_URL;
  if (endpoint === undefined) return false;
  const answer = await fetch(new URL('/_ministack/health', endpoint), { signal: AbortSignal.timeout(10_000) });
  return answer.ok;
}

const report = z.object({ numPassedTests: z.int(), numFailedTests: z.int() });

/** Runs the suite; returns how many of it passed and failed. */
async function suite(): Promise<{ passed: number; failed: number }> {
  const results = join(folder, 'results.json');
  const vitest = join(root, 'node_modules/vitest/vitest.mjs');
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${results}`];
  const args = [vitest, 'run', '--config', 'test/deploy/vitest.config.ts', ...reporters];
  const env = { ...process.env, DEPLOYED_ASSEMBLY: assembly, NO_COLOR: '1' };
  const timeoutMs = 10 * MINUTE_MS;
  const code = await run(process.execPath, args, { env, timeoutMs, signal: stop.signal });
  const { numPassedTests: passed, numFailedTests } = report.parse(JSON.parse(readFileSync(results, 'utf8')));
  // A suite that couldn't even begin counts as one failure.
  return { passed, failed: numFailedTests > 0 || code === 0 ? numFailedTests : 1 };
}

/** Waits until nothing of the stacks is left but what they keep; a queue may answer for a minute after it was deleted. */
async function nothingLeft(clients: Clients, stacks: readonly string[], resources: readonly DeployedResource[]) {
  for (const stack of stacks) if (await isThere(clients, stack)) throw new Error(`stack ${stack} is still there`);
  const deadline = Date.now() + 2 * MINUTE_MS;
  let left = resources.filter(isReadable);
  for (;;) {
    const there = await Promise.all(left.map((resource) => exists(clients, resource)));
    left = left.filter((_, index) => there[index]);
    if (left.length === 0) return;
    if (Date.now() > deadline) break;
    await pause(1_000);
  }
  throw new Error(
    `left after the stacks went: ${left.map(({ type, physicalId }) => `${type} ${physicalId}`).join(', ')}`,
  );
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
  const onMiniStack = await isMiniStack();
  const lacking = onMiniStack ? replaceRefused(assembly) : [];
  let resources: readonly DeployedResource[] = [];
  const deploy = async () => {
    if (!(await isThere(clients, 'CDKToolkit'))) await step('cdk bootstrap', cdk('bootstrap'), 2);
    await step('cdk deploy --all', cdk('deploy', '--all', '--require-approval', 'never'), 5);
    resources = await deployedResources(assembly, clients.cloudFormation, clients.dynamoDb);
    if (isEmulator) lacking.push(...(await fillGaps(clients, await differences(clients, resources))));
    if (onMiniStack) lacking.push(...(await allowBatchCalls(clients, resources)));
    if (isEmulator) console.log(['what this emulator refuses, drops or lacks:', ...lacking].join('\n  '));
    if (onMiniStack) console.log(['not covered on it:', ...NOT_COVERED].join('\n  '));
  };
  try {
    if (await check(deploy)) {
      const { passed, failed } = await suite();
      counts.passed += passed;
      counts.failed += failed;
    }
  } finally {
    if (!(stop.signal.aborted && throwaway === '--throwaway')) {
      // Also after an interruption: what costs money must not stay.
      const never = new AbortController().signal;
      const destroy = async () => {
        await step('cdk destroy --all', cdk('destroy', '--all', '--force'), 5, never);
        await nothingLeft(clients, stacks, resources);
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
