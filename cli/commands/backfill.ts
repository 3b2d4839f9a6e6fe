import { Command } from 'commander';
import { entityName } from 'freshet-aws/internal/core/entity';
import type { BackfillNote } from 'freshet-aws/internal/core/repair/backfill';
import { typeOfParked } from 'freshet-aws/internal/core/repair/parked-filter';
import type { OpenCache } from '../deployment/deployment.ts';
import { typesToWorkOn } from '../deployment/names.ts';
import { parkedPages } from '../deployment/parked.ts';
import { EXIT } from '../errors.ts';
import type { CommandIo } from '../io.ts';
import { type DeploymentOptions, deploymentHelp, withDeploymentOptions } from '../options/deployment-options.ts';
import { progressBar } from '../output/progress.ts';
import { typed } from '../output/typed.ts';
import { inDeployment, type Work } from '../work.ts';
import { followRun, goesOn } from './follow-run.ts';

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
        'itself when it is new, begins to keep another type or gets a higher fieldsRevision. If such a backfill runs, ' +
        'the command follows it.',
    )
    .argument('<cache>', 'cache, such as ordering')
    .argument('[type]', 'entity type, such as Country; default: all types that the cache keeps')
    .option('--restart', 'begin again, also if a backfill runs')
    .option('--no-wait', 'start the backfill, and do not wait until the cache is ready')
    .option('--json', 'print the result as JSON')
    .addHelpText(
      'after',
      `
The owners publish at most repairRate states a second (a prop of EntityOwner), and fewer while the cache has a backlog.
The owners can change entities meanwhile. Readers of the cache see the progress as empty, filling or ready.
${deploymentHelp(['dynamodb:GetItem', 'dynamodb:Query', 'lambda:InvokeFunction'])}
Exit codes:
  0    the cache is ready; with --no-wait: the backfill has started
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
  for (const type of types) {
    const { isNew } = await cache.repair.backfill(type, { restart });
    if (!isNew) io.stderr.write(`${type}: following the backfill that runs\n`);
  }
  const all: Filled[] = [];
  for (const type of types) {
    const filled = await follow(work, cache, type, begunMs, wait);
    all.push(filled);
    if (!json) io.stdout.write(`${name}: ${describe(name, filled, options)}\n`);
    if (signal.aborted) break;
  }
  if (json) io.stdout.write(`${JSON.stringify({ cache: name, types: all })}\n`);
  const isReady = all.every(({ status }) => status === 'ready');
  if (!isReady) goesOn(work, typed(`backfill ${name}`, options));
  if (signal.aborted) return EXIT.interrupted;
  const hasTrouble = all.some(({ unsendableCount, setAside }) => unsendableCount + setAside.length > 0);
  return hasTrouble || (wait && !isReady) ? EXIT.failed : EXIT.ok;
}

async function follow(work: Work, cache: OpenCache, type: string, begunMs: number, wait: boolean): Promise<Filled> {
  const { io, deployment } = work;
  // A count reads the whole type, so it is made only for a person who waits.
  const total = io.stderr.isTTY && wait ? await countOf(work, type) : undefined;
  const show = progressBar(io, total, `${type} entities sent`);
  let startedMs = begunMs;
  const followed = await followRun(wait ? work : { ...work, deployment, signal: AbortSignal.abort() }, {
    read: () => cache.notes.backfill(type),
    isDone: ({ status }) => status === 'ready',
    onProgress(note) {
      if (note.status === 'filling') startedMs = Date.parse(note.startedAt);
      show.update(Math.min(note.sent, total ?? note.sent), note.sent, waitsFor(note));
    },
  }).finally(() => show.end());
  const { note } = followed;
  return {
    type,
    status: followed.isDone ? 'ready' : 'filling',
    sent: note?.sent ?? 0,
    unsendableCount: note?.unsendableCount ?? 0,
    unsendable: (note?.unsendable ?? []).map(({ id, why }) => `${entityName({ type, id })}: ${why}`),
    setAside: followed.isDone ? await setAsideSince(cache, type, startedMs) : [],
  };
}

/** Counts the owner's entities; undefined if the owner isn't in the deployment. */
async function countOf({ deployment }: Work, type: string): Promise<number | undefined> {
  const source = await deployment.ownerOf(type).catch(() => undefined);
  return source?.owner.count(type);
}

function waitsFor(note: BackfillNote): string {
  return note.status === 'filling' && note.sentAllAtMs !== undefined ? 'all sent, the cache applies the last ones' : '';
}

/** How far the clocks of this machine and of the functions may differ. */
const CLOCK_MARGIN_MS = 5_000;

async function setAsideSince(cache: OpenCache, type: string, sinceMs: number): Promise<string[]> {
  const names = new Set<string>();
  for await (const events of parkedPages(cache.parked)) {
    const recent = events.filter((one) => typeOfParked(one) === type && one.parkedAtMs >= sinceMs - CLOCK_MARGIN_MS);
    for (const { entity, message } of recent) names.add(entity === undefined ? message.groupId : entityName(entity));
  }
  return [...names];
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
