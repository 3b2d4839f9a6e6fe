import { Command } from 'commander';
import type { CommandIo } from '../../io.ts';
import { terminalReporter } from '../../output/reporter.ts';
import { portOption } from '../console/port.ts';
import { withAppOptions } from './app-options.ts';
import { checkUpOptions, type UpOptions } from './options.ts';

/** `freshet up`: runs everything that the CDK app would deploy, in a local cloud. */
export function upCommand(io: CommandIo): Command {
  return withAppOptions(new Command('up'))
    .summary('run everything that the CDK app would deploy in a local cloud')
    .description(
      'Synthesises the CDK app of the current folder, runs its templates and Lambda bundles in a local cloud on ' +
        "127.0.0.1, serves the console (a page for the browser), runs the app's story, shows the outcomes of all " +
        'events, and compares each cache with its owners. Then the local cloud runs until Ctrl-C, so that you can use ' +
        'the other commands.',
    )
    .option(
      '--once',
      "stop after the comparison; the exit code is 0 only if the story's claims hold and every cache equals its owners",
    )
    .option('--json', 'print the outcomes and the comparison as one line of JSON; the progress goes to standard error')
    .option('--no-story', "don't run the app's story")
    .option(
      '--keep',
      'keep the tables, streams, waiting messages and stopped functions in .freshet/kept, and continue with them the ' +
        'next time; the story runs only if nothing was kept yet',
    )
    .option('--reset', 'with --keep: drop what was kept and start anew')
    .option(
      '--watch',
      'synthesise the app again when a file of the folder changes, and change the running cloud to it; a failing ' +
        'synthesis is printed, and everything keeps running',
    )
    .option(
      '--logs [name]',
      'print every line that functions log, or only those of functions whose names contain NAME; default: only errors',
    )
    .option('--no-cache', 'synthesise the app even if nothing that it reads has changed since an earlier start')
    .option('--no-console', "don't serve the console, a page that shows the local cloud in the browser")
    .addOption(portOption('--console-port <n>'))
    .addHelpText(
      'after',
      `
A story is a script that shows the pipeline at work and checks claims about it. package.json names its module:
"freshet": { "story": "./story.ts" }.

Exit codes:
  0    every cache equals its owners, and the story's claims hold
  1    a cache differs from its owners, a claim of the story does not hold, or something failed
  2    the local cloud could not be started
  130  interrupted before the comparison was done`,
    )
    .action(async (options: UpOptions) => {
      checkUpOptions(options);
      const report = terminalReporter(options.json ? io.stderr : io.stdout);
      report.heading('Starting a local cloud with what `cdk deploy` would send to AWS');
      // Loaded after the first line, because it takes most of a second.
      const { up } = await import('./up.ts');
      io.exitCode = await up(io, options, report);
    });
}
