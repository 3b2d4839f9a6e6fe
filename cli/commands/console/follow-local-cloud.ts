import { unwatchFile, watchFile } from 'node:fs';
import { type FoundLocalCloud, findLocalCloud, localFilePath } from '../../deployment/local-file.ts';
import type { CommandIo } from '../../io.ts';

/** The time between two looks at whether the local cloud was started or deployed again. */
const LOOK_MS = 1_000;

/** The settings of `followLocalCloud`. */
export interface FollowOptions {
  /** What a test replaces. @default - `findLocalCloud` */
  readonly find?: typeof findLocalCloud;
  /** The time between two looks, in milliseconds. @default 1,000 */
  readonly lookMs?: number;
}

/**
 * Calls a listener when the local cloud of a folder was started or deployed again. If the cloud can't be found or
 * opened, a line on standard error says so.
 *
 * @param onFound may throw
 * @returns a function that ends the calls
 */
export function followLocalCloud(
  projectFolder: string,
  { stderr }: Pick<CommandIo, 'stderr'>,
  onFound: (found: FoundLocalCloud) => void,
  { find = findLocalCloud, lookMs = LOOK_MS }: FollowOptions = {},
): () => void {
  const path = localFilePath(projectFolder);
  let isEnded = false;
  const look = async () => {
    try {
      const found = await find(projectFolder);
      // A deployment that is opened after the end would never be closed.
      if (found !== undefined && !isEnded) onFound(found);
    } catch (error) {
      const reason = error instanceof Error ? error.message : error;
      if (!isEnded) stderr.write(`the console still shows the former deployment: ${reason}\n`);
    }
  };
  const listener = () => void look();
  watchFile(path, { interval: lookMs, persistent: false }, listener);
  return () => {
    isEnded = true;
    unwatchFile(path, listener);
  };
}
