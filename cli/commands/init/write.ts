import {
  accessSync,
  closeSync,
  constants,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { UsageError } from '../../errors.ts';
import type { Plan } from './plan.ts';

/** The files of a plan: paths in the app's folder with their contents. */
type Files = Pick<Plan, 'created' | 'changed'>;

/**
 * Checks that all files of a plan can be written.
 *
 * @throws UsageError that names those that can't
 */
export function checkWritable(folder: string, { created, changed }: Files): void {
  const folders = Object.keys(created).map((file) => nearest(folder, dirname(file)));
  const refused = [...new Set([...Object.keys(changed), ...folders])].filter(
    (path) => !isWritable(join(folder, path), path in changed),
  );
  if (refused.length === 0) return;
  throw new UsageError(
    `these can't be written, so nothing was written: ${refused.join(', ')}. Change their permissions.`,
  );
}

/** The folder itself if it exists, or the nearest one above it that exists. */
function nearest(root: string, folder: string): string {
  return folder === '.' || existsSync(join(root, folder)) ? folder : nearest(root, dirname(folder));
}

function isWritable(path: string, isFile: boolean): boolean {
  try {
    if (isFile) closeSync(openSync(path, 'r+'));
    else accessSync(`${path}/`, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

/**
 * Writes the files of a plan. If one can't be written, the new files are removed and the others get their old contents,
 * so that the command can be run again.
 *
 * @param write writes one file
 * @throws UsageError that names the file that can't be written
 */
export function writePlan(folder: string, { created, changed }: Files, write = writeFileSync): void {
  const undo: (() => void)[] = [];
  for (const [file, content] of Object.entries({ ...created, ...changed })) {
    const path = join(folder, file);
    try {
      const before = file in changed ? readFileSync(path) : undefined;
      const newFolder = mkdirSync(dirname(path), { recursive: true });
      undo.unshift(() => {
        if (before === undefined) rmSync(newFolder ?? path, { recursive: true, force: true });
        else if (!readFileSync(path).equals(before)) writeFileSync(path, before);
      });
      write(path, content);
    } catch (error) {
      for (const step of undo) step();
      const why = error instanceof Error ? error.message : String(error);
      throw new UsageError(`${file} can't be written, and what was written before it was taken back: ${why}`);
    }
  }
}
