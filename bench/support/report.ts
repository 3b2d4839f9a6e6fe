import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { cpus, totalmem } from 'node:os';
import { join } from 'node:path';
import { ROOT } from './assembly.ts';
import { drawChart } from './charts.ts';
import { type BenchmarkResult, ratioLine, type Table } from './result.ts';
import { cellText } from './run-alone.ts';
import { wrapped } from './wrap.ts';

/** The machine that ran a benchmark. */
interface Machine {
  readonly cpu: string;
  readonly cores: number;
  readonly memoryGb: number;
  readonly node: string;
  readonly system: string;
}

/** A benchmark's result and how to repeat it. */
interface Recorded extends BenchmarkResult {
  readonly title: string;
  readonly command: string;
  readonly date: string;
  readonly seconds: number;
  readonly machine: Machine;
}

/** The content of bench/results.json: the last result of each benchmark, by name. */
type Results = Record<string, Recorded>;

const RESULTS = join(ROOT, 'bench', 'results.json');
const PERFORMANCE = join(ROOT, 'docs', 'performance.md');
const CHARTS = join(ROOT, 'docs', 'charts');

/** Replaces a benchmark's result in bench/results.json, then rewrites docs/performance.md and its charts. */
export function record(
  name: string,
  result: BenchmarkResult & { readonly title: string; readonly seconds: number },
): void {
  const results = earlierResults();
  results[name] = {
    ...result,
    command: `npm run bench -- ${name}`,
    date: new Date().toISOString(),
    machine: machine(),
  };
  writeFileSync(RESULTS, JSON.stringify(results, rounded, 2));
  // The style check also covers generated files.
  execFileSync(process.execPath, [join(ROOT, 'node_modules/@biomejs/biome/bin/biome'), 'format', '--write', RESULTS], {
    stdio: 'ignore',
  });
  render();
}

/** Writes docs/performance.md and its charts from bench/results.json. */
export function render(results = earlierResults()): void {
  mkdirSync(CHARTS, { recursive: true });
  for (const chart of Object.values(results).flatMap(({ charts }) => charts)) {
    writeFileSync(join(CHARTS, `${chart.file}.svg`), drawChart(chart));
  }
  writeFileSync(PERFORMANCE, performancePage(results));
}

function earlierResults(): Results {
  try {
    return JSON.parse(readFileSync(RESULTS, 'utf8')) as Results;
  } catch {
    return {};
  }
}

/** Drops digits beyond the clock's precision, so that files of two runs differ less. */
function rounded(_: string, value: unknown): unknown {
  if (typeof value !== 'number') return value;
  return Number.isFinite(value) ? Number(value.toPrecision(5)) : null;
}

function machine(): Machine {
  return {
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    cores: cpus().length,
    memoryGb: Math.round(totalmem() / 2 ** 30),
    node: process.version,
    system: `${process.platform} ${process.arch}`,
  };
}

const INTRODUCTION = `# Performance

<!-- Written by \`npm run bench\` from bench/results.json; changes by hand are lost. -->

Each line of the summary compares Freshet with a peer, which is other code that does the same work. \`4 x Powertools\`
means that Freshet is 4 times as fast as Powertools. In a line about CPU, it means that Freshet needs a quarter of the
CPU time that Powertools needs. Below 1 x, the peer is better.

- The first figure is the median of the rounds. The lowest and the highest round are in parentheses.
- Each round runs all sides one after the other, and a ratio compares sides of the same round.
- "1 group" is the number of message groups in a batch. "5 ms" is the latency added to each DynamoDB call.
- "Distinct" and "hot" are two kinds of load, described in
  [Events applied per second](#events-applied-per-second).
- "With freshet's deployed bundle" measures the bundle that \`cdk deploy\` deploys. All other lines measure the source.
- "The PartiQL experiment" is Freshet with a writer that uses PartiQL batches instead of PutItem.
- "At least 4 expected" is a target that the project sets itself.

## Summary
`;

const UNMET = `### Where the time goes

These targets aren't met. The tables show what the time is spent on.

- **One group without latency: 0.98 of Powertools.** Each batch has one event, so that the event bears all of the
  batch's own work. \`freshet\` and \`freshet with metrics\` in
  [Client CPU per event](#client-cpu-per-event-milliseconds) show that the metrics take most of the difference. They
  are six figures and the outcome of the event, in one line of the log. No peer writes any.
- **10 groups with 5 ms: 7 times Powertools.** The ten writes of a batch wait at the same time, but one thread prepares
  them one after another. [CPU time of a write](#cpu-time-of-a-write) times ten is about as long as the wait.
- **A cold start in 0.6 of a naive bundle's time.** Both load the same SDK, which takes most of the time;
  [decision 58](decisions/58-cold-starts.md) has the shares and what was tried.
- **1,500 events a second end to end, on two cores.** An event into two caches takes three writes, which alone take more
  CPU time than two cores have at that rate, with the engine's: see [CPU time of a write](#cpu-time-of-a-write).
`;

/** The text of docs/performance.md. */
export function performancePage(results: Results): string {
  const sections = Object.values(results);
  const lines = sections.flatMap(({ ratios, command }) => {
    const listed = ratios.filter(({ bar }) => bar !== undefined);
    return (listed.length > 0 ? listed : ratios).map((one) => `- ${ratioLine(one)} (\`${command}\`)`);
  });
  return wrapped([INTRODUCTION, `${lines.join('\n')}\n`, UNMET, ...sections.map(section)].join('\n'));
}

function section({ title, command, date, seconds, machine, ratios, tables, charts }: Recorded): string {
  const { cpu, cores, memoryGb, node, system } = machine;
  const run = `\`${command}\`, ${date.slice(0, 10)}, ${Math.round(seconds)} s`;
  const where = `${run}, on ${cores} x ${cpu}, ${memoryGb} GiB, Node ${node}, ${system}.`;
  return [
    `## ${title}\n\n${where}\n`,
    ...(ratios.length > 0 ? [`${ratios.map((one) => `- ${ratioLine(one)}`).join('\n')}\n`] : []),
    ...charts.map(({ file, title }) => `![${title}](charts/${file}.svg)\n`),
    ...tables.map((table) => markdownTable(table, command)),
  ].join('\n');
}

function markdownTable({ title, note, columns, rows }: Table, command: string): string {
  const row = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  return [
    `### ${title}\n\n${note} (\`${command}\`)\n`,
    row(columns),
    row(columns.map(() => '---')),
    ...rows.map((cells) => row(cells.map(cellText))),
    '',
  ].join('\n');
}
