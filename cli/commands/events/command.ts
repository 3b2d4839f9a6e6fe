import { Command, Option } from 'commander';
import { assertEntityType, entityRef } from 'freshet-aws/internal/core/entity';
import { quoted } from 'freshet-aws/internal/core/errors';
import { OUTCOMES, type Outcome } from 'freshet-aws/internal/core/outcome';
import { MAX_RESULTS } from '../../clients/log-query.ts';
import { loggingFunction } from '../../clients/logs.ts';
import type { FoundCache } from '../../deployment/deployment.ts';
import { EXIT, UsageError } from '../../errors.ts';
import type { CommandIo } from '../../io.ts';
import { type DeploymentOptions, deploymentHelp, withDeploymentOptions } from '../../options/deployment-options.ts';
import { durationOf, integerOf } from '../../options/parse.ts';
import { typed } from '../../output/typed.ts';
import { outputWidth } from '../../output/width.ts';
import { inDeployment, type Work } from '../../work.ts';
import { followOutcomes } from './follow.ts';
import type { CacheOutcome } from './outcome-lines.ts';
import { documentOf, jsonLine, listOf, noOutcomes, nothingFound, outcomeJson } from './render.ts';
import { searchOutcomes } from './search.ts';
import type { Selection } from './selection.ts';
import { createTable } from './table.ts';

interface EventsOptions extends DeploymentOptions {
  /** Milliseconds. */
  readonly since: number;
  readonly limit: number;
  readonly outcome?: readonly Outcome[];
  readonly follow?: boolean;
  readonly json?: boolean;
}

const DEFAULT_SINCE_MS = 3_600_000;
const DEFAULT_LIMIT = 20;

/** `freshet events CACHE [TYPE [ID]]`: prints how the last events of a cache or an entity ended. */
export function eventsCommand(io: CommandIo): Command {
  const command = new Command('events')
    .summary('print how the last events of a cache or an entity ended, and follow it')
    .description(
      'Prints the last outcomes of the events of a cache, the newest first: the time, the entity, its version, the ' +
        'outcome with its reason, the lead time, and the trace in which the owner committed the version. Heartbeats ' +
        'are left out unless somebody must act on them.',
    )
    .argument('<cache>', 'cache, such as ordering')
    .argument('[type]', 'only events of this entity type, such as Country')
    .argument('[id]', 'only events of this entity, such as FR; if the id begins with a dash, put -- before it');
  return withDeploymentOptions(command)
    .addOption(
      new Option('--since <duration>', 'how far to go back')
        .argParser(durationOf('--since'))
        .default(DEFAULT_SINCE_MS, '1h'),
    )
    .option(
      '--limit <n>',
      `print at most this many outcomes, the newest; up to ${MAX_RESULTS}`,
      integerOf('--limit', 1, MAX_RESULTS),
      DEFAULT_LIMIT,
    )
    .addOption(
      new Option(
        '--outcome <name>',
        'only this outcome, such as parked; for several, repeat the option or separate them by commas',
      ).argParser((given: string, before: readonly Outcome[] = []) => [...before, ...outcomesIn(given)]),
    )
    .option('-f, --follow', 'print the oldest first, and then new outcomes until Ctrl-C')
    .option('--json', 'print the outcomes as JSON; with --follow, each outcome on a line of its own')
    .addHelpText('after', HELP)
    .action(async (cache: string, type: string | undefined, id: string | undefined, options: EventsOptions) => {
      if (type !== undefined && id !== undefined) entityRef(type, id);
      else if (type !== undefined) assertEntityType(type);
      const selection = { type, id, outcomes: options.outcome };
      io.exitCode = await inDeployment(io, options, (work) => events(work, cache, selection, options));
    });
}

const ACTIONS = ['FilterLogEvents', 'GetQueryResults', 'StartQuery', 'StopQuery'].map((name) => `logs:${name}`);

const HELP = `
Outcomes: ${OUTCOMES.join(', ')}. docs/glossary.md explains them.

Without --follow, the newest outcome is printed first. With --follow, the last outcomes are printed oldest first, so
that the new ones follow below them.

The lead time is the time from the owner's commit to the application in the cache. It is - for an event that was not
applied, that was sent again by a resync or a backfill, or that was redriven. In JSON, what is unknown is null. The text
shortens long entity names and trace ids; the JSON has them in full.

Example:
  $ ${typed('events ordering --outcome parked,held --since 1d')}
${deploymentHelp(['lambda:GetFunctionConfiguration', ...ACTIONS])}
The outcomes are in the logs of the cache's projector and repair functions. The local cloud keeps the newest lines of
each function: 2 million characters or more. On AWS, the command searches the logs with CloudWatch Logs Insights, which
bills the bytes that it scans: the shorter --since, the less. Ctrl-C stops the search. A line can appear some seconds
after it was logged.

Exit codes:
  0    the outcomes are printed, or there are none; with --follow, ended by Ctrl-C
  1    something failed
  2    the cache or an outcome is unknown, or the type or id is invalid
  130  interrupted before the outcomes were printed`;

function outcomesIn(given: string): Outcome[] {
  return given.split(',').map((name) => {
    const outcome = OUTCOMES.find((one) => one === name.trim());
    if (outcome !== undefined) return outcome;
    throw new UsageError(`--outcome: not an outcome: ${quoted(name)}. Allowed: ${OUTCOMES.join(', ')}.`);
  });
}

async function events(work: Work, name: string, selection: Selection, options: EventsOptions): Promise<number> {
  const { io, deployment, signal } = work;
  const { limit, since, follow = false, json = false } = options;
  const cache = deployment.findCache(name);
  const functions = await functionsOf(work, cache);
  const nowMs = Date.now();
  const search = { selection, limit, sinceMs: since, nowMs };
  const found = await searchOutcomes(await deployment.clients.logs(), functions, search, signal);
  if (found === undefined) return follow ? EXIT.ok : EXIT.interrupted;
  const { outcomes } = found;
  if (!follow) {
    const text =
      outcomes.length === 0 ? nothingFound(name, search, options) : listOf(search, outcomes, outputWidth(io));
    io.stdout.write(json ? documentOf(name, search, outcomes) : text);
    return EXIT.ok;
  }
  const print = json ? printLines(work) : printTable(work);
  if (outcomes.length > 0) print(outcomes.toReversed());
  else if (!json) io.stdout.write(`${noOutcomes(name, search)}. Waiting for new ones\n`);
  await followOutcomes(work, functions, search, found, print);
  return EXIT.ok;
}

/** The functions that log outcomes: the repair function redrives, releases and parks dead letters. */
function functionsOf({ deployment: { clients } }: Work, { deployed: { projector, repair } }: FoundCache) {
  return Promise.all([projector, repair].map((name) => loggingFunction(clients.functions, name)));
}

type Print = (outcomes: readonly CacheOutcome[]) => void;

function printLines({ io: { stdout } }: Work): Print {
  return (outcomes) => {
    for (const one of outcomes) stdout.write(jsonLine(outcomeJson(one)));
  };
}

function printTable({ io }: Work): Print {
  const table = createTable(outputWidth(io));
  return (outcomes) => {
    for (const line of table(outcomes)) io.stdout.write(`${line}\n`);
  };
}
