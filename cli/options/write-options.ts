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
    .addOption(new Option('--priority', 'write without flow control, for urgent changes such as a withdrawal'))
    .option('--json', 'print the result, or the refusal while a cache lags, as JSON');
}

/** The option `--max-wait`, in milliseconds once parsed. @param byDefault such as 30s */
export function maxWaitOption(byDefault: string): Option {
  const parse = durationOf('--max-wait');
  return new Option('--max-wait <span>', 'how long a write waits while a cache lags; 0s fails at once')
    .argParser(parse)
    .default(parse(byDefault), byDefault);
}

/** The part of a writing command's help that explains flow control. */
export const FLOW_CONTROL_HELP = `
While a cache lags, its owner slows or refuses writes. The command then waits for the time in retry-after and a
random part more, up to --max-wait. A write that would have to wait longer is refused, and nothing is written.`;

/** The options as an owner takes them. */
export function commitOptions(
  { expectedVersion, maxWait, priority }: WriteOptions,
  signal: AbortSignal,
): CommitOptions {
  return { expectedVersion, maxWaitMs: maxWait, priority, signal };
}
