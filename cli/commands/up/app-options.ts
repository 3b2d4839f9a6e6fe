import type { Command } from 'commander';
import { quoted } from 'freshet-aws/internal/core/errors';
import { UsageError } from '../../errors.ts';

/** Options of the CDK app's synthesis. */
export interface AppOptions {
  /** Context values that come before those of `cdk.json`. @default - none */
  readonly context?: Readonly<Record<string, string>>;
  /** Patterns of the stacks to run. @default - all stacks */
  readonly stacks?: readonly string[];
}

/** Adds the options that have the same meaning in the CDK's command line. */
export function withAppOptions(command: Command): Command {
  return command
    .option(
      '-c, --context <key=value>',
      'add a context value for the CDK app; repeat the option to add several',
      addContext,
    )
    .option(
      '--stacks <patterns...>',
      'run only these stacks and the stacks that they depend on, such as "Production/*"',
    );
}

function addContext(given: string, before: AppOptions['context'] = {}): AppOptions['context'] {
  const at = given.indexOf('=');
  if (at < 1) throw new UsageError(`--context: not a key and a value: ${quoted(given)}. Allowed: key=value.`);
  return { ...before, [given.slice(0, at)]: given.slice(at + 1) };
}
