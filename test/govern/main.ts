import Table from 'cli-table3';
import { Command, InvalidArgumentError, Option } from 'commander';
import { CHECKS, errorOf, perBurst, type Violation, violationsOf } from './check.ts';
import { type Run, run } from './model.ts';
import { SHAPES, type Shape, scenario } from './scenario.ts';

const program = new Command('simulate:flow')
  .description(
    'Runs writers, relay, a cache and the governor in virtual time, with the real decisions and loads of all shapes. ' +
      'Exits with 1 if a check fails.',
  )
  .option('--seeds <number>', 'number of seeds for each shape', integer, 100)
  .option('--seed <number>', 'run only this seed', integer)
  .addOption(new Option('--shape <shape>', 'run only loads of this shape').choices(SHAPES))
  .option('--json', 'print the result as JSON')
  .addHelpText(
    'after',
    `\nChecks:\n${Object.entries(CHECKS)
      .map(([name, what]) => `  ${name.padEnd(18)} ${what}`)
      .join('\n')}`,
  )
  .showHelpAfterError('(add --help to see what is allowed)')
  .configureOutput({ outputError: (text, write) => write(text) })
  .exitOverride((error) => process.exit(error.exitCode === 0 ? 0 : 2))
  .parse();
const { seeds, seed, shape, json } = program.opts<{ seeds: number; seed?: number; shape?: Shape; json?: boolean }>();

const numbers = seed === undefined ? Array.from({ length: seeds }, (_, index) => index + 1) : [seed];
const rows = (shape === undefined ? SHAPES : [shape]).map((one) => summary(one, numbers));
if (json) process.stdout.write(`${JSON.stringify(rows)}\n`);
else print();
if (rows.some(({ violations }) => violations.length > 0)) process.exitCode = 1;

function integer(given: string): number {
  const value = Number(given);
  if (Number.isInteger(value) && value >= 1 && value <= 1_000_000) return value;
  throw new InvalidArgumentError(`Not a valid number: ${given}. Allowed: an integer from 1 to 1,000,000.`);
}

/** Summarises the runs of all seeds of a shape. */
function summary(of: Shape, all: readonly number[]) {
  const violations: (Violation & { readonly seed: number })[] = [];
  const runs: Pick<Run, 'worstBacklog' | 'bound' | 'drain' | 'refused' | 'retries'>[] = [];
  let [spells, changes] = [0, 0];
  for (const number of all) {
    const one = run(scenario(of, number));
    violations.push(...violationsOf(one).map((violation) => ({ seed: number, ...violation })));
    const { worstBacklog, bound, drain, refused, retries } = one;
    runs.push({ worstBacklog, bound, drain, refused, retries });
    for (const burst of perBurst(one)) {
      spells = Math.max(spells, burst.refusals);
      changes = Math.max(changes, burst.changes);
    }
  }
  const errors = (predicted: readonly number[]) => {
    const sorted = [...predicted].sort((a, b) => a - b);
    return { count: sorted.length, p50: sorted[Math.floor((sorted.length - 1) / 2)], max: sorted.at(-1) };
  };
  return {
    shape: of,
    seeds: all.length,
    /** A load without a governor has no bound. */
    worstOfBound: of === 'peak-and-drain' ? undefined : Math.max(...runs.map((one) => one.worstBacklog / one.bound)),
    spells,
    changes,
    refused: runs.reduce((total, one) => total + one.refused, 0),
    drain: errors(runs.flatMap((one) => (one.drain === undefined ? [] : [errorOf(one.drain)]))),
    retryAfter: errors(runs.flatMap((one) => one.retries.map(errorOf))),
    violations,
  };
}

function print(): void {
  const percent = (part: number | undefined) =>
    part === undefined ? '-' : `${(part * 100).toFixed(part < 0.1 ? 1 : 0)} %`;
  const table = new Table({
    head: [
      'shape',
      'seeds',
      'worst backlog / bound',
      'refusals per burst',
      'changes per burst',
      'refused writes',
      'error of drain time, p50 / max',
      'error of retry-after, p50 / max',
      'failed checks',
    ],
    style: { head: [], border: [] },
  });
  for (const row of rows) {
    const error = ({ count, p50, max }: typeof row.drain) =>
      count === 0 ? '-' : `${percent(p50)} / ${percent(max)} of ${count}`;
    table.push([
      row.shape,
      row.seeds,
      percent(row.worstOfBound),
      row.spells,
      row.changes,
      row.refused,
      error(row.drain),
      error(row.retryAfter),
      row.violations.length,
    ]);
  }
  console.log(table.toString());
  for (const { shape: of, violations } of rows) {
    for (const { seed: number, check, message } of violations.slice(0, 10)) {
      console.log(
        `${of}, seed ${number}: ${check}: ${message}  (npm run simulate:flow -- --shape ${of} --seed ${number})`,
      );
    }
  }
}
