import { Command } from 'commander';
import { entityName } from 'freshet-aws/internal/core/entity';
import { compareType, type Differing } from '../differences.ts';
import { EXIT } from '../errors.ts';
import { inSession, interrupted } from '../in-session.ts';
import { setAsideOf, untilSettled } from '../mend.ts';
import { integerOf } from '../numbers.ts';
import { progressBar } from '../progress.ts';
import { type CacheSession, cacheNamed, keptTypes, ownerOf, type Session } from '../session.ts';
import { beginning, type Filling, sendAll } from './fill.ts';

interface BackfillOptions {
  readonly rate: number;
  readonly restart?: boolean;
  readonly json?: boolean;
}

/** A backfill is given up when for so long nothing of it arrived any more. */
const PATIENCE_MS = 60_000;

/** `freshet backfill CACHE [TYPE]`: fills one cache with what the owners have. */
export function backfillCommand(): Command {
  return new Command('backfill')
    .summary('fill one cache with what its owners have')
    .description(
      "Sends the owners' current entities, deleted ones included, to one cache's queue, waits until they are in the cache, and marks it as " +
        'ready. A cache that was added later, or a field that it keeps from now on, starts here. Changes go on meanwhile.',
    )
    .argument('<cache>', 'cache, such as ordering')
    .argument('[type]', 'entity type, such as Country; default all that the cache keeps')
    .option('--rate <n>', 'events a second at most', integerOf('--rate', 1, 10_000), 200)
    .option('--restart', 'begin anew where an earlier one was interrupted')
    .option('--json', 'print the result as JSON')
    .addHelpText(
      'after',
      `
Interrupted, it goes on where it was the next time. Readers see the mark: empty, filling, ready.

Exit codes: 0 ready, 1 some can not be sent, are set aside at the cache or do not arrive, or something failed, 2 no such cache or type,
130 interrupted.`,
    )
    .action(async (cache: string, type: string | undefined, options: BackfillOptions) => {
      process.exitCode = await inSession((session, signal) => backfill(session, cache, type, options, signal));
    });
}

/** How a type's backfill ended. */
interface Filled {
  readonly type: string;
  readonly status: 'ready' | 'filling';
  readonly sent: number;
  /** Entities that can't be sent, with the reason. */
  readonly unsendable: readonly string[];
  /** Entities whose event is set aside at the cache. */
  readonly setAside: readonly string[];
  /** Entities that didn't arrive. */
  readonly missing: readonly string[];
}

async function backfill(
  session: Session,
  name: string,
  only: string | undefined,
  options: BackfillOptions,
  signal: AbortSignal,
): Promise<number> {
  const cache = cacheNamed(session, name);
  const types = keptTypes(session, cache, only);
  const all: Filled[] = [];
  for (const type of types) {
    if (signal.aborted) break;
    const filled = await backfillType(session, cache, type, options, signal);
    all.push(filled);
    if (!options.json) process.stdout.write(`${name}: ${describe(filled, signal.aborted)}\n`);
  }
  if (options.json) process.stdout.write(`${JSON.stringify({ cache: name, types: all })}\n`);
  if (signal.aborted) return interrupted();
  const troubled = all.some(
    ({ unsendable, setAside, missing }) => unsendable.length + setAside.length + missing.length > 0,
  );
  return troubled ? EXIT.failed : EXIT.ok;
}

async function backfillType(
  session: Session,
  cache: CacheSession,
  type: string,
  { rate, restart = false }: BackfillOptions,
  signal: AbortSignal,
): Promise<Filled> {
  const source = ownerOf(session, type);
  const state = beginning(await cache.reader.readiness(type), restart, new Date().toISOString());
  if (state.sent > 0) process.stderr.write(`${type}: going on after ${state.sent} events, begun ${state.startedAt}\n`);
  await cache.repair.noteReadiness(type, state);
  const unsendable: string[] = [];
  const show = progressBar(await source.owner.count(type), `of ${type}`);
  try {
    const sent = await sendAll(
      {
        ...{ source, cache, type, rate, signal },
        onProgress: (count) => show.update(count, count),
        onUnsendable: (entity, why) => {
          unsendable.push(`${entity}: ${why}`);
          show.note(`${entity} can't be sent: ${why}`);
        },
      },
      state,
    );
    show.end();
    if (signal.aborted) return { type, status: 'filling', sent: sent.sent, unsendable, setAside: [], missing: [] };
    return await arrive(session, cache, type, sent, unsendable, signal);
  } finally {
    show.end();
  }
}

/** Waits for what was sent, and notes that the cache is ready. */
async function arrive(
  session: Session,
  cache: CacheSession,
  type: string,
  { sent, startedAt }: Filling,
  unsendable: readonly string[],
  signal: AbortSignal,
): Promise<Filled> {
  const { differing } = await compareType(session, cache, type, { signal, graceMs: 0 });
  const unsent = new Set(unsendable.map((one) => one.slice(0, one.indexOf(': '))));
  const awaited = differing.filter(
    ({ difference, entity }) => !['ahead', 'unowned'].includes(difference) && !unsent.has(entityName(entity)),
  );
  const aside = new Set<Differing>();
  const show = progressBar(awaited.length, 'arrived');
  const left = await untilSettled(session, cache, awaited, {
    signal,
    patienceMs: PATIENCE_MS,
    onLeft: (count) => show.update(awaited.length - count, awaited.length - count),
    hopeless: async (waiting) => {
      const lost = await setAsideOf(cache, waiting, Date.parse(startedAt));
      for (const one of lost) aside.add(one);
      return lost;
    },
  }).finally(() => show.end());
  const names = (some: Iterable<Differing>) => [...some].map(({ entity }) => entityName(entity));
  const missing = names(left.filter((one) => !aside.has(one)));
  const ready = !signal.aborted && missing.length === 0;
  if (ready) await cache.repair.noteReadiness(type, { status: 'ready', readyAt: new Date().toISOString(), sent });
  return { type, status: ready ? 'ready' : 'filling', sent, unsendable, setAside: names(aside), missing };
}

function describe({ type, status, sent, setAside, missing, unsendable }: Filled, aborted: boolean): string {
  const some = (names: readonly string[]) =>
    `${names.slice(0, 5).join(', ')}${names.length > 5 ? `, and ${names.length - 5} more` : ''}`;
  const parts = [`${type} is ${status === 'ready' ? 'ready' : 'not ready yet'}, ${sent} sent`];
  if (unsendable.length > 0) parts.push(`${unsendable.length} can't be sent`);
  if (setAside.length > 0) parts.push(`${setAside.length} set aside (freshet parked list): ${some(setAside)}`);
  if (missing.length > 0 && !aborted) {
    parts.push(`${missing.length} didn't arrive: ${some(missing)}; run it again, with --restart to send all once more`);
  }
  return parts.join('; ');
}
