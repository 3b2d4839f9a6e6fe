import { spawn } from 'node:child_process';
import { createRequire } from 'node:module';
import { extname } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { UsageError } from '../../errors.ts';
import type { CommandIo } from '../../io.ts';

const require = createRequire(import.meta.url);

/** The extension of this file: TypeScript in a clone, JavaScript in the package. */
const extension = extname(fileURLToPath(import.meta.url));
const app = fileURLToPath(new URL(`./app-process${extension}`, import.meta.url));
const conditions = extension === '.ts' ? ['--conditions=freshet-source'] : [];

/**
 * Synthesises the app of the sample and builds its bundles, in a separate process.
 *
 * @param outdir the folder of the cloud assembly
 * @param signal ends the process early
 * @throws UsageError if aws-cdk-lib or constructs, which are optional peers, aren't installed
 */
export async function synthesiseSample(
  { env }: Pick<CommandIo, 'env'>,
  caches: number,
  outdir: string,
  signal: AbortSignal,
): Promise<void> {
  requirePeers(['aws-cdk-lib', 'constructs']);
  const tsx = pathToFileURL(require.resolve('tsx')).href;
  const child = spawn(process.execPath, [...conditions, '--import', tsx, app, String(caches), outdir], {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: { CDK_VALIDATION: 'false', ...env },
  });
  const kill = () => child.kill();
  signal.addEventListener('abort', kill);
  // The streams close when no process writes into the folder any more.
  const closed = new Promise<number | null>((resolve, reject) => child.once('error', reject).once('close', resolve));
  const [code, output] = await Promise.all([closed, text(child.stderr)]);
  signal.removeEventListener('abort', kill);
  signal.throwIfAborted();
  if (code !== 0) throw new Error(`the sample's CDK app failed (exit code ${code}):\n${output}`);
}

/** Checks that packages are installed. @throws UsageError that says what to install, if a package is missing */
export function requirePeers(names: readonly string[]): void {
  for (const name of names) {
    try {
      require.resolve(name);
    } catch {
      throw new UsageError(
        `cost: the sample is a CDK app and needs ${name}, which is not installed. Install it: npm install ` +
          'aws-cdk-lib constructs',
      );
    }
  }
}
