import Table from 'cli-table3';
import { Command } from 'commander';
import { type EntityRef, entityName, printable } from 'freshet-aws/internal/core/entity';
import { isOutdated, typeOfParked } from 'freshet-aws/internal/core/repair/parked-filter';
import { parkedKeyText } from 'freshet-aws/internal/core/repair/parked-key';
import { sideBySide } from 'freshet-aws/internal/core/side-by-side';
import type { FoundCache } from '../../deployment/deployment.ts';
import { EXIT } from '../../errors.ts';
import type { CommandIo } from '../../io.ts';
import { type DeploymentOptions, deploymentHelp, withDeploymentOptions } from '../../options/deployment-options.ts';
import { integerOf } from '../../options/parse.ts';
import { shortDuration } from '../../output/numbers.ts';
import { typed } from '../../output/typed.ts';
import { inDeployment, type Work } from '../../work.ts';
import { isCache, placesNamed, ROLES, roleOf } from './parking-places.ts';
import { type FilterOptions, type Selected, select, withFilters } from './select.ts';

interface ListOptions extends FilterOptions, DeploymentOptions {
  readonly limit: number;
  readonly json?: boolean;
}

/** The value of `--limit` if it isn't given. */
const DEFAULT_LIMIT = 100;

/** Concurrent reads of a cache. */
const READS_AT_ONCE = 16;

/** `freshet parked list NAME`: the parked and held events of an owner, a cache or a queue of facts. */
export function listCommand(io: CommandIo): Command {
  return withFilters(
    withDeploymentOptions(new Command('list'))
      .summary('list parked events with their reasons')
      .description(
        'Lists the parked and held events of a cache or of a queue of facts, or the records that an owner could ' +
          'not publish.',
      )
      .argument('<name>', 'cache, owner or queue of facts, such as ordering'),
  )
    .option(
      '--limit <n>',
      'print at most this many events, oldest first',
      integerOf('--limit', 1, 100_000),
      DEFAULT_LIMIT,
    )
    .option('--json', 'print the events as JSON')
    .addHelpText(
      'after',
      `
The status is "parked", or "held" for an event that arrived while its entity was stopped. OUTDATED means that the
cache has a newer state of the entity, so you can discard the event.

Example:
  $ ${typed('parked list ordering --reason invalid --older-than 1h')}
${deploymentHelp(['dynamodb:GetItem', 'dynamodb:Query', 'dynamodb:Scan'])}
Exit codes:
  0    the events were listed, or there are none
  1    something failed
  2    the name is unknown
  130  interrupted`,
    )
    .action(async (name: string, options: ListOptions) => {
      io.exitCode = await inDeployment(io, options, (work) => list(work, name, options));
    });
}

/** An event as it is listed. */
interface Row extends Selected {
  /** The version in the cache; undefined if the cache has no version of the entity, or if this isn't a cache. */
  readonly cachedVersion: number | undefined;
}

async function list(work: Work, name: string, options: ListOptions): Promise<number> {
  const { io, deployment, signal } = work;
  const all = await select(deployment, name, options, [], signal);
  if (signal.aborted) return EXIT.interrupted;
  const rows = await withCachedVersions(all.slice(0, options.limit), signal);
  if (signal.aborted) return EXIT.interrupted;
  if (options.json) {
    io.stdout.write(`${JSON.stringify({ matching: all.length, events: rows.map(asJson) })}\n`);
    return EXIT.ok;
  }
  if (rows.length === 0) io.stdout.write(`${name}: no parked events match\n`);
  else {
    const isShared = placesNamed(deployment, name).length > 1;
    io.stdout.write(`${renderRows(rows, isShared)}\n${footer(all.length, rows)}\n`);
  }
  return EXIT.ok;
}

async function withCachedVersions(selected: readonly Selected[], signal: AbortSignal): Promise<Row[]> {
  const wanted = new Map<string, { readonly cache: FoundCache; readonly entity: EntityRef }>();
  for (const { at, event } of selected) {
    if (isCache(at) && event.entity) wanted.set(entityKey(event.entity), { cache: at, entity: event.entity });
  }
  const versions = new Map<string, number>();
  await sideBySide(
    [...wanted.values()],
    READS_AT_ONCE,
    async ({ cache, entity }) => {
      // Version 0 is a stop marker of an entity that the cache has never stored.
      const { version = 0 } = (await cache.records.get(entity)) ?? {};
      if (version > 0) versions.set(entityKey(entity), version);
    },
    signal,
  );
  return selected.map(({ at, event }) => {
    const { entity } = event;
    return { at, event, cachedVersion: entity && isCache(at) ? versions.get(entityKey(entity)) : undefined };
  });
}

function entityKey({ type, id }: EntityRef): string {
  return `${type}/${id}`;
}

function asJson({ at, event, cachedVersion }: Row): object {
  const { message, status, reason, explanation, entity, version } = event;
  return {
    key: parkedKeyText(message),
    role: roleOf(at),
    type: entity?.type ?? (isCache(at) ? typeOfParked(event) : null),
    id: entity?.id ?? null,
    version: version ?? null,
    cachedVersion: cachedVersion ?? null,
    outdated: isOutdated(event, cachedVersion),
    status,
    reason,
    explanation,
    sentAt: new Date(message.sentAtMs).toISOString(),
    setAsideAt: new Date(event.parkedAtMs).toISOString(),
  };
}

/** @param isShared whether an owner, a cache or a queue of facts share the name, so that each row says its role */
export function renderRows(rows: readonly Row[], isShared: boolean): string {
  const table = new Table({
    head: [...(isShared ? ['of the'] : []), 'key', 'entity', 'version', 'status', 'reason', 'age', 'in the cache'],
    colAligns: [...(isShared ? ['left' as const] : []), 'left', 'left', 'right', 'left', 'left', 'right', 'left'],
    style: { head: [], border: [] },
  });
  const now = Date.now();
  for (const { at, event, cachedVersion } of rows) {
    const { entity, version, status, reason, parkedAtMs } = event;
    const outdated = isOutdated(event, cachedVersion) ? ', OUTDATED' : '';
    table.push([
      ...(isShared ? [ROLES[roleOf(at)]] : []),
      printable(parkedKeyText(event.message)),
      entity === undefined ? '-' : entityName(entity),
      version ?? '-',
      status,
      reason,
      shortDuration(now - parkedAtMs),
      cachedVersion === undefined ? '-' : `version ${cachedVersion}${outdated}`,
    ]);
  }
  return table.toString();
}

function footer(matching: number, rows: readonly Row[]): string {
  const outdated = rows.filter(({ event, cachedVersion }) => isOutdated(event, cachedVersion)).length;
  const shown = matching > rows.length ? `the oldest ${rows.length} of ${matching}; --limit shows more` : `${matching}`;
  return `${shown}${outdated > 0 ? `; ${outdated} outdated by a newer state in the cache` : ''}`;
}
