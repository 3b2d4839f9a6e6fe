import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { cpus, totalmem } from 'node:os';
import { join } from 'node:path';
import { ROOT } from './assembly.ts';
import { drawChart } from './charts.ts';
import { type BenchmarkResult, ratioLine, type Table } from './result.ts';
import { cellText } from './run-alone.ts';

/** Where something was measured. */
interface Machine {
  readonly cpu: string;
  readonly cores: number;
  readonly memoryGb: number;
  readonly node: string;
  readonly system: string;
}

/** A benchmark's result with what one needs to get it again. */
interface Recorded extends BenchmarkResult {
  readonly title: string;
  readonly command: string;
  readonly date: string;
  readonly seconds: number;
  readonly machine: Machine;
}

/** bench/results.json: the last result of each benchmark, by name. */
type Results = Record<string, Recorded>;

const RESULTS = join(ROOT, 'bench', 'results.json');
const PERFORMANCE = join(ROOT, 'docs', 'performance.md');
const CHARTS = join(ROOT, 'docs', 'charts');

/** Puts a benchmark's result into bench/results.json, in place of its earlier one, and writes docs/performance.md and its charts anew. */
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
  // The one formatter of the project has the last word, also on generated files.
  execFileSync(process.execPath, [join(ROOT, 'node_modules/@biomejs/biome/bin/biome'), 'format', '--write', RESULTS], {
    stdio: 'ignore',
  });
  render(results);
}

/** Writes docs/performance.md and its charts from what bench/results.json holds. */
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

/** More digits than the clock is good for only make differences between files. */
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

/** docs/performance.md. */
export function performancePage(results: Results): string {
  const sections = Object.values(results);
  const lines = sections.flatMap(({ ratios, command }) => {
    const listed = ratios.filter(({ bar }) => bar !== undefined);
    return (listed.length > 0 ? listed : ratios).map((one) => `- ${ratioLine(one)} (\`${command}\`)`);
  });
  const intro =
    '# Performance\n\n<!-- Written by `npm run bench` from bench/results.json; changes by hand are lost. -->\n\n' +
    'How many times faster than what users have today; the median of the rounds, and their range. Each round runs all sides one after the other, ' +
    'and is compared with itself.\n';
  return [intro, `${lines.join('\n')}\n`, ...sections.map(section)].join('\n');
}

function section({ title, command, date, seconds, machine, ratios, tables, charts }: Recorded): string {
  const { cpu, cores, memoryGb, node, system } = machine;
  const where = `\`${command}\`, ${date.slice(0, 10)}, ${Math.round(seconds)} s, on ${cores} x ${cpu}, ${memoryGb} GiB, Node ${node}, ${system}.`;
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
