import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { get } from 'node:https';
import { type AddressInfo, createServer } from 'node:net';
import { basename, delimiter, dirname, join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { end, run, start } from './processes.ts';
import { EMULATOR_ENV, type Target, Unavailable } from './target.ts';

const REQUIREMENTS = fileURLToPath(new URL('requirements.txt', import.meta.url));
const INSTALL_MS = 180_000;
const READY_MS = 60_000;

/**
 * Starts MiniStack from PyPI in a virtual environment, on a free port of 127.0.0.1. MiniStack enforces IAM, so that
 * functions have only the permissions of their roles. It uses HTTPS, so that requests satisfy the policies that require
 * TLS.
 *
 * @param folder the folder of its files. It must be outside any npm project: under a project's `"type": "module"`,
 * Node couldn't load the CommonJS workers of MiniStack
 * @param keep the folder that keeps the virtual environment for the next run
 * @throws Unavailable if MiniStack can't be installed
 */
export async function startMiniStack(folder: string, keep: string, signal: AbortSignal): Promise<Target> {
  const venv = await install(keep, join(folder, 'install.log'), signal);
  const temporary = join(folder, 'tmp');
  mkdirSync(temporary);
  const port = await freePort();
  const log = join(folder, 'ministack.log');
  const child = start(join(venv, 'bin', 'ministack'), [], {
    log,
    env: {
      PATH: [dirname(process.execPath), process.env.PATH].join(delimiter),
      HOME: folder,
      TMPDIR: temporary,
      GATEWAY_PORT: String(port),
      BIND_HOST: '127.0.0.1',
      MINISTACK_HOST: '127.0.0.1',
      LAMBDA_EXECUTOR: 'local',
      IOT_MTLS_ENABLED: '0',
      AUTH: 'true',
      USE_SSL: '1',
      AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true',
    },
  });
  const certificate = join(temporary, 'ministack-tls', 'server.crt');
  const failed = new Promise<never>((_, reject) => {
    child.once('error', reject).once('exit', (code) => reject(new Error(`MiniStack ended with exit code ${code}`)));
  });
  try {
    await Promise.race([untilReady(port, certificate, signal), failed]);
  } catch (error) {
    await end(child);
    throw new Error(`MiniStack didn't start:\n${existsSync(log) ? readFileSync(log, 'utf8') : ''}`, { cause: error });
  }
  failed.catch(() => undefined);
  return {
    name: `MiniStack ${version()} on 127.0.0.1:${port}, HTTPS, IAM enforced`,
    isThrowaway: true,
    log,
    env: {
      ...EMULATOR_ENV,
      AWS_ENDPOINT_URL: `https://127.0.0.1:${port}`,
      // Node reads the first variable, the CDK's command line reads the second.
      NODE_EXTRA_CA_CERTS: certificate,
      AWS_CA_BUNDLE: certificate,
    },
    stop: () => end(child),
  };
}

function version(): string {
  return /^ministack==(.+)$/m.exec(readFileSync(REQUIREMENTS, 'utf8'))?.[1] ?? '';
}

/** Creates the virtual environment, unless an earlier run has created one with the same requirements. */
async function install(keep: string, log: string, signal: AbortSignal): Promise<string> {
  const digest = createHash('sha256').update(readFileSync(REQUIREMENTS)).digest('hex').slice(0, 12);
  const venv = join(keep, `ministack-${version()}-${digest}`);
  const complete = join(venv, 'complete');
  if (existsSync(complete)) return venv;
  rmSync(venv, { recursive: true, force: true });
  mkdirSync(keep, { recursive: true });
  const commands: [string, ...string[]][] = [
    // MiniStack creates its certificate with openssl.
    ['openssl', 'version'],
    ['python3', '-m', 'venv', venv],
    [
      join(venv, 'bin', 'python'),
      '-m',
      'pip',
      'install',
      '--disable-pip-version-check',
      '--no-deps',
      '-r',
      REQUIREMENTS,
    ],
  ];
  for (const [command, ...args] of commands) {
    const options = { log, timeoutMs: INSTALL_MS, signal };
    const code = await run(command, args, options).catch((error: unknown) => {
      signal.throwIfAborted();
      return error instanceof Error ? error.message : 'failed';
    });
    if (code !== 0) {
      rmSync(venv, { recursive: true, force: true });
      throw new Unavailable(`${basename(command)} ${args.slice(0, 3).join(' ')}: ${code === 1 ? lastLine(log) : code}`);
    }
  }
  writeFileSync(complete, '');
  return venv;
}

function lastLine(file: string): string {
  return readFileSync(file, 'utf8').trim().split('\n').at(-1) ?? '';
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

async function untilReady(port: number, certificate: string, signal: AbortSignal): Promise<void> {
  const deadline = Date.now() + READY_MS;
  while (!(existsSync(certificate) && (await answers(port, readFileSync(certificate))))) {
    signal.throwIfAborted();
    if (Date.now() > deadline) throw new Error(`no answer within ${READY_MS / 1000} s`);
    await pause(100);
  }
}

function answers(port: number, ca: Buffer): Promise<boolean> {
  return new Promise((resolve) => {
    get({ host: '127.0.0.1', port, path: '/_ministack/health', ca, timeout: 2_000 }, (response) => {
      response.resume();
      resolve(response.statusCode === 200);
    })
      .once('timeout', () => resolve(false))
      .once('error', () => resolve(false));
  });
}
