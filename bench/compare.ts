import { execFile, execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import Table from 'cli-table3';
import { Command } from 'commander';
import { comparisonCharts } from './compare/charts.ts';
import { CLAIMS, refuted } from './compare/claims.ts';
import { startCompareLab } from './compare/lab.ts';
import { measureAbsences } from './compare/measure-absences.ts';
import { measureLoad } from './compare/measure-load.ts';
import { measureReads } from './compare/measure-reads.ts';
import { measureStaleness } from './compare/measure-staleness.ts';
import { comparisonPage } from './compare/page.ts';
import { FULL, type Plan, QUICK } from './compare/plan.ts';
import type { Comparison, Measurements } from './compare/result.ts';
import { comparisonTables, type PageTable } from './compare/tables.ts';
import { ROOT } from './support/assembly.ts';
import { drawChart } from './support/charts.ts';

const COMMAND = 'npm run compare';

const program = new Command('compare')
  .description(
    "Compares three ways to get another service's data, side by side on the local cloud. Takes about 90 seconds.",
  )
  .option('--quick', 'run only enough to check the claims, and write nothing')
  .addHelpText('after', '\nThe exit code is 1 if a claim of docs/comparison.md does not hold.')
  .parse();
const { quick = false } = program.opts<{ quick?: boolean }>();

const begin = performance.now();
const plan = quick ? QUICK : FULL;
const assembly = mkdtempSync(join(tmpdir(), 'freshet-compare-'));
const cleanUp = () => rmSync(assembly, { recursive: true, force: true });
// Child processes end with this process, but the folder would remain.
for (const [signal, code] of [
  ['SIGINT', 130],
  ['SIGTERM', 143],
] as const) {
  process.once(signal, () => {
    cleanUp();
    process.exit(code);
  });
}
try {
  const comparison = await compare(plan);
  for (const table of comparisonTables(comparison)) console.log(inTerminal(table));
  if (!quick) write(comparison);
  const problems = new Set(refuted(comparison));
  for (const { text } of CLAIMS) console.log(`${problems.has(text) ? 'does NOT hold' : 'holds'}: ${text}`);
  if (problems.size > 0) process.exitCode = 1;
} finally {
  cleanUp();
}

async function compare(chosen: Plan): Promise<Comparison> {
  tell('synthesising an owner and ten consumers');
  await promisify(execFile)(
    process.execPath,
    ['--conditions=freshet-source', '--import', 'tsx', 'bench/compare/app.ts'],
    {
      cwd: ROOT,
      env: { ...process.env, CDK_OUTDIR: assembly },
    },
  );
  const measured = await measure(chosen);
  return {
    command: COMMAND,
    date: new Date().toISOString(),
    machine:
      `${cpus().length} x ${cpus()[0]?.model.trim()}, Node ${process.version}, ` +
      `${process.platform} ${process.arch}`,
    seconds: Math.round((performance.now() - begin) / 1000),
    plan: chosen,
    ...measured,
  };
}

async function measure(chosen: Plan): Promise<Measurements> {
  const lab = await startCompareLab(assembly, chosen);
  try {
    tell('measuring requests, bytes and cost');
    const load = await measureLoad(lab);
    tell('measuring reads while the owner is up, slow, hanging and down');
    const reads = await measureReads(lab);
    tell('measuring staleness');
    const staleness = await measureStaleness(lab);
    tell('measuring changes during absences');
    const absences = await measureAbsences(lab);
    return { reads, staleness, load, absences };
  } finally {
    await lab.stop();
  }
}

function write(comparison: Comparison): void {
  const result = join(ROOT, 'bench', 'compare', 'results.json');
  writeFileSync(result, JSON.stringify(comparison, undefined, 2));
  execFileSync(process.execPath, [join(ROOT, 'node_modules/@biomejs/biome/bin/biome'), 'format', '--write', result], {
    stdio: 'ignore',
  });
  const charts = join(ROOT, 'docs', 'charts');
  mkdirSync(charts, { recursive: true });
  for (const chart of comparisonCharts(comparison)) writeFileSync(join(charts, `${chart.file}.svg`), drawChart(chart));
  writeFileSync(join(ROOT, 'docs', 'comparison.md'), comparisonPage(comparison));
  console.log('written: bench/compare/results.json, docs/comparison.md, docs/charts/compare-*.svg');
}

function inTerminal({ head, rows }: PageTable): string {
  const table = new Table({ head: [...head], style: { head: [], border: [] }, wordWrap: true });
  for (const row of rows) table.push([...row]);
  return table.toString();
}

function tell(step: string): void {
  process.stderr.write(`${((performance.now() - begin) / 1000).toFixed(0).padStart(4)} s  ${step}\n`);
}
