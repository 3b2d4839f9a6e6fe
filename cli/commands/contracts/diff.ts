import { EXIT } from '../../errors.ts';
import type { CommandIo } from '../../io.ts';
import { compareSnapshots } from './compare.ts';
import { readSnapshotFile } from './file.ts';
import { type Change, schemaChanges } from './schema-changes.ts';
import type { DescribedBoundary, Snapshot } from './snapshot.ts';

type Boundaries = Snapshot['boundaries'];

/** A change with what it breaks. */
export interface Difference {
  /** Where, such as `geography.owns.Country.schema: area`. */
  readonly where: string;
  /** What, such as `field removed`. */
  readonly what: string;
  /** The boundaries whose caches keep what changed, so that code that reads the cache may fail. */
  readonly breaks: readonly string[];
  /** Whether handlers of facts may fail. No contract says who handles a fact. */
  readonly breaksHandlers: boolean;
}

/** Compares two snapshots, and prints which consumers each change breaks. @returns the exit code */
export async function diffContracts(
  io: CommandIo,
  paths: { readonly before: string; readonly now: string },
  { json = false }: { readonly json?: boolean },
): Promise<number> {
  const [before, now] = await Promise.all([
    readSnapshotFile(io.cwd, paths.before),
    readSnapshotFile(io.cwd, paths.now),
  ]);
  const changes = differencesOf(before, now);
  const breaking = changes.filter(isBreaking);
  if (json) io.stdout.write(`${JSON.stringify({ ok: breaking.length === 0, changes })}\n`);
  else io.stdout.write(`${[...changes.map(describe), conclusion(changes, breaking)].join('\n')}\n`);
  return breaking.length === 0 ? EXIT.ok : EXIT.failed;
}

/** Finds the changes of contracts, and the consumers that each of them breaks. */
export function differencesOf(before: Boundaries, now: Boundaries): Difference[] {
  return compareSnapshots(before, now, true).flatMap((change) => {
    const [owner = '', group = '', type = ''] = change.where.replace(/: .*/, '').split('.');
    // Whatever the schema version is, readers see the schema.
    if (group === 'owns' && change.where.endsWith('.schemaVersion')) return [plain(change), ...raised(owner, type)];
    return [{ ...plain(change), ...effects(change, owner, group, type) }];
  });

  /** A new schema version hides what changed in the schema, because old states take its upcasts. */
  function raised(owner: string, type: string): Difference[] {
    const [was, is] = [before[owner]?.owns[type]?.schema, now[owner]?.owns[type]?.schema];
    return schemaChanges(was ?? {}, is ?? {}, '').map((change) => ({
      where: `${owner}.owns.${type}.schema${change.where === '' ? '' : `: ${change.where}`}`,
      what: change.what,
      breaks: change.breaksReaders === true ? keepers(now, owner, type, fieldOf(change.where)) : [],
      breaksHandlers: false,
    }));
  }

  function effects(change: Change, owner: string, group: string, type: string) {
    const none = { breaks: [], breaksHandlers: false };
    if (group === '') return change.what === 'boundary removed' ? removedBoundary(owner) : none;
    const isRemoved = /^(?:type|fact) removed$/.test(change.what);
    if (group === 'publishes') return { ...none, breaksHandlers: isRemoved || change.needs !== undefined };
    if (group !== 'owns') return none;
    if (isRemoved) return { ...none, breaks: keepers(now, owner, type, undefined) };
    const path = change.where.slice(change.where.indexOf('.schema') + '.schema'.length).replace(/^: /, '');
    return change.breaksReaders === true ? { ...none, breaks: keepers(now, owner, type, fieldOf(path)) } : none;
  }

  function removedBoundary(owner: string) {
    const was: DescribedBoundary | undefined = before[owner];
    const types = Object.keys(was?.owns ?? {});
    const breaks = [...new Set(types.flatMap((type) => keepers(now, owner, type, undefined)))].sort();
    return { breaks, breaksHandlers: Object.keys(was?.publishes ?? {}).length > 0 };
  }
}

function plain({ where, what }: Change): Difference {
  return { where, what, breaks: [], breaksHandlers: false };
}

/** The top-level field of a path such as `address.street` or `tags[]`; undefined for the state. */
function fieldOf(path: string): string | undefined {
  const [field = ''] = path.split(/[.[#]/);
  return field === '' ? undefined : field;
}

/** The boundaries that keep a field of a type, or the type if no field is given. */
function keepers(all: Boundaries, owner: string, type: string, field: string | undefined): string[] {
  return Object.keys(all)
    .filter((name) => {
      const kept = all[name]?.caches[type];
      if (kept === undefined || kept.owner !== owner) return false;
      return field === undefined || kept.fields === null || kept.fields.includes(field);
    })
    .sort();
}

function isBreaking({ breaks, breaksHandlers }: Difference): boolean {
  return breaks.length > 0 || breaksHandlers;
}

function describe(one: Difference): string {
  const broken = [...one.breaks, ...(one.breaksHandlers ? ['handlers of the fact'] : [])].join(', ');
  return isBreaking(one) ? `✗ ${one.where}: ${one.what}. Breaks ${broken}.` : `  ${one.where}: ${one.what}`;
}

function conclusion(changes: readonly Difference[], breaking: readonly Difference[]): string {
  if (changes.length === 0) return 'The contracts are equal.';
  if (breaking.length === 0) return `${changes.length} changes, and none of them breaks a consumer.`;
  const names = [...new Set(breaking.flatMap(({ breaks }) => breaks))].sort();
  const who = [...names, ...(breaking.some(({ breaksHandlers }) => breaksHandlers) ? ['handlers of facts'] : [])];
  return `${breaking.length} of ${changes.length} changes break consumers: ${who.join(', ')}.`;
}
