import { mkdtempSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import { build } from 'esbuild';
import { noSummary, type Summary, sum } from './summary.ts';

/** Seeds that a worker gets at a time. */
const BATCH = 10;

/**
 * Most promises of a seed are short-lived. A young generation that holds all of them saves most garbage collections.
 */
const YOUNG_GENERATION_MB = 96;

export interface RunOptions {
  readonly first: number;
  readonly seeds: number;
  readonly onProgress: (summary: Summary) => void;
  /** Ends the run early. The result covers the seeds that are done. */
  readonly signal: AbortSignal;
}

/** Runs seeds on all cores. */
export async function run({ first, seeds, onProgress, signal }: RunOptions): Promise<Summary> {
  const folder = mkdtempSync(join(tmpdir(), 'freshet-simulation-'));
  try {
    const script = join(folder, 'worker.mjs');
    await build({
      entryPoints: [fileURLToPath(new URL('./worker.ts', import.meta.url))],
      outfile: script,
      bundle: true,
      platform: 'node',
      format: 'esm',
      target: 'node20',
      logLevel: 'error',
      banner: { js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);" },
    });
    let summary = noSummary();
    let next = first;
    const workers = Array.from({ length: Math.min(availableParallelism(), Math.ceil(seeds / BATCH)) }, () =>
      work(
        script,
        signal,
        () => {
          const count = Math.min(BATCH, first + seeds - next);
          const task = { first: next, count };
          next += count;
          return count > 0 ? task : undefined;
        },
        (part) => {
          summary = sum(summary, part);
          onProgress(summary);
        },
      ),
    );
    await Promise.all(workers);
    return summary;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Runs one worker until no batch is left. */
function work(
  script: string,
  signal: AbortSignal,
  nextTask: () => { first: number; count: number } | undefined,
  onDone: (part: Summary) => void,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(script, {
      execArgv: [],
      resourceLimits: { maxYoungGenerationSizeMb: YOUNG_GENERATION_MB },
    });
    const stop = () => void worker.terminate().then(() => resolve());
    const give = () => {
      const task = signal.aborted ? undefined : nextTask();
      if (task === undefined) stop();
      else worker.postMessage(task);
    };
    signal.addEventListener('abort', stop);
    worker.on('error', reject);
    worker.on('message', (part: Summary) => {
      onDone(part);
      give();
    });
    give();
  });
}
