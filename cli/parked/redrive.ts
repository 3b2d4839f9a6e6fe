import { Command } from 'commander';
import { entityName } from 'freshet-aws/internal/core/entity';
import { FreshetError } from 'freshet-aws/internal/core/errors';
import { redriveRequests } from 'freshet-aws/internal/core/repair/parked-filter';
import type { SetAsideKey } from 'freshet-aws/internal/core/repair/redrive';
import { EXIT } from '../errors.ts';
import { inSession, interrupted } from '../in-session.ts';
import { type Progress, progressBar } from '../progress.ts';
import { resyncToken } from '../resync.ts';
import type { CacheSession, OwnerSession, Session } from '../session.ts';
import { countsOf, describeEnded, type Ended, endedJson, endedOf, summaryOf } from './outcomes.ts';
import { isCache, isFactQueue } from './places.ts';
import { absentKeys, type FilterOptions, type Selected, select, withFilters } from './select.ts';
import { sendAgain } from './send-again.ts';

interface RedriveOptions extends FilterOptions {
  readonly json?: boolean;
}

/** `freshet parked redrive NAME [KEYS]`: tries events again that were set aside. */
export function redriveCommand(): Command {
  return withFilters(
    new Command('redrive')
      .summary('try events again, once the cause is mended')
      .description(
        'Tries events again that are set aside at a cache, by the rules of its projector, and says what became of each. At an owner, has the ' +
          'entities published again whose records could not be. At a queue of facts, sends them into it once more, as if they were new.',
      )
      .argument('<name>', 'cache, owner or queue of facts, such as ordering')
      .argument('[keys...]', 'GROUP/SEQUENCE as "parked list" prints them; default all that the options choose'),
  )
    .option('--json', 'print what became of each as JSON')
    .addHelpText(
      'after',
      `
Safe at any time, also twice: what a newer state has overtaken ends as outdated, what was applied before as a duplicate.
A fact that fails again is back here when its budget is used up.

Exit codes: 0 none of them is set aside any more, 1 some still are or something failed, 3 nothing is set aside under a given key, 2 bad input,
130 interrupted.`,
    )
    .action(async (name: string, keys: string[], options: RedriveOptions) => {
      process.exitCode = await inSession((session, signal) => redrive(session, name, keys, options, signal));
    });
}

async function redrive(
  session: Session,
  name: string,
  keys: readonly string[],
  options: RedriveOptions,
  signal: AbortSignal,
): Promise<number> {
  const selected = await select(session, name, options, keys, signal);
  const show = progressBar(selected.length, 'events');
  const ended: Ended[] = [];
  const tell = (more: readonly Ended[]) => {
    ended.push(...more);
    if (!options.json) for (const one of more) note(show, describeEnded(one));
    show.update(ended.length, ended.length);
  };
  try {
    for (const at of new Set(selected.map((one) => one.at))) {
      const here = selected.filter((one) => one.at === at);
      if (isFactQueue(at))
        await sendAgain(
          at,
          here.map(({ aside }) => keyOf(aside)),
          signal,
          tell,
        );
      else if (isCache(at)) await redriveAtCache(at, here, signal, tell);
      else await redriveAtOwner(at, here, signal, tell);
    }
  } finally {
    show.end();
  }
  return conclude(ended, absentKeys(keys, selected), options.json ?? false, signal);
}

/** To standard output, since it is the result; on a terminal, where that shows the bar too, the bar gives way to it. */
function note(show: Progress, line: string): void {
  if (process.stderr.isTTY && process.stdout.isTTY) show.note(line);
  else process.stdout.write(`${line}\n`);
}

async function redriveAtCache(
  { repair }: CacheSession,
  selected: readonly Selected[],
  signal: AbortSignal,
  tell: (ended: readonly Ended[]) => void,
): Promise<void> {
  for (const request of redriveRequests(selected.map(({ aside }) => keyOf(aside)))) {
    if (signal.aborted) return;
    const answer = await repair.redrive(request);
    if (answer.kind === 'answered') {
      tell(answer.value.map(endedOf));
      continue;
    }
    // One of them is more than the function survives: alone, it can't take the others with it.
    for (const key of request) {
      if (signal.aborted) return;
      const alone = await repair.redrive([key]);
      if (alone.kind === 'answered') tell(alone.value.map(endedOf));
      else tell([{ key, outcome: 'failed', stays: true, detail: alone.message }]);
    }
  }
}

/** The stream's record is gone or can't be published as it is; the entity as it is now may be. */
async function redriveAtOwner(
  at: OwnerSession,
  selected: readonly Selected[],
  signal: AbortSignal,
  tell: (ended: readonly Ended[]) => void,
): Promise<void> {
  for (const { aside } of selected) {
    if (signal.aborted) return;
    const ended = await publishAgain(at, aside);
    if (!ended.stays) await at.aside.remove([ended.key]);
    tell([ended]);
  }
}

async function publishAgain({ owner }: OwnerSession, aside: Selected['aside']): Promise<Ended> {
  const key = keyOf(aside);
  const { entity } = aside;
  if (entity === undefined) {
    const detail = 'it names no entity: reconcile the caches, then discard it';
    return { key, outcome: 'no-entity', stays: true, detail };
  }
  try {
    if ((await owner.resync(entity.type, entity.id, resyncToken())) === 'requested') {
      const detail = `${entityName(entity)} is published again as it is now; should that fail, it is back here`;
      return { key, outcome: 'requested', stays: false, detail };
    }
    const detail = 'the owner has no such entity (any more): reconcile the caches with --repair, then discard it';
    return { key, outcome: 'unknown', stays: true, detail };
  } catch (error) {
    if (error instanceof FreshetError) return { key, outcome: 'failed', stays: true, detail: error.message };
    throw error;
  }
}

function keyOf({ message }: Selected['aside']): SetAsideKey {
  return { groupId: message.groupId, sequenceNumber: message.sequenceNumber };
}

function conclude(ended: readonly Ended[], absent: readonly string[], json: boolean, signal: AbortSignal): number {
  if (json) {
    const result = { events: endedJson(ended), counts: countsOf(ended), absent, interrupted: signal.aborted };
    process.stdout.write(`${JSON.stringify(result)}\n`);
  } else process.stdout.write(`${summaryOf(ended)}\n`);
  for (const key of absent) process.stderr.write(`nothing is set aside under ${JSON.stringify(key)}\n`);
  if (signal.aborted) return interrupted();
  if (ended.some(({ stays }) => stays)) return EXIT.failed;
  return absent.length > 0 ? EXIT.absent : EXIT.ok;
}
