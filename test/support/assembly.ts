import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { inject, vi } from 'vitest';
import { SYNTHESIS } from './synthesise.ts';

/** The app of `npm run synth`. */
export const SHOP = 'bin/app.ts';

/** The longest time to wait for another worker's synthesis, on a busy machine. */
const LONGEST_MS = 120_000;

/**
 * Returns the folder of an app's cloud assembly: the templates and Lambda bundles that a deployment would send. The
 * first test of a run that needs an assembly synthesises the app. Tests in other workers wait until it is complete.
 *
 * @throws Error if the app can't be synthesised
 */
export async function assemblyOf(app: string): Promise<string> {
  const assembly = join(inject('assemblies'), app.replaceAll(/\W/g, '-'));
  const [begun, done, failed] = [`${assembly}-begun`, `${assembly}-done`, `${assembly}-failed`];
  // Only one process can create the folder, because creating a folder is atomic.
  if (isMade(begun)) {
    try {
      await synthesise(app, assembly);
      isMade(done);
    } catch (error) {
      writeFileSync(failed, String(error));
    }
  }
  await vi.waitUntil(() => existsSync(done) || existsSync(failed), { timeout: LONGEST_MS, interval: 50 });
  if (existsSync(failed)) throw new Error(readFileSync(failed, 'utf8'));
  return assembly;
}

function isMade(folder: string): boolean {
  try {
    mkdirSync(folder);
    return true;
  } catch {
    return false;
  }
}

async function synthesise(app: string, assembly: string): Promise<void> {
  await promisify(execFile)(process.execPath, ['--conditions=freshet-source', '--import', 'tsx', app], {
    env: { ...process.env, ...SYNTHESIS, CDK_OUTDIR: assembly },
  });
}
