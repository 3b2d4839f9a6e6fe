import { Option } from 'commander';
import { quoted } from 'freshet-aws/internal/core/errors';
import { UsageError } from '../errors.ts';

/** The option `--at-least-version`, which is parsed into a number. */
export function atLeastVersionOption(description: string): Option {
  return versionOption('--at-least-version', 1, description);
}

/** The option `--expected-version`, which is parsed into a number. */
export function expectedVersionOption(description: string): Option {
  return versionOption('--expected-version', 0, description);
}

function versionOption(name: string, min: 0 | 1, description: string): Option {
  return new Option(`${name} <n>`, description).argParser((given: string) => {
    if (/^[0-9]{1,16}$/.test(given) && Number(given) >= min) return Number(given);
    throw new UsageError(`${name}: not a version: ${quoted(given)}. Allowed: an integer, ${min} or more.`);
  });
}
