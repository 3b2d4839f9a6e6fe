import { readFileSync } from 'node:fs';
import type { Definition, Export, LoadError } from './load-definition.ts';

/** Finds the constant that holds the result of `defineBoundary` or `defineSaga`. */
const DEFINED = /\b(?:const|let|var)\s+([\w$]+)[^=;]*=\s*(?:\(0,\s*)?[\w$.]*\bdefine(?:Boundary|Saga)\b/;

/** The codes of errors of files that aren't there, or aren't readable. */
const NO_FILE = /^E[A-Z]+$/;

/** What Node and esbuild say about a module that isn't part of a bundle. */
const NO_MODULE = /^(?:Cannot find (?:module|package)|Dynamic require of|Module not found in bundle)/;

/**
 * Why Freshet's functions wouldn't find the definition that a module should export; undefined if they would.
 *
 * @param exports the definitions that the module exports
 * @param isModule whether it is an ES module
 */
export function missingExport(
  { file, name }: Definition,
  exports: readonly Export[],
  isModule: boolean,
): string | undefined {
  if (!exports.some(({ as }) => as === 'default')) {
    const constant = exports[0]?.as ?? DEFINED.exec(readFileSync(file, 'utf8'))?.[1] ?? 'THE_DEFINITION';
    const line = isModule ? `export default ${constant};` : `exports.default = ${constant};`;
    return `${file}: no default export, so the Lambda functions would not find its definition. Add this line: ${line}`;
  }
  if (exports.some((one) => one.name === name)) return undefined;
  const names = [...new Set(exports.map((one) => one.name))].join(', ');
  return (
    `${file}: exports no definition named ${name}, so the Lambda functions would not find it. It exports: ${names}. ` +
    'Export it too.'
  );
}

/**
 * Says why a module of an app can't be loaded on Lambda, and what to do.
 *
 * @param place the module, and the line if it is known
 */
export function loadProblem(place: string, { message, code, syscall }: LoadError): string {
  if (syscall !== undefined && NO_FILE.test(code ?? '')) {
    return (
      `${place}: reads a file that is not on Lambda, where there are no files of the app (${message}). Import a JSON ` +
      "file: import data from './data.json'. Put other content into a module that exports it."
    );
  }
  if (NO_MODULE.test(message)) {
    return (
      `${place}: looks for a module at run time that is not on Lambda (${message}). Name the module in an import or a ` +
      "require: import name from 'the-module'."
    );
  }
  return (
    `${place}: fails when a Lambda function loads it (${message}). A function starts without the files of the app, ` +
    'without the variables of your environment and without input. Remove what depends on them.'
  );
}
