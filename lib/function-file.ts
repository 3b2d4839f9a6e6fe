import { existsSync } from 'node:fs';
import { isAbsolute } from 'node:path';
import { fileURLToPath } from 'node:url';

/** What `tsc` makes of each extension. */
const COMPILED: Readonly<Record<string, string>> = { '.ts': '.js', '.mts': '.mjs', '.cts': '.cjs' };

/**
 * Returns the absolute path of a function's module. In an app that was compiled, the module is JavaScript although the
 * stack names a TypeScript file.
 *
 * @throws Error if the path isn't absolute, or if there is no such file
 */
export function functionFile(given: string | URL): string {
  const path = given instanceof URL || given.startsWith('file:') ? fileURLToPath(given) : given;
  if (!isAbsolute(path)) {
    throw new Error(
      `file: not an absolute path: ${path}. Allowed: new URL('./functions/name.ts', import.meta.url), or ` +
        "join(__dirname, 'functions', 'name.ts') in a CommonJS module.",
    );
  }
  const found = [path, compiledPath(path)].find((one) => existsSync(one));
  if (found !== undefined) return found;
  throw new Error(`file: not found: ${path}. It must be the module that exports the function's handler.`);
}

function compiledPath(path: string): string {
  return path.replace(/\.[mc]?ts$/, (extension) => COMPILED[extension] ?? extension);
}
