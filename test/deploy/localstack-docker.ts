import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { run } from './processes.ts';
import { EMULATOR_ENV, type Target, Unavailable } from './target.ts';

const COMPOSE = fileURLToPath(new URL('../../compose.yml', import.meta.url));
/** Docker may have to download an image of a gigabyte first. */
const START_MS = 600_000;
const STOP_MS = 120_000;

/** Starts LocalStack with Docker and compose.yml. @throws Unavailable if Docker or Compose doesn't answer */
export async function startLocalStackInDocker(folder: string, signal: AbortSignal): Promise<Target> {
  const log = join(folder, 'localstack.log');
  const docker = (args: readonly string[], timeoutMs: number, stop: AbortSignal) =>
    run('docker', args, { log, timeoutMs, signal: stop });
  for (const args of [['info'], ['compose', 'version']]) {
    const code = await docker(args, 30_000, signal).catch(() => 1);
    signal.throwIfAborted();
    if (code !== 0) throw new Unavailable(`"docker ${args.join(' ')}" failed`);
  }
  const compose = ['compose', '--file', COMPOSE];
  const never = new AbortController().signal;
  const down = async () => {
    await docker([...compose, 'logs', '--no-color'], STOP_MS, never);
    await docker([...compose, 'down', '--volumes'], STOP_MS, never);
  };
  try {
    const code = await docker([...compose, 'up', '--detach', '--wait'], START_MS, signal);
    if (code !== 0) throw new Error(`docker compose up ended with exit code ${code}; see ${log}`);
  } catch (error) {
    await down();
    throw error;
  }
  return {
    name: 'LocalStack 4.14.0 on 127.0.0.1:4566',
    isThrowaway: true,
    log,
    env: { ...EMULATOR_ENV, AWS_ENDPOINT_URL: 'http://127.0.0.1:4566' },
    stop: down,
  };
}
