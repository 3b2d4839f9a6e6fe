import { readFileSync, realpathSync } from 'node:fs';
import { dirname, join, sep } from 'node:path';
import * as z from 'zod/mini';

const names = z.optional(z.record(z.string(), z.unknown()));
const manifest = z.object({ dependencies: names, devDependencies: names });

/**
 * The folders of the workspace packages that a project depends on, directly or through each other. A package manager
 * links them into `node_modules`. A package that contains the project is left out.
 */
export function linkedPackages(projectFolder: string): string[] {
  const project = realpathSync(projectFolder);
  const found = new Set([project]);
  for (const folder of found) {
    for (const name of dependenciesOf(folder)) {
      const linked = linkOf(folder, name);
      if (linked === undefined || linked.split(sep).includes('node_modules')) continue;
      if (!`${project}${sep}`.startsWith(`${linked}${sep}`)) found.add(linked);
    }
  }
  found.delete(project);
  return [...found];
}

function dependenciesOf(folder: string): string[] {
  try {
    const { dependencies, devDependencies } = manifest.parse(
      JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')),
    );
    return Object.keys({ ...dependencies, ...devDependencies });
  } catch {
    // A folder without a readable package.json names no packages.
    return [];
  }
}

/** The folder that Node finds for a package: the nearest `node_modules` wins. */
function linkOf(folder: string, name: string): string | undefined {
  for (let parent = folder; ; parent = dirname(parent)) {
    try {
      return realpathSync(join(parent, 'node_modules', name));
    } catch {
      if (dirname(parent) === parent) return undefined;
    }
  }
}
