import { Command } from 'commander';
import { isGivenUpByAdopter } from 'freshet-aws/internal/adapters/relay/failure';
import { type AdoptReason, isAdoptReason } from 'freshet-aws/internal/core/adopt/map';
import { type EntityRef, entityName } from 'freshet-aws/internal/core/entity';
import { redriveRequests } from 'freshet-aws/internal/core/repair/parked-filter';
import { parkedKey } from 'freshet-aws/internal/core/repair/parked-key';
import { resyncToken } from '../../clients/resync-token.ts';
import type { FoundCache, FoundOwner } from '../../deployment/deployment.ts';
import { EXIT } from '../../errors.ts';
import { interrupted } from '../../interrupt.ts';
import type { CommandIo } from '../../io.ts';
import { type DeploymentOptions, deploymentHelp, withDeploymentOptions } from '../../options/deployment-options.ts';
import { type Progress, progressBar } from '../../output/progress.ts';
import { inDeployment, type Work } from '../../work.ts';
import { countsOf, describeEnded, type Ended, endedJson, endedOf, summaryOf } from './outcomes.ts';
import { isCache, isFactQueue } from './parking-places.ts';
import { absentKeys, type FilterOptions, type Selected, select, withFilters } from './select.ts';
import { sendAgain } from './send-again.ts';

interface RedriveOptions extends FilterOptions, DeploymentOptions {
  readonly json?: boolean;
}

/** `freshet parked redrive NAME [KEYS]`: tries parked events again. */
export function redriveCommand(io: CommandIo): Command {
  return withFilters(
    withDeploymentOptions(new Command('redrive'))
      .summary('try parked events again after you fixed their cause')
      .description(
        'For a cache: tries parked events again by the rules of its projector, and prints the outcome of each. For ' +
          'an owner: publishes the entities whose records could not be published; a change that was set aside from an ' +
          'adopted table stays. For a queue of facts: sends the facts into the queue again, as if they were new.',
      )
      .argument('<name>', 'cache, owner or queue of facts, such as ordering')
      .argument(
        '[keys...]',
        'GROUP/SEQUENCE as "parked list" prints them; default: all events that the options select',
      ),
  )
    .option('--json', 'print the outcomes as JSON')
    .addHelpText(
      'after',
      `
You can repeat the command safely. An event ends as outdated if the cache has a newer state, and as duplicate if it
was applied before. If a fact keeps failing until all retries are used up, it is parked again.
${deploymentHelp(['dynamodb:Query', 'dynamodb:Scan', 'lambda:InvokeFunction (a cache)', 'dynamodb:UpdateItem and dynamodb:BatchWriteItem (an owner)', 'sqs:SendMessage and dynamodb:BatchWriteItem (a queue of facts)'])}
Exit codes:
  0    none of the events is parked any more
  1    some events are still parked, or something failed
  2    the input is invalid
  3    at least one of the given keys matches no event
  130  interrupted`,
    )
    .action(async (name: string, keys: string[], options: RedriveOptions) => {
      io.exitCode = await inDeployment(io, options, (work) => redrive(work, name, keys, options), 'write');
    });
}

/** Called with the results for events. */
type Tell = (ended: readonly Ended[]) => void;

async function redrive(
  { io, deployment, signal }: Work,
  name: string,
  keys: readonly string[],
  options: RedriveOptions,
): Promise<number> {
  const selected = await select(deployment, name, options, keys, signal);
  const show = progressBar(io, selected.length, 'events');
  const ended: Ended[] = [];
  const tell: Tell = (more) => {
    ended.push(...more);
    if (!options.json) for (const one of more) note(io, show, describeEnded(one));
    show.update(ended.length, ended.length);
  };
  try {
    for (const at of new Set(selected.map((one) => one.at))) {
      const here = selected.filter((one) => one.at === at);
      const eventKeys = here.map(({ event }) => parkedKey(event.message));
      if (isFactQueue(at)) await sendAgain(at, eventKeys, signal, tell);
      else if (isCache(at)) await redriveAtCache(at, here, signal, tell);
      else await redriveAtOwner(at, here, signal, tell);
    }
  } finally {
    show.end();
  }
  return conclude(io, ended, absentKeys(keys, selected), options.json ?? false, signal);
}

/** Prints a result on standard output. On a terminal, which also shows the bar, the line replaces the bar for now. */
function note({ stdout, stderr }: CommandIo, show: Progress, line: string): void {
  if (stderr.isTTY && stdout.isTTY) show.note(line);
  else stdout.write(`${line}\n`);
}

async function redriveAtCache(
  { repair }: FoundCache,
  selected: readonly Selected[],
  signal: AbortSignal,
  tell: Tell,
): Promise<void> {
  for (const request of redriveRequests(selected.map(({ event }) => parkedKey(event.message)))) {
    if (signal.aborted) return;
    const answer = await repair.redrive(request);
    if (answer.kind === 'answered') {
      tell(answer.value.map(endedOf));
      continue;
    }
    // One of the events ends the function. Each event is tried alone, so that only that event fails.
    for (const key of request) {
      if (signal.aborted) return;
      const alone = await repair.redrive([key]);
      if (alone.kind === 'answered') tell(alone.value.map(endedOf));
      else tell([{ key, outcome: 'failed', stays: true, detail: alone.message }]);
    }
  }
}

/** Publishes the current states of the entities, because the stream's records are gone or can't be published. */
async function redriveAtOwner(
  at: FoundOwner,
  selected: readonly Selected[],
  signal: AbortSignal,
  tell: Tell,
): Promise<void> {
  for (const { event } of selected) {
    if (signal.aborted) return;
    const ended = await publishAgain(at, event);
    if (!ended.stays) await at.parked.remove([ended.key]);
    tell([ended]);
  }
}

/** A set-aside change of an existing table is in the table only: the owner has just the copy of an earlier state. */
function unpublished(key: Ended['key'], reason: AdoptReason, entity: EntityRef | undefined): Ended {
  const item = entity === undefined ? 'the item' : `the item of ${entityName(entity)}`;
  const detail =
    `${reason}: correct ${item} in the existing table and raise its version, or correct the mapping; then discard ` +
    'the record';
  return { key, outcome: 'unpublished', stays: true, detail };
}

async function publishAgain(
  { records, deployed }: FoundOwner,
  { message, entity, reason }: Selected['event'],
): Promise<Ended> {
  const key = parkedKey(message);
  if (isAdoptReason(reason)) return unpublished(key, reason, entity);
  if (isGivenUpByAdopter(message, deployed.table)) {
    const detail = 'the next survey copies what the records changed: wait until it has ended, then discard the record';
    return { key, outcome: 'no-entity', stays: true, detail };
  }
  if (entity === undefined) {
    const detail = 'the record names no entity: run reconcile for each cache, then discard the record';
    return { key, outcome: 'no-entity', stays: true, detail };
  }
  if ((await records.resync(entity, resyncToken())) === 'requested') {
    const name = entityName(entity);
    const detail = `the publication of the current state of ${name} is requested; if it fails, the record is parked again`;
    return { key, outcome: 'requested', stays: false, detail };
  }
  const detail =
    `the owner does not have this entity: run reconcile --delete-unknown CACHE ${entity.type} for each cache, then ` +
    'discard the record';
  return { key, outcome: 'unknown', stays: true, detail };
}

function conclude(
  io: CommandIo,
  ended: readonly Ended[],
  absent: readonly string[],
  json: boolean,
  signal: AbortSignal,
): number {
  if (json) {
    const result = { events: endedJson(ended), counts: countsOf(ended), absent, interrupted: signal.aborted };
    io.stdout.write(`${JSON.stringify(result)}\n`);
  } else io.stdout.write(`${summaryOf(ended)}\n`);
  for (const key of absent) io.stderr.write(`no parked event has the key ${JSON.stringify(key)}\n`);
  if (signal.aborted) return interrupted(io);
  if (ended.some(({ stays }) => stays)) return EXIT.failed;
  return absent.length > 0 ? EXIT.absent : EXIT.ok;
}
