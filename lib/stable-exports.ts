import { Reference, Stack, Tokenization } from 'aws-cdk-lib';
import type { Construct } from 'constructs';

/**
 * Exports values of a construct's stack, under the names that the CDK gives them when another stack refers to them.
 *
 * Without this, a stack exports what other stacks refer to at the moment. CloudFormation refuses to remove an export
 * while a deployed stack imports it, and `cdk deploy --all` updates the exporting stack first. So the first deployment
 * after the last reference is removed would fail, such as when fewer caches are watched.
 *
 * Call it after `stableIds`, because the names contain logical ids.
 *
 * @param values attributes of resources. Values of imported resources are left out, because they need no export.
 */
export function stableExports(construct: Construct, values: readonly string[]): void {
  let stack = Stack.of(construct);
  while (stack.nestedStackParent !== undefined) stack = stack.nestedStackParent;
  const isAttribute = (value: string) => Reference.isReference(Tokenization.reverse(value, { failConcat: false }));
  for (const value of values.filter(isAttribute)) stack.exportValue(value);
}
