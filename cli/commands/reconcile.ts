import { Command, Option } from 'commander';
import { entityName } from 'freshet-aws/internal/core/entity';
import { differing, type InventoryNote } from 'freshet-aws/internal/core/repair/inventory';
import { HEALABLE } from 'freshet-aws/internal/core/repair/suspects';
import { compareWithBar } from '../compare/compare-with-bar.ts';
import type { Differing } from '../compare/differences.ts';
import { adoptedAdvice, burialConfirmed, repairDifferences, unownedOf, untilSettled } from '../compare/repair.ts';
import type { OpenCache } from '../deployment/deployment.ts';
import { typesToWorkOn } from '../deployment/names.ts';
import { EXIT } from '../errors.ts';
import type { CommandIo } from '../io.ts';
import { type DeploymentOptions, deploymentHelp, withDeploymentOptions } from '../options/deployment-options.ts';
import { confirmed, yesOption } from '../output/confirm.ts';
import { startSpinner } from '../output/spinner.ts';
import { typed } from '../output/typed.ts';
import { inDeployment, type Work } from '../work.ts';
import { backlogOf, type Followed, followRuns, startRuns, tellUnfinished } from './follow-run.ts';

interface ReconcileOptions extends DeploymentOptions {
  readonly dryRun?: boolean;
  readonly deleteUnknown?: boolean;
  readonly wait: boolean;
  readonly json?: boolean;
  readonly yes?: boolean;
}

/** How long to wait until deletions have arrived, while no further one arrives. */
const PATIENCE_MS = 30_000;

/** `freshet reconcile CACHE [TYPE]`: compares a cache with its owners. */
export function reconcileCommand(io: CommandIo): Command {
  return withDeploymentOptions(new Command('reconcile'))
    .summary('compare a cache with its owners, and mend what differs')
    .description(
      'Runs an inventory, as the cache does by itself once a day: the owners publish the versions and digests of their ' +
        'entities to this cache, and the cache asks for the entities that it lost. The work runs in the deployment. ' +
        'Changes that are in flight are no differences.',
    )
    .argument('<cache>', 'cache, such as ordering')
    .argument('[type]', 'entity type, such as Country; default: all types that the cache keeps')
    .option('--dry-run', 'only report what differs')
    .addOption(
      new Option(
        '--delete-unknown',
        "make the owners delete the entities that only the cache has; this reads the owners' tables, so they must be " +
          'in the deployment',
      ).conflicts('dryRun'),
    )
    .addOption(
      new Option('--no-wait', 'start the inventory, and do not wait for its result').conflicts('deleteUnknown'),
    )
    .addOption(yesOption())
    .option('--json', 'print the result as JSON')
    .addHelpText(
      'after',
      `
The result counts the entities of each type:
  missing      the cache had no version, although everything that was committed before has arrived
  behind       the cache had an older version
  different    the cache's item was changed by something else than the projector
  ahead        the cache has a version that the owner doesn't have
  conflicting  the cache has another state at the owner's version
  unknown      the owner doesn't know the entity
An inventory mends the first three. Two are for a person: see docs/restore.md about ahead and conflicting entities.
If an entity is deleted at the owner and the cache no longer stores it, the two count as equal.
${deploymentHelp(['dynamodb:GetItem', 'dynamodb:Query', 'dynamodb:UpdateItem (with --delete-unknown)', 'lambda:InvokeFunction', 'sqs:GetQueueAttributes'])}
Exit codes:
  0    the cache equals its owners, or does now; with --no-wait: the inventory runs
  1    something differs still, the inventory stands still, or something failed
  2    the cache or the type is unknown
  130  interrupted; the inventory goes on in the deployment`,
    )
    .action(async (cache: string, type: string | undefined, options: ReconcileOptions) => {
      io.exitCode = await inDeployment(io, options, (work) => reconcile(work, cache, type, options), 'write');
    });
}

async function reconcile(
  work: Work,
  name: string,
  only: string | undefined,
  options: ReconcileOptions,
): Promise<number> {
  const { io, deployment, signal } = work;
  const { dryRun = false, deleteUnknown = false, json = false, wait } = options;
  const cache = await deployment.cacheNamed(name);
  const types = typesToWorkOn(cache, only);
  if (deleteUnknown && !(await deletionConfirmed(work, name, options))) return EXIT.failed;
  const started = await startRuns(work, types, 'inventory', (type) => cache.repair.inventory(type, { heals: !dryRun }));
  const followed = await follow(work, cache, started, options);
  const notes = Object.fromEntries(followed.notes);
  if (!json) for (const [type, note] of followed.notes) tell(work, cache, type, note);
  const isDone = started.length === types.length && followed.running.length === 0;
  const { deleted, adopted } = deleteUnknown && isDone ? await deleteUnknowns(work, cache, notes, options) : NOTHING;
  const skipped = adopted.map(({ entity }) => entityName(entity));
  if (json) io.stdout.write(`${JSON.stringify({ cache: name, deleted, skipped, types: mapped(notes, asJson) })}\n`);
  const hint: Hint = (flag) => typed(`reconcile${flag}`, options, [name, ...(only === undefined ? [] : [only])]);
  const again = hint(dryRun ? ' --dry-run' : deleteUnknown ? ' --delete-unknown' : '');
  tellUnfinished(work, cache, followed, { isRead, notStarted: types.slice(started.length), again, on: options });
  if (signal.aborted) return EXIT.interrupted;
  if (!wait && !isDone) return EXIT.ok;
  const left = Object.values(notes).map((note) => leftOf(note, dryRun));
  const total = left.reduce((sum, one) => sum + one, 0) - deleted;
  if (total === 0 && isDone && !json) io.stdout.write(`${name} equals its owners\n`);
  for (const line of adoptedLines(cache, adopted, options)) io.stderr.write(`${line}\n`);
  if (total > 0) for (const line of advice(notes, name, options, hint)) io.stderr.write(`${line}\n`);
  return total > 0 || !isDone ? EXIT.failed : EXIT.ok;
}

/** A command for the same types, as it is typed. A hint does nothing that wasn't asked for. */
type Hint = (flag: '' | ' --dry-run' | ' --delete-unknown') => string;

/** Asks before the comparison, which may take long. The number of entities is known after it, and is asked for then. */
async function deletionConfirmed(work: Work, name: string, { yes = false }: ReconcileOptions): Promise<boolean> {
  const question = `Make the owners of the cache ${name} delete the entities that only ${name} has?`;
  const isConfirmed = await confirmed(work, question, yes);
  if (!isConfirmed) work.io.stderr.write('nothing was compared or deleted\n');
  return isConfirmed;
}

async function follow(
  work: Work,
  cache: OpenCache,
  types: readonly string[],
  { json, wait }: ReconcileOptions,
): Promise<Followed<InventoryNote>> {
  const spinner = startSpinner(work.io, `comparing ${types.join(', ')}`, { json, again: true });
  return followRuns<InventoryNote>(work, types, {
    read: (type) => cache.notes.inventory(type),
    isDone: ({ endedAt }) => endedAt !== undefined,
    isRead,
    backlog: backlogOf(work, cache),
    onLook: () => {},
    wait,
  }).finally(() => spinner.stop());
}

function isRead(note: InventoryNote): boolean {
  return note.isRead;
}

/** The differences that are left after an inventory. */
function leftOf(note: InventoryNote, isDryRun: boolean): number {
  const { found, setAside } = note;
  const healable = isDryRun ? found.missing + found.behind + found.different : 0;
  return healable + setAside + differing(note);
}

/** What `--delete-unknown` did. */
interface Deleted {
  /** How many entities are deleted now. */
  readonly deleted: number;
  /** The entities of adopted types, which it leaves. */
  readonly adopted: readonly Differing[];
}

const NOTHING: Deleted = { deleted: 0, adopted: [] };

/** Deletes at the owners what only the cache has. */
async function deleteUnknowns(
  work: Work,
  cache: OpenCache,
  notes: Readonly<Record<string, InventoryNote>>,
  { yes = false }: ReconcileOptions,
): Promise<Deleted> {
  const { deployment, signal } = work;
  const types = Object.keys(notes).filter((type) => (notes[type]?.found.unknown ?? 0) > 0);
  const all: Differing[] = [];
  for (const type of types) all.push(...(await compareWithBar(work, cache, type)).differing);
  const { buriable, adopted } = await unownedOf(work, all);
  if (buriable.length === 0 || !(await burialConfirmed(work, buriable.length, yes))) return { deleted: 0, adopted };
  await repairDifferences(work, buriable);
  const left = await untilSettled(deployment, cache, buriable, { signal, patienceMs: PATIENCE_MS });
  return { deleted: buriable.length - left.length, adopted };
}

function tell({ io: { stdout } }: Work, { name }: OpenCache, type: string, note: InventoryNote): void {
  const { found, healed, compared, inFlight, setAside, unhealed, undecided, examples, heals } = note;
  const parts = [`${compared.toLocaleString('en-US')} compared`];
  for (const [difference, count] of Object.entries(found)) if (count > 0) parts.push(`${count} ${difference}`);
  if (parts.length === 1) parts.push('no difference');
  if (inFlight > 0) parts.push(`${inFlight} arrived meanwhile`);
  if (setAside > 0) parts.push(`${setAside} parked`);
  stdout.write(`${name} ${type}: ${parts.join(', ')}\n`);
  for (const { id, difference, version } of examples)
    stdout.write(`  ${entityName({ type, id })} ${difference} (version ${version})\n`);
  const mended = HEALABLE.reduce((sum, cause) => sum + healed[cause], 0);
  if (heals && mended > 0) stdout.write(`  ${mended} healed\n`);
  if (undecided > 0) stdout.write(`  ${undecided} may still be in flight, after 20 hours\n`);
  if (unhealed > 0) stdout.write(`  ${unhealed} not healed, although the owner was asked again and again\n`);
}

function asJson(note: InventoryNote): object {
  const { found, healed, compared, inFlight, setAside, unhealed, undecided, examples, endedAt } = note;
  return { compared, found, healed, inFlight, setAside, unhealed, undecided, examples, endedAt: endedAt ?? null };
}

function mapped<T>(all: Readonly<Record<string, T>>, convert: (one: T) => object): Record<string, object> {
  return Object.fromEntries(Object.entries(all).map(([key, one]) => [key, convert(one)]));
}

/** What to do about the entities that were left because their types are adopted, by owner. */
function adoptedLines(
  { boundary }: OpenCache,
  adopted: readonly Differing[],
  options: ReconcileOptions,
): readonly string[] {
  const ownerOf = ({ entity }: Differing) => boundary.caches[entity.type]?.contract.owner ?? '';
  const owners = [...new Set(adopted.map(ownerOf))];
  return owners.flatMap((owner) =>
    adoptedAdvice(
      adopted.filter((one) => ownerOf(one) === owner),
      owner,
      options,
    ),
  );
}

/** What to do about the differences that are left. */
function advice(
  notes: Readonly<Record<string, InventoryNote>>,
  cache: string,
  options: ReconcileOptions,
  hint: Hint,
): readonly string[] {
  const { dryRun = false, deleteUnknown = false } = options;
  const all = Object.values(notes);
  const some = (count: (note: InventoryNote) => number) => all.some((note) => count(note) > 0);
  const lines: string[] = [];
  if (dryRun && some(({ found }) => found.missing + found.behind + found.different))
    lines.push(`to mend the differences: ${hint('')}`);
  if (some(({ setAside, unhealed, undecided }) => setAside + unhealed + undecided))
    lines.push(`events of these entities may be parked: ${typed(`parked list ${cache}`, options)}`);
  if (some(({ found }) => found.ahead + found.conflicting))
    lines.push(
      'an inventory cannot mend entities that are ahead or conflicting. The owner was probably restored from a backup ' +
        '(see docs/restore.md), or its table was written directly.',
    );
  if (!deleteUnknown && some(({ found }) => found.unknown))
    lines.push(`to delete what only the cache has: ${hint(' --delete-unknown')}`);
  return lines;
}
