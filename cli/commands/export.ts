import { Readable, Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { Command } from 'commander';
import type { KnownEntity, Reader } from 'freshet-aws/internal/adapters/read/reader';
import { MAX_PAGE_SIZE } from 'freshet-aws/internal/core/read/read';
import type { DeploymentOptions } from '../deployment/find.ts';
import { EXIT } from '../errors.ts';
import type { CommandIo } from '../io.ts';
import { deploymentHelp, withDeploymentOptions } from '../options/deployment-options.ts';
import { typed } from '../output/typed.ts';
import { inDeployment, type Work } from '../work.ts';

/** `freshet export CACHE TYPE`: prints all entities of a type from a cache. */
export function exportCommand(io: CommandIo): Command {
  return withDeploymentOptions(new Command('export'))
    .summary('print all entities of a type from a cache as NDJSON')
    .description(
      'Prints all entities of a type in a cache, deleted ones included. Each line is a JSON object with the fields ' +
        'id, version, changedAt, deleted and data (null if deleted).',
    )
    .argument('<cache>', 'cache, such as ordering')
    .argument('<type>', 'entity type, such as Currency')
    .option('--json', 'no effect: the output is always NDJSON')
    .addHelpText(
      'after',
      `
The order of the entities is always the same, but it isn't the order of their ids.

Example:
  $ ${typed('export ordering Currency')} > currencies.ndjson
${deploymentHelp(['dynamodb:Query'])}
Exit codes:
  0    all entities were printed
  1    something failed
  2    the cache or the type is unknown
  130  interrupted`,
    )
    .action(async (cache: string, type: string, options: DeploymentOptions) => {
      io.exitCode = await inDeployment(io, options, (work) => exportType(work, cache, type));
    });
}

async function exportType({ io, deployment, signal }: Work, cache: string, type: string): Promise<number> {
  const { reader } = await deployment.cacheNamed(cache);
  try {
    await pipeline(Readable.from(lines(reader, type)), toStandardOutput(io), { signal });
    return EXIT.ok;
  } catch (error) {
    if (signal.aborted) return EXIT.interrupted;
    // A reader such as `head` has closed the pipe.
    if ((error as NodeJS.ErrnoException).code === 'EPIPE') return EXIT.ok;
    throw error;
  }
}

async function* lines(reader: Reader, type: string): AsyncGenerator<string> {
  let cursor: string | undefined;
  do {
    const page = await reader.listWithDeleted(type, { cursor, limit: MAX_PAGE_SIZE });
    // One write per page, because one write per line would take longer than reading the table.
    if (page.items.length > 0) yield page.items.map(line).join('');
    cursor = page.cursor;
  } while (cursor !== undefined);
}

function line(entity: KnownEntity): string {
  const { id, version, changedAt } = entity;
  const deleted = entity.status === 'deleted';
  return `${JSON.stringify({ id, version, changedAt, deleted, data: deleted ? null : entity.value })}\n`;
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
