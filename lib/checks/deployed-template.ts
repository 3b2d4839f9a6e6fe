import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { type Stack, Token } from 'aws-cdk-lib';
import { below, isRecord, type Rendered } from './plan.ts';

/** The context key with the folder of the deployed templates, relative to where the app is synthesised. */
export const DEPLOYED = 'freshet-aws:deployed';

/**
 * The properties of a resource in the deployed template of its stack: `<stack name>.template.json` as in `cdk.out`, or
 * `<stack name>.json`. A stack without a template counts as new.
 *
 * @throws Error if the folder doesn't exist
 */
export function deployedProperties(
  stack: Stack,
  { logicalId, type }: Pick<Rendered, 'logicalId' | 'type'>,
): Rendered['properties'] | undefined {
  const given: unknown = stack.node.tryGetContext(DEPLOYED);
  if (given === undefined || Token.isUnresolved(stack.stackName)) return undefined;
  const folder = resolve(String(given));
  if (!existsSync(folder)) {
    throw new Error(
      `context ${DEPLOYED}: no such folder: ${folder}. Allowed: a folder with the templates of the deployed stacks, ` +
        'such as the cdk.out of the last deployment.',
    );
  }
  const file = [`${stack.stackName}.template.json`, `${stack.stackName}.json`]
    .map((name) => join(folder, name))
    .find((path) => existsSync(path));
  const resource = file && below(JSON.parse(readFileSync(file, 'utf8')), 'Resources', logicalId);
  const properties = below(resource, 'Type') === type ? below(resource, 'Properties') : undefined;
  return isRecord(properties) ? properties : undefined;
}
