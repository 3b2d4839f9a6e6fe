import { UsageError } from '../../errors.ts';
import type { AppOptions } from './app-options.ts';
import type { LogOptions } from './function-logs.ts';

/** The options of `freshet up`. */
export interface UpOptions extends AppOptions, LogOptions {
  readonly once?: boolean;
  readonly story: boolean;
  readonly keep?: boolean;
  readonly reset?: boolean;
  readonly watch?: boolean;
  readonly cache: boolean;
  readonly console: boolean;
  readonly consolePort?: number;
  readonly json?: boolean;
}

/** @throws UsageError if two options contradict each other */
export function checkUpOptions({ reset, keep, watch, once }: UpOptions): void {
  if (reset && !keep) throw new UsageError('--reset: drops what --keep has kept. Add --keep.');
  if (watch && once) throw new UsageError('--watch: runs until Ctrl-C. Leave out --once.');
}
