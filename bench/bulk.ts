import { type ChildProcess, spawn } from 'node:child_process';
import { createWriteStream, realpathSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { writeLocalFile } from '../cli/deployment/local-file.ts';
import { projectFolder } from './support/assembly.ts';
import { type WatchedCloud, watchedCloud } from './support/cloud.ts';
import { countryId, countryState } from './support/events.ts';
import { preload } from './support/preload.ts';
import { bytesReadBy, memoryOf } from './support/process.ts';
import type { BenchmarkOptions, BenchmarkResult, Table } from './support/result.ts';
import { runAlone } from './support/run-alone.ts';

/** Lines of the imported file. The import's memory and speed are the same for longer files. */
const LINES = Number(process.env.LINES ?? 100_000);

/** Entities that the owner and each cache have afterwards, when the other commands run. */
const ENTITIES = Math.max(LINES, Number(process.env.ENTITIES ?? 1_000_000));

/** The progress of a command, in percent, at which its memory is recorded. */
const AT_PERCENT = [1, 25, 50, 75, 100];

const SAMPLE_MS = 100;

export const bulk = {
  name: 'bulk',
  title: 'Bulk: import a large file through the owner, and commands on a million entities',
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
      await addEntities(watched, onProgress);
      const exported = await exportAll(watched, folder, report('export'));
      const looks: Look[] = [];
      for (const args of LOOKS) looks.push(await look(folder, args, onProgress));
      const tables = [importTable(imported, created, behindSeconds), exportTable(exported), lookTable(looks)];
      return { ratios: [], tables, charts: [] };
    } finally {
      await watched.stop();
      rmSync(folder, { recursive: true, force: true });
    }
  },
};

/** Fills the tables up to `ENTITIES`, without the pipeline. */
async function addEntities(watched: WatchedCloud, onProgress: (text: string) => void): Promise<void> {
  const { relay } = (await watched.deployment.ownerOf('Country')).deployed;
  // It would publish each of them to nobody. The commands don't need it.
  watched.cloud.functions.setReservedConcurrency(relay, 0);
  const step = Math.max(1, ENTITIES / 10);
  for (let from = LINES; from < ENTITIES; from += step) {
    onProgress(`filling the tables: ${Math.round((100 * from) / ENTITIES)} %`);
    await preload(watched, from, Math.min(ENTITIES, from + step));
  }
}

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
  const imported = await sampled('import', child, (pid) => (bytesReadBy(pid, file) ?? 0) / size, onProgress, LINES);
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
    runs.push(await sampled(`export ${name}`, child, () => lines / ENTITIES, onProgress, ENTITIES));
    if (lines !== ENTITIES) throw new Error(`the export from ${name} wrote ${lines} of ${ENTITIES} lines`);
  }
  return runs;
}

/** Commands that look at all entities, or at the first page of them. */
const LOOKS = [['reconcile', 'ordering'], ['status'], ['status', '--count']] as const;

/** What was measured of a command that looks at the caches. */
interface Look {
  readonly command: string;
  readonly seconds: number;
  readonly peakMb: number;
  /** Memory of the process with the local cloud, whose functions do the work of an inventory. */
  readonly cloudMb: number;
}

async function look(folder: string, args: readonly string[], onProgress: (text: string) => void): Promise<Look> {
  const command = `freshet ${args.join(' ')}`;
  onProgress(command);
  const child = freshet(folder, args);
  child.stdout?.resume();
  let cloudMb = 0;
  const sampler = setInterval(() => {
    cloudMb = Math.max(cloudMb, process.memoryUsage.rss() / 2 ** 20);
  }, SAMPLE_MS);
  const { linesPerSecond, peakMb } = await sampled(
    command,
    child,
    () => 0,
    () => {},
    ENTITIES,
  );
  clearInterval(sampler);
  return { command, seconds: ENTITIES / linesPerSecond, peakMb, cloudMb };
}

function lookTable(looks: readonly Look[]): Table {
  return {
    title: `Commands on ${ENTITIES.toLocaleString('en-US')} entities in each of two caches`,
    note:
      '`reconcile` runs an inventory in the functions of the owner and of the cache, which compares every entity, and ' +
      'follows it. `status --count` counts all entities. Memory is the peak of the command, and of the process with ' +
      'the local cloud meanwhile.',
    columns: ['command', 'seconds', 'entities/s', 'command MiB', 'local cloud MiB'],
    rows: looks.map(({ command, seconds, peakMb, cloudMb }) => {
      const isWhole = /reconcile|count/.test(command);
      return [`\`${command}\``, seconds, isWhole ? ENTITIES / seconds : '–', peakMb, cloudMb];
    }),
  };
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
  total: number,
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
  // `freshet status` ends with 1, because the relay is stopped.
  if (code !== 0 && !(code === 1 && name.includes('status')))
    throw new Error(`freshet ${name} ended with exit code ${code}`);
  const linesPerSecond = (1000 * total) / (performance.now() - begin);
  while (memoryMb.length < AT_PERCENT.length) memoryMb.push(last.nowMb);
  return { name, linesPerSecond, memoryMb, peakMb: last.peakMb };
}

const MEMORY_NOTE =
  'Memory is the resident memory (RSS) of the command alone, when it has read or written the given share of the lines. ' +
  'It is sampled every 100 ms on Linux.';
const MEMORY_COLUMNS = [...AT_PERCENT.map((percent) => `MiB at ${percent} %`), 'peak MiB'];

const rowOf = ({ name, linesPerSecond, memoryMb, peakMb }: Run) => [name, linesPerSecond, ...memoryMb, peakMb];

function importTable(run: Run, created: number, behindSeconds: number): Table {
  return {
    title: `Import of ${LINES.toLocaleString('en-US')} lines`,
    note:
      `${MEMORY_NOTE} The import runs against a local cloud that applies each entity to two caches at the same time, on ` +
      "the same cores, so the import's lines/s mostly shows the speed of the cloud. " +
      `The benchmark checked that the import created ${created.toLocaleString('en-US')} entities` +
      `${created < LINES ? ' and found the others unchanged in a second attempt' : ''}. ` +
      `Both caches had the last entity ${Math.round(behindSeconds)} s after the import had ended.`,
    columns: ['command', 'lines/s', ...MEMORY_COLUMNS],
    rows: [rowOf(run)],
  };
}

function exportTable(runs: readonly Run[]): Table {
  return {
    title: `Export of ${ENTITIES.toLocaleString('en-US')} entities`,
    note: `${MEMORY_NOTE} The benchmark checked that each export wrote all lines.`,
    columns: ['command', 'lines/s', ...MEMORY_COLUMNS],
    rows: runs.map(rowOf),
  };
}

await runAlone(import.meta.url, bulk);
