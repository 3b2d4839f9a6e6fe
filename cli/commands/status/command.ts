import { Command, Option } from 'commander';
import { MAX_SINCE_MS } from '../../clients/counts.ts';
import { withAdvice } from '../../deployment/advice.ts';
import type { Deployment } from '../../deployment/deployment.ts';
import { EXIT, UsageError } from '../../errors.ts';
import type { CommandIo } from '../../io.ts';
import { requireObservable } from '../../observe/observable.ts';
import {
  type DeploymentOptions,
  deploymentHelp,
  OBSERVING,
  withDeploymentOptions,
} from '../../options/deployment-options.ts';
import { durationOf } from '../../options/parse.ts';
import { outputWidth } from '../../output/width.ts';
import { withDeployment } from '../../work.ts';
import { troubles } from './document.ts';
import { gatherStatus } from './gather.ts';
import { renderStatus } from './render.ts';

interface StatusOptions extends DeploymentOptions {
  /** Milliseconds. */
  readonly since: number;
  readonly count?: boolean;
  readonly json?: boolean;
}

/** The span of `--since` if it isn't given. */
export const DEFAULT_SINCE_MS = 3 * 3_600_000;

/** `freshet status`: shows the state of owners and caches. */
export function statusCommand(io: CommandIo): Command {
  const command = new Command('status')
    .summary('show owners, caches, fact queues and sagas: outcomes, lead times, lag, flow state, alarms')
    .description(
      'Shows the outcomes of the events at each cache, the lead times from commit to cache, how far each cache ' +
        'lags, the flow state of each owner, the queues of facts and the sagas, and the alarms that are raised.',
    );
  return withDeploymentOptions(command)
    .addOption(
      new Option('--since <duration>', 'how far back to count outcomes, published versions and lead times, 1m to 15d')
        .argParser(sinceOf)
        .default(DEFAULT_SINCE_MS, '3h'),
    )
    .option('--count', 'count the entities of caches and the instances of sagas; this reads whole tables')
    .option('--json', 'print the report as JSON')
    .addHelpText('after', HELP)
    .action(async (options: StatusOptions) => {
      io.exitCode = await withDeployment(io, options, (deployment) => status(io, deployment, options));
    });
}

const HELP = `${deploymentHelp(OBSERVING)}
Counted over the time of --since:
  applied, superseded, ...  events by outcome; docs/glossary.md explains the outcomes
  lead p50, lead p99        time from the owner's commit to the application in the cache: 50 % and 99 % of the events
                            take less; approximate, because it averages shorter periods
  published                 versions that an owner's relay published to its topic
Now:
  backlog                   messages in a cache's queue: visible, in flight or delayed
  in, out                   events per second into and out of the cache, heartbeats included, from its last report; -
                            before the first report
  utilisation               in divided by out; above 100 % the backlog grows
  drain time                backlog / (out - in); ∞ if out is not above in (JSON: null)
  oldest                    age of the oldest message in the queue
  staleness                 time since the cache was last known to be complete with each of its types
  relay delay               time from commit to publication, for the oldest event in the newest batches
  stream used               how long the oldest unpublished change has waited, in percent of the 24 hours that the
                            stream keeps it; shown from 1 %
  flow                      normal, paced (limited to a rate) or refusing, and the cache that causes it
  backfill                  whether the cache has filled itself with the entities that its owners had before the cache
                            existed: none yet, filling, ready, or the number of its types that are ready
  entities                  entities in a cache, without deleted ones. Without --count they are counted only in the
                            local cloud, and only in a cache of at most 10 MB
  waiting, due, decided     instances of a saga: those that wait for facts, those of them whose deadline has passed
                            without an alert, and those that have decided. Without --count, all but due are counted
                            only in the local cloud, and only in a saga of at most 2,000 instances
  effects to retry, failed  effects of a saga that failed and are retried, and those that Lambda gave up on
  parked now, dead letters  events that a person must handle: see freshet parked. Parked events are counted only in the
                            first 10 MB of the parking table

If a service refuses a request or doesn't answer, the report has all the rest, and names what could not be read and why:
its values are - (JSON: null, and the names in unread). A part is given up when nothing of it could be read for 20
seconds.

Exit codes:
  0  all is well
  1  a person is needed: parked events, dead letters, an alarm, an owner that refuses writes, or a stopped function
  2  no person is known to be needed, but the deployment or a part of it can't be read`;

async function status(io: CommandIo, deployment: Deployment, options: StatusOptions): Promise<number> {
  requireObservable(deployment);
  const report = await withAdvice(deployment, () =>
    gatherStatus(deployment, { sinceMs: options.since, countAll: options.count ?? false }),
  );
  io.stdout.write(`${options.json ? JSON.stringify(report) : renderStatus(report, outputWidth(io), options)}\n`);
  if (troubles(report).length > 0) return EXIT.failed;
  return report.unread.length > 0 ? EXIT.usage : EXIT.ok;
}

function sinceOf(given: string): number {
  const sinceMs = durationOf('--since')(given);
  if (sinceMs >= 60_000 && sinceMs <= MAX_SINCE_MS) return sinceMs;
  throw new UsageError(
    `--since: given: ${given}. Allowed: 1m to 15d, because CloudWatch keeps values by the minute for 15 days.`,
  );
}
