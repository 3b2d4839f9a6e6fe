import { readFileSync } from 'node:fs';
import type { BuildOptions, BuildResult } from 'esbuild';

/** The names by which Freshet's functions import an app's boundary or saga. */
const DEFINITIONS = ['#contracts', '#saga'];

/** What gives a CommonJS module a default export: as TypeScript, SWC and esbuild compile it, and by hand. */
const COMMONJS_DEFAULT = /\bmodule\.exports\b|\bexports\b[^;\n]*\bdefault\b|\bexport\s*=/;

/** Finds the constant that holds the result of `defineBoundary` or `defineSaga`. */
const DEFINED = /\b(?:const|let|var)\s+([\w$]+)[^=;]*=\s*(?:\(0,\s*)?[\w$.]*\bdefine(?:Boundary|Saga)\b/;

type Build = (options: BuildOptions & { metafile: true }) => BuildResult<{ metafile: true }>;

/**
 * Why Freshet's functions wouldn't find the definition that an app's module exports as its default; undefined if they
 * would. Without this check, each of the functions would fail when it starts.
 *
 * @param alias the names that a bundle resolves to modules
 */
export function missingDefault(alias: Readonly<Record<string, string>>, build: Build): string | undefined {
  const [file] = DEFINITIONS.flatMap((name) => alias[name] ?? []);
  if (file === undefined) return undefined;
  const { inputs, outputs } = build({ entryPoints: [file], outdir: '.', write: false, metafile: true }).metafile;
  const text = readFileSync(file, 'utf8');
  const isModule = Object.values(inputs).some(({ format }) => format === 'esm');
  const hasDefault = isModule
    ? Object.values(outputs).some((output) => output.exports.includes('default'))
    : COMMONJS_DEFAULT.test(text);
  if (hasDefault) return undefined;
  const name = DEFINED.exec(text)?.[1] ?? 'THE_DEFINITION';
  const line = isModule ? `export default ${name};` : `exports.default = ${name};`;
  return `${file}: no default export, so the Lambda functions would not find its definition. Add this line: ${line}`;
}
