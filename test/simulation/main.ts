import { Command, InvalidArgumentError } from 'commander';
import { CHECKS } from './checks.ts';
import { FAULT_KINDS, type FaultKind } from './faults.ts';
import { caught, MUTANTS } from './mutants.ts';
import { asJson, asText, isGood, smallestText } from './report.ts';
import { run } from './run.ts';
import { shrink } from './shrink.ts';
import { simulate } from './simulate.ts';
import type { Summary } from './summary.ts';

interface Options {
  readonly seeds: number;
  readonly first: number;
  readonly seed?: number;
  readonly commits?: number;
  readonly entities?: number;
  readonly without?: readonly FaultKind[];
  readonly mutants?: boolean;
  readonly json?: boolean;
}

/** Exit codes. `interrupted` is the shells' code for SIGINT. */
const EXIT = { ok: 0, failed: 1, interrupted: 130 } as const;

const program = new Command('simulate')
  .description(
    'Runs the core in virtual time, on in-memory tables and the FIFO model, with the faults of each seed. ' +
      'Exits with 1 after a violation, and when a kind of fault happened too rarely.',
  )
  .option('--seeds <number>', 'how many seeds to run', integer, 1_000)
  .option('--first <number>', 'the first seed', integer, 1)
  .option('--seed <number>', 'replay one seed with a trace', integer)
  .option('--commits <number>', 'with --seed: number of versions to commit', integer)
  .option('--entities <number>', 'with --seed: number of entities', integer)
  .option('--without <kinds>', 'with --seed: kinds of fault to leave out, separated by commas', kinds)
  .option('--mutants', 'plant bugs, and print the check that catches each')
  .option('--json', 'print the result as JSON')
  .showHelpAfterError('(add --help for what is allowed)')
  .parse();

const options = program.opts<Options>();
process.exitCode = await (options.mutants ? plant() : options.seed === undefined ? runAll() : replay(options.seed));

async function runAll(): Promise<number> {
  const interrupt = new AbortController();
  process.once('SIGINT', () => interrupt.abort());
  const begin = performance.now();
  const seconds = () => (performance.now() - begin) / 1000;
  const progress = progressLine(options.seeds, seconds);
  const { seeds, first } = options;
  const summary = await run({ seeds, first, signal: interrupt.signal, onProgress: progress.show });
  progress.end();
  const taken = seconds();
  console.log(options.json ? JSON.stringify(asJson(summary, taken)) : asText(summary, taken));
  const [failure] = summary.failures;
  if (failure !== undefined && !interrupt.signal.aborted && !options.json) {
    const smallest = await shrink({ seed: failure.seed });
    if (smallest !== undefined) console.log(`\n${smallestText(failure.seed, smallest)}`);
  }
  if (interrupt.signal.aborted) return EXIT.interrupted;
  return isGood(summary) ? EXIT.ok : EXIT.failed;
}

async function replay(seed: number): Promise<number> {
  const { commits, entities: entityCount, without, json } = options;
  const trace = json ? undefined : (text: string) => console.log(text);
  const result = await simulate({ seed, commits, entityCount, without, trace });
  if (json) console.log(JSON.stringify(result));
  else {
    const { published, settled, steps, violations } = result;
    console.log(`seed ${seed}: ${published} events, ${settled} outcomes of messages, ${steps} steps`);
    for (const { check, message } of violations) console.log(`${check}: ${CHECKS[check]}\n  ${message}`);
    if (violations.length === 0) console.log('no violation');
  }
  return result.violations.length === 0 ? EXIT.ok : EXIT.failed;
}

async function plant(): Promise<number> {
  const results = [];
  for (const mutant of MUTANTS) {
    const result = await caught(mutant);
    results.push({ mutant: mutant.name, caughtBy: result?.check ?? 'nothing', seeds: result?.seeds });
    if (!options.json) {
      const by = result
        ? `${result.check.padEnd(22)} after ${result.seeds}`
        : `NOT CAUGHT within ${mutant.withinSeeds}`;
      console.log(`${mutant.name.padEnd(44)} ${by}`);
    }
  }
  if (options.json) console.log(JSON.stringify(results));
  return results.every(({ seeds }) => seeds !== undefined) ? EXIT.ok : EXIT.failed;
}

/** The progress: on a terminal one line that changes in place, elsewhere a line for each tenth. */
function progressLine(seeds: number, seconds: () => number) {
  let tenths = 0;
  const told = new Set<number>();
  const isTerminal = process.stderr.isTTY === true;
  return {
    show(summary: Summary): void {
      // At once, because a long run may be interrupted.
      for (const { seed, check, message } of summary.failures) {
        if (!told.has(seed)) process.stderr.write(`seed ${seed}: ${check}: ${message}\n`);
        told.add(seed);
      }
      const done = Math.floor((summary.seeds * 10) / seeds);
      const rate = Math.round(summary.seeds / seconds());
      const line = `${summary.seeds}/${seeds} seeds, ${rate} seeds/s, ${summary.failures.length} violations`;
      if (isTerminal) process.stderr.write(`\r\u001b[2K${line}`);
      else if (done > tenths) process.stderr.write(`${line}\n`);
      tenths = Math.max(tenths, done);
    },
    end(): void {
      if (isTerminal) process.stderr.write('\r\u001b[2K');
    },
  };
}

function integer(text: string): number {
  const value = Number(text);
  if (!/^\d+$/.test(text) || !Number.isSafeInteger(value) || value < 1) {
    throw new InvalidArgumentError('An integer from 1 is needed.');
  }
  return value;
}

function kinds(text: string): FaultKind[] {
  return text.split(',').map((kind) => {
    const known = FAULT_KINDS.find((one) => one === kind);
    if (known === undefined)
      throw new InvalidArgumentError(`Not a kind of fault: ${kind}. Known: ${FAULT_KINDS.join(', ')}.`);
    return known;
  });
}
