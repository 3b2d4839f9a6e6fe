import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { dirname, join, resolve } from 'node:path';
import type { LocalCloud } from 'freshet-local/internal/cloud';
import * as z from 'zod/mini';
import { UsageError } from '../errors.ts';
import { typed } from '../output/typed.ts';

/** The file that a running local cloud writes, so that commands in other terminals find the cloud. */
const localFile = z.object({
  pid: z.int(),
  startedAt: z.string(),
  /** Whether the cloud keeps its data for a later one. */
  isKept: z.optional(z.boolean()),
  /** Base URL of SNS, SQS, Lambda and CloudWatch. */
  url: z.url(),
  dynamodbUrl: z.string(),
  /** The outputs of all stacks. */
  deployed: z.array(z.string()),
});

/** See `localFile`. */
export type LocalFile = z.infer<typeof localFile>;

const RELATIVE_PATH = join('.freshet', 'local.json');

/** The path of the file in the folder of a project. */
export function localFilePath(projectFolder: string): string {
  return join(projectFolder, RELATIVE_PATH);
}

/** The file of a local cloud, and the folder of the project that runs in it. */
export interface FoundLocalCloud {
  readonly file: LocalFile;
  readonly projectFolder: string;
}

/** The content of the file for a local cloud that runs in this process. */
export function localFileOf({ endpoints, outputs }: Pick<LocalCloud, 'endpoints' | 'outputs'>): LocalFile {
  return {
    pid: process.pid,
    startedAt: new Date().toISOString(),
    url: endpoints.sqs,
    dynamodbUrl: endpoints.dynamodb,
    deployed: Object.values(outputs).flatMap((ofStack) => Object.values(ofStack)),
  };
}

/** Finds the running local cloud of a folder or of a folder above it; undefined if there is none. */
export async function findLocalCloud(from: string): Promise<FoundLocalCloud | undefined> {
  for (let folder = resolve(from); ; folder = dirname(folder)) {
    const file = read(localFilePath(folder));
    if (file !== undefined && (await isRunning(file))) return { file, projectFolder: folder };
    if (dirname(folder) === folder) return undefined;
  }
}

/** Finds the running local cloud of a folder. @throws UsageError that says how to start one, if none runs */
export async function requireLocalCloud(folder: string): Promise<FoundLocalCloud> {
  const found = await findLocalCloud(folder);
  if (found !== undefined) return found;
  throw noLocalCloud(folder);
}

/** The error for a folder without a running local cloud. It says how to start one. */
export function noLocalCloud(folder: string): UsageError {
  return new UsageError(
    `no local cloud is running for ${folder}. Start one in another terminal: ${typed('up')}. For a deployment on AWS, ` +
      'name its stacks: --stack.',
  );
}

export function writeLocalFile(projectFolder: string, file: LocalFile): void {
  mkdirSync(join(projectFolder, '.freshet'), { recursive: true });
  writeFileSync(localFilePath(projectFolder), JSON.stringify(file, undefined, 2));
}

/** Removes the file if this process wrote it. */
export function removeLocalFile(projectFolder: string): void {
  const path = localFilePath(projectFolder);
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
 * A killed process leaves its file, and another process may have got its id since. So the port must accept a connection
 * too.
 */
async function isRunning({ pid, url }: LocalFile): Promise<boolean> {
  return isAlive(pid) && (await listens(url));
}

/** Whether a process with this id runs, of any user. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // EPERM: the process runs, but this user can't send it a signal.
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
