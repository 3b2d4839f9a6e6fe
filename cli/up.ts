import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { Command } from 'commander';
import type { LocalCloud } from 'freshet-local/internal/cloud';
import { synthesise } from 'freshet-local/internal/synthesise';
import * as z from 'zod/mini';
import { assemblyFolder, removeAssemblies } from './assembly-folder.ts';
import { type CacheComparison, compareCaches } from './compare-caches.ts';
import { EXIT, UsageError } from './errors.ts';
import { findLocalCloud, type LocalFile, removeLocalFile, writeLocalFile } from './local-file.ts';
import { type Reporter, terminalReporter } from './reporter.ts';
import { connectTo, type Session } from './session.ts';
import { DEFAULT_SINCE_MS } from './status/command.ts';
import { gatherStatus } from './status/gather.ts';
import { renderStatus } from './status/render.ts';
import type { Story } from './story.ts';

interface UpOptions {
  readonly once: boolean;
  readonly story: boolean;
  /** Print the result as JSON on standard output and everything else on standard error. */
  readonly json: boolean;
}

/** `freshet up`: the local cloud with everything that the CDK app would deploy. */
export function upCommand(): Command {
  return new Command('up')
    .summary('run everything that the CDK app would deploy in a local cloud')
    .description(
      "Synthesises the CDK app of the current folder, runs its templates and Lambda bundles in a local cloud on 127.0.0.1, plays the project's story, " +
        'shows what became of every event, and compares each cache with its owner. Keeps running for other commands until Ctrl-C.',
    )
    .option(
      '--once',
      "stop when the comparison is done; exit code 0 only if the story's claims hold and every cache equals its owner",
    )
    .option(
      '--json',
      'print what became of every event and the comparison as one line of JSON; progress goes to standard error',
    )
    .option('--no-story', "start without playing the project's story")
    .addHelpText(
      'after',
      `
The story is the module that package.json names as "freshet": { "story": "..." }.

Exit codes: 0 all well, 1 a cache differs from its owner, a claim of the story doesn't hold, or something failed, 2 it could not be started as asked,
130 interrupted before the comparison was done.`,
    )
    .action(async (options: { once?: boolean; story: boolean; json?: boolean }) => {
      process.exitCode = await up(process.cwd(), {
        once: options.once ?? false,
        story: options.story,
        json: options.json ?? false,
      });
    });
}

/** What has been started, so that it can be stopped whenever the end comes. */
interface Running {
  cloud?: Promise<LocalCloud>;
  session?: Session;
  /** The exit code once the comparison is done; undefined before. */
  verdict?: number;
}

async function up(projectFolder: string, options: UpOptions): Promise<number> {
  await refuseSecond(projectFolder);
  const report = terminalReporter(options.json ? process.stderr : process.stdout);
  const running: Running = {};
  const stop = new AbortController();
  const stopped = new Promise<void>((resolve) => stop.signal.addEventListener('abort', () => resolve()));
  const onSignal = () => {
    if (stop.signal.aborted) process.exit(EXIT.interrupted);
    report.print('\nstopping');
    stop.abort();
  };
  process.on('SIGINT', onSignal).on('SIGTERM', onSignal);
  try {
    const work = run(projectFolder, options, report, running, stop.signal);
    // What was under way when the stop came fails against a stopped cloud; nobody waits for it any more.
    work.catch(() => undefined);
    await Promise.race([work, stopped]);
    if (!options.once) await stopped;
    return running.verdict ?? EXIT.interrupted;
  } finally {
    removeLocalFile(projectFolder);
    running.session?.close();
    const cloud = await running.cloud?.catch(() => undefined);
    await cloud?.stop();
    removeAssemblies(projectFolder);
    process.off('SIGINT', onSignal).off('SIGTERM', onSignal);
  }
}

async function run(
  projectFolder: string,
  options: UpOptions,
  report: Reporter,
  running: Running,
  signal: AbortSignal,
): Promise<void> {
  report.heading('Starting a local cloud with what `cdk deploy` would send to AWS');
  removeAssemblies(projectFolder);
  const assembly = await synthesise(projectFolder, { assembly: assemblyFolder(projectFolder), signal });
  report.step('CDK app synthesised, Lambda bundles built');
  // Loaded when it is needed: other commands start without it.
  const { startLocalCloud } = await import('freshet-local/internal/cloud');
  signal.throwIfAborted();
  running.cloud = startLocalCloud({ assembly, onProgress: (message) => report.step(message) });
  const cloud = await running.cloud;
  signal.throwIfAborted();
  const notEmulated = Object.entries(cloud.notEmulated).map(([type, count]) => `${count} ${type}`);
  report.step(`without meaning locally, so not emulated: ${notEmulated.join(', ')}`);
  const file = localFileOf(cloud);
  running.session = await connectTo({ file, projectFolder });
  const session = running.session;
  // One that was started at the same time may have been ready first.
  await refuseSecond(projectFolder);
  writeLocalFile(projectFolder, file);

  if (options.story) await (await loadStory(projectFolder))?.({ session, cloud, report });
  signal.throwIfAborted();
  report.heading('What became of every event');
  const status = await gatherStatus(session.watched, { sinceMs: DEFAULT_SINCE_MS, countEntities: true });
  report.print(renderStatus(status));
  const comparisons = await compareCaches(session);
  const equal = reportComparisons(comparisons, report);
  if (options.json) process.stdout.write(`${JSON.stringify({ ...status, comparisons, equal })}\n`);
  running.verdict = equal ? EXIT.ok : EXIT.failed;
  if (options.once) return;
  report.print(
    `\nRunning at ${cloud.endpoints.sqs} (DynamoDB at ${cloud.endpoints.dynamodb}). In a second terminal: ${HINT} (or watch)\nCtrl-C stops it.`,
  );
}

const HINT = 'npm run -s freshet -- status';

function localFileOf(cloud: LocalCloud): LocalFile {
  return {
    pid: process.pid,
    startedAt: new Date().toISOString(),
    url: cloud.endpoints.sqs,
    dynamodbUrl: cloud.endpoints.dynamodb,
    deployed: Object.values(cloud.outputs).flatMap((outputs) => Object.values(outputs)),
  };
}

/** Whether every cache equals its owners. */
function reportComparisons(comparisons: readonly CacheComparison[], report: Reporter): boolean {
  report.heading('Every cached entity compared with its owner');
  for (const { cache, equal, differing } of comparisons) {
    if (differing.length === 0) report.step(`${cache}: all ${equal} entities equal their owner's`);
    else report.print(`  ✗ ${cache}: ${equal} equal, ${differing.length} not: ${differing.slice(0, 10).join('; ')}`);
  }
  return comparisons.every(({ differing }) => differing.length === 0);
}

async function refuseSecond(projectFolder: string): Promise<void> {
  const found = await findLocalCloud(projectFolder);
  if (found === undefined) return;
  const { pid, startedAt } = found.file;
  throw new UsageError(
    `a local cloud is already running for ${found.projectFolder} (process ${pid}, since ${startedAt}). Use it (${HINT}), or stop it with Ctrl-C in its terminal.`,
  );
}

const packageJson = z.object({ freshet: z.optional(z.object({ story: z.optional(z.string()) })) });

async function loadStory(projectFolder: string): Promise<Story | undefined> {
  const path = join(projectFolder, 'package.json');
  if (!existsSync(path)) return undefined;
  const { freshet } = packageJson.parse(JSON.parse(readFileSync(path, 'utf8')));
  if (freshet?.story === undefined) return undefined;
  const module = (await import(pathToFileURL(resolve(projectFolder, freshet.story)).href)) as { default: Story };
  return module.default;
}
