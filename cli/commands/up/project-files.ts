import { createHash } from 'node:crypto';
import { type FSWatcher, readdirSync, readFileSync, statSync, watch } from 'node:fs';
import { join } from 'node:path';
import { linkedPackages } from './linked-packages.ts';

/** Folders that hold no source: what tools install or write. */
const IGNORED = ['node_modules', 'cdk.out', '.freshet', '.git', 'coverage'];

/** Folders with what is compiled from the app. The app reads the compiled files of other packages. */
const COMPILED = ['dist', 'built'];

/** A file is read only if its time or size has changed. */
interface FileState {
  readonly changedAtMs: number;
  readonly bytes: number;
  readonly digest: string;
}

/** The files of a project and of the workspace packages that it depends on, by path, without ignored folders. */
export type ProjectFiles = ReadonlyMap<string, FileState>;

/** Reads these files. @param before an earlier result, whose unchanged files aren't read again */
export function readProject(folder: string, before: ProjectFiles = new Map()): ProjectFiles {
  const files = new Map<string, FileState>();
  for (const path of [...foldersOf(folder)].flatMap(filesIn)) {
    const found = statSync(path, { throwIfNoEntry: false });
    if (found === undefined) continue;
    const { mtimeMs: changedAtMs, size: bytes } = found;
    const known = before.get(path);
    const isKnown = known?.changedAtMs === changedAtMs && known.bytes === bytes;
    const digest = isKnown ? known.digest : digestOf(path);
    files.set(path, { changedAtMs, bytes, digest });
  }
  return files;
}

/** The files whose content differs. A file that was written again with the same content doesn't differ. */
export function changedFiles(before: ProjectFiles, after: ProjectFiles): string[] {
  const paths = new Set([...before.keys(), ...after.keys()]);
  return [...paths].filter((path) => before.get(path)?.digest !== after.get(path)?.digest);
}

/**
 * Calls a listener whenever something in the folders of `ProjectFiles` may have changed.
 *
 * @returns a function that ends the calls
 */
export function watchProject(folder: string, onEvent: () => void): () => void {
  const watchers = new Map<string, FSWatcher>();
  function look(): void {
    const folders = new Set(foldersOf(folder));
    for (const [path, watcher] of watchers) {
      if (folders.has(path)) continue;
      watcher.close();
      watchers.delete(path);
    }
    for (const path of folders) {
      if (watchers.has(path)) continue;
      try {
        const watcher = watch(path, () => {
          look();
          onEvent();
        });
        watcher.on('error', () => undefined);
        watchers.set(path, watcher);
      } catch {
        // The folder was removed meanwhile.
      }
    }
  }
  look();
  return () => {
    for (const watcher of watchers.values()) watcher.close();
    watchers.clear();
  };
}

function* foldersOf(projectFolder: string): Generator<string> {
  yield* foldersIn(projectFolder, [...IGNORED, ...COMPILED]);
  for (const linked of linkedPackages(projectFolder)) yield* foldersIn(linked, IGNORED);
}

function* foldersIn(folder: string, ignored: readonly string[]): Generator<string> {
  yield folder;
  for (const entry of entriesOf(folder)) {
    if (entry.isDirectory() && !ignored.includes(entry.name)) yield* foldersIn(join(folder, entry.name), ignored);
  }
}

function filesIn(folder: string): string[] {
  return entriesOf(folder)
    .filter((entry) => entry.isFile())
    .map(({ name }) => join(folder, name));
}

function entriesOf(folder: string) {
  try {
    return readdirSync(folder, { withFileTypes: true });
  } catch {
    return [];
  }
}

function digestOf(path: string): string {
  try {
    return createHash('sha256').update(readFileSync(path)).digest('hex');
  } catch {
    return '';
  }
}
