import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, sep } from 'node:path';

/** Folders that hold no source of an app: what tools install or write. What an app reads in them is recorded. */
const LEFT_OUT = ['node_modules', 'cdk.out', '.freshet', 'dist', 'built', '.git', 'coverage'];

/** More files than this take longer to read than an app to synthesise. */
const MOST_FILES = 20_000;

const LOCK_FILES = ['package-lock.json', 'yarn.lock', 'pnpm-lock.yaml', 'bun.lock', 'bun.lockb'];

/** The files of an app's repository: path to digest, without the folders that hold no source. */
export type Sources = ReadonlyMap<string, string>;

/**
 * Reads the files of the repository around a project: of its Git working tree, else of the folder with the lock file,
 * else of the project. Returns undefined if there are too many.
 */
export function readSources(projectFolder: string): Sources | undefined {
  const sources = new Map<string, string>();
  const folders = [rootOf(projectFolder)];
  for (let folder = folders.pop(); folder !== undefined; folder = folders.pop()) {
    for (const entry of readdirSync(folder, { withFileTypes: true })) {
      const path = join(folder, entry.name);
      if (entry.isDirectory() && !LEFT_OUT.includes(entry.name)) folders.push(path);
      else if (entry.isFile()) sources.set(path, digestOf(path));
    }
    if (sources.size > MOST_FILES) return undefined;
  }
  return sources;
}

function rootOf(projectFolder: string): string {
  const holding = (names: readonly string[]): string | undefined => {
    for (let folder = projectFolder; ; folder = dirname(folder)) {
      if (names.some((name) => existsSync(join(folder, name)))) return folder;
      if (dirname(folder) === folder) return undefined;
    }
  };
  return holding(['.git']) ?? holding(LOCK_FILES) ?? projectFolder;
}

/**
 * The state of a file or folder that an app read: the content, or for installed packages the size and the time of the
 * change, which an installation renews. `gone` if there is none.
 */
export function stateOf(path: string): string {
  const found = statSync(path, { throwIfNoEntry: false });
  if (found === undefined) return 'gone';
  if (path.split(sep).includes('node_modules')) return `${found.size} ${found.ctimeMs}`;
  if (found.isDirectory()) return digest(readdirSync(path).sort().join('\n'));
  return found.isFile() ? digestOf(path) : 'special';
}

function digestOf(path: string): string {
  try {
    return digest(readFileSync(path));
  } catch {
    return 'gone';
  }
}

/** The SHA-256 of a text or of bytes, in hex. */
export function digest(content: string | Uint8Array): string {
  return createHash('sha256').update(content).digest('hex');
}
