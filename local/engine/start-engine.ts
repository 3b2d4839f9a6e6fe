import { createServer } from 'node:net';
import { resolve } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { type Candidate, candidates, type EngineCommand } from './candidates.ts';
import { createEngineClient } from './client.ts';
import { type GuardedProcess, spawnGuarded } from './guard.ts';

/** A DynamoDB engine that runs on this machine and keeps its data in memory. */
export interface Engine {
  /** Where it serves DynamoDB and DynamoDB Streams, for example `http://127.0.0.1:41234`. */
  url: string;
  /** `Dynoxide` or `DynamoDB Local`. */
  name: string;
  /** Ends it and drops its data; may be called more than once. */
  stop(): Promise<void>;
}

export interface StartEngineOptions {
  /** Told what takes long, such as an installation. @default - silent */
  onProgress?: (message: string) => void;
  /** Where an engine is installed if the project has none. @default ".freshet/engine" in the working directory */
  directory?: string;
  /** The ways to come by an engine, in order. @default - see candidates.ts */
  candidates?: readonly Candidate[];
}

const attempts = 3;

/**
 * Starts the first DynamoDB engine that can be had on this machine, on a free port of 127.0.0.1.
 * Throws with everything that was tried if there is none.
 */
export async function startEngine(options: StartEngineOptions = {}): Promise<Engine> {
  const onProgress = options.onProgress ?? (() => {});
  const directory = resolve(options.directory ?? '.freshet/engine');
  const tried: string[] = [];
  for (const candidate of options.candidates ?? candidates(directory, onProgress)) {
    const found = await candidate.locate();
    const result = typeof found === 'string' ? found : await start(found);
    if (typeof result !== 'string') return result;
    tried.push(`  - ${candidate.description}: ${result}`);
  }
  throw new Error(
    `No DynamoDB engine could be started. Tried:\n${tried.join('\n')}\n` +
      'Install one of them: Dynoxide (https://github.com/nubo-db/dynoxide) on the PATH, or Java 17 or newer.',
  );
}

/** The running engine, or why it does not run. Another program may take the free port first: then on another one. */
async function start(command: EngineCommand): Promise<Engine | string> {
  let problem = '';
  for (let attempt = 1; attempt <= attempts; attempt++) {
    const port = await freePort();
    const child = spawnGuarded(command.executable, command.args(port));
    const url = `http://127.0.0.1:${port}`;
    if (await answers(url, child, command.startMs)) return { url, name: command.name, stop: () => child.kill() };
    const ended = !child.running;
    await child.kill();
    problem = `${ended ? 'ended at once' : `did not answer within ${command.startMs} ms`} ${child.lastErrors}`.trim();
    if (!ended) break;
  }
  return problem;
}

async function answers(url: string, child: GuardedProcess, withinMs: number): Promise<boolean> {
  const client = createEngineClient(url);
  const deadline = performance.now() + withinMs;
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
