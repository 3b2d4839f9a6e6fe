import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { readAssembly } from 'freshet-local/internal/provision/assembly';
import { CannotChange } from 'freshet-local/internal/provision/resource';
import * as z from 'zod/mini';
import { UsageError } from '../../errors.ts';
import { typed } from '../../output/typed.ts';

const app = z.object({ stacks: z.array(z.string()) });

/** What a folder keeps of an earlier local cloud. */
export interface Kept {
  readonly folder: string;
  /** Whether nothing was kept before. */
  readonly isNew: boolean;
}

/** The folder of `freshet up --keep`. */
export function keptFolder(projectFolder: string): string {
  return join(projectFolder, '.freshet', 'kept');
}

/**
 * Prepares the folder of `--keep` for an assembly.
 *
 * @param reset whether to drop what the folder keeps
 * @throws UsageError if the folder keeps the data of another app
 */
export function openKept(projectFolder: string, assembly: string, reset: boolean): Kept {
  const folder = keptFolder(projectFolder);
  if (reset) rmSync(folder, { recursive: true, force: true });
  const file = join(folder, 'app.json');
  const isNew = !existsSync(file);
  const before = isNew ? [] : app.parse(JSON.parse(readFileSync(file, 'utf8'))).stacks;
  const stacks = readAssembly(assembly).map(({ name }) => name);
  if (before.length > 0 && !stacks.some((name) => before.includes(name))) {
    throw new UsageError(
      `--keep: ${folder} keeps the data of another app, with the stacks ${before.join(', ')}. This app has the stacks ` +
        `${stacks.join(', ')}. Run the other app, or drop its data: ${typed('up --keep --reset')}`,
    );
  }
  mkdirSync(folder, { recursive: true });
  writeFileSync(file, JSON.stringify({ stacks: [...new Set([...before, ...stacks])] }));
  return { folder, isNew };
}

/** The error of a start, with advice if the kept data doesn't fit the app. */
export function keptError(error: unknown): unknown {
  if (!(error instanceof Error) || !(error.cause instanceof CannotChange)) return error;
  return new UsageError(
    `--keep: ${error.cause.message}. Undo the change in the app, or drop all kept data: ${typed('up --keep --reset')}`,
    { cause: error },
  );
}
