import {
  cpSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import * as z from 'zod/mini';
import { digest, stateOf } from './inputs.ts';

/** The assemblies that are kept: of the last states of an app between which a developer goes back and forth. */
const MOST = 4;

/** The file of an entry that is written last. */
const INDEX = 'entry.json';

const entry = z.object({
  /** What the app read: path to state. */
  inputs: z.record(z.string(), z.string()),
  /** The files of the assembly: path to digest. */
  files: z.record(z.string(), z.string()),
});

/**
 * Copies the kept assembly with a key to a folder. Returns false if there is none, if one of its inputs has changed, or
 * if it is damaged; what the folder holds is then undefined.
 */
export function takeAssembly(cache: string, key: string, assembly: string): boolean {
  const folder = join(cache, key);
  try {
    const { inputs, files } = entry.parse(JSON.parse(readFileSync(join(folder, INDEX), 'utf8')));
    if (Object.entries(inputs).some(([path, state]) => stateOf(path) !== state)) return false;
    rmSync(assembly, { recursive: true, force: true });
    for (const [path, expected] of Object.entries(files)) {
      const content = readFileSync(join(folder, path));
      if (digest(content) !== expected) throw new Error(`${path} is damaged`);
      mkdirSync(dirname(join(assembly, path)), { recursive: true });
      writeFileSync(join(assembly, path), content);
    }
    const now = new Date();
    utimesSync(folder, now, now);
    return true;
  } catch {
    // There is no entry, it is damaged, or another process has just replaced it.
    return false;
  }
}

/** Keeps a copy of an assembly, and drops the entries that were used longest ago. */
export function keepAssembly(cache: string, key: string, assembly: string, inputs: ReadonlyMap<string, string>): void {
  const apart = join(cache, `.${key}-${process.pid}`);
  try {
    cpSync(assembly, apart, { recursive: true });
    const paths = readdirSync(apart, { recursive: true, encoding: 'utf8' }).filter((path) =>
      statSync(join(apart, path)).isFile(),
    );
    const files = Object.fromEntries(paths.map((path) => [path, digest(readFileSync(join(apart, path)))]));
    writeFileSync(join(apart, INDEX), JSON.stringify({ inputs: Object.fromEntries(inputs), files }));
    rmSync(join(cache, key), { recursive: true, force: true });
    // The entry is complete before it has its name, so no process reads a part of it.
    renameSync(apart, join(cache, key));
  } catch {
    // Another process has kept the same assembly at the same time, or the disk is full. The next start synthesises.
  } finally {
    rmSync(apart, { recursive: true, force: true });
  }
  dropOldest(cache);
}

/** Also drops what a killed process left behind: it is the oldest one day. */
function dropOldest(cache: string): void {
  const usedAtMs = (name: string) => statSync(join(cache, name), { throwIfNoEntry: false })?.mtimeMs ?? 0;
  const names = readdirSync(cache).map((name) => ({ name, atMs: usedAtMs(name) }));
  for (const { name } of names.sort((a, b) => b.atMs - a.atMs).slice(MOST))
    rmSync(join(cache, name), { recursive: true, force: true });
}
