import { constants } from 'node:fs';
import { access, statfs } from 'node:fs/promises';
import { tmpdir } from 'node:os';

/** Enough for the data of about 500,000 changes. Containers often have only 64 MiB in `/dev/shm`. */
const MIN_FREE_BYTES = 2 * 2 ** 30;

/**
 * The parent folder for an engine's data: a folder in memory if the system has one with enough room, otherwise the
 * folder for temporary files. On a disk, Dynoxide waits at each write, although the data is for this run only.
 */
export async function temporaryFolder(memory = '/dev/shm', minFreeBytes = MIN_FREE_BYTES): Promise<string> {
  try {
    await access(memory, constants.W_OK);
    const { bavail, bsize } = await statfs(memory);
    if (bavail * bsize >= minFreeBytes) return memory;
  } catch {
    // The folder doesn't exist or isn't writable.
  }
  return tmpdir();
}
