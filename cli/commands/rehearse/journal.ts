import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod/mini';
import { undo } from './undo.ts';

const entry = z.object({ alarm: z.string(), name: z.string(), at: z.string(), undo: z.array(undo) });

/** The rehearsals that `--undo` takes back. They belong to one run of a local cloud. */
const journal = z.object({ startedAt: z.string(), rehearsals: z.array(entry) });

/** See `journal`. */
export type Rehearsed = z.infer<typeof entry>;

const fileOf = (projectFolder: string) => join(projectFolder, '.freshet', 'rehearsals.json');

/** The rehearsals in this run of the local cloud, oldest first. @param startedAt when the local cloud was started */
export function readRehearsals(projectFolder: string, startedAt: string): readonly Rehearsed[] {
  try {
    const read = journal.parse(JSON.parse(readFileSync(fileOf(projectFolder), 'utf8')));
    return read.startedAt === startedAt ? read.rehearsals : [];
  } catch {
    return [];
  }
}

/** Replaces the rehearsals of a run. */
export function writeRehearsals(projectFolder: string, startedAt: string, rehearsals: readonly Rehearsed[]): void {
  mkdirSync(join(projectFolder, '.freshet'), { recursive: true });
  if (rehearsals.length === 0) rmSync(fileOf(projectFolder), { force: true });
  else writeFileSync(fileOf(projectFolder), JSON.stringify({ startedAt, rehearsals }, undefined, 2));
}
