import { isAbsolute } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Boundary } from '../core/contract.ts';

/**
 * The file that holds a boundary's or a saga's definition: what `defineBoundary` or `defineSaga` was told, as the running app loaded it. It is TypeScript where the app
 * runs by tsx, ts-node or Node itself, JavaScript where it was compiled; esbuild and the command line load either.
 */
export function contractsFile({ module, name }: Pick<Boundary, 'module' | 'name'>): string {
  // fileURLToPath drops what a loader has added as a query.
  if (module.startsWith('file:')) return fileURLToPath(module);
  if (isAbsolute(module)) return module;
  throw new Error(
    `module: of boundary ${name}: given: ${module}. The module's own import.meta.url, or __filename in a CommonJS module.`,
  );
}
