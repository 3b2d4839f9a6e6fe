import Table from 'cli-table3';
import { Command } from 'commander';
import { entityName, printable } from 'freshet-aws/internal/core/entity';
import { asideKey, isOutdated, typeOfAside } from 'freshet-aws/internal/core/repair/parked-filter';
import { EXIT } from '../errors.ts';
import { inSession } from '../in-session.ts';
import { integerOf, shortDuration } from '../numbers.ts';
import type { Session } from '../session.ts';
import { isCache } from './places.ts';
import { type FilterOptions, type Selected, select, withFilters } from './select.ts';

interface ListOptions extends FilterOptions {
  readonly limit: number;
  readonly json?: boolean;
}

/** Rows that are printed unless `--limit` says otherwise. */
const DEFAULT_LIMIT = 100;

/** `freshet parked list NAME`: what is set aside at an owner, a cache or a queue of facts. */
export function listCommand(): Command {
  return withFilters(
    new Command('list')
      .summary('show what is set aside, and why')
      .description(
        'Shows the events that are set aside at a cache or a queue of facts, or the records that an owner could not publish.',
      )
      .argument('<name>', 'cache, owner or queue of facts, such as ordering'),
  )
    .option('--limit <n>', 'rows at most, the oldest first', integerOf('--limit', 1, 100_000), DEFAULT_LIMIT)
    .option('--json', 'print them as JSON')
    .addHelpText(
      'after',
      `
Status: parked, or held behind an entity that was stopped. OUTDATED: the cache holds a newer state of the entity, so the event has nothing to
say any more; discard it.

Example:
  $ npm run -s freshet -- parked list ordering --reason invalid --older-than 1h

Exit codes: 0 listed, also if there are none, 2 no such name, 1 something failed, 130 interrupted.`,
    )
    .action(async (name: string, options: ListOptions) => {
      process.exitCode = await inSession((session, signal) => list(session, name, options, signal));
    });
}

/** An event as it is listed. */
interface Row extends Selected {
  /** Of the cache; undefined where it holds nothing of the entity, and at an owner. */
  readonly cachedVersion: number | undefined;
}

async function list(session: Session, name: string, options: ListOptions, signal: AbortSignal): Promise<number> {
  const all = await select(session, name, options, [], signal);
  if (signal.aborted) return EXIT.interrupted;
  const rows = await withCachedVersions(all.slice(0, options.limit));
  if (options.json) {
    process.stdout.write(`${JSON.stringify({ matching: all.length, events: rows.map(asJson) })}\n`);
    return EXIT.ok;
  }
  if (rows.length === 0) process.stdout.write(`${name}: nothing is set aside that matches\n`);
  else process.stdout.write(`${render(rows)}\n${footer(all.length, rows)}\n`);
  return EXIT.ok;
}

async function withCachedVersions(selected: readonly Selected[]): Promise<Row[]> {
  const versions = new Map<string, number>();
  const wanted = new Map<string, { at: Selected['at']; type: string; ids: Set<string> }>();
  for (const { at, aside } of selected) {
    if (!isCache(at) || aside.entity === undefined || !Object.hasOwn(at.boundary.caches, aside.entity.type)) continue;
    const { type, id } = aside.entity;
    const one = wanted.get(type) ?? { at, type, ids: new Set() };
    one.ids.add(id);
    wanted.set(type, one);
  }
  for (const { at, type, ids } of wanted.values()) {
    if (!isCache(at)) continue;
    for (const cached of await at.reader.getMany(type, [...ids])) {
      if (cached.status !== 'unknown') versions.set(`${type}/${cached.id}`, cached.version);
    }
  }
  return selected.map(({ at, aside }) => {
    const { entity } = aside;
    return { at, aside, cachedVersion: entity && versions.get(`${entity.type}/${entity.id}`) };
  });
}

function asJson({ at, aside, cachedVersion }: Row): object {
  const { message, status, reason, explanation, entity, version } = aside;
  return {
    key: asideKey(message),
    role: at.deployed.role,
    type: entity?.type ?? (isCache(at) ? typeOfAside(aside) : null),
    id: entity?.id ?? null,
    version: version ?? null,
    cachedVersion: cachedVersion ?? null,
    outdated: isOutdated(aside, cachedVersion),
    ...{ status, reason, explanation },
    sentAt: new Date(message.sentAtMs).toISOString(),
    setAsideAt: new Date(aside.setAsideAtMs).toISOString(),
  };
}

function render(rows: readonly Row[]): string {
  const table = new Table({
    head: ['key', 'entity', 'version', 'status', 'reason', 'age', 'in the cache'],
    colAligns: ['left', 'left', 'right', 'left', 'left', 'right', 'left'],
    style: { head: [], border: [] },
  });
  const now = Date.now();
  for (const { at, aside, cachedVersion } of rows) {
    const { entity, version, status, reason, setAsideAtMs } = aside;
    const outdated = isOutdated(aside, cachedVersion) ? `, OUTDATED` : '';
    table.push([
      printable(asideKey(aside.message)),
      entity === undefined ? '-' : entityName(entity),
      version ?? '-',
      status,
      reason,
      shortDuration(now - setAsideAtMs),
      isCache(at) && cachedVersion !== undefined ? `version ${cachedVersion}${outdated}` : '-',
    ]);
  }
  return table.toString();
}

function footer(matching: number, rows: readonly Row[]): string {
  const outdated = rows.filter(({ aside, cachedVersion }) => isOutdated(aside, cachedVersion)).length;
  const shown = matching > rows.length ? `the oldest ${rows.length} of ${matching}; --limit shows more` : `${matching}`;
  return `${shown}${outdated > 0 ? `; ${outdated} outdated by a newer state in the cache` : ''}`;
}
