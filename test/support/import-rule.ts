import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, posix, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { SyntaxKind } from 'typescript/unstable/ast';
import { createScanner } from 'typescript/unstable/ast/scanner';

/** A source file by its path from the project's root, `core/own/own.ts`. */
export interface SourceFile {
  readonly path: string;
  readonly text: string;
}

/** One breach of the rule. */
export interface Violation {
  readonly path: string;
  /** From 1. */
  readonly line: number;
  readonly problem: string;
}

/** What each folder may import, its own files included; an entry is a folder or one file. Nobody imports `test`. */
export const ALLOWED_IMPORTS: Readonly<Record<string, readonly string[]>> = {
  core: ['core'],
  adapters: ['adapters', 'core'],
  lambdas: ['lambdas', 'adapters', 'core'],
  // Names and contracts only: what becomes of them is decided in Lambdas, which it points at by path.
  lib: ['lib', 'core', 'adapters/aws/items.ts'],
  local: ['local', 'core', 'adapters'],
  cli: ['cli', 'local', 'adapters', 'core'],
  bin: ['bin', 'cli', 'examples'],
  // Its files are listed one by one.
  package: [],
  examples: ['examples', 'lib', 'core', 'adapters', 'cli'],
  // Measures everything; nobody imports it, as nobody imports tests.
  bench: ['bench', 'core', 'adapters', 'lambdas', 'lib', 'local', 'cli', 'bin', 'examples', 'package'],
};

/**
 * Files with a rule of their own. The package's entries: what each loads, so that run time, constructs and local cloud stay apart. The command
 * line's one CDK app, which nothing loads but the command that runs it.
 */
export const ENTRY_IMPORTS: Readonly<Record<string, readonly string[]>> = {
  'package/index.ts': ['adapters', 'core'],
  'package/cdk.ts': ['lib', 'core'],
  'local/index.ts': ['local', 'cli', 'adapters', 'core'],
  'cli/cost/app.ts': ['cli', 'lib', 'core'],
};

/** The packages that core may use, each with what it may take of it; undefined is anything. */
const CORE_PACKAGES: Readonly<Record<string, readonly string[] | undefined>> = {
  '@standard-schema/spec': undefined,
  canonicalize: undefined,
  'zod/mini': undefined,
  'zod/v4/locales/en.js': undefined,
  'node:crypto': ['createHash'],
};

/** Globals with a clock, randomness, a process or I/O behind them. */
const IMPURE_GLOBALS = new Set([
  ...['process', 'globalThis', 'global', 'console', 'performance', 'fetch', 'crypto', 'WebSocket'],
  ...['setTimeout', 'setInterval', 'setImmediate', 'queueMicrotask', 'require'],
]);

interface Token {
  readonly kind: SyntaxKind;
  readonly text: string;
  /** The content of a text literal. */
  readonly value: string;
  readonly line: number;
}

interface Import {
  /** undefined when it is computed. */
  readonly specifier: string | undefined;
  /** The names between the braces of a static import. */
  readonly names: readonly string[] | undefined;
  readonly line: number;
}

/** Holds files against the import rule and core's purity. */
export function violations(files: readonly SourceFile[]): Violation[] {
  return files.flatMap(({ path, text }) => {
    const allowed = ENTRY_IMPORTS[path] ?? ALLOWED_IMPORTS[folderOf(path)];
    if (allowed === undefined) return [];
    const tokens = tokensOf(text);
    const imports = importsOf(tokens);
    const problems = [
      ...imports.flatMap((one) => importProblem(path, one, allowed)),
      ...(folderOf(path) === 'core' ? [...imports.flatMap(packageProblem), ...impurities(tokens)] : []),
    ];
    return problems.map((problem) => ({ path, ...problem }));
  });
}

type Problem = Omit<Violation, 'path'>;

function importProblem(path: string, { specifier, line }: Import, allowed: readonly string[]): Problem[] {
  if (!specifier?.startsWith('.') && !specifier?.startsWith('/')) return [];
  const target = posix.join(posix.dirname(path), specifier);
  if (allowed.includes(target) || allowed.includes(folderOf(target))) return [];
  return [{ line, problem: `imports ${target}. Allowed: ${allowed.join(', ')}` }];
}

function packageProblem({ specifier, names, line }: Import): Problem[] {
  if (specifier === undefined) return [{ line, problem: 'imports what is only known when it runs' }];
  if (specifier.startsWith('.')) return [];
  if (!Object.hasOwn(CORE_PACKAGES, specifier)) {
    return [{ line, problem: `imports ${specifier}. Allowed: ${Object.keys(CORE_PACKAGES).join(', ')}` }];
  }
  const allowed = CORE_PACKAGES[specifier];
  if (allowed === undefined || names?.every((name) => allowed.includes(name))) return [];
  return [{ line, problem: `imports ${names?.join(', ') ?? 'all'} from ${specifier}. Allowed: ${allowed.join(', ')}` }];
}

/** Uses of a clock, randomness, timers, the process or I/O. */
function impurities(tokens: readonly Token[]): Problem[] {
  return tokens.flatMap(({ kind, text, line }, index) => {
    const [before, after, second] = [-1, 1, 2].map((offset) => tokens[index + offset]?.text);
    // A member or a key of that name is something else.
    if (kind !== SyntaxKind.Identifier || before === '.' || before === '?.' || after === ':') return [];
    const member = after === '.' ? `${text}.${second}` : text;
    const impure =
      IMPURE_GLOBALS.has(text) ||
      ['Date.now', 'Math.random'].includes(member) ||
      (text === 'Date' && before === 'new' && !(after === '(' && second !== ')')) ||
      (text === 'Date' && before !== 'new' && after === '(');
    const shown = text === 'Date' && member === text ? 'new Date()' : member;
    return impure ? [{ line, problem: `uses ${shown}: core is given what it needs` }] : [];
  });
}

/** Static, side-effect, dynamic and type imports, re-exports and `require`. */
function importsOf(tokens: readonly Token[]): Import[] {
  return tokens.flatMap((token, index): Import[] => {
    const next = tokens[index + 1];
    const { line } = token;
    const called = next?.kind === SyntaxKind.OpenParenToken && tokens[index - 1]?.kind !== SyntaxKind.DotToken;
    if (called && (token.kind === SyntaxKind.ImportKeyword || token.text === 'require')) {
      const argument = tokens[index + 2];
      return [{ specifier: argument && isText(argument) ? argument.value : undefined, names: undefined, line }];
    }
    if (next === undefined || !isText(next)) return [];
    if (token.kind === SyntaxKind.ImportKeyword) return [{ specifier: next.value, names: undefined, line }];
    if (token.kind !== SyntaxKind.FromKeyword) return [];
    return [{ specifier: next.value, names: namesBefore(tokens, index), line: next.line }];
  });
}

/** The imported names of `import { a, b as c } from`; undefined for anything but a list in braces. */
function namesBefore(tokens: readonly Token[], from: number): string[] | undefined {
  if (tokens[from - 1]?.text !== '}') return undefined;
  const open = tokens.findLastIndex(({ text }, index) => index < from && text === '{');
  const list = tokens.slice(open + 1, from - 1).filter(({ text }) => text !== 'type');
  return list.flatMap(({ text }, index) => (index === 0 || list[index - 1]?.text === ',' ? [text] : []));
}

const isText = ({ kind }: Token): boolean =>
  kind === SyntaxKind.StringLiteral || kind === SyntaxKind.NoSubstitutionTemplateLiteral;

/** After these a slash divides; after anything else it begins a regular expression. */
const ENDS_OPERAND = new Set([
  ...[SyntaxKind.Identifier, SyntaxKind.NumericLiteral, SyntaxKind.StringLiteral, SyntaxKind.ThisKeyword],
  ...[SyntaxKind.CloseParenToken, SyntaxKind.CloseBracketToken, SyntaxKind.CloseBraceToken],
  ...[SyntaxKind.NoSubstitutionTemplateLiteral, SyntaxKind.TemplateTail, SyntaxKind.RegularExpressionLiteral],
]);

/** The tokens of a TypeScript text, without comments. */
function tokensOf(text: string): Token[] {
  const scanner = createScanner(true, undefined, text);
  const tokens: Token[] = [];
  /** Braces open inside each template that is open. */
  const templates: number[] = [];
  let line = 1;
  let counted = 0;
  for (let kind = scanner.scan(); kind !== SyntaxKind.EndOfFile; kind = scanner.scan()) {
    const previous = tokens.at(-1)?.kind;
    if (kind === SyntaxKind.SlashToken || kind === SyntaxKind.SlashEqualsToken) {
      if (previous === undefined || !ENDS_OPERAND.has(previous)) kind = scanner.reScanSlashToken();
    }
    const depth = templates.at(-1);
    if (kind === SyntaxKind.TemplateHead) templates.push(0);
    else if (kind === SyntaxKind.OpenBraceToken && depth !== undefined) templates.splice(-1, 1, depth + 1);
    else if (kind === SyntaxKind.CloseBraceToken && depth === 0) {
      kind = scanner.reScanTemplateToken(false);
      if (kind === SyntaxKind.TemplateTail) templates.pop();
    } else if (kind === SyntaxKind.CloseBraceToken && depth !== undefined) templates.splice(-1, 1, depth - 1);
    const start = scanner.getTokenStart();
    for (; counted < start; counted += 1) if (text[counted] === '\n') line += 1;
    tokens.push({ kind, text: scanner.getTokenText(), value: scanner.getTokenValue(), line });
  }
  return tokens;
}

function folderOf(path: string): string {
  return path.split('/')[0] ?? '';
}

/** All source files of the folders that the rule names. */
export function projectFiles(root: string): SourceFile[] {
  return Object.keys(ALLOWED_IMPORTS).flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile() && /\.[cm]?[jt]sx?$/.test(entry.name))
      .map((entry) => join(entry.parentPath, entry.name))
      .map((file) => ({ path: relative(root, file).replaceAll('\\', '/'), text: readFileSync(file, 'utf8') })),
  );
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const found = violations(projectFiles(join(dirname(fileURLToPath(import.meta.url)), '..', '..')));
  for (const { path, line, problem } of found) console.error(`${path}:${line}: ${problem}`);
  process.exitCode = found.length > 0 ? 1 : 0;
}
