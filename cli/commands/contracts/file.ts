import { readFile, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { UsageError } from '../../errors.ts';
import { typed } from '../../output/typed.ts';
import { type Snapshot, snapshot, snapshotText } from './snapshot.ts';

/** The name of the snapshot's file, beside cdk.json. */
export const SNAPSHOT_FILE = 'contracts.snapshot.json';

/** Reads the snapshot of a folder; undefined if there is none. @throws UsageError if the file isn't a snapshot */
export async function readSnapshot(folder: string): Promise<Snapshot['boundaries'] | undefined> {
  const text = await textOf(join(folder, SNAPSHOT_FILE));
  return text === undefined ? undefined : parsed(text, SNAPSHOT_FILE, 'Remove the file, or restore it from Git.');
}

/** Reads the snapshot of a file. @throws UsageError if there is none, or if the file isn't a snapshot */
export async function readSnapshotFile(folder: string, path: string): Promise<Snapshot['boundaries']> {
  const text = await textOf(resolve(folder, path));
  if (text !== undefined) return parsed(text, path, `Give a file that ${typed('contracts check --update')} wrote.`);
  throw new UsageError(`${path}: there is no such file.`);
}

async function textOf(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

function parsed(text: string, name: string, advice: string): Snapshot['boundaries'] {
  try {
    return snapshot.parse(JSON.parse(text)).boundaries;
  } catch (cause) {
    const why = cause instanceof SyntaxError ? cause.message : 'not of this version of Freshet';
    throw new UsageError(`${name}: not a snapshot: ${why}. ${advice}`);
  }
}

/** Writes the snapshot of a folder. */
export async function writeSnapshot(folder: string, boundaries: Snapshot['boundaries']): Promise<void> {
  await writeFile(join(folder, SNAPSHOT_FILE), snapshotText(boundaries));
}
