import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod/mini';
import type { FoundLocalCloud } from '../../deployment/local-file.ts';
import { keptFolder } from '../up/kept.ts';
import { undo } from './undo.ts';

const FILE = 'rehearsals.json';

const entry = z.object({ alarm: z.string(), name: z.string(), at: z.string(), undo: z.array(undo) });

/** The rehearsals that `--undo` takes back. They belong to one run of a local cloud, or to the data that is kept. */
const journal = z.object({ startedAt: z.string(), rehearsals: z.array(entry) });

/** See `journal`. */
export type Rehearsed = z.infer<typeof entry>;

/** A journal of kept data lies beside the data, and is dropped with it. */
function folderOf({ file: { isKept }, projectFolder }: FoundLocalCloud): string {
  return isKept ? keptFolder(projectFolder) : join(projectFolder, '.freshet');
}

/** The rehearsals in the local cloud that aren't taken back yet, oldest first. */
export function readRehearsals(found: FoundLocalCloud): readonly Rehearsed[] {
  try {
    const read = journal.parse(JSON.parse(readFileSync(join(folderOf(found), FILE), 'utf8')));
    return found.file.isKept || read.startedAt === found.file.startedAt ? read.rehearsals : [];
  } catch {
    return [];
  }
}

/** Replaces what `readRehearsals` reads. */
export function writeRehearsals(found: FoundLocalCloud, rehearsals: readonly Rehearsed[]): void {
  const folder = folderOf(found);
  const { startedAt } = found.file;
  mkdirSync(folder, { recursive: true });
  if (rehearsals.length === 0) rmSync(join(folder, FILE), { force: true });
  else writeFileSync(join(folder, FILE), JSON.stringify({ startedAt, rehearsals }, undefined, 2));
}
