import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { startLocalStack } from './localstack.ts';
import { startMiniStack } from './ministack.ts';
import { killAll, run } from './processes.ts';
import { EMULATOR_ENV, type Target, Unavailable } from './target.ts';

const USAGE = `npm run test:deploy [-- --on TARGET]
  Deploys the shop by CloudFormation, runs the suite against it, destroys it.
  ministack    MiniStack from PyPI, in a virtual environment; needs python3 and openssl
  localstack   LocalStack by compose.yml; needs Docker
  endpoint     what AWS_ENDPOINT_URL points to
  account      the AWS account and region of the credentials in the environment; this costs a little
Default: endpoint if AWS_ENDPOINT_URL is set, else ministack, else localstack.
Exit codes: 0 passed, or skipped because no target can be had; 1 failed; 2 bad arguments; 130 interrupted.`;

const root = fileURLToPath(new URL('../..', import.meta.url));
/** On this run's own emulator, where it takes a minute and a half; and elsewhere. */
const EMULATED_RUN_MS = 15 * 60_000;
const RUN_MS = 60 * 60_000;
/** Of the emulator's output, shown when something failed. */
const LOG_LINES = 60;

const stop = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.on(signal, () => {
    if (stop.signal.aborted) {
      killAll();
      process.exit(130);
    }
    console.log('\nstopping');
    stop.abort(new Error('interrupted'));
  });
}

const given = (name: string, env: Record<string, string>): Target => ({
  ...{ name, env },
  isThrowaway: false,
  stop: async () => undefined,
});

/** The ways to a target, of which the first that can be had is taken. */
function waysTo(on: string, folder: string): readonly (() => Promise<Target>)[] {
  const ministack = () => startMiniStack(folder, join(root, '.freshet'), stop.signal);
  const localstack = () => startLocalStack(folder, stop.signal);
  const endpoint = async () =>
    given(`what AWS_ENDPOINT_URL points to: ${process.env.AWS_ENDPOINT_URL}`, {
      AWS_REGION: process.env.AWS_REGION ?? EMULATOR_ENV.AWS_REGION,
      AWS_ACCESS_KEY_ID: process.env.AWS_ACCESS_KEY_ID ?? EMULATOR_ENV.AWS_ACCESS_KEY_ID,
      AWS_SECRET_ACCESS_KEY: process.env.AWS_SECRET_ACCESS_KEY ?? EMULATOR_ENV.AWS_SECRET_ACCESS_KEY,
    });
  const account = async () => given('the AWS account of the environment', {});
  switch (on) {
    case 'ministack':
      return [ministack];
    case 'localstack':
      return [localstack];
    case 'endpoint':
      return process.env.AWS_ENDPOINT_URL === undefined ? [] : [endpoint];
    case 'account':
      return process.env.AWS_ENDPOINT_URL === undefined ? [account] : [];
    case '':
      return process.env.AWS_ENDPOINT_URL === undefined ? [ministack, localstack] : [endpoint];
    default:
      return [];
  }
}

async function targetOf(ways: readonly (() => Promise<Target>)[]): Promise<Target | undefined> {
  const reasons: string[] = [];
  for (const way of ways) {
    try {
      return await way();
    } catch (error) {
      if (!(error instanceof Unavailable)) throw error;
      reasons.push(error.message);
    }
  }
  console.log(`deploy suite: skipped, nothing to deploy to can be had here (${reasons.join('; ')})`);
  return undefined;
}

/** Runs the suite in a process of its own: Node reads from its environment whom it trusts only when it starts. */
async function suiteOn(target: Target, folder: string): Promise<number> {
  const { AWS_PROFILE: _, AWS_SESSION_TOKEN: token, ...inherited } = process.env;
  const env = {
    ...(Object.keys(target.env).length > 0 ? inherited : process.env),
    ...(token !== undefined && !target.isThrowaway && { AWS_SESSION_TOKEN: token }),
    ...target.env,
    AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true',
  };
  const args = ['--conditions=freshet-source', '--import', 'tsx', join(root, 'test/deploy/run.ts'), folder];
  // Told to end, it destroys what it deployed; a second Ctrl-C leaves that to whoever pressed it.
  return run(process.execPath, target.isThrowaway ? [...args, '--throwaway'] : args, {
    ...{ env, timeoutMs: target.isThrowaway ? EMULATED_RUN_MS : RUN_MS, signal: stop.signal },
    graceMs: target.isThrowaway ? undefined : 20 * 60_000,
  });
}

async function main(on: string): Promise<number> {
  // Outside of the project: see startMiniStack.
  const folder = mkdtempSync(join(tmpdir(), 'freshet-deploy-'));
  let target: Target | undefined;
  let code = 1;
  try {
    target = await targetOf(waysTo(on, folder));
    if (target === undefined) return 0;
    console.log(`deploying to ${target.name}`);
    code = await suiteOn(target, folder);
  } catch (error) {
    code = stop.signal.aborted ? 130 : 1;
    if (code === 1) console.log(error, '\ndeploy suite: 0 passed, 1 failed');
  } finally {
    await target?.stop();
    if (code === 1 && target?.log !== undefined && existsSync(target.log)) {
      // What functions log of an ordinary invocation would bury the rest.
      const lines = readFileSync(target.log, 'utf8')
        .split('\n')
        .filter((line) => !/^\{"_aws"| INFO /.test(line));
      console.log([`the last lines of ${target.log}:`, ...lines.slice(-LOG_LINES)].join('\n'));
    } else rmSync(folder, { recursive: true, force: true });
  }
  return code;
}

function usage(): number {
  console.error(USAGE);
  return 2;
}

async function started(args: readonly string[]): Promise<number> {
  try {
    const { values } = parseArgs({ args: [...args], options: { on: { type: 'string', default: '' } } });
    return waysTo(values.on, '').length === 0 ? usage() : await main(values.on);
  } catch (error) {
    if (error instanceof TypeError && 'code' in error) return usage();
    throw error;
  }
}

process.exitCode = await started(process.argv.slice(2));
