import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import { extname } from 'node:path';
import { Command, Option } from 'commander';
import { ownedContract } from 'freshet-aws/internal/core/contract';
import { BackpressureError } from 'freshet-aws/internal/core/govern/admit';
import { BACKPRESSURE_HELP, maxWaitOption, refusalJson } from '../backpressure.ts';
import { EXIT, UsageError } from '../errors.ts';
import { progressBar } from '../progress.ts';
import { connect, ownerOf } from '../session.ts';
import { type ImportCounts, importRows } from './import-rows.ts';
import { FORMATS, type Format, readRows } from './rows.ts';

interface ImportOptions {
  readonly id: string;
  readonly keepId?: boolean;
  readonly format?: Format;
  /** Milliseconds. */
  readonly maxWait: number;
  readonly json?: boolean;
}

/** Puts under way at once: enough to keep the owner's table busy, few enough for one client process. */
const WRITERS = 32;

/** `freshet import TYPE FILE`: puts many entities at their owner. */
export function importCommand(): Command {
  return new Command('import')
    .summary('put many entities from a file at their owner')
    .description(
      'Puts each entity of a file at its owner. What the owner refuses is named by line and reason, and the rest goes on.',
    )
    .argument('<type>', 'entity type, such as Currency')
    .argument('<file>', 'NDJSON (one object a line), a JSON array, or CSV with a header; - is standard input')
    .requiredOption('--id <field>', 'the field that holds the id; it is taken out of the state')
    .option('--keep-id', 'leave that field in the state too')
    .addOption(new Option('--format <format>', "default: by the file's ending, else ndjson").choices(FORMATS))
    .addOption(maxWaitOption('10m'))
    .option('--json', 'print the counts, and a refusal while a cache lags, as JSON')
    .addHelpText(
      'after',
      `
A CSV cell is text; where the schema wants something else it is read as JSON (2, true, ["a","b"]).
Run it again after an interruption: what was put before is unchanged and costs no version.
${BACKPRESSURE_HELP} The import then stops early.

Example:
  $ npm run -s freshet -- import Currency currencies.ndjson --id code

Exit codes: 0 all rows put, 1 rows were rejected or something failed, 2 the input can't be read, 75 stopped early because a cache lags: run it
again later, 130 interrupted.`,
    )
    .action(async (type: string, file: string, options: ImportOptions) => {
      process.exitCode = await importFile(type, file, options);
    });
}

async function importFile(type: string, file: string, options: ImportOptions): Promise<number> {
  const input = await openInput(file);
  const show = progressBar(input.totalBytes, 'rows');
  const session = await connect(process.stderr.isTTY ? show.note : undefined).catch((error: unknown) => {
    show.end();
    input.close();
    throw error;
  });
  const stop = new AbortController();
  const onSignal = () => {
    if (stop.signal.aborted) process.exit(EXIT.interrupted);
    stop.abort();
    input.close();
  };
  process.on('SIGINT', onSignal);
  try {
    const { owner, boundary } = ownerOf(session, type);
    const { failure, ...counts } = await importRows({
      owner,
      contract: ownedContract(boundary, type),
      rows: readRows(input.chunks, options.format ?? formatOf(file)),
      mapping: { idField: options.id, keepId: options.keepId ?? false },
      writers: WRITERS,
      maxWaitMs: options.maxWait,
      signal: stop.signal,
      onReject: (place, problem) => show.note(`${place}: ${problem}`),
      onProgress: ({ created, changed, unchanged, rejected }) =>
        show.update(input.bytesRead(), created + changed + unchanged + rejected, `${rejected} rejected`),
    });
    show.end();
    const interrupted = stop.signal.aborted;
    const refusal = failure instanceof BackpressureError ? { refusal: refusalJson(failure) } : {};
    process.stdout.write(
      `${options.json ? JSON.stringify({ ...counts, interrupted, ...refusal }) : summary(counts)}\n`,
    );
    if (failure !== undefined) {
      process.stderr.write('stopped early; run it again once this is mended:\n');
      throw failure;
    }
    if (interrupted) process.stderr.write('interrupted; run it again to go on\n');
    if (interrupted) return EXIT.interrupted;
    return counts.rejected > 0 ? EXIT.failed : EXIT.ok;
  } finally {
    show.end();
    process.off('SIGINT', onSignal);
    input.close();
    session.close();
  }
}

function summary({ created, changed, unchanged, rejected }: ImportCounts): string {
  return `${created} created, ${changed} changed, ${unchanged} unchanged, ${rejected} rejected`;
}

/** What is read, and how far. */
interface Input {
  readonly chunks: AsyncIterable<Uint8Array>;
  readonly totalBytes: number | undefined;
  bytesRead(): number;
  close(): void;
}

async function openInput(file: string): Promise<Input> {
  let bytes = 0;
  const counted = async function* (chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    for await (const chunk of chunks) {
      bytes += chunk.length;
      yield chunk;
    }
  };
  if (file === '-') {
    return {
      chunks: counted(process.stdin),
      totalBytes: undefined,
      bytesRead: () => bytes,
      close: () => process.stdin.destroy(),
    };
  }
  try {
    const handle = await open(file);
    const stat = await handle.stat();
    if (stat.isDirectory()) throw Object.assign(new Error('a directory'), { code: 'EISDIR' });
    const stream = createReadStream(file, { fd: handle });
    return { chunks: counted(stream), totalBytes: stat.size, bytesRead: () => bytes, close: () => stream.destroy() };
  } catch (error) {
    throw new UsageError(`cannot read ${file}: ${(error as NodeJS.ErrnoException).code ?? 'failed'}.`);
  }
}

function formatOf(file: string): Format {
  const ending = extname(file).slice(1).toLowerCase();
  return FORMATS.find((format) => format === ending) ?? 'ndjson';
}
