import { execFile } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { promisify } from 'node:util';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** The modules that pages import without showing them, and the texts that blocks continue. */
const PRELUDE = fileURLToPath(new URL('prelude', import.meta.url));

/** A block of TypeScript, after `<!-- continues stack.ts -->` if it continues a text of test/docs/prelude. */
const BLOCK = /(?:^ *<!-- continues (\S+) -->\n+)?^ *```(?:ts|typescript)\n([\s\S]*?)^ *```$/gm;

/** What a block needs that can't be run without a deployment or a package of another team. */
const NEEDS_MORE = /FromEnvironment\(|startLocalCloud\(|process\.env\b|\bdeclare const\b|'@acme\//;

/** A line such as `// geography.ts` in a block begins a module that the rest of the page can import. */
const MODULE = /^ *\/\/ (\S+\.ts)$/;

/** A module of a page: a block, or a part of a block that begins with the module's name. */
export interface PageModule {
  /** Path of the page in the repository. */
  readonly page: string;
  /** Name of the module's file. */
  readonly file: string;
  /** The text that the block continues; empty if there is none. */
  readonly before: string;
  readonly isRun: boolean;
  readonly lines: readonly string[];
  /** The number of the first line in the page, from 1. */
  readonly firstLine: number;
}

/** Returns the modules in a page's blocks of TypeScript. */
export function modulesOf(page: string, text: string): PageModule[] {
  return [...text.matchAll(BLOCK)].flatMap(({ 0: block, 1: continued, 2: code = '', index }) => {
    const lines = code.split('\n').slice(0, -1);
    const firstLine = text.slice(0, index + block.length).split('\n').length - lines.length;
    const before = continued === undefined ? '' : readFileSync(join(PRELUDE, continued), 'utf8');
    const starts = [...new Set([0, ...lines.flatMap((line, at) => (MODULE.test(line) ? [at] : []))])];
    return starts.map((start, part) => {
      const name = MODULE.exec(lines[start] ?? '')?.[1];
      const file = name ?? `line-${firstLine + start}.ts`;
      return {
        page,
        file,
        before,
        isRun: !NEEDS_MORE.test(`${before}${code}`),
        lines: lines.slice(start, starts[part + 1]),
        firstLine: firstLine + start,
      };
    });
  });
}

/**
 * Compiles modules in one program, with the compiler options of the repository, and runs those that can run. The
 * modules of a page are in one folder. Returns the errors of the compiler as `docs/page.md:LINE: MESSAGE`, and those of
 * runs as `PATH: MESSAGE`.
 */
export async function moduleErrors(modules: readonly PageModule[]): Promise<string[]> {
  const folder = mkdtempSync(join(tmpdir(), 'freshet-docs-'));
  try {
    // From here the compiler finds the packages of the repository, by their condition `freshet-source`.
    symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'));
    writeFileSync(join(folder, 'package.json'), JSON.stringify({ type: 'module' }));
    const written = new Map<string, PageModule>();
    for (const one of modules) {
      const path = `${one.page.replaceAll('/', '-')}/${one.file}`;
      mkdirSync(join(folder, dirname(path)), { recursive: true });
      cpSync(PRELUDE, join(folder, dirname(path)), { recursive: true, force: false });
      writeFileSync(join(folder, path), `${one.before}${one.lines.join('\n')}\nexport {};\n`);
      written.set(path, one);
    }
    // The modules of the prelude are compiled if a page imports them.
    const config = { extends: join(ROOT, 'tsconfig.json'), files: [...written.keys()], include: ['*/*.d.ts'] };
    writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ ...config, exclude: ['node_modules'] }));
    const compiled = await compile(folder);
    const toRun = [...written].flatMap(([path, { isRun }]) => (isRun ? [path] : []));
    return [...compiled.map((error) => inPage(error, written)), ...(await run(folder, toRun))];
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Runs the compiler and returns the first line of each error. */
function compile(folder: string): Promise<string[]> {
  const tsc = join(ROOT, 'node_modules/typescript/bin/tsc');
  return new Promise((resolve, reject) => {
    execFile(process.execPath, [tsc, '-p', folder, '--pretty', 'false'], { cwd: folder }, (failure, stdout, stderr) => {
      const errors = stdout.split('\n').filter((line) => /error TS\d+/.test(line));
      if (failure !== null && errors.length === 0) reject(new Error(`${failure.message}\n${stdout}${stderr}`));
      else resolve(errors);
    });
  });
}

/** Imports modules one after the other, each in its folder, and prints the errors. */
const RUNNER = `
import { dirname, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
const [, , ...paths] = process.argv;
const root = process.cwd();
const errors = [];
for (const path of paths) {
  process.chdir(resolve(root, dirname(path)));
  try {
    await import(pathToFileURL(resolve(root, path)).href);
  } catch (error) {
    errors.push(path + ': ' + error.stack);
  }
}
process.stdout.write('\\0' + JSON.stringify(errors));
`;

/** Runs modules in one process, because most of them load the CDK. Returns the errors of those that fail. */
async function run(folder: string, paths: readonly string[]): Promise<string[]> {
  writeFileSync(join(folder, 'run.mjs'), RUNNER);
  // A function of the CDK looks for it.
  writeFileSync(join(folder, 'package-lock.json'), '{}');
  const tsx = join(ROOT, 'node_modules/tsx/dist/loader.mjs');
  const args = ['--conditions=freshet-source', '--import', pathToFileURL(tsx).href, 'run.mjs', ...paths];
  const { stdout } = await promisify(execFile)(process.execPath, args, { cwd: folder });
  return JSON.parse(stdout.slice(stdout.lastIndexOf('\0') + 1)) as string[];
}

/** Replaces the file and line of an error with those of the page. */
function inPage(error: string, written: ReadonlyMap<string, PageModule>): string {
  const [, path = '', line = '', message = ''] = /^(.+?)\((\d+),\d+\): (.*)$/.exec(error) ?? [];
  const one = written.get(path);
  if (one === undefined) return error;
  const linesBefore = one.before.split('\n').length - 1;
  return `${one.page}:${one.firstLine + Number(line) - linesBefore - 1}: ${message}`;
}
