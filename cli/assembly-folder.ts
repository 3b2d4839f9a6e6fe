import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { isAlive } from './local-file.ts';

const NAME = /^cloud-assembly-(\d+)$/;

/** Where this process's cloud assembly goes. Two that are started at the same time for one project don't overwrite each other's. */
export function assemblyFolder(projectFolder: string): string {
  return join(projectFolder, '.freshet', `cloud-assembly-${process.pid}`);
}

/** Removes this process's assembly, and those of processes that are gone: one that is killed leaves its own. */
export function removeAssemblies(projectFolder: string): void {
  for (const name of namesIn(join(projectFolder, '.freshet'))) {
    const pid = Number(NAME.exec(name)?.[1] ?? Number.NaN);
    if (Number.isNaN(pid) || (pid !== process.pid && isAlive(pid))) continue;
    // The app of an interrupted synthesis may still be writing.
    rmSync(join(projectFolder, '.freshet', name), { recursive: true, force: true, maxRetries: 5 });
  }
}

function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}
