import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Command, Option } from 'commander';
import { MAX_PLAIN_STATE_BYTES } from 'freshet-aws/internal/core/state';
import { EXIT } from '../../errors.ts';
import { interruptible } from '../../interrupt.ts';
import type { CommandIo } from '../../io.ts';
import { integerOf } from '../../options/parse.ts';
import { terminalReporter } from '../../output/reporter.ts';
import { renderCost } from './render.ts';
import { costReport, type Question } from './report.ts';
import { MIN_BYTES } from './sample.ts';
import { synthesiseSample } from './synthesise.ts';

interface CostOptions extends Question {
  readonly json?: boolean;
}

const MAX_EVENTS = 1e12;
/** A topic allows 100 subscriptions (sns/sns-quotas). Each cache needs some workers on this machine. */
const MAX_CACHES = 20;

/** `freshet cost`: estimates what events would cost on AWS, from the requests of a real run. */
export function costCommand(io: CommandIo): Command {
  const integer = (flags: string, text: string, min: number, max: number, preset: number) => {
    const [name = ''] = flags.split(' ');
    const range = `${text}, ${min.toLocaleString('en-US')} to ${max.toLocaleString('en-US')}`;
    return new Option(flags, range)
      .argParser(integerOf(name, min, max))
      .default(preset, preset.toLocaleString('en-US'));
  };
  return new Command('cost')
    .summary('estimate what events cost on AWS, from the requests of a real run')
    .description(
      'Runs an owner and its caches in a separate local cloud, commits a sample of changes, counts every request ' +
        'that AWS would bill, and calculates the price per event and per month. The report shows what batching and ' +
        'conflation save, what a cache costs that fills and checks itself, and what the figures leave out.',
    )
    .addOption(integer('--events <n>', 'number of changes to entities', 1, MAX_EVENTS, 1_000_000))
    .addOption(integer('--caches <n>', 'number of caches that keep the entities', 1, MAX_CACHES, 3))
    .addOption(integer('--bytes <n>', 'size of an entity as JSON, in bytes', MIN_BYTES, MAX_PLAIN_STATE_BYTES, 1_000))
    .option('--json', 'print the report as one line of JSON; the progress is always printed on standard error')
    .addHelpText(
      'after',
      `
The command takes about half a minute, and a minute with 10 caches. It needs aws-cdk-lib and constructs, but no
project and no running local cloud.

Exit codes:
  0    the report was printed
  1    something failed
  2    the input is invalid, or a package is missing
  130  interrupted`,
    )
    .action(async (options: CostOptions) => {
      io.exitCode = await interruptible(io, (signal) => cost(io, options, signal));
    });
}

async function cost(io: CommandIo, { json, ...question }: CostOptions, signal: AbortSignal): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), 'freshet-cost-'));
  const remove = () => rmSync(folder, { recursive: true, force: true });
  // A second Ctrl-C ends the process before the clean-up below.
  process.once('exit', remove);
  const { step, print } = terminalReporter(io.stderr);
  try {
    await synthesiseSample(io, question.caches, folder, signal);
    step('app synthesised, Lambda bundles built');
    // Imported here, because other commands don't need it.
    const { measure } = await import('./measure.ts');
    const report = costReport(question, await measure(folder, question, { onProgress: print, signal }));
    io.stdout.write(`${json ? JSON.stringify(report) : renderCost(report)}\n`);
    return EXIT.ok;
  } catch (error) {
    if (!signal.aborted) throw error;
    io.stderr.write('interrupted; nothing is left running\n');
    return EXIT.interrupted;
  } finally {
    process.off('exit', remove);
    remove();
  }
}
