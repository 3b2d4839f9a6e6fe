import { rm } from 'node:fs/promises';
import { backfill } from './backfill.ts';
import { bulk } from './bulk.ts';
import { coldStart } from './cold-start.ts';
import { cost } from './cost.ts';
import { endToEnd } from './end-to-end.ts';
import { compression } from './experiments/compression.ts';
import { footprint } from './footprint.ts';
import { messaging } from './messaging.ts';
import { projector } from './projector.ts';
import { setBenchCredentials } from './support/account.ts';
import { synthesised } from './support/assembly.ts';
import { record } from './support/report.ts';
import { type Benchmark, type Ratio, ratioLine } from './support/result.ts';

/** All benchmarks, in the order in which they run and are shown. */
const BENCHMARKS: readonly Benchmark[] = [
  projector,
  cost,
  endToEnd,
  messaging,
  backfill,
  compression,
  footprint,
  coldStart,
  bulk,
];

/** Rounds that are counted, after one that isn't. */
const ROUNDS = 9;

/** The run is stopped after this time. On two idle cores it takes about 20 minutes. */
const LIMIT_MS = 25 * 60_000;

process.exitCode = await run(process.argv.slice(2));

/** Runs the named benchmarks, or all, and writes bench/results.json, docs/performance.md and docs/charts. */
async function run(names: readonly string[]): Promise<number> {
  const known = BENCHMARKS.map(({ name }) => name);
  const unknown = names.filter((name) => !known.includes(name));
  if (unknown.length > 0) {
    console.error(`not a benchmark: ${unknown.join(', ')}. Allowed: any of ${known.join(', ')}; no name runs all.`);
    return 2;
  }
  setTimeout(() => {
    console.error(`stopped: the benchmarks did not finish within ${LIMIT_MS / 60_000} minutes`);
    process.exit(1);
  }, LIMIT_MS).unref();
  setBenchCredentials();
  const progress = progressLine();
  progress('synthesising the app');
  const assembly = await synthesised();
  const lines: Ratio[] = [];
  try {
    for (const { name, title, run: measure } of BENCHMARKS) {
      if (names.length > 0 && !names.includes(name)) continue;
      const begin = performance.now();
      const result = await measure({ rounds: ROUNDS, assembly, onProgress: (text) => progress(`${name}: ${text}`) });
      const seconds = (performance.now() - begin) / 1000;
      // Record each result at once, because a later benchmark may fail.
      record(name, { ...result, title, seconds });
      lines.push(...result.ratios);
      progress(`${name}: done in ${Math.round(seconds)} s`, true);
    }
  } finally {
    await rm(assembly, { recursive: true, force: true });
  }
  for (const line of lines) console.log(ratioLine(line));
  console.log('written: bench/results.json, docs/performance.md, docs/charts');
  return lines.some(({ bar, median }) => bar !== undefined && median < bar) ? 1 : 0;
}

/** Prints progress: on a terminal as one line that is replaced, elsewhere line by line. A lasting line is kept. */
function progressLine(): (text: string, lasting?: boolean) => void {
  const begin = performance.now();
  return (text, lasting = false) => {
    const line = `[${String(Math.round((performance.now() - begin) / 1000)).padStart(3)} s] ${text}`;
    if (process.stderr.isTTY) process.stderr.write(`\r\u001b[2K${line}${lasting ? '\n' : ''}`);
    else process.stderr.write(`${line}\n`);
  };
}
