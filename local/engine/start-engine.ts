import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rename, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { dirname, join, resolve } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { type Candidate, candidates, type EngineCommand, START_LIMIT_MS } from './candidates.ts';
import { createEngineClient } from './client.ts';
import { type GuardedProcess, spawnGuarded } from './guard.ts';
import { copyTemplate } from './template.ts';
import { temporaryFolder } from './temporary.ts';

/** A DynamoDB engine on this machine. It keeps its data in memory, in a private folder until it ends, or in a file. */
export interface Engine {
  /** The address of DynamoDB and DynamoDB Streams, for example `http://127.0.0.1:41234`. */
  readonly url: string;
  /** `Dynoxide` or `DynamoDB Local`. */
  readonly name: string;
  /** Ends the engine, and drops its data unless a file keeps it. It may be called more than once. */
  stop(): Promise<void>;
}

export interface StartEngineOptions {
  /** Called with a message for each slow step, such as an installation. @default - no messages */
  readonly onProgress?: (message: string) => void;
  /**
   * The folder for the template of the engine's database, and for an engine if the project has none.
   * @default ".freshet/engine" in the working directory
   */
  readonly directory?: string;
  /** The parent of the folder with the data. @default - see temporary.ts */
  readonly temporary?: string;
  /** The file that keeps the data. @default - the data is dropped when the engine ends */
  readonly database?: string;
  /** The ways to find an engine, in order. @default - see candidates.ts */
  readonly candidates?: readonly Candidate[];
}

const ATTEMPTS = 3;

/**
 * Starts the first DynamoDB engine that is found on this machine, on a free port of 127.0.0.1. If there is none, throws
 * an error that lists everything that was tried.
 */
export async function startEngine(options: StartEngineOptions = {}): Promise<Engine> {
  const onProgress = options.onProgress ?? (() => {});
  const directory = resolve(options.directory ?? '.freshet/engine');
  const tried: string[] = [];
  for (const candidate of options.candidates ?? candidates(directory, onProgress)) {
    const found = await candidate.locate();
    const result = typeof found === 'string' ? found : await start(found, directory, options);
    if (typeof result !== 'string') return result;
    tried.push(`  - ${candidate.description}: ${result}`);
  }
  throw new Error(
    `No DynamoDB engine could be started. Tried:\n${tried.join('\n')}\n` +
      'Install one of them: Dynoxide (https://github.com/nubo-db/dynoxide) on the PATH, or Java 17 or newer.',
  );
}

/**
 * Returns the running engine, or the reason why it doesn't run. If the engine can't use an indexed database, it runs in
 * memory, which is slower.
 */
async function start(command: EngineCommand, directory: string, options: StartEngineOptions): Promise<Engine | string> {
  const { indexes, name } = command;
  const { database: kept } = options;
  if (kept !== undefined) return serve(command, () => keptDatabase(command, directory, kept)).catch(String);
  if (indexes === undefined) return serve(command, inMemory);
  const database = () => newDatabase({ ...command, indexes }, directory, options.temporary);
  const indexed = await serve(command, database).catch((error: Error) => error.message);
  if (typeof indexed !== 'string') return indexed;
  const result = await serve(command, inMemory);
  if (typeof result !== 'string') {
    options.onProgress?.(
      `${name} runs in memory, because it can't be started on an indexed database: ${indexed}. ` +
        'It gets slower with each change of a table that has a stream. ' +
        `If ${directory} contains .db files, remove them to create the database again.`,
    );
  }
  return result;
}

/** The place of an engine's data. */
interface Storage {
  /** File of the database. @default - memory */
  readonly database?: string;
  /** Folder that is removed when the engine ends. */
  readonly folder?: string;
}

const inMemory = async (): Promise<Storage> => ({});

/** An empty, indexed database in a new folder that only this user can read. */
async function newDatabase(
  command: EngineCommand & { indexes: string },
  directory: string,
  temporary?: string,
): Promise<Storage> {
  const folder = await mkdtemp(join(temporary ?? (await temporaryFolder()), 'freshet-engine-'));
  const database = join(folder, 'data.db');
  try {
    await copyTemplate(command, directory, database, (file) => createDatabase(command, file));
    return { database, folder };
  } catch (error) {
    await rm(folder, { recursive: true, force: true });
    throw error;
  }
}

/** The database that keeps its data: an empty, indexed one at first. */
async function keptDatabase(command: EngineCommand, directory: string, database: string): Promise<Storage> {
  const { indexes } = command;
  await mkdir(dirname(database), { recursive: true });
  if (indexes !== undefined && !existsSync(database)) {
    // The copy is complete before it has its name, so no later start finds a part of it.
    await copyTemplate({ ...command, indexes }, directory, `${database}.new`, (file) => createDatabase(command, file));
    await rename(`${database}.new`, database);
  }
  return { database };
}

async function createDatabase(command: EngineCommand, database: string): Promise<void> {
  const engine = await serve(command, async () => ({ database }));
  if (typeof engine === 'string') throw new Error(engine);
  await engine.stop();
}

/**
 * Starts the engine on a free port. If another program takes the port first, starts the engine again on another port
 * and with new storage.
 */
async function serve(command: EngineCommand, storage: () => Promise<Storage>): Promise<Engine | string> {
  let problem = '';
  for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
    const { database, folder } = await storage();
    const port = await freePort();
    const child = spawnGuarded(command.executable, command.args(port, database), folder);
    const url = `http://127.0.0.1:${port}`;
    if (await answers(url, child)) return { url, name: command.name, stop: () => child.kill() };
    const ended = !child.running;
    await child.kill();
    problem =
      `${ended ? 'ended at once' : `did not answer within ${START_LIMIT_MS / 1000} s`} ${child.lastErrors}`.trim();
    if (!ended) break;
  }
  return problem;
}

async function answers(url: string, child: GuardedProcess): Promise<boolean> {
  const client = createEngineClient(url);
  const deadline = performance.now() + START_LIMIT_MS;
  try {
    while (child.running && performance.now() < deadline) {
      try {
        await client.call('DynamoDB_20120810.ListTables', {});
        return child.running;
      } catch {
        await Promise.race([pause(5), child.ended]);
      }
    }
    return false;
  } finally {
    client.close();
  }
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      const port = typeof address === 'object' && address ? address.port : 0;
      server.close(() => resolve(port));
    });
  });
}
