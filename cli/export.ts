import { Readable, Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { Command } from 'commander';
import type { KnownEntity, Reader } from 'freshet-aws/internal/adapters/read/cache-table';
import { MAX_PAGE_SIZE } from 'freshet-aws/internal/core/read/read';
import { EXIT } from './errors.ts';
import { withSession } from './in-session.ts';
import { cacheNamed } from './session.ts';

/** `freshet export CACHE TYPE`: writes what a cache holds of a type. */
export function exportCommand(): Command {
  return new Command('export')
    .summary('write all entities of a type from a cache as NDJSON')
    .description(
      'Writes every entity of a type that a cache knows to standard output, one JSON object a line: id, version, changedAt, deleted, data (null when deleted).',
    )
    .argument('<cache>', 'cache, such as ordering')
    .argument('<type>', 'entity type, such as Currency')
    .option('--json', 'accepted, and changes nothing: the output is NDJSON in any case')
    .addHelpText(
      'after',
      `
The order is stable, not sorted.

Example:
  $ npm run -s freshet -- export ordering Currency > currencies.ndjson

Exit codes: 0 all written, 2 no such cache or type, 1 something failed, 130 interrupted.`,
    )
    .action(async (cache: string, type: string) => {
      process.exitCode = await exportType(cache, type);
    });
}

async function exportType(cache: string, type: string): Promise<number> {
  return withSession(async (session) => {
    const stop = new AbortController();
    const onSignal = () => stop.abort();
    process.once('SIGINT', onSignal);
    try {
      await pipeline(Readable.from(lines(cacheNamed(session, cache).reader, type)), toStandardOutput(), {
        signal: stop.signal,
      });
      return EXIT.ok;
    } catch (error) {
      if (stop.signal.aborted) return EXIT.interrupted;
      // Whoever reads the output has had enough, as `head` has.
      if ((error as NodeJS.ErrnoException).code === 'EPIPE') return EXIT.ok;
      throw error;
    } finally {
      process.off('SIGINT', onSignal);
    }
  });
}

async function* lines(reader: Reader, type: string): AsyncGenerator<string> {
  let cursor: string | undefined;
  do {
    const page = await reader.listWithDeleted(type, { cursor, limit: MAX_PAGE_SIZE });
    // A page a piece: a write for each line would take longer than reading the table.
    if (page.items.length > 0) yield page.items.map(line).join('');
    cursor = page.cursor;
  } while (cursor !== undefined);
}

function line(entity: KnownEntity): string {
  const { id, version, changedAt } = entity;
  const deleted = entity.status === 'deleted';
  return `${JSON.stringify({ id, version, changedAt, deleted, data: deleted ? null : entity.value })}\n`;
}

/** Standard output as a stream that may end without closing it, and that waits while the reader is slow. */
function toStandardOutput(): Writable {
  return new Writable({
    decodeStrings: false,
    write(chunk: string, _, done) {
      process.stdout.write(chunk, done);
    },
  });
}
