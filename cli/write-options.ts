import type { Command } from 'commander';
import type { CommitOptions } from 'freshet-aws/internal/adapters/own/owner-table';
import { maxWaitOption, priorityOption } from './backpressure.ts';
import { expectedVersionOption } from './expected-version.ts';

/** How one entity is written, as the options say. */
export interface WriteOptions {
  readonly expectedVersion?: number;
  /** Milliseconds. */
  readonly maxWait: number;
  readonly priority?: boolean;
  readonly json?: boolean;
}

/** Adds the options of a command that writes one entity. @param expectedVersion what the help says of that option */
export function withWriteOptions(command: Command, expectedVersion: string): Command {
  return command
    .addOption(expectedVersionOption(expectedVersion))
    .addOption(maxWaitOption('30s'))
    .addOption(priorityOption())
    .option('--json', 'print the result, or a refusal while a cache lags, as JSON');
}

/** What the owner is told of them. */
export function commitOptions(
  { expectedVersion, maxWait, priority }: WriteOptions,
  signal: AbortSignal,
): CommitOptions {
  return { expectedVersion, maxWaitMs: maxWait, priority, signal };
}
