import { type ChildProcess, spawn } from 'node:child_process';
import { createWriteStream, realpathSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { writeLocalFile } from '../cli/deployment/local-file.ts';
import { projectFolder } from './support/assembly.ts';
import { type WatchedCloud, watchedCloud } from './support/cloud.ts';
import { countryId, countryState } from './support/events.ts';
import { bytesReadBy, memoryOf } from './support/process.ts';
import type { BenchmarkOptions, BenchmarkResult, Table } from './support/result.ts';
import { runAlone } from './support/run-alone.ts';

const LINES = Number(process.env.LINES ?? 200_000);

/** The progress of a command, in percent, at which its memory is recorded. */
const AT_PERCENT = [1, 25, 50, 75, 100];

const SAMPLE_MS = 100;

export const bulk = {
  name: 'bulk',
  title: 'Bulk: import a large file through the owner, export it from the caches',
  async run({ assembly, onProgress }: BenchmarkOptions): Promise<BenchmarkResult> {
    const folder = projectFolder();
    const watched = await watchedCloud(assembly);
    try {
      writeLocalFile(folder, watched.localFile);
      const file = join(realpathSync(folder), 'countries.ndjson');
      await pipeline(Readable.from(ndjson()), createWriteStream(file));
      const report = (name: string) => (percent: number) => onProgress(`${name}: ${percent} %`);
      const { imported, created } = await importAll(folder, file, report('import'));
      onProgress('waiting for the caches');
      const idle = performance.now();
      await watched.cloud.idle();
      const behindSeconds = (performance.now() - idle) / 1000;
      const exported = await exportAll(watched, folder, report('export'));
      return { ratios: [], tables: [table([imported, ...exported], created, behindSeconds)], charts: [] };
    } finally {
      await watched.stop();
      rmSync(folder, { recursive: true, force: true });
    }
  },
};

function* ndjson(): Generator<string> {
  for (let number = 0; number < LINES; number += 1) {
    yield `${JSON.stringify({ id: countryId(number), ...countryState(number, 1) })}\n`;
  }
}

/** What was measured of a command. */
interface Run {
  readonly name: string;
  readonly linesPerSecond: number;
  /** At each of `AT_PERCENT`. */
  readonly memoryMb: readonly number[];
  readonly peakMb: number;
}

async function importAll(
  folder: string,
  file: string,
  onProgress: (percent: number) => void,
): Promise<{ imported: Run; created: number }> {
  const { size } = statSync(file);
  const child = freshet(folder, ['import', 'Country', file, '--id', 'id', '--json']);
  let output = '';
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    output += text;
  });
  const imported = await sampled('import', child, (pid) => (bytesReadBy(pid, file) ?? 0) / size, onProgress);
  const { created, unchanged } = JSON.parse(output) as { created: number; unchanged: number };
  // The import retries a put whose answer came too late. The second put finds the state unchanged.
  if (created + unchanged !== LINES)
    throw new Error(`the import put ${created + unchanged} of ${LINES} lines: ${output}`);
  return { imported, created };
}

/** Exports from each cache in turn and counts the lines. */
async function exportAll(
  { deployment }: WatchedCloud,
  folder: string,
  onProgress: (percent: number) => void,
): Promise<Run[]> {
  const runs: Run[] = [];
  for (const { name } of deployment.caches) {
    const child = freshet(folder, ['export', name, 'Country']);
    let lines = 0;
    child.stdout?.on('data', (chunk: Buffer) => {
      for (let at = chunk.indexOf(10); at >= 0; at = chunk.indexOf(10, at + 1)) lines += 1;
    });
    runs.push(await sampled(`export ${name}`, child, () => lines / LINES, onProgress));
    if (lines !== LINES) throw new Error(`the export from ${name} wrote ${lines} of ${LINES} lines`);
  }
  return runs;
}

function freshet(folder: string, args: readonly string[]): ChildProcess {
  return spawn(process.execPath, ['--conditions=freshet-source', '--import', 'tsx', 'cli/freshet.ts', ...args], {
    cwd: folder,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
}

/** Runs a command to its end and samples its memory. Throws if it fails. @param share the command's progress, 0 to 1 */
async function sampled(
  name: string,
  child: ChildProcess,
  share: (pid: number) => number,
  onProgress: (percent: number) => void,
): Promise<Run> {
  const begin = performance.now();
  const memoryMb: number[] = [];
  let last = { nowMb: Number.NaN, peakMb: Number.NaN };
  const sampler = setInterval(() => {
    const pid = child.pid ?? 0;
    last = memoryOf(pid) ?? last;
    // The last sample counts as 100 %, because a command that has read every line still has work to do.
    for (const percent of AT_PERCENT.slice(memoryMb.length, -1)) {
      if (share(pid) < percent / 100) break;
      memoryMb.push(last.nowMb);
      onProgress(percent);
    }
  }, SAMPLE_MS);
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject).once('close', resolve);
  });
  clearInterval(sampler);
  if (code !== 0) throw new Error(`freshet ${name} ended with exit code ${code}`);
  const linesPerSecond = (1000 * LINES) / (performance.now() - begin);
  while (memoryMb.length < AT_PERCENT.length) memoryMb.push(last.nowMb);
  return { name, linesPerSecond, memoryMb, peakMb: last.peakMb };
}

function table(runs: readonly Run[], created: number, behindSeconds: number): Table {
  return {
    title: `Import and export of ${LINES.toLocaleString('en-US')} lines`,
    note:
      'Memory is the resident memory (RSS) of the command alone, when it has read or written the given share of the ' +
      'lines. It is sampled every 100 ms on Linux. The import runs against a local cloud that applies each entity to ' +
      "two caches at the same time, on the same cores, so the import's lines/s mostly shows the speed of the cloud. " +
      `The benchmark checked that the import created ${created.toLocaleString('en-US')} entities` +
      `${created < LINES ? ' and found the others unchanged in a second attempt' : ''}. ` +
      `Both caches had the last entity ${Math.round(behindSeconds)} s after the import had ended. ` +
      'The benchmark checked that each export wrote all lines.',
    columns: ['command', 'lines/s', ...AT_PERCENT.map((percent) => `MiB at ${percent} %`), 'peak MiB'],
    rows: runs.map(({ name, linesPerSecond, memoryMb, peakMb }) => [name, linesPerSecond, ...memoryMb, peakMb]),
  };
}

await runAlone(import.meta.url, bulk);
