import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { UsageError } from '../../errors.ts';
import { type Snapshot, snapshot, snapshotText } from './snapshot.ts';

/** The name of the snapshot's file, beside cdk.json. */
export const SNAPSHOT_FILE = 'contracts.snapshot.json';

/** Reads the snapshot of a folder; undefined if there is none. @throws UsageError if the file isn't a snapshot */
export async function readSnapshot(folder: string): Promise<Snapshot['boundaries'] | undefined> {
  let text: string;
  try {
    text = await readFile(join(folder, SNAPSHOT_FILE), 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
  try {
    return snapshot.parse(JSON.parse(text)).boundaries;
  } catch (cause) {
    const why = cause instanceof SyntaxError ? cause.message : 'not of this version of Freshet';
    throw new UsageError(`${SNAPSHOT_FILE}: not a snapshot: ${why}. Remove the file, or restore it from Git.`);
  }
}

/** Writes the snapshot of a folder. */
export async function writeSnapshot(folder: string, boundaries: Snapshot['boundaries']): Promise<void> {
  await writeFile(join(folder, SNAPSHOT_FILE), snapshotText(boundaries));
}
