import { type Command, Option } from 'commander';
import { quoted } from 'freshet-aws/internal/core/errors';
import { UsageError } from '../errors.ts';
import { ENCODINGS, type Encoding } from './encoding.ts';
import { formatOf } from './input.ts';
import { FORMATS, type Format, type ReadOptions } from './rows.ts';

/** The options of a command that reads the records of a file. */
export interface FileOptions {
  readonly format?: Format;
  readonly encoding?: Encoding;
  readonly delimiter?: string;
}

/** Adds the options of a command that reads the records of a file. */
export function withFileOptions(command: Command): Command {
  return command
    .addOption(
      new Option('--format <format>', 'format of the file; default: its extension, or ndjson').choices(FORMATS),
    )
    .addOption(
      new Option(
        '--encoding <encoding>',
        'character encoding of the file; default: that of its byte order mark, or utf-8',
      ).choices(ENCODINGS),
    )
    .addOption(
      new Option(
        '--delimiter <character>',
        'the character between two cells of CSV, such as ; or tab; default: ,',
      ).argParser(delimiterOf),
    );
}

/** How to read a file. @throws UsageError if the options contradict each other */
export function readOptions(file: string, { format = formatOf(file) ?? 'ndjson', encoding, delimiter }: FileOptions) {
  if (delimiter !== undefined && format !== 'csv') {
    throw new UsageError(`--delimiter: the format is ${format}. Allowed: only for CSV, see --format.`);
  }
  return { format, encoding, delimiter } satisfies ReadOptions;
}

function delimiterOf(given: string): string {
  const delimiter = given === 'tab' || given === '\\t' ? '\t' : given;
  if (/^[\t\x20-\x7e]$/.test(delimiter) && delimiter !== '"') return delimiter;
  throw new UsageError(`--delimiter: given: ${quoted(given)}. Allowed: tab, or one ASCII character but no quote.`);
}
