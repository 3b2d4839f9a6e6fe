import { spawn } from 'node:child_process';
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { Worker } from 'node:worker_threads';
import { gzipSync } from 'node:zlib';
import { type Bundle, bundles } from './support/account.ts';
import { projectFolder } from './support/assembly.ts';
import { treeMemoryMb } from './support/process.ts';
import {
  type BenchmarkOptions,
  type BenchmarkResult,
  ratio,
  type Spread,
  spread,
  type Table,
} from './support/result.ts';
import { runAlone } from './support/run-alone.ts';

/** Pairs of runs of `npm start -- --once`: few, because each run takes seconds. */
const STARTS = 3;

/** A start that takes longer counts as failed. */
const START_LIMIT_MS = 60_000;

export const footprint = {
  name: 'footprint',
  title: 'Footprint: start-up, bundles, memory',
  async run({ assembly, rounds, onProgress }: BenchmarkOptions): Promise<BenchmarkResult> {
    const first: Start[] = [];
    const second: Start[] = [];
    for (let run = 1; run <= STARTS; run += 1) {
      onProgress(`npm start -- --once, twice, ${run} of ${STARTS}`);
      // In a folder of its own, so that a local cloud that already runs in the project doesn't interfere.
      const folder = projectFolder();
      try {
        first.push(await startOnce(folder));
        second.push(await startOnce(folder));
      } finally {
        rmSync(folder, { recursive: true, force: true });
      }
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
    const ready = (starts: readonly Start[]) => starts.map(({ readyMs }) => readyMs);
    return {
      ratios: [ratio('a first start, until the cloud is ready, at a second start', ready(second), ready(first))],
      tables: [startTable([first, second]), bundleTable(rows)],
      charts: [],
    };
  },
};

interface Start {
  readonly firstLineMs: number;
  readonly readyMs: number;
  readonly endMs: number;
  readonly peakMb: number;
  /** Of the cache with the longest one. */
  readonly leadTimeP50Ms: number;
}

/** Plays the story in a folder. */
async function startOnce(folder: string): Promise<Start> {
  const begin = performance.now();
  const child = spawn('npm', ['start', '--', '--once', '--json'], {
    cwd: folder,
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: START_LIMIT_MS,
  });
  let firstLineMs = Number.NaN;
  let readyMs = Number.NaN;
  let told = '';
  let json = '';
  let peakMb = 0;
  const sampler = setInterval(() => {
    peakMb = Math.max(peakMb, treeMemoryMb(child.pid ?? 0));
  }, 100);
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    json += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    told += text;
    const now = performance.now() - begin;
    if (Number.isNaN(firstLineMs) && told.includes('Starting a local cloud')) firstLineMs = now;
    // This line is printed when all resources of the assembly exist, before the story begins.
    if (Number.isNaN(readyMs) && told.includes('not emulated (no local effect):')) readyMs = now;
  });
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject).once('close', resolve);
  });
  clearInterval(sampler);
  if (code !== 0) throw new Error(`npm start -- --once ended with exit code ${code}:\n${told.slice(-2000)}`);
  const endMs = performance.now() - begin;
  const { caches } = JSON.parse(json.slice(json.indexOf('{'))) as { caches: { leadTimeP50Ms: number | null }[] };
  const leadTimeP50Ms = Math.max(...caches.map((cache) => cache.leadTimeP50Ms ?? Number.NaN));
  return { firstLineMs, readyMs, endMs, peakMb: peakMb || Number.NaN, leadTimeP50Ms };
}

function environmentOf(bundle: Bundle): Record<string, string> {
  // Loading a bundle fails if a variable is missing. Its value matters only from the first call on.
  return {
    ...bundle.variables,
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

function startTable(pairs: readonly (readonly Start[])[]): Table {
  const of = (starts: readonly Start[], figure: (start: Start) => number) => spread(starts.map(figure));
  return {
    title: 'npm start -- --once',
    note:
      '"First line" and "cloud ready" are times from the command. When the cloud is ready, the app is synthesised, the ' +
      'bundles are built, all resources of the assembly exist, and the functions that run after a deployment have run. ' +
      'A second start in the same folder takes the app and the bundles of the first. "End" is the end of the story, ' +
      'when all caches are compared with their owners. The lead time is that of the story, of its slowest cache. Peak ' +
      'memory is that of all processes of the command, including the engine and esbuild. It is sampled every 100 ms.',
    columns: ['start', 'first line s', 'cloud ready s', 'end s', 'lead time p50 ms', 'peak memory MiB'],
    rows: pairs.map((starts, index) => [
      index === 0 ? 'first' : 'second',
      of(starts, ({ firstLineMs }) => firstLineMs / 1000),
      of(starts, ({ readyMs }) => readyMs / 1000),
      of(starts, ({ endMs }) => endMs / 1000),
      of(starts, ({ leadTimeP50Ms }) => leadTimeP50Ms),
      of(starts, ({ peakMb }) => peakMb),
    ]),
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
