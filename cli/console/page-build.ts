import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, renameSync, rmSync, utimesSync } from 'node:fs';
import { createRequire } from 'node:module';
import { constants, setPriority } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { text } from 'node:stream/consumers';
import { stripVTControlCharacters } from 'node:util';

/** What is built, and where to. */
export interface PageBuild<T> {
  /** The folder of the page's sources, with its vite.config.ts. */
  readonly page: string;
  /** The folder that the built page replaces. */
  readonly built: string;
  /** Reads the page from the folder in which it was built. */
  readonly read: (folder: string) => T | Promise<T>;
  readonly signal?: AbortSignal;
}

/**
 * Builds the page with Vite and reads it. Several processes may build it at once: each builds in a folder of its own,
 * and the built folder is replaced as a whole.
 *
 * @throws Error with the reason, in one line
 */
export async function buildPage<T>({ page, built, read, signal }: PageBuild<T>): Promise<T> {
  const begun = new Date();
  mkdirSync(dirname(built), { recursive: true });
  const folder = mkdtempSync(join(dirname(built), `${basename(built)}-`));
  try {
    await vite(page, folder, signal);
    // A source that changes during the build is newer than the page.
    utimesSync(join(folder, 'index.html'), begun, begun);
    const files = await read(folder);
    replace(built, folder);
    return files;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Puts a folder in the place of another one. Another process may do the same at this moment, and one of them wins. */
function replace(folder: string, by: string): void {
  const former = `${by}-former`;
  try {
    renameSync(folder, former);
  } catch {
    // Nothing was built before, or another process has just taken it away.
  }
  try {
    renameSync(by, folder);
  } catch {
    // Another process has put its page there.
  }
  rmSync(former, { recursive: true, force: true });
}

/**
 * Runs Vite in a process of its own, with low priority: Vite sets NODE_ENV, which functions and the CDK app would get,
 * and a build would hold up the local cloud.
 */
async function vite(page: string, outDir: string, signal?: AbortSignal): Promise<void> {
  const bin = join(dirname(createRequire(import.meta.url).resolve('vite/package.json')), 'bin', 'vite.js');
  const args = [bin, 'build', page, '--outDir', outDir, '--emptyOutDir', '--logLevel', 'error'];
  const child = spawn(process.execPath, args, {
    cwd: page,
    // The options of this process, such as export conditions, are not for Vite.
    env: { ...process.env, NODE_OPTIONS: '', NODE_ENV: 'production' },
    stdio: ['ignore', 'pipe', 'pipe'],
    ...(signal && { signal }),
  });
  if (child.pid !== undefined) lower(child.pid);
  const [out, err, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')]);
  if (code !== 0) throw new Error(reasonOf(`${err}\n${out}`));
}

function lower(pid: number): void {
  try {
    setPriority(pid, constants.priority.PRIORITY_BELOW_NORMAL);
  } catch {
    // The process has ended already, or this system knows no priorities.
  }
}

/** The line that names the error, among hints and stack traces. */
function reasonOf(printed: string): string {
  const lines = stripVTControlCharacters(printed)
    .split('\n')
    .map((line) => line.trim());
  const isReason = (line: string) => /^(?:\[[A-Z_]+\]|[\w ]*Error:) /.test(line);
  const reason = lines.find(isReason) ?? lines.find((line) => line !== '') ?? 'Vite failed and printed nothing';
  return `the page can't be built: ${reason}`;
}
