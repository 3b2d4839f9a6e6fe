import { spawn } from 'node:child_process';
import { existsSync, readFileSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { Worker } from 'node:worker_threads';
import { gzipSync } from 'node:zlib';
import { type Bundle, bundles } from './support/account.ts';
import { projectFolder } from './support/assembly.ts';
import { treeMemoryMb } from './support/process.ts';
import { type BenchmarkOptions, type BenchmarkResult, type Spread, spread, type Table } from './support/result.ts';
import { runAlone } from './support/run-alone.ts';

/** Runs of `npm start -- --once`: few, because each takes seconds. */
const STARTS = 3;

/** A start that takes longer counts as failed. */
const START_LIMIT_MS = 60_000;

export const footprint = {
  name: 'footprint',
  title: 'Footprint: start-up, bundles, memory',
  async run({ assembly, rounds, onProgress }: BenchmarkOptions): Promise<BenchmarkResult> {
    const starts: Start[] = [];
    for (let run = 1; run <= STARTS; run += 1) {
      onProgress(`npm start -- --once, ${run} of ${STARTS}`);
      starts.push(await startOnce());
    }
    onProgress('bundles');
    const rows: (string | number | Spread)[][] = [];
    for (const bundle of bundles(assembly)) {
      const code = readFileSync(join(bundle.folder, 'index.mjs'));
      const inits: number[] = [];
      for (let round = 0; round <= rounds; round += 1) inits.push(await workerInit(bundle));
      const fresh: { loadedMs: number; rssMb: number }[] = [];
      for (let round = 0; round < rounds; round += 1) fresh.push(await freshProcess(bundle));
      rows.push([
        `${bundle.stack}/${bundle.logicalId.replace(/[0-9A-F]{8}$/, '')}`,
        code.length / 1024,
        gzipSync(code).length / 1024,
        spread(inits.slice(1)),
        spread(fresh.map(({ loadedMs }) => loadedMs)),
        spread(fresh.map(({ rssMb }) => rssMb)),
      ]);
    }
    return { ratios: [], tables: [startTable(starts), bundleTable(rows)], charts: [] };
  },
};

interface Start {
  readonly readyMs: number;
  readonly endMs: number;
  readonly peakMb: number;
}

/** Plays the story in its own folder, so that a local cloud that already runs in the project doesn't interfere. */
async function startOnce(): Promise<Start> {
  const folder = projectFolder();
  try {
    const begin = performance.now();
    const child = spawn('npm', ['start', '--', '--once'], {
      cwd: folder,
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: START_LIMIT_MS,
    });
    let readyMs = Number.NaN;
    let output = '';
    let peakMb = 0;
    const sampler = setInterval(() => {
      peakMb = Math.max(peakMb, treeMemoryMb(child.pid ?? 0));
    }, 100);
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => {
        output += text;
        // This line is printed when all resources of the assembly exist, before the story begins.
        if (Number.isNaN(readyMs) && output.includes('not emulated (no local effect):'))
          readyMs = performance.now() - begin;
      });
    }
    const code = await new Promise<number | null>((resolve, reject) => {
      child.once('error', reject).once('close', resolve);
    });
    clearInterval(sampler);
    if (code !== 0) throw new Error(`npm start -- --once ended with exit code ${code}:\n${output.slice(-2000)}`);
    return { readyMs, endMs: performance.now() - begin, peakMb: peakMb || Number.NaN };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function environmentOf(bundle: Bundle): Record<string, string> {
  // Loading a bundle fails if a variable is missing. Its value matters only from the first call on.
  return {
    ...Object.fromEntries(bundle.variables.map((name) => [name, '1'])),
    AWS_REGION: 'us-east-1',
    AWS_ACCESS_KEY_ID: 'bench',
    AWS_SECRET_ACCESS_KEY: 'bench',
    AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true',
  };
}

/** Milliseconds from starting a worker until its handler is loaded, with the local cloud's own worker. */
async function workerInit(bundle: Bundle): Promise<number> {
  const begin = performance.now();
  const worker = new Worker(new URL('../local/lambda/worker.js', import.meta.url), {
    workerData: { name: 'f', arn: 'f', codeDir: bundle.folder, handler: 'index.handler', timeoutMs: 0, memoryMb: 512 },
    env: environmentOf(bundle),
    execArgv: [],
  });
  try {
    await new Promise<void>((resolve, reject) => {
      worker.on('message', ({ type, errorMessage }: { type: string; errorMessage?: string }) => {
        if (type === 'ready') resolve();
        if (type === 'initFailed') reject(new Error(errorMessage));
      });
      worker.once('error', reject);
    });
    return performance.now() - begin;
  } finally {
    await worker.terminate();
  }
}

/** Loads a bundle into a Node process that loads nothing else: time of the import, memory of the process. */
async function freshProcess(bundle: Bundle): Promise<{ loadedMs: number; rssMb: number }> {
  const url = pathToFileURL(join(bundle.folder, 'index.mjs')).href;
  const script =
    `const t = performance.now(); await import(${JSON.stringify(url)});` +
    'console.log(JSON.stringify({ loadedMs: performance.now() - t, rssMb: process.memoryUsage().rss / 2 ** 20 }));' +
    'process.exit(0)';
  const child = spawn(process.execPath, ['--input-type=module', '--eval', script], {
    env: environmentOf(bundle),
    stdio: ['ignore', 'pipe', 'inherit'],
    timeout: 20_000,
  });
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text;
  });
  await new Promise((resolve, reject) => child.once('error', reject).once('close', resolve));
  return JSON.parse(output) as { loadedMs: number; rssMb: number };
}

function startTable(starts: readonly Start[]): Table {
  const sampled = existsSync('/proc') && statSync('/proc').isDirectory();
  return {
    title: 'npm start -- --once',
    note:
      '"Cloud ready" is the time from the command until the local cloud runs. By then the app is synthesised, the ' +
      'bundles are built, and all resources of the assembly are created. "End" is the time from the command to the ' +
      'end of the story, when all caches are compared with their owners. Peak memory is that of all processes of the ' +
      'command, including the engine and esbuild. ' +
      `It is ${sampled ? 'sampled every 100 ms' : 'not known on this system'}.`,
    columns: ['cloud ready s', 'end s', 'peak memory MiB'],
    rows: [
      [
        spread(starts.map(({ readyMs }) => readyMs / 1000)),
        spread(starts.map(({ endMs }) => endMs / 1000)),
        spread(starts.map(({ peakMb }) => peakMb)),
      ],
    ],
  };
}

function bundleTable(rows: readonly (readonly (string | number | Spread)[])[]): Table {
  return {
    title: 'Bundles of the Lambda functions',
    note:
      'Bundles are minified and include the AWS SDK and the contracts. "Worker to handler" is the time from starting ' +
      'a worker thread until its handler is loaded, on this machine. A Lambda function of 512 MB takes a different ' +
      'time. "Import" is the time of the import alone, and "memory" is the resident memory after the import. Both are ' +
      'measured in a Node process that loads nothing else.',
    columns: ['function', 'KiB', 'KiB gzipped', 'worker to handler ms', 'import ms', 'memory MiB'],
    rows,
  };
}

await runAlone(import.meta.url, footprint);
