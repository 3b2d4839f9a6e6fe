import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { ROOT } from '../support/assembly.ts';
import { drawChart } from '../support/charts.ts';
import { startAccount } from './ordering/account.ts';
import { type OrderingResult, orderingChart, orderingPage, orderingTable } from './ordering/page.ts';
import { LOAD, type Measured, runScenario, SCENARIOS } from './ordering/scenarios.ts';

/** The run is stopped after this time. */
const LIMIT_MS = 60_000;

const RESULT = join(ROOT, 'bench', 'experiments', 'ordering.json');
const PAGE = join(ROOT, 'docs', 'ordering.md');
const CHARTS = join(ROOT, 'docs', 'charts');

const begin = performance.now();
const limit = AbortSignal.timeout(LIMIT_MS);
const account = await startAccount();
const scenarios: Measured[] = [];
try {
  for (const scenario of SCENARIOS) {
    process.stderr.write(`${scenario.name}\n`);
    scenarios.push(await runScenario(account, scenario, LOAD, limit));
  }
} finally {
  await account.stop();
}
const result: OrderingResult = {
  command: 'npm run experiment:ordering',
  date: new Date().toISOString(),
  machine: `${cpus().length} x ${cpus()[0]?.model.trim()}, Node ${process.version}, ${process.platform} ${process.arch}`,
  seconds: Math.round((performance.now() - begin) / 1000),
  load: LOAD,
  scenarios,
};
mkdirSync(CHARTS, { recursive: true });
const chart = orderingChart(result);
writeFileSync(join(CHARTS, `${chart.file}.svg`), drawChart(chart));
writeFileSync(PAGE, orderingPage(result));
writeFileSync(RESULT, JSON.stringify(result, undefined, 2));
// The style check also covers generated files.
execFileSync(process.execPath, [join(ROOT, 'node_modules/@biomejs/biome/bin/biome'), 'format', '--write', RESULT], {
  stdio: 'ignore',
});
console.log(orderingTable(result));
console.log(`seed ${LOAD.seed}; written: bench/experiments/ordering.json, docs/ordering.md, docs/charts/ordering.svg`);
