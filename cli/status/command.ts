import { Command, Option } from 'commander';
import { asking } from '../asking.ts';
import { EXIT, UsageError } from '../errors.ts';
import { durationOf } from '../numbers.ts';
import { openPlace, PLACE_HELP, type PlaceOptions, withPlace } from '../place.ts';
import type { Watched } from '../watched.ts';
import { troubles } from './document.ts';
import { gatherStatus, MAX_SINCE_MS } from './gather.ts';
import { renderStatus } from './render.ts';

interface StatusOptions extends PlaceOptions {
  /** Milliseconds. */
  readonly since: number;
  readonly count?: boolean;
  readonly json?: boolean;
}

/** The span that is counted unless another is asked for. */
export const DEFAULT_SINCE_MS = 3 * 3_600_000;

/** `freshet status`: owners and caches at a glance. */
export function statusCommand(): Command {
  const command = new Command('status')
    .summary('show owners and caches: outcomes, lead time, backlog, flow state, alarms')
    .description(
      'Shows what became of the events at each cache, the lead time from commit to cache, how far each cache is behind, how each owner lets its writers write, and the alarms that are raised.',
    );
  return withPlace(command)
    .addOption(
      new Option('--since <span>', 'how far back outcomes, published versions and lead times are counted, 1m to 15d')
        .argParser(sinceOf)
        .default(DEFAULT_SINCE_MS, '3h'),
    )
    .option('--count', "count the caches' entities on AWS too, which reads whole tables")
    .option('--json', 'print the report as JSON')
    .addHelpText(
      'after',
      `${PLACE_HELP}

Counted over --since:
  applied, superseded, ...  events that ended so; docs/glossary.md has the outcomes
  lead p50, lead p99        from the owner's commit to applied in the cache, half and 99 % of the events sooner; about so over several minutes
  published                 versions that an owner's relay brought to its topic
Now:
  backlog                   messages that wait in a cache's queue or are under way
  in, out                   events a second produced and consumed, as the cache reported in the last minutes; - before its first report
  utilisation               in by out, percent: above 100 the backlog grows
  drain time                backlog / (out - in); ∞ while out isn't above in (JSON: null)
  oldest                    age of the oldest message
  staleness                 time since each type of the cache was last known to be complete
  relay delay               from commit to published, the oldest of the newest batches
  stream used               part of the stream's 24 hours that the oldest unpublished change has waited; shown from 1 %
  flow                      normal, paced to writes a second, or refusing; and the cache that it is since of
  backfill                  whether one brought what the owners had before the cache was there
  set aside, dead letters   see freshet parked; counted up to 5,000

Exit codes: 0 all well, 1 something needs a person (events set aside, dead letters, an alarm, an owner that refuses writes, a relay that is
stopped), 2 it can't be asked.`,
    )
    .action(async (options: StatusOptions) => {
      process.exitCode = await status(options);
    });
}

async function status(options: StatusOptions): Promise<number> {
  const watched = await openPlace(options);
  try {
    requireCountable(watched, options.count ?? false);
    const countEntities = options.count ?? watched.isLocal;
    const report = await asking(watched, () => gatherStatus(watched, { sinceMs: options.since, countEntities }));
    process.stdout.write(`${options.json ? JSON.stringify(report) : renderStatus(report)}\n`);
    return troubles(report).length > 0 ? EXIT.failed : EXIT.ok;
  } finally {
    watched.close();
  }
}

function requireCountable({ caches }: Watched, count: boolean): void {
  const unknown = count ? caches.find(({ types }) => types === undefined) : undefined;
  if (unknown === undefined) return;
  throw new UsageError(
    `--count: the contracts of ${unknown.name} aren't in ${process.cwd()}, so its entity types aren't known. Run it in the folder of the CDK app.`,
  );
}

function sinceOf(given: string): number {
  const sinceMs = durationOf('--since')(given);
  if (sinceMs >= 60_000 && sinceMs <= MAX_SINCE_MS) return sinceMs;
  throw new UsageError(`--since: given: ${given}. Allowed: 1m to 15d, for which CloudWatch keeps each minute.`);
}
