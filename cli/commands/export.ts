import { Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { Command, Option } from 'commander';
import type { Owner } from 'freshet-aws/internal/adapters/own/owner';
import type { Reader } from 'freshet-aws/internal/adapters/read/reader';
import type { Boundary } from 'freshet-aws/internal/core/contract/contract';
import { eachOf } from 'freshet-aws/internal/core/read/pages';
import { MAX_PAGE_SIZE } from 'freshet-aws/internal/core/read/read';
import type { State } from 'freshet-aws/internal/core/state';
import type { Deployment } from '../deployment/deployment.ts';
import { EXIT } from '../errors.ts';
import { FORMATS, type Format } from '../files/rows.ts';
import type { CommandIo } from '../io.ts';
import { type DeploymentOptions, deploymentHelp, withDeploymentOptions } from '../options/deployment-options.ts';
import { typed } from '../output/typed.ts';
import { inDeployment, type Work } from '../work.ts';

interface ExportOptions extends DeploymentOptions {
  readonly format: Format;
}

/** `freshet export NAME TYPE`: prints all entities of a type from a cache or an owner. */
export function exportCommand(io: CommandIo): Command {
  return withDeploymentOptions(new Command('export'))
    .summary('print all entities of a type from a cache or an owner, as freshet import takes them')
    .description(
      'Prints all entities of a type in a cache or at its owner, deleted ones included. Each record has the fields ' +
        'type, id, version, changedAt, deleted and data (null if deleted). The records of a cache that keeps a part of ' +
        'the state also have fields, the names of what it keeps.',
    )
    .argument('<name>', 'cache, such as ordering, or owner, such as geography')
    .argument('<type>', 'entity type, such as Currency')
    .addOption(
      new Option('--format <format>', 'ndjson: one JSON object a line, json: one array, csv: data as JSON in a cell')
        .choices(FORMATS)
        .default('ndjson'),
    )
    .option('--json', 'no effect: the output is NDJSON unless --format says otherwise')
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
    .action(async (name: string, type: string, options: ExportOptions) => {
      io.exitCode = await inDeployment(io, options, (work) => exportType(work, name, type, options.format));
    });
}

async function exportType({ io, deployment, signal }: Work, name: string, type: string, format: Format) {
  const records = await recordsOf(deployment, name, type);
  try {
    // A `Readable` in between would keep 16 chunks of large states in memory.
    await pipeline(inChunks(written(records, format)), toStandardOutput(io), { signal });
    return EXIT.ok;
  } catch (error) {
    if (signal.aborted) return EXIT.interrupted;
    // A reader such as `head` has closed the pipe.
    if ((error as NodeJS.ErrnoException).code === 'EPIPE') return EXIT.ok;
    throw error;
  }
}

/** The records of the cache with a name, or of the owner with the name if no such cache keeps the type. */
async function recordsOf(deployment: Deployment, name: string, type: string): Promise<AsyncGenerator<Exported>> {
  const isOwner = deployment.owners.some((one) => one.name === name);
  const isCache = deployment.caches.some((one) => one.name === name);
  if (isCache || !isOwner) {
    const { boundary, reader } = await deployment.cacheNamed(name);
    if (!isOwner || Object.hasOwn(boundary.caches, type)) return exportedFromCache(boundary, reader, type);
  }
  const { owner } = await deployment.ownerNamed(name);
  return exportedFromOwner(owner, type);
}

/** An entity as it is exported. */
export interface Exported {
  readonly type: string;
  readonly id: string;
  readonly version: number;
  readonly changedAt: string;
  readonly deleted: boolean;
  readonly data: State | null;
  /** The fields that a cache keeps, if it doesn't keep the whole state. */
  readonly fields?: readonly string[];
}

/** The entities of a type in a cache, deleted ones included, a page at a time. */
export async function* exportedFromCache(
  boundary: Pick<Boundary, 'caches'>,
  reader: Pick<Reader, 'listWithDeleted'>,
  type: string,
): AsyncGenerator<Exported> {
  const fields = boundary.caches[type]?.fields;
  for await (const entity of eachOf((cursor) => reader.listWithDeleted(type, { cursor, limit: MAX_PAGE_SIZE }))) {
    const exported = exportedOf(type, entity, entity.status === 'deleted' ? undefined : entity.value);
    yield fields === undefined ? exported : { ...exported, fields };
  }
}

/** The entities of a type at their owner, deleted ones included, a page at a time. */
export async function* exportedFromOwner(owner: Pick<Owner, 'list'>, type: string): AsyncGenerator<Exported> {
  for await (const owned of eachOf((cursor) => owner.list(type, { cursor, limit: MAX_PAGE_SIZE }))) {
    const { entity, version, changedAt } = owned;
    yield exportedOf(type, { id: entity.id, version, changedAt }, owned.state);
  }
}

function exportedOf(
  type: string,
  { id, version, changedAt }: { readonly id: string; readonly version: number; readonly changedAt: string },
  state: State | undefined,
): Exported {
  return { type, id, version, changedAt, deleted: state === undefined, data: state ?? null };
}

/** The text of a file with the records, in pieces of one record each. */
export async function* written(records: AsyncIterable<Exported>, format: Format): AsyncGenerator<string> {
  let count = 0;
  for await (const record of records) {
    const begin = count === 0;
    count += 1;
    if (format === 'ndjson') yield `${JSON.stringify(record)}\n`;
    else if (format === 'json') yield `${begin ? '[\n' : ',\n'}${JSON.stringify(record)}`;
    else yield `${begin ? `${Object.keys(record).join(',')}\n` : ''}${csvLine(record)}`;
  }
  if (format === 'json') yield count === 0 ? '[]\n' : '\n]\n';
}

function csvLine({ data, fields, ...stamp }: Exported): string {
  const cells = [
    ...Object.values(stamp).map(String),
    JSON.stringify(data),
    ...(fields ? [JSON.stringify(fields)] : []),
  ];
  return `${cells.map((cell) => `"${cell.replaceAll('"', '""')}"`).join(',')}\n`;
}

/** Characters of a write. One write for each small record would take longer than reading the table. */
const CHUNK_LENGTH = 64 * 1024;

async function* inChunks(texts: AsyncIterable<string>): AsyncGenerator<string> {
  let chunk = '';
  for await (const text of texts) {
    chunk += text;
    if (chunk.length < CHUNK_LENGTH) continue;
    yield chunk;
    chunk = '';
  }
  if (chunk !== '') yield chunk;
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
