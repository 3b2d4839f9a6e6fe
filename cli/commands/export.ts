import { Readable, Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { Command } from 'commander';
import type { Owner } from 'freshet-aws/internal/adapters/own/owner';
import type { Reader } from 'freshet-aws/internal/adapters/read/reader';
import type { Boundary } from 'freshet-aws/internal/core/contract/contract';
import { MAX_PAGE_SIZE, type Page } from 'freshet-aws/internal/core/read/read';
import type { State } from 'freshet-aws/internal/core/state';
import type { Deployment } from '../deployment/deployment.ts';
import { EXIT } from '../errors.ts';
import type { CommandIo } from '../io.ts';
import { type DeploymentOptions, deploymentHelp, withDeploymentOptions } from '../options/deployment-options.ts';
import { typed } from '../output/typed.ts';
import { inDeployment, type Work } from '../work.ts';

/** `freshet export NAME TYPE`: prints all entities of a type from a cache or an owner. */
export function exportCommand(io: CommandIo): Command {
  return withDeploymentOptions(new Command('export'))
    .summary('print all entities of a type from a cache or an owner as NDJSON')
    .description(
      'Prints all entities of a type in a cache or at its owner, deleted ones included. Each line is a JSON object ' +
        'with the fields type, id, version, changedAt, deleted and data (null if deleted). The lines of a cache that ' +
        'keeps a part of the state also have fields, the names of what it keeps.',
    )
    .argument('<name>', 'cache, such as ordering, or owner, such as geography')
    .argument('<type>', 'entity type, such as Currency')
    .option('--json', 'no effect: the output is always NDJSON')
    .addHelpText(
      'after',
      `
The order of the entities is always the same, but it isn't the order of their ids.
freshet import puts the file at an owner, of the same deployment or of another one. Export from the owner if the cache
keeps only a part of the state.

Example:
  $ ${typed('export ordering Currency')} > currencies.ndjson
${deploymentHelp(['dynamodb:GetItem', 'dynamodb:Query'])}
Exit codes:
  0    all entities were printed
  1    something failed
  2    the cache, the owner or the type is unknown
  130  interrupted`,
    )
    .action(async (name: string, type: string, options: DeploymentOptions) => {
      io.exitCode = await inDeployment(io, options, (work) => exportType(work, name, type));
    });
}

async function exportType({ io, deployment, signal }: Work, name: string, type: string): Promise<number> {
  const lines = await linesOf(deployment, name, type);
  try {
    await pipeline(Readable.from(lines), toStandardOutput(io), { signal });
    return EXIT.ok;
  } catch (error) {
    if (signal.aborted) return EXIT.interrupted;
    // A reader such as `head` has closed the pipe.
    if ((error as NodeJS.ErrnoException).code === 'EPIPE') return EXIT.ok;
    throw error;
  }
}

/** The lines from the cache with a name, or from the owner with the name if no such cache keeps the type. */
async function linesOf(deployment: Deployment, name: string, type: string): Promise<AsyncGenerator<string>> {
  const isOwner = deployment.owners.some((one) => one.name === name);
  const isCache = deployment.caches.some((one) => one.name === name);
  if (isCache || !isOwner) {
    const { boundary, reader } = await deployment.cacheNamed(name);
    if (!isOwner || Object.hasOwn(boundary.caches, type)) return exportedFromCache(boundary, reader, type);
  }
  const { owner } = await deployment.ownerNamed(name);
  return exportedFromOwner(owner, type);
}

/** The entities of a type in a cache as lines, deleted ones included, a page at a time. */
export async function* exportedFromCache(
  boundary: Pick<Boundary, 'caches'>,
  reader: Pick<Reader, 'listWithDeleted'>,
  type: string,
): AsyncGenerator<string> {
  const fields = boundary.caches[type]?.fields;
  yield* pages(
    (cursor) => reader.listWithDeleted(type, { cursor, limit: MAX_PAGE_SIZE }),
    (entity) => line(type, entity, entity.status === 'deleted' ? undefined : entity.value, fields),
  );
}

/** The entities of a type at their owner as lines, deleted ones included, a page at a time. */
export async function* exportedFromOwner(owner: Pick<Owner, 'list'>, type: string): AsyncGenerator<string> {
  yield* pages(
    (cursor) => owner.list(type, { cursor, limit: MAX_PAGE_SIZE }),
    ({ entity, state, ...stamp }) => line(type, { id: entity.id, ...stamp }, state, undefined),
  );
}

async function* pages<T>(
  read: (cursor: string | undefined) => Promise<Page<T>>,
  lineOf: (item: T) => string,
): AsyncGenerator<string> {
  let cursor: string | undefined;
  do {
    const page = await read(cursor);
    // One write per page, because one write per line would take longer than reading the table.
    if (page.items.length > 0) yield page.items.map(lineOf).join('');
    cursor = page.cursor;
  } while (cursor !== undefined);
}

/** @param fields the fields that a cache keeps; undefined for the whole state */
function line(
  type: string,
  { id, version, changedAt }: { readonly id: string; readonly version: number; readonly changedAt: string },
  state: State | undefined,
  fields: readonly string[] | undefined,
): string {
  const entity = { type, id, version, changedAt, deleted: state === undefined, data: state ?? null };
  return `${JSON.stringify({ ...entity, ...(fields && { fields }) })}\n`;
}

/** Returns a stream that writes to standard output, waits for a slow reader, and doesn't close standard output. */
function toStandardOutput({ stdout }: CommandIo): Writable {
  return new Writable({
    decodeStrings: false,
    write(chunk: string, _, done) {
      stdout.write(chunk, done);
    },
  });
}
