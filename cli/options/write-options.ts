import { type Command, Option } from 'commander';
import type { CommitOptions } from 'freshet-aws/internal/adapters/own/owner';
import { durationOf } from './parse.ts';
import { expectedVersionOption } from './versions.ts';

/** The options of a command that writes one entity. */
export interface WriteOptions {
  readonly expectedVersion?: number;
  /** Milliseconds. */
  readonly maxWait: number;
  readonly priority?: boolean;
  readonly json?: boolean;
}

/**
 * Adds the options of a command that writes one entity.
 *
 * @param expectedVersion the description of `--expected-version`
 */
export function withWriteOptions(command: Command, expectedVersion: string): Command {
  return command
    .addOption(expectedVersionOption(expectedVersion))
    .addOption(maxWaitOption('30s'))
    .addOption(new Option('--priority', 'write at once, without flow control, for urgent changes such as a withdrawal'))
    .option('--json', 'print the result as JSON, also if the write fails because a cache lags');
}

/** The option `--max-wait`, which is parsed into milliseconds. @param byDefault such as 30s */
export function maxWaitOption(byDefault: string): Option {
  const parse = durationOf('--max-wait');
  return new Option(
    '--max-wait <duration>',
    'how long a write may wait while a cache lags; with 0s, it fails instead of waiting',
  )
    .argParser(parse)
    .default(parse(byDefault), byDefault);
}

/** The part of a writing command's help that explains flow control. */
export const FLOW_CONTROL_HELP = `
While a cache lags, the owner slows or refuses writes. A write then waits until the owner admits it, at most as long
as --max-wait allows. If it would have to wait longer, it fails and changes nothing.`;

/** The options as an owner takes them. */
export function commitOptions(
  { expectedVersion, maxWait, priority }: WriteOptions,
  signal: AbortSignal,
): CommitOptions {
  return { expectedVersion, maxWaitMs: maxWait, priority, signal };
}
