import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { get } from 'node:https';
import { delimiter, dirname, join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { freePort } from './ports.ts';
import { end, start } from './processes.ts';
import { installPython } from './python.ts';
import { EMULATOR_ENV, type Target } from './target.ts';

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
  const venv = await installPython({
    name: `ministack-${version()}`,
    python: 'python3',
    requirements: REQUIREMENTS,
    // MiniStack creates its certificate with openssl.
    needs: [['openssl', 'version']],
    keep,
    log: join(folder, 'install.log'),
    timeoutMs: INSTALL_MS,
    signal,
  });
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
