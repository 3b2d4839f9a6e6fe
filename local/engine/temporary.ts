import { constants } from 'node:fs';
import { access, statfs } from 'node:fs/promises';
import { tmpdir } from 'node:os';

/** Room for what a local cloud holds after some 500,000 changes; containers often have only 64 MiB there. */
const MIN_FREE_BYTES = 2 * 2 ** 30;

/**
 * Where an engine's data goes: into memory that looks like a folder, where the system has one with enough room, else among the temporary
 * files. Dynoxide waits for the disk at each write, for data that nobody needs after its end.
 */
export async function temporaryFolder(memory = '/dev/shm', minFreeBytes = MIN_FREE_BYTES): Promise<string> {
  try {
    await access(memory, constants.W_OK);
    const { bavail, bsize } = await statfs(memory);
    if (bavail * bsize >= minFreeBytes) return memory;
  } catch {
    // There is none, or it isn't ours to write.
  }
  return tmpdir();
}
