import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Command, Option } from 'commander';
import { MAX_STATE_BYTES } from 'freshet-aws/internal/core/state';
import { EXIT } from '../errors.ts';
import { interruptible } from '../in-session.ts';
import { integerOf } from '../numbers.ts';
import { terminalReporter } from '../reporter.ts';
import { renderCost } from './render.ts';
import { costReport, type Question } from './report.ts';
import { MIN_BYTES } from './sample.ts';
import { synthesiseSample } from './synthesise.ts';

interface CostOptions extends Question {
  readonly json?: boolean;
}

const MAX_EVENTS = 1e12;
/** A topic allows 100 (sns/sns-quotas); here each is a few workers of this machine. */
const MAX_CACHES = 20;

/** `freshet cost`: what events would cost on AWS, by the requests of a real run. */
export function costCommand(): Command {
  const integer = (flags: string, text: string, min: number, max: number, preset: number) => {
    const [name = ''] = flags.split(' ');
    const range = `${text}, ${min.toLocaleString('en-US')} to ${max.toLocaleString('en-US')}`;
    return new Option(flags, range)
      .argParser(integerOf(name, min, max))
      .default(preset, preset.toLocaleString('en-US'));
  };
  return new Command('cost')
    .summary('what events would cost on AWS, by the requests of a real run')
    .description(
      'Runs an owner and its caches in a local cloud of its own, commits a sample of changes, counts every request that AWS would bill, and puts prices on ' +
        'it: for each event, and by the month. Shows what batching and conflation save, and what the figures leave out.',
    )
    .addOption(integer('--events <n>', 'changes of entities', 1, MAX_EVENTS, 1_000_000))
    .addOption(integer('--caches <n>', 'caches that keep them', 1, MAX_CACHES, 3))
    .addOption(integer('--bytes <n>', 'bytes of an entity as JSON', MIN_BYTES, MAX_STATE_BYTES, 1_000))
    .option('--json', 'print the report as one line of JSON; progress goes to standard error in any case')
    .addHelpText(
      'after',
      `
Takes about 15 seconds, with 20 caches half a minute. Needs no project and no other local cloud; it needs aws-cdk-lib and constructs.

Exit codes: 0 done, 1 something failed, 2 it could not be run as asked, 130 ended by Ctrl-C.`,
    )
    .action(async (options: CostOptions) => {
      process.exitCode = await interruptible((signal) => cost(options, signal));
    });
}

async function cost({ json, ...question }: CostOptions, signal: AbortSignal): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), 'freshet-cost-'));
  const remove = () => rmSync(folder, { recursive: true, force: true });
  // A second Ctrl-C ends the process at once.
  process.once('exit', remove);
  const { step, print } = terminalReporter(process.stderr);
  try {
    await synthesiseSample(question.caches, folder, signal);
    step('app synthesised, Lambda bundles built');
    // Loaded when it is needed: other commands start without it.
    const { measure } = await import('./measure.ts');
    const report = costReport(question, await measure(folder, question, { onProgress: print, signal }));
    process.stdout.write(`${json ? JSON.stringify(report) : renderCost(report)}\n`);
    return EXIT.ok;
  } catch (error) {
    if (!signal.aborted) throw error;
    process.stderr.write('interrupted; nothing is left running\n');
    return EXIT.interrupted;
  } finally {
    process.off('exit', remove);
    remove();
  }
}
