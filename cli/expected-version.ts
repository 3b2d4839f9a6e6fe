import { Option } from 'commander';
import { quoted } from '../core/errors.ts';
import { UsageError } from './errors.ts';

/** The option `--expected-version`, a number once parsed. */
export function expectedVersionOption(description: string): Option {
  return new Option('--expected-version <n>', description).argParser((given: string) => {
    if (/^[0-9]{1,16}$/.test(given)) return Number(given);
    throw new UsageError(`--expected-version: not a version: ${quoted(given)}. Allowed: an integer from 0.`);
  });
}
