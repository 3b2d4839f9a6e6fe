import { spawn } from 'node:child_process';
import { createRequire } from 'node:module';
import { extname } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { UsageError } from '../errors.ts';

const require = createRequire(import.meta.url);

/** TypeScript in a clone and JavaScript in the package, as this file is. */
const extension = extname(fileURLToPath(import.meta.url));
const app = fileURLToPath(new URL(`./app-process${extension}`, import.meta.url));
const conditions = extension === '.ts' ? ['--conditions=freshet-source'] : [];

/**
 * Synthesises the sample's app and builds its bundles, in a process of its own.
 *
 * @param outdir where the cloud assembly goes
 * @param signal ends it early
 * @throws UsageError if aws-cdk-lib or constructs, which are optional peers, aren't installed
 */
export async function synthesiseSample(caches: number, outdir: string, signal: AbortSignal): Promise<void> {
  requirePeers(['aws-cdk-lib', 'constructs']);
  const tsx = pathToFileURL(require.resolve('tsx')).href;
  const child = spawn(process.execPath, [...conditions, '--import', tsx, app, String(caches), outdir], {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: { CDK_VALIDATION: 'false', ...process.env },
  });
  const kill = () => child.kill();
  signal.addEventListener('abort', kill);
  // Until it is closed, so that nothing writes into the folder any more.
  const closed = new Promise<number | null>((resolve, reject) => child.once('error', reject).once('close', resolve));
  const [code, output] = await Promise.all([closed, text(child.stderr)]);
  signal.removeEventListener('abort', kill);
  signal.throwIfAborted();
  if (code !== 0) throw new Error(`the sample's CDK app failed (exit code ${code}):\n${output}`);
}

/** Throws a `UsageError` that says what to install if one of the packages isn't there. */
export function requirePeers(names: readonly string[]): void {
  for (const name of names) {
    try {
      require.resolve(name);
    } catch {
      throw new UsageError(
        `cost: ${name} is not installed, and the sample is a CDK app. Install what it takes: npm install aws-cdk-lib constructs`,
      );
    }
  }
}
