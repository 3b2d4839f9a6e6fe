import { join } from 'node:path';
import { root } from '../support/command-line.ts';

/** The arguments of `node` that run a command of the CDK on an assembly. */
export function cdkArguments(assembly: string, command: string, ...options: readonly string[]): string[] {
  return [
    join(root, 'node_modules/aws-cdk/bin/cdk'),
    '--app',
    assembly,
    '--ci',
    '--no-notices',
    '--no-version-reporting',
    '--progress',
    'events',
    command,
    ...options,
  ];
}
