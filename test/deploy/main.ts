import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { startLocalStack } from './localstack/start.ts';
import { startLocalStackInDocker } from './localstack-docker.ts';
import { startMiniStack } from './ministack.ts';
import { killAll, run } from './processes.ts';
import { EMULATOR_ENV, type Target, Unavailable } from './target.ts';

const USAGE = `npm run test:deploy [-- --engine ENGINE]
  Deploys the shop with CloudFormation, runs the suite against it, and destroys it.
  The engines:
  ministack          MiniStack from PyPI, in a virtual environment; needs python3 and openssl
  localstack         LocalStack from PyPI, in a virtual environment; needs python3.13 and java
  localstack-docker  LocalStack by compose.yml; needs Docker
  endpoint           the endpoint in AWS_ENDPOINT_URL
  account            the AWS account and region of the credentials in the environment; costs a little
Default: endpoint if AWS_ENDPOINT_URL is set. Otherwise the first of the others but account that is available.
Exit codes: 0 passed, or skipped because no engine is available; 1 failed; 2 wrong arguments; 130 interrupted.`;

const root = fileURLToPath(new URL('../..', import.meta.url));
/** The time limit of a run on an emulator that this process started. */
const EMULATED_RUN_MS = 45 * 60_000;
/** The time limit of a run on any other target. */
const RUN_MS = 60 * 60_000;
/** How many lines of the emulator's output are shown after a failure. */
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

/** A target that this process neither starts nor stops. */
const existing = (name: string, env: Record<string, string>): Target => ({
  name,
  env,
  isThrowaway: false,
  stop: async () => undefined,
});

/** The possible targets, best first. Each function makes one target available, or throws `Unavailable`. */
function targetsOf(engine: string, folder: string): readonly (() => Promise<Target>)[] {
  const ministack = () => startMiniStack(folder, join(root, '.freshet'), stop.signal);
  const localstack = () => startLocalStack(folder, join(root, '.freshet'), stop.signal);
  const inDocker = () => startLocalStackInDocker(folder, stop.signal);
  const endpoint = async () =>
    existing(`the endpoint ${process.env.AWS_ENDPOINT_URL}`, {
      AWS_REGION: process.env.AWS_REGION ?? EMULATOR_ENV.AWS_REGION,
      AWS_ACCESS_KEY_ID: process.env.AWS_ACCESS_KEY_ID ?? EMULATOR_ENV.AWS_ACCESS_KEY_ID,
      AWS_SECRET_ACCESS_KEY: process.env.AWS_SECRET_ACCESS_KEY ?? EMULATOR_ENV.AWS_SECRET_ACCESS_KEY,
    });
  const account = async () => existing('the AWS account of the environment', {});
  switch (engine) {
    case 'ministack':
      return [ministack];
    case 'localstack':
      return [localstack];
    case 'localstack-docker':
      return [inDocker];
    case 'endpoint':
      return process.env.AWS_ENDPOINT_URL === undefined ? [] : [endpoint];
    case 'account':
      return process.env.AWS_ENDPOINT_URL === undefined ? [account] : [];
    case '':
      return process.env.AWS_ENDPOINT_URL === undefined ? [ministack, localstack, inDocker] : [endpoint];
    default:
      return [];
  }
}

async function firstAvailable(targets: readonly (() => Promise<Target>)[]): Promise<Target | undefined> {
  const reasons: string[] = [];
  for (const start of targets) {
    try {
      return await start();
    } catch (error) {
      if (!(error instanceof Unavailable)) throw error;
      reasons.push(error.message);
    }
  }
  console.log(`deploy suite: skipped, no engine is available on this machine (${reasons.join('; ')})`);
  return undefined;
}

/** Runs the suite in its own process, because Node reads NODE_EXTRA_CA_CERTS only when it starts. */
async function suiteOn(target: Target, folder: string): Promise<number> {
  const { AWS_PROFILE: _, AWS_SESSION_TOKEN: token, ...inherited } = process.env;
  const env = {
    ...(Object.keys(target.env).length > 0 ? inherited : process.env),
    ...(token !== undefined && !target.isThrowaway && { AWS_SESSION_TOKEN: token }),
    ...target.env,
    AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true',
  };
  const args = ['--conditions=freshet-source', '--import', 'tsx', join(root, 'test/deploy/run.ts'), folder];
  return run(process.execPath, target.isThrowaway ? [...args, '--throwaway'] : args, {
    env,
    timeoutMs: target.isThrowaway ? EMULATED_RUN_MS : RUN_MS,
    signal: stop.signal,
    // Unless the target ends with this run, the suite needs time to destroy its stacks. A second Ctrl-C leaves them.
    graceMs: target.isThrowaway ? undefined : 20 * 60_000,
  });
}

async function main(engine: string): Promise<number> {
  // The folder must be outside the project; see startMiniStack.
  const folder = mkdtempSync(join(tmpdir(), 'freshet-deploy-'));
  let target: Target | undefined;
  let code = 1;
  try {
    target = await firstAvailable(targetsOf(engine, folder));
    if (target === undefined) return 0;
    console.log(`deploying to ${target.name}`);
    code = await suiteOn(target, folder);
  } catch (error) {
    code = stop.signal.aborted ? 130 : 1;
    if (code === 1) console.log(error, '\ndeploy suite: 0 passed, 1 failed');
  } finally {
    await target?.stop();
    if (code === 1 && target?.log !== undefined && existsSync(target.log)) {
      // Without the metrics and INFO lines of the functions, which would hide the other lines.
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
    const { values } = parseArgs({ args: [...args], options: { engine: { type: 'string', default: '' } } });
    return targetsOf(values.engine, '').length === 0 ? usage() : await main(values.engine);
  } catch (error) {
    if (error instanceof TypeError && 'code' in error) return usage();
    throw error;
  }
}

process.exitCode = await started(process.argv.slice(2));
