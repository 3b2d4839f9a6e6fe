import { Command } from 'commander';
import type { LocalCloud } from 'freshet-local/internal/cloud';
import type { Reporter } from 'freshet-local/internal/story';
import { synthesise } from 'freshet-local/internal/synthesise';
import { compareCaches } from '../../compare/compare-caches.ts';
import type { Deployment } from '../../deployment/deployment.ts';
import { openLocalCloud } from '../../deployment/local-cloud.ts';
import { findLocalCloud, localFileOf, removeLocalFile, writeLocalFile } from '../../deployment/local-file.ts';
import { EXIT, UsageError } from '../../errors.ts';
import type { CommandIo } from '../../io.ts';
import { terminalReporter } from '../../output/reporter.ts';
import { busy } from '../../output/spinner.ts';
import { typed } from '../../output/typed.ts';
import { outputWidth } from '../../output/width.ts';
import { withRenewableModules } from '../../renewed-modules.ts';
import { portOption } from '../console/port.ts';
import { DEFAULT_SINCE_MS } from '../status/command.ts';
import { gatherStatus } from '../status/gather.ts';
import { renderStatus } from '../status/render.ts';
import { type AppOptions, withAppOptions } from './app-options.ts';
import { createApplyChange } from './apply-change.ts';
import { assemblyFolder, removeAssemblies } from './assembly-folder.ts';
import { createUpConsole, type UpConsole } from './console.ts';
import { createDeployAgain, type DeployAgain } from './deploy-again.ts';
import { followChanges } from './follow-changes.ts';
import { createLogPrinter, type LogOptions } from './function-logs.ts';
import { keptError, openKept } from './kept.ts';
import { readProject } from './project-files.ts';
import { reportComparisons, reportLeftOut } from './report.ts';
import { loadStory } from './story.ts';

interface UpOptions extends AppOptions, LogOptions {
  readonly once?: boolean;
  readonly story: boolean;
  readonly keep?: boolean;
  readonly reset?: boolean;
  readonly watch?: boolean;
  readonly console: boolean;
  readonly consolePort?: number;
  readonly json?: boolean;
}

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
      io.exitCode = await up(io, options);
    });
}

/** What the command has started and must stop at the end. */
interface Running {
  /** Has the contracts loaded again, once a deployment has replaced them. */
  readonly renew: () => void;
  cloud?: Promise<LocalCloud>;
  deployment?: Deployment;
  console?: UpConsole;
  /** The exit code once the comparison is done; undefined before. */
  verdict?: number;
}

async function up(given: CommandIo, options: UpOptions): Promise<number> {
  const { io, renew } = withRenewableModules(given);
  if (options.reset && !options.keep) throw new UsageError('--reset: drops what --keep has kept. Add --keep.');
  if (options.watch && options.once) throw new UsageError('--watch: runs until Ctrl-C. Leave out --once.');
  await refuseSecond(io.cwd);
  const report = terminalReporter(options.json ? io.stderr : io.stdout);
  const running: Running = { renew };
  const stop = new AbortController();
  const stopped = new Promise<void>((resolve) => stop.signal.addEventListener('abort', () => resolve()));
  const off = io.onSignal(['SIGINT', 'SIGTERM'], () => {
    report.print('\nstopping');
    stop.abort();
  });
  try {
    const work = run(io, options, report, running, stop.signal);
    // Work that the stop interrupts may fail later, because its cloud is stopped. That error is ignored.
    work.catch(() => undefined);
    await Promise.race([work, stopped]);
    if (!options.once) await stopped;
    return running.verdict ?? EXIT.interrupted;
  } finally {
    removeLocalFile(io.cwd);
    await running.console?.close();
    running.deployment?.close();
    const cloud = await running.cloud?.catch(() => undefined);
    await cloud?.stop();
    removeAssemblies(io.cwd);
    off();
  }
}

async function run(
  io: CommandIo,
  options: UpOptions,
  report: Reporter,
  running: Running,
  signal: AbortSignal,
): Promise<void> {
  const files = options.watch ? readProject(io.cwd) : undefined;
  if (servesConsole(options)) running.console = createUpConsole(io, report, { port: options.consolePort });
  const { cloud, isNew } = await start(io, options, report, running, signal);
  const file = localFileOf(cloud);
  const open = () => {
    // What is opened after the end would never be closed.
    signal.throwIfAborted();
    const former = running.deployment;
    if (former !== undefined) running.renew();
    const opened = { file: localFileOf(cloud), projectFolder: io.cwd };
    running.deployment = openLocalCloud(opened, { importModule: io.importModule });
    if (former !== undefined) running.console?.replace(running.deployment);
    former?.close();
    return running.deployment;
  };
  let deployment = open();
  // Another local cloud for this folder, started at the same time, may have been ready first.
  await refuseSecond(io.cwd);
  signal.throwIfAborted();
  writeLocalFile(io.cwd, file);
  await busy(io, 'building the page of the console', { ...options, again: true }, async () =>
    running.console?.open(deployment),
  );

  const change = createDeployAgain(io, options, cloud, { signal, startedAt: file.startedAt });
  const deployAgain: DeployAgain = async (context) => {
    const changes = await change(context);
    deployment = open();
    return changes;
  };
  const deploy = async (context: Readonly<Record<string, unknown>>) => {
    for (const one of (await deployAgain(context)).left) report.print(`  ! ${one}`);
    return deployment;
  };
  if (options.story && isNew) await (await loadStory(io))?.({ deployment, cloud, report, deploy });
  signal.throwIfAborted();
  report.heading('The outcomes of all events');
  const status = await busy(io, 'reading the outcomes', options, () =>
    gatherStatus(deployment, { sinceMs: DEFAULT_SINCE_MS, countEntities: true }),
  );
  report.print(renderStatus(status, outputWidth(io)));
  const comparisons = await busy(io, 'comparing every cached entity with its owner', options, () =>
    compareCaches(deployment),
  );
  const equal = reportComparisons(comparisons, report);
  if (options.json) io.stdout.write(`${JSON.stringify({ ...status, comparisons, equal })}\n`);
  running.verdict = equal ? EXIT.ok : EXIT.failed;
  if (options.once) return;
  report.print(
    `\nRunning at ${cloud.endpoints.sqs} (DynamoDB at ${cloud.endpoints.dynamodb}).\n` +
      `In a second terminal: ${typed('status')} (or watch)\nCtrl-C stops it.`,
  );
  if (files === undefined) return;
  await followChanges(io.cwd, files, signal, createApplyChange(deployAgain, { report, signal }));
}

/** A run that ends by itself needs no page, unless a port was named for it. */
function servesConsole({ console, consolePort, once = false }: UpOptions): boolean {
  return console && (!once || consolePort !== undefined);
}

async function start(
  io: CommandIo,
  { context, stacks, logs, json, keep, reset = false }: UpOptions,
  report: Reporter,
  running: Running,
  signal: AbortSignal,
): Promise<{ readonly cloud: LocalCloud; readonly isNew: boolean }> {
  report.heading('Starting a local cloud with what `cdk deploy` would send to AWS');
  removeAssemblies(io.cwd);
  const assembly = await busy(io, 'synthesising the CDK app and bundling its functions', { json }, () =>
    synthesise(io.cwd, {
      assembly: assemblyFolder(io.cwd),
      signal,
      env: io.env,
      ...(context && { context }),
      ...(stacks && { stacks }),
    }),
  );
  report.step('CDK app synthesised, Lambda bundles built');
  // Imported here, because other commands don't need it.
  const { startLocalCloud } = await import('freshet-local/internal/cloud');
  signal.throwIfAborted();
  const kept = keep ? openKept(io.cwd, assembly, reset) : undefined;
  if (kept) report.step(kept.isNew ? `keeps its data in ${kept.folder}` : `continues with the data in ${kept.folder}`);
  running.cloud = startLocalCloud({
    assembly,
    ...(kept && { keep: kept.folder }),
    onProgress: (message) => report.step(message),
    onLog: createLogPrinter({ ...(logs !== undefined && { logs }) }, report.print),
  });
  const starting = running.cloud;
  const cloud = await busy(io, 'starting the local cloud', { json, again: true }, () => starting).catch((error) => {
    throw keptError(error);
  });
  signal.throwIfAborted();
  const notEmulated = Object.entries(cloud.notEmulated).map(([type, count]) => `${count} ${type}`);
  report.step(`not emulated (no local effect): ${notEmulated.join(', ')}`);
  reportLeftOut(cloud.leftOut, report);
  return { cloud, isNew: kept?.isNew ?? true };
}

async function refuseSecond(projectFolder: string): Promise<void> {
  const found = await findLocalCloud(projectFolder);
  if (found === undefined) return;
  const { pid, startedAt } = found.file;
  throw new UsageError(
    `a local cloud is already running for ${found.projectFolder} (process ${pid}, since ${startedAt}). Use it ` +
      `(${typed('status')}), or stop it with Ctrl-C in its terminal.`,
  );
}
