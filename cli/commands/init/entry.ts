import type { EntryLines } from './templates.ts';
import { inFormOf, plainText } from './text-form.ts';

/** The variable of the module that holds the CDK app: `const app = new cdk.App();`. */
const APP =
  /^(?:export\s+)?(?:const|let|var)\s+([A-Za-z_$][\w$]*)\s*(?::[^=]+)?=\s*new\s+(?:[A-Za-z_$][\w$]*\.)?App\(/m;

/** An import statement, which may have several lines. */
const IMPORT = /^import\s[^;'"]*['"][^'"]+['"];?[^\S\n]*$/gm;

/** The call that ends some apps: `app.synth();`. */
const synthOf = (app: string) =>
  new RegExp(String.raw`^(?:(?:const|let|var)\s.*=\s*)?${app.replaceAll('$', '\\$')}\.synth\(`, 'm');

/** Returns the name of the variable that holds the CDK app in a module; undefined if it isn't found. */
export function appVariable(source: string): string | undefined {
  return APP.exec(plainText(source))?.[1];
}

/**
 * Adds the lines to a module of a CDK app: the imports after its imports, and the statements at its end or before
 * `app.synth()`. Returns undefined if the module already has one of the names or of the stacks.
 */
export function withEntryLines(
  source: string,
  { imports, statements, names, stackIds }: EntryLines,
): string | undefined {
  const isTaken =
    names.some((name) => new RegExp(String.raw`\b${name}\b`).test(source)) ||
    stackIds.some((id) => new RegExp(`['"\`]${id}['"\`]`).test(source));
  if (isTaken) return undefined;
  const text = plainText(source);
  const last = [...text.matchAll(IMPORT)].at(-1);
  const importsAt = last === undefined ? afterFirstComment(text) : last.index + last[0].length + 1;
  const withImports = inserted(text, importsAt, `${imports.join('\n')}\n`);
  const synth = synthOf(appVariable(text) ?? 'app').exec(withImports);
  const end = withImports.trimEnd();
  const all =
    synth === null
      ? `${end}\n\n${statements.join('\n')}\n`
      : inserted(withImports, synth.index, `${statements.join('\n')}\n\n`);
  return inFormOf(source, all);
}

/** The position after a line such as `#!/usr/bin/env node`. */
function afterFirstComment(text: string): number {
  return text.startsWith('#!') ? text.indexOf('\n') + 1 : 0;
}

function inserted(text: string, at: number, part: string): string {
  return text.slice(0, at) + part + text.slice(at);
}
