import { Command } from 'commander';
import { entityName } from 'freshet-aws/internal/core/entity';
import type { BackfillNote } from 'freshet-aws/internal/core/repair/backfill';
import { typeOfParked } from 'freshet-aws/internal/core/repair/parked-filter';
import type { OpenCache } from '../deployment/deployment.ts';
import { typesToWorkOn } from '../deployment/names.ts';
import { parkedPages } from '../deployment/parked.ts';
import { EXIT, isDenied } from '../errors.ts';
import type { CommandIo } from '../io.ts';
import { type DeploymentOptions, deploymentHelp, withDeploymentOptions } from '../options/deployment-options.ts';
import { progressBar } from '../output/progress.ts';
import { typed } from '../output/typed.ts';
import { inDeployment, type Work } from '../work.ts';
import { backlogOf, type Followed, followRuns, startRuns, tellUnfinished } from './follow-run.ts';

interface BackfillOptions extends DeploymentOptions {
  readonly restart?: boolean;
  readonly wait: boolean;
  readonly json?: boolean;
}

/** `freshet backfill CACHE [TYPE]`: fills one cache with the entities of the owners. */
export function backfillCommand(io: CommandIo): Command {
  return withDeploymentOptions(new Command('backfill'))
    .summary('fill one cache with the entities of its owners, or follow how it fills itself')
    .description(
      'Fills a cache with all entities of its owners, deleted ones included. The work runs in the deployment: the ' +
        'cache asks its owners page by page, and the owners publish to this cache alone. A cache starts this by ' +
        'itself when it is new, begins to keep another type or gets a higher fieldsRevision. The command follows such a ' +
        'backfill. It starts one only with --restart, or if the cache has never been filled.',
    )
    .argument('<cache>', 'cache, such as ordering')
    .argument('[type]', 'entity type, such as Country; default: all types that the cache keeps')
    .option('--restart', 'begin again, also if the cache is filled or a backfill runs')
    .option('--no-wait', 'start the backfill, and do not wait until the cache is ready')
    .option('--json', 'print the result as JSON')
    .addHelpText(
      'after',
      `
The owners publish at most repairRate states a second (a prop of EntityOwner), and fewer while the cache has a backlog.
The owners can change entities meanwhile. Readers of the cache see the progress as empty, filling or ready.
${deploymentHelp(['dynamodb:GetItem', 'dynamodb:Query', 'dynamodb:Scan', 'lambda:InvokeFunction', 'sqs:GetQueueAttributes'])}
Exit codes:
  0    the cache is ready; with --no-wait: the backfill runs, or the cache is ready
  1    some entities cannot be sent or are parked at the cache, the backfill stands still, or something failed
  2    the cache or the type is unknown, or the cache began to keep the type less than 15 minutes ago
  130  interrupted; the backfill goes on in the deployment`,
    )
    .action(async (cache: string, type: string | undefined, options: BackfillOptions) => {
      io.exitCode = await inDeployment(io, options, (work) => backfill(work, cache, type, options), 'write');
    });
}

/** How the backfill of a type stands, as `--json` prints it. */
interface Filled {
  readonly type: string;
  readonly status: 'ready' | 'filling';
  readonly sent: number;
  /** The number of entities that the owner can't send, and the first of them with the reasons. */
  readonly unsendableCount: number;
  readonly unsendable: readonly string[];
  /** Entities with an event that was parked or held at the cache since the backfill began. */
  readonly setAside: readonly string[];
}

async function backfill(work: Work, name: string, only: string | undefined, options: BackfillOptions): Promise<number> {
  const { io, deployment, signal } = work;
  const { restart = false, wait, json } = options;
  const cache = await deployment.cacheNamed(name);
  const types = typesToWorkOn(cache, only);
  const begunMs = Date.now();
  const started = await startRuns(work, types, 'backfill', (type) => cache.repair.backfill(type, { restart }));
  const { followed, startedMs } = await follow(work, cache, started, wait);
  const ready = started.filter((type) => !followed.running.includes(type));
  const setAside = await setAsideSince(cache, new Map(ready.map((type) => [type, startedMs.get(type) ?? begunMs])));
  const all = started.map((type) => filledOf(type, followed, setAside.get(type) ?? []));
  if (json) io.stdout.write(`${JSON.stringify({ cache: name, types: all })}\n`);
  else for (const one of all) io.stdout.write(`${name}: ${describe(name, one, options)}\n`);
  const notStarted = types.slice(started.length);
  const again = typed('backfill', options, [name, ...(only === undefined ? [] : [only])]);
  tellUnfinished(work, cache, followed, { isRead, notStarted, again, on: options });
  if (signal.aborted) return EXIT.interrupted;
  const hasTrouble = all.some(({ unsendableCount, setAside }) => unsendableCount + setAside.length > 0);
  return hasTrouble || (wait && followed.running.length > 0) ? EXIT.failed : EXIT.ok;
}

/** Follows the backfills of a cache. Returns also when each of them began, if it was seen. */
async function follow(work: Work, cache: OpenCache, types: readonly string[], wait: boolean) {
  // A count reads the whole type, so it is made only for a person who waits.
  const total = work.io.stderr.isTTY && wait ? await countOf(work, types) : undefined;
  const show = progressBar(work.io, total, 'entities sent');
  const startedMs = new Map<string, number>();
  const followed = await followRuns<BackfillNote>(work, types, {
    read: (type) => cache.notes.backfill(type),
    isDone: ({ status }) => status === 'ready',
    isRead,
    backlog: backlogOf(work, cache),
    onLook(notes) {
      let sent = 0;
      for (const [type, note] of notes) {
        if (note.status === 'filling') startedMs.set(type, Date.parse(note.startedAt));
        sent += note.sent;
      }
      show.update(Math.min(sent, total ?? sent), sent, waitsFor([...notes.values()], types.length));
    },
    wait,
  }).finally(() => show.end());
  return { followed, startedMs };
}

function isRead(note: BackfillNote): boolean {
  return note.status === 'filling' && note.sentAllAtMs !== undefined;
}

function filledOf(type: string, { notes, running }: Followed<BackfillNote>, setAside: readonly string[]): Filled {
  const note = notes.get(type);
  return {
    type,
    status: running.includes(type) ? 'filling' : 'ready',
    sent: note?.sent ?? 0,
    unsendableCount: note?.unsendableCount ?? 0,
    unsendable: (note?.unsendable ?? []).map(({ id, why }) => `${entityName({ type, id })}: ${why}`),
    setAside,
  };
}

/** Counts the owners' entities; undefined if an owner isn't in the deployment or its table may not be read. */
export async function countOf(
  { deployment }: Pick<Work, 'deployment'>,
  types: readonly string[],
): Promise<number | undefined> {
  let total = 0;
  for (const type of types) {
    const source = await deployment.ownerOf(type).catch(() => undefined);
    const count = await source?.owner.count(type).catch((error: unknown) => {
      if (isDenied(error)) return undefined;
      throw error;
    });
    if (count === undefined) return undefined;
    total += count;
  }
  return total;
}

function waitsFor(notes: readonly BackfillNote[], types: number): string {
  if (notes.every((note) => note.status === 'ready' || isRead(note)) && notes.length === types)
    return 'all sent, the cache applies the last ones';
  return types > 1 ? `${notes.filter(({ status }) => status === 'ready').length} of ${types} types ready` : '';
}

/** How far the clocks of this machine and of the functions may differ. */
const CLOCK_MARGIN_MS = 5_000;

/** The entities of each type with an event that was parked or held since a time. Reads the parking table once. */
export async function setAsideSince(cache: Pick<OpenCache, 'parked'>, sinceMs: ReadonlyMap<string, number>) {
  const names = new Map([...sinceMs.keys()].map((type) => [type, new Set<string>()]));
  if (names.size > 0) {
    for await (const events of parkedPages(cache.parked)) {
      for (const event of events) {
        const type = typeOfParked(event) ?? '';
        if (event.parkedAtMs < (sinceMs.get(type) ?? 0) - CLOCK_MARGIN_MS) continue;
        names.get(type)?.add(event.entity === undefined ? event.message.groupId : entityName(event.entity));
      }
    }
  }
  return new Map([...names].map(([type, some]) => [type, [...some]]));
}

function describe(
  cache: string,
  { type, status, sent, setAside, unsendable, unsendableCount }: Filled,
  on: DeploymentOptions,
): string {
  const parts = [`${type} is ${status === 'ready' ? 'ready' : 'not ready yet'}, ${sent} sent`];
  if (unsendableCount > 0) parts.push(`${unsendableCount} can't be sent: ${unsendable.slice(0, 5).join('; ')}`);
  if (setAside.length > 0) {
    const more = setAside.length > 5 ? `, and ${setAside.length - 5} more` : '';
    parts.push(
      `${setAside.length} parked (${typed(`parked list ${cache}`, on)}): ${setAside.slice(0, 5).join(', ')}${more}`,
    );
  }
  return parts.join('; ');
}
