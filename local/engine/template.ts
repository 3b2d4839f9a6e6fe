import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { copyFile, mkdir, mkdtemp, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { EngineCommand } from './candidates.ts';

/** Starts the engine on a database file, which it creates, and ends it as soon as it has answered; throws if it doesn't answer. */
export type CreateDatabase = (file: string) => Promise<void>;

/**
 * Puts an empty database with the engine's `indexes` at `file`. It is a copy of a template in `directory`, which is made first if there is
 * none of this version of the engine; several processes may do so at once. Throws if the template can't be made, for example because the
 * engine's schema isn't the one that the indexes are for.
 */
export async function copyTemplate(
  { executable, indexes }: EngineCommand & { indexes: string },
  directory: string,
  file: string,
  create: CreateDatabase,
): Promise<void> {
  const { stdout } = await promisify(execFile)(executable, ['--version'], { timeout: 5_000 });
  const engine = stdout.trim().replaceAll(/[^\w.-]+/g, '-');
  const revision = createHash('sha256').update(indexes).digest('hex').slice(0, 8);
  const template = join(directory, `${engine}-${revision}.db`);
  if (!existsSync(template)) await makeTemplate(template, directory, indexes, create);
  await copyFile(template, file);
}

/** Made apart and renamed when it is complete, so nobody sees half of one. */
async function makeTemplate(
  template: string,
  directory: string,
  indexes: string,
  create: CreateDatabase,
): Promise<void> {
  await mkdir(directory, { recursive: true });
  const apart = await mkdtemp(join(directory, 'template-'));
  try {
    const file = join(apart, 'new.db');
    await create(file);
    await addIndexes(file, indexes);
    await rename(file, template).catch((error) => {
      // Windows doesn't replace a file that another process is copying; then that one is there already.
      if (!existsSync(template)) throw error;
    });
  } finally {
    await rm(apart, { recursive: true, force: true });
  }
}

/** Loaded only here: most starts find their template. */
async function addIndexes(file: string, indexes: string): Promise<void> {
  const { default: sqlite } = await import('node-sqlite3-wasm');
  const database = new sqlite.Database(file);
  try {
    // The engine was killed, so what it wrote is in the write-ahead log, which this library reads only if it is alone.
    database.exec('PRAGMA locking_mode = EXCLUSIVE');
    database.exec(indexes);
    // Puts all into the one file; the engine turns its log on again.
    database.exec('PRAGMA journal_mode = DELETE');
  } finally {
    database.close();
  }
}
