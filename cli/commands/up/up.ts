import type { LocalCloud } from 'freshet-local/internal/cloud';
import { collectEarly } from 'freshet-local/internal/collect-early';
import type { Reporter } from 'freshet-local/internal/story';
import { compareCaches } from '../../compare/compare-caches.ts';
import type { Deployment } from '../../deployment/deployment.ts';
import { openLocalCloud } from '../../deployment/local-cloud.ts';
import { findLocalCloud, localFileOf, removeLocalFile, writeLocalFile } from '../../deployment/local-file.ts';
import { EXIT, UsageError } from '../../errors.ts';
import type { CommandIo } from '../../io.ts';
import { busy } from '../../output/spinner.ts';
import { typed } from '../../output/typed.ts';
import { outputWidth } from '../../output/width.ts';
import { withRenewableModules } from '../../renewed-modules.ts';
import { DEFAULT_SINCE_MS } from '../status/command.ts';
import { gatherStatus } from '../status/gather.ts';
import { renderStatus } from '../status/render.ts';
import { createApplyChange } from './apply-change.ts';
import { assemblyFolder, removeAssemblies } from './assembly-folder.ts';
import { createUpConsole, type UpConsole } from './console.ts';
import { createDeployAgain, type DeployAgain } from './deploy-again.ts';
import { followChanges } from './follow-changes.ts';
import { createLogPrinter } from './function-logs.ts';
import { keptError, openKept } from './kept.ts';
import type { UpOptions } from './options.ts';
import { readProject } from './project-files.ts';
import { reportComparisons, reportLeftOut } from './report.ts';
import { loadStory } from './story.ts';
import { synthesiseApp } from './synthesise-app.ts';

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

/** Runs the command to its end. Returns its exit code. */
export async function up(given: CommandIo, options: UpOptions, report: Reporter): Promise<number> {
  const { io, renew } = withRenewableModules(given);
  await refuseSecond(io.cwd);
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
  const { cloud, isNew, isKept } = await start(io, options, report, running, signal);
  const file = { ...localFileOf(cloud), isKept };
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

  const change = createDeployAgain(io, options, cloud, { signal, file });
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
    gatherStatus(deployment, { sinceMs: DEFAULT_SINCE_MS, countAll: true }),
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
  options: UpOptions,
  report: Reporter,
  running: Running,
  signal: AbortSignal,
): Promise<{ readonly cloud: LocalCloud; readonly isNew: boolean; readonly isKept: boolean }> {
  const { logs, json, keep, reset = false } = options;
  removeAssemblies(io.cwd);
  const assembly = assemblyFolder(io.cwd);
  // Loaded meanwhile, because the synthesis runs in a process of its own.
  const loading = import('freshet-local/internal/cloud');
  const found = await busy(io, 'synthesising the CDK app and bundling its functions', { json }, () =>
    synthesiseApp(io, options, { assembly, signal }),
  );
  report.step(
    found === 'reused'
      ? 'CDK app and Lambda bundles as at an earlier start, because nothing that they are made of has changed'
      : 'CDK app synthesised, Lambda bundles built',
  );
  const { startLocalCloud } = await loading;
  collectEarly();
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
  report.step(`not emulated (no local effect): ${notEmulated.join(', ') || 'none'}`);
  reportLeftOut(cloud.leftOut, report);
  return { cloud, isNew: kept?.isNew ?? true, isKept: kept !== undefined };
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
