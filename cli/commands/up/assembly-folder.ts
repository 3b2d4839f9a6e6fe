import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { isAlive } from '../../deployment/local-file.ts';

const NAME = /^cloud-assembly-(\d+)(?:-\d+)?$/;

/**
 * The folder of this process's cloud assembly. Two processes for one project at the same time have different folders.
 *
 * @param revision counts the assemblies after the first one
 */
export function assemblyFolder(projectFolder: string, revision = 0): string {
  const name = `cloud-assembly-${process.pid}`;
  return join(projectFolder, '.freshet', revision === 0 ? name : `${name}-${revision}`);
}

/** Removes the assembly of this process, and the assemblies that killed processes left behind. */
export function removeAssemblies(projectFolder: string): void {
  for (const name of namesIn(join(projectFolder, '.freshet'))) {
    const pid = Number(NAME.exec(name)?.[1] ?? Number.NaN);
    if (Number.isNaN(pid) || (pid !== process.pid && isAlive(pid))) continue;
    // The app of an interrupted synthesis may still write into the folder.
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
