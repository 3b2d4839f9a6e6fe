import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { dirname, join, resolve } from 'node:path';
import * as z from 'zod/mini';
import { UsageError } from './errors.ts';

/** What a running local cloud leaves on disk, so that other terminals find it. */
const localFile = z.object({
  pid: z.int(),
  startedAt: z.string(),
  /** Base URL of SNS, SQS, Lambda and CloudWatch. */
  url: z.url(),
  dynamodbUrl: z.string(),
  /** Stack outputs of the constructs, as they wrote them. */
  deployed: z.array(z.string()),
});

/** See `localFile`. */
export type LocalFile = z.infer<typeof localFile>;

const RELATIVE_PATH = join('.freshet', 'local.json');

/** A local cloud's file, and the folder of the project that it runs. */
export interface FoundLocalCloud {
  readonly file: LocalFile;
  readonly projectFolder: string;
}

/** Finds the running local cloud of the folder or of one above it; undefined if there is none. */
export async function findLocalCloud(from: string): Promise<FoundLocalCloud | undefined> {
  for (let folder = resolve(from); ; folder = dirname(folder)) {
    const file = read(join(folder, RELATIVE_PATH));
    if (file !== undefined && (await isRunning(file))) return { file, projectFolder: folder };
    if (dirname(folder) === folder) return undefined;
  }
}

/** Like `findLocalCloud`, but says how to start one if none runs. */
export async function requireLocalCloud(): Promise<FoundLocalCloud> {
  const found = await findLocalCloud(process.cwd());
  if (found === undefined) {
    throw new UsageError(
      `no local cloud is running for ${process.cwd()}. Start one in another terminal: npx freshet up (in a clone of Freshet: npm start)`,
    );
  }
  return found;
}

export function writeLocalFile(projectFolder: string, file: LocalFile): void {
  mkdirSync(join(projectFolder, '.freshet'), { recursive: true });
  writeFileSync(join(projectFolder, RELATIVE_PATH), JSON.stringify(file, undefined, 2));
}

/** Removes the file if it is still this process's own. */
export function removeLocalFile(projectFolder: string): void {
  const path = join(projectFolder, RELATIVE_PATH);
  if (read(path)?.pid === process.pid) rmSync(path, { force: true });
}

function read(path: string): LocalFile | undefined {
  try {
    return localFile.safeParse(JSON.parse(readFileSync(path, 'utf8'))).data;
  } catch {
    return undefined;
  }
}

/**
 * A killed one leaves its file, and its process id may be another's by now: its port must take a connection too, as that of a busy
 * one does.
 */
async function isRunning({ pid, url }: LocalFile): Promise<boolean> {
  return isAlive(pid) && (await listens(url));
}

/** Whether there is a process of this id, whoever's it is. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // EPERM: there is such a process, only not ours to signal.
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

function listens(url: string): Promise<boolean> {
  const { hostname, port } = new URL(url);
  return new Promise((answer) => {
    const socket = connect(Number(port), hostname);
    socket.once('error', () => answer(false));
    socket.once('connect', () => {
      socket.destroy();
      answer(true);
    });
  });
}
