import { Command, Option } from 'commander';
import { EXIT, UsageError } from '../../errors.ts';
import type { CommandIo } from '../../io.ts';
import { type DeploymentOptions, deploymentHelp, withDeploymentOptions } from '../../options/deployment-options.ts';
import { confirmed, yesOption } from '../../output/confirm.ts';
import { inDeployment, type Work } from '../../work.ts';
import { type Outcome, run } from './run.ts';
import { type Target, targetsOf } from './targets.ts';
import { checkSpan, fromOf, isoOf, timeOf } from './times.ts';

interface ReplayOptions extends DeploymentOptions {
  /** Epoch milliseconds. */
  readonly from?: number | 'beginning';
  readonly to?: number;
  readonly of?: readonly string[];
  readonly resume?: boolean;
  readonly replace?: boolean;
  readonly wait: boolean;
  readonly yes?: boolean;
  readonly json?: boolean;
}

/** `freshet replay QUEUE --from TIME [--to TIME]`: delivers archived facts again. */
export function replayCommand(io: CommandIo): Command {
  return withDeploymentOptions(new Command('replay'))
    .summary('deliver archived facts to a fact queue or saga again')
    .description(
      'Delivers the archived facts of a span of time to one fact queue or saga again, such as to a saga that was ' +
        'deployed after orders were placed. The topics of its facts need an archive (archiveDays of FactTopic). Facts ' +
        'that are published meanwhile come after the archived ones. Other queues receive nothing.',
    )
    .argument('<queue>', 'fact queue or saga, such as shipping')
    .addOption(
      new Option(
        '--from <time>',
        'replay facts that were published since then: a time such as 2026-11-01T08:00:00Z, a duration before now such ' +
          'as 30d, or "beginning"',
      ).argParser(fromOf),
    )
    .addOption(
      new Option('--to <time>', 'replay no facts that were published after then; default: now').argParser(
        timeOf('--to'),
      ),
    )
    .option('--of <boundary...>', 'replay the facts of these boundaries only; default: of all')
    .option('--resume', 'start no replay, and let a subscription deliver again that an ended or failed replay stopped')
    .option('--replace', 'replace a replay with --to that is in progress, and give up its rest')
    .option('--no-wait', 'with --resume: fail if a replay with --to is in progress, instead of waiting for its end')
    .addOption(yesOption('on AWS, '))
    .option('--json', 'print the result as JSON')
    .addHelpText('after', HELP)
    .action(async (queue: string, options: ReplayOptions) => {
      io.exitCode = await inDeployment(io, options, (work) => replay(work, queue, options), 'write');
    });
}

const HELP = `
A saga recognises facts that it has handled, for its time keep. A function of a fact queue receives facts again with the
same ids, and must recognise them itself. SQS drops a fact that the queue received less than five minutes ago.

While archived facts are delivered, new ones wait behind them. After the time of --to, the command lets the subscription
continue shortly before the time at which the replay began. If the command is killed before, the subscription stays
paused: freshet status says so, and freshet replay QUEUE --resume repairs it. No fact is lost while the archive has it.
While a replay with --to is in progress, no other one begins at its subscription, unless you pass --replace. --resume
waits until it has ended. If the command that started it still runs, that command lets the subscription continue.
${deploymentHelp(['sns:GetSubscriptionAttributes', 'sns:GetTopicAttributes', 'sns:SetSubscriptionAttributes'])}
Exit codes:
  0    the archived facts are delivered, and new ones follow; freshet status shows how many the queue still holds
  1    a replay failed, was replaced or is in progress, you did not confirm, or something failed
  2    the queue is unknown, a topic has no archive, or a time is outside of it
  130  interrupted; new facts follow. Without --to, the replay goes on; with --to, its rest is given up. With --resume,
       a replay with --to that is in progress goes on, and pauses the subscription at its end`;

async function replay(work: Work, queue: string, options: ReplayOptions): Promise<number> {
  const { io, deployment } = work;
  const { from, to, of, resume = false, replace, wait, yes = false, json } = options;
  if (resume === (from !== undefined) || (resume && to !== undefined)) {
    throw new UsageError('pass --from, which --to may bound, or --resume alone.');
  }
  if (!wait && !resume) throw new UsageError('--no-wait: pass it with --resume. Leave it out.');
  const targets = targetsOf(deployment, queue, of);
  if (from !== undefined) await check(targets, from, to);
  if (!deployment.isLocal && !(await confirmed(work, question(queue, options), yes))) {
    io.stderr.write('nothing was replayed\n');
    return EXIT.failed;
  }
  const outcomes = await run(
    work,
    queue,
    targets,
    { span: from === undefined ? undefined : { from, to }, replace, wait },
    options,
  );
  if (json) io.stdout.write(`${JSON.stringify(resultOf(queue, options, outcomes))}\n`);
  else for (const one of outcomes) io.stdout.write(`${queue}: ${described(one, options)}\n`);
  if (outcomes.some(({ state }) => state === 'failed')) return EXIT.failed;
  return work.signal.aborted ? EXIT.interrupted : EXIT.ok;
}

/** Reads all archives before anything is replayed, so that a refusal changes nothing. */
async function check(targets: readonly Target[], from: number | 'beginning', to: number | undefined): Promise<void> {
  const archives = await Promise.all(
    targets.map(async ({ boundary, beginningMs }) => ({ boundary, beginningMs: await beginningMs() })),
  );
  checkSpan({ from, to }, archives, Date.now());
}

function question(queue: string, { from, to, resume }: ReplayOptions): string {
  if (resume) return `Let the subscriptions of ${queue} deliver again?`;
  const since = from === 'beginning' ? 'the beginning of the archive' : isoOf(from ?? 0);
  return `Deliver the facts from ${since} to ${to === undefined ? 'now' : isoOf(to)} to ${queue} again?`;
}

function described({ boundary, state, error }: Outcome, { resume, to }: ReplayOptions): string {
  if (state === 'live') return `facts of ${boundary}: ${resume ? 'delivered again' : 'replayed'}, and new ones follow`;
  if (state === 'failed') return `facts of ${boundary}: the replay failed${error === undefined ? '' : `: ${error}`}`;
  if (state === 'waiting')
    return `facts of ${boundary}: a replay is in progress, and pauses the subscription at its end. Run the command again`;
  if (state === 'not-begun') return `facts of ${boundary}: not replayed`;
  const rest = to === undefined ? 'the replay goes on' : 'the rest of the replay is given up';
  return `facts of ${boundary}: ${rest}, and new ones follow`;
}

function resultOf(queue: string, { from, to }: ReplayOptions, outcomes: readonly Outcome[]) {
  return {
    queue,
    from: typeof from === 'number' ? isoOf(from) : (from ?? null),
    to: to === undefined ? null : isoOf(to),
    subscriptions: outcomes.map(({ arn, boundary, state, error }) => ({
      subscription: arn,
      boundary,
      state,
      ...(error !== undefined && { error }),
    })),
  };
}
