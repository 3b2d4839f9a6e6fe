import { Command, Option } from 'commander';
import { createLogUpdate } from 'log-update';
import { withAdvice } from '../../deployment/advice.ts';
import { EXIT, UsageError } from '../../errors.ts';
import type { CommandIo, Output } from '../../io.ts';
import { requireObservable } from '../../observe/observable.ts';
import {
  type DeploymentOptions,
  deploymentHelp,
  OBSERVING,
  withDeploymentOptions,
} from '../../options/deployment-options.ts';
import { durationOf, integerOf } from '../../options/parse.ts';
import { DEFAULT_WIDTH, outputWidth } from '../../output/width.ts';
import { inDeployment, type Work } from '../../work.ts';
import type { WatchView } from './document.ts';
import { createLook } from './look.ts';
import { refresh } from './refresh.ts';
import { MAX_SPARK, renderLines, renderPage } from './render.ts';

interface WatchOptions extends DeploymentOptions {
  /** Milliseconds. */
  readonly interval: number;
  /** The number of refreshes after which the command ends; undefined: no limit. */
  readonly count?: number;
  readonly json?: boolean;
}

const MAX_COUNT = 1_000_000;

/** `freshet watch`: shows the figures of a deployment live. */
export function watchCommand(io: CommandIo): Command {
  const command = new Command('watch')
    .summary('watch rates, backlog, drain time, lead times, hottest group, flow state and sagas, live')
    .description(
      'Shows live figures until Ctrl-C. For each cache: curves of the production rate, the consumption rate, the ' +
        'backlog and the lead times, with drain time, staleness and hottest group. For each owner: the flow state. ' +
        'Also shows the queues of facts, the sagas, and the alarms that are raised.',
    );
  return withDeploymentOptions(command)
    .addOption(
      new Option('--interval <duration>', 'time between two refreshes, 1s to 1h')
        .argParser(intervalOf)
        .default(1_000, '1s'),
    )
    .addOption(new Option('--count <n>', 'end after this many refreshes').argParser(integerOf('--count', 1, MAX_COUNT)))
    .option('--json', 'print each refresh as one line of JSON')
    .addHelpText('after', HELP)
    .action(async (options: WatchOptions) => {
      io.exitCode = await inDeployment(io, options, (work) => watch(work, options));
    });
}

const HELP = `
If standard output is not a terminal, each refresh is a few lines of text: the time, and indented lines below it.
${deploymentHelp(OBSERVING)}
  in, out        events per second into and out of the cache, heartbeats included: in the local cloud over the last 5
                 seconds, on AWS over the newest minute in CloudWatch
  backlog        messages in the queue: visible, in flight or delayed
  lead p50, p99  time from the owner's commit to the application in the cache, over the same seconds or minute: 50 %
                 and 99 % of the events take less
  drain time     backlog / (out - in); ∞ if out is not above in (JSON: null)
  staleness      time since the cache was last known to be complete with each of its types, from its last report
  hottest group  the message group (one entity) with the most events in the last 5 minutes, counting only the batches
                 in which it was the largest group
  saga           instances that wait for facts, and those of them whose deadline has passed without an alert (due);
                 the waiting ones are counted only in the local cloud
  flow           normal, paced (limited to a rate) or refusing, and the cache that causes it

On AWS, each refresh reads the backlog and the flow state. The command reads CloudWatch only every 30 seconds, because
CloudWatch bills these requests. A refresh shows what it can read, and names what it can't and why. A refresh that can
read nothing is skipped on AWS; the third one in a row ends the command.

Exit codes:
  0  ended by Ctrl-C or --count
  2  the deployment can't be read, or can no longer be read`;

async function watch({ io, deployment, signal }: Work, options: WatchOptions): Promise<number> {
  const { stdout } = io;
  requireObservable(deployment);
  const look = createLook(deployment);
  const screen = options.json || !stdout.isTTY ? lines(io, options.json ?? false) : page(stdout, deployment.place);
  try {
    await refresh({
      look: () => withAdvice(deployment, look),
      show: screen.show,
      count: options.count,
      intervalMs: options.interval,
      maxFailures: deployment.isLocal ? 1 : MAX_FAILURES,
      signal,
    });
    return EXIT.ok;
  } finally {
    screen.end();
  }
}

/**
 * The number of failures in a row that ends the command on AWS, where a request may fail now and then. In a local
 * cloud, the first failure ends the command, because a local cloud that doesn't answer has stopped.
 */
const MAX_FAILURES = 3;

/** Where the looks are shown. */
interface Screen {
  show(view: WatchView): void;
  end(): void;
}

function lines(io: CommandIo, json: boolean): Screen {
  const { stdout } = io;
  const width = outputWidth(io);
  return {
    show: (view) => void stdout.write(`${json ? JSON.stringify(view) : renderLines(view, width)}\n`),
    end: () => {},
  };
}

function page(stdout: Output, place: string): Screen {
  const update = createLogUpdate(stdout);
  let views: readonly WatchView[] = [];
  return {
    show(view) {
      views = [...views, view].slice(-MAX_SPARK);
      update(renderPage(views, place, stdout.columns || DEFAULT_WIDTH));
    },
    // The last page stays on the terminal, and the cursor is shown again.
    end: () => update.done(),
  };
}

function intervalOf(given: string): number {
  const intervalMs = durationOf('--interval')(given);
  if (intervalMs >= 1_000 && intervalMs <= 3_600_000) return intervalMs;
  throw new UsageError(`--interval: given: ${given}. Allowed: 1s to 1h.`);
}
