import { execFile } from 'node:child_process';
import { mkdtempSync, readdirSync, symlinkSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

/** The project's root folder. */
export const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** Synthesises the app into a new folder. The caller removes it. */
export async function synthesised(): Promise<string> {
  const assembly = await mkdtemp(join(tmpdir(), 'freshet-bench-'));
  await promisify(execFile)(process.execPath, ['--conditions=freshet-source', '--import', 'tsx', 'bin/app.ts'], {
    cwd: ROOT,
    env: { ...process.env, CDK_OUTDIR: assembly },
    timeout: 120_000,
  });
  return assembly;
}

/** Creates a folder with links to the project, for a local cloud beside the project's own. The caller removes it. */
export function projectFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'freshet-bench-'));
  for (const name of readdirSync(ROOT)) {
    if (name !== '.freshet' && name !== '.git') symlinkSync(join(ROOT, name), join(folder, name));
  }
  return folder;
}
