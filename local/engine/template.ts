import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { copyFile, mkdir, mkdtemp, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { type EngineCommand, START_LIMIT_MS } from './candidates.ts';

/** Lets the engine create a database file: starts it, waits for an answer, ends it. Throws if it doesn't answer. */
export type CreateDatabase = (file: string) => Promise<void>;

/**
 * Writes an empty database with the engine's `indexes` to `file`. The database is a copy of a template in `directory`.
 * If there is no template for this version of the engine, it is created first; several processes may do this at the
 * same time. Throws if the template can't be created, for example because the indexes don't fit the engine's schema.
 */
export async function copyTemplate(
  { executable, indexes }: EngineCommand & { indexes: string },
  directory: string,
  file: string,
  create: CreateDatabase,
): Promise<void> {
  const { stdout } = await promisify(execFile)(executable, ['--version'], { timeout: START_LIMIT_MS });
  const engine = stdout.trim().replaceAll(/[^\w.-]+/g, '-');
  const revision = createHash('sha256').update(indexes).digest('hex').slice(0, 8);
  const template = join(directory, `${engine}-${revision}.db`);
  if (!existsSync(template)) await makeTemplate(template, directory, indexes, create);
  await copyFile(template, file);
}

/**
 * Creates the template in a separate folder and renames it when it is complete, so no process reads an incomplete file.
 */
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
      // Windows refuses to replace a file that another process is copying. In that case a template exists already.
      if (!existsSync(template)) throw error;
    });
  } finally {
    await rm(apart, { recursive: true, force: true });
  }
}

/** The SQLite library is loaded only here, because most starts find a template and don't need the library. */
async function addIndexes(file: string, indexes: string): Promise<void> {
  const { default: sqlite } = await import('node-sqlite3-wasm');
  const database = new sqlite.Database(file);
  try {
    // The engine was killed, so its data is in the write-ahead log, which this library reads only with an exclusive
    // lock.
    database.exec('PRAGMA locking_mode = EXCLUSIVE');
    database.exec(indexes);
    // Moves the log into the database file. The engine turns the log on again.
    database.exec('PRAGMA journal_mode = DELETE');
  } finally {
    database.close();
  }
}
