import { isAbsolute } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Boundary } from '../core/contract/contract.ts';

/**
 * Returns the absolute path of the file that defines a boundary or a saga: the module that called `defineBoundary` or
 * `defineSaga`. It is TypeScript if the app runs by tsx, ts-node or Node itself, and JavaScript if the app was
 * compiled. esbuild and the command line load both.
 */
export function contractsFile({ module, name }: Pick<Boundary, 'module' | 'name'>): string {
  // fileURLToPath drops the query that a loader may have added.
  if (module.startsWith('file:')) return fileURLToPath(module);
  if (isAbsolute(module)) return module;
  throw new Error(
    `module: of ${name}: neither a file: URL nor an absolute path: ${module}. Allowed: the import.meta.url of the ` +
      'module that defines it, or __filename in a CommonJS module.',
  );
}
