import { indexChanges, MAX_INDEX_CHANGES } from 'freshet-aws/internal/core/index-changes';
import type { Stack, Template } from './assembly.ts';

/**
 * Throws, in CloudFormation's words, for an update of deployed stacks that CloudFormation refuses: the update changes
 * more than one index of a table, or removes an export that a deployed stack imports.
 *
 * @param before the deployed stacks
 * @param after the stacks that replace them
 */
export function checkUpdate(before: readonly Stack[], after: readonly Stack[]): void {
  const deployed = new Map(before.map((stack) => [stack.name, stack]));
  for (const { name, template } of after) {
    const old = deployed.get(name);
    if (old === undefined) continue;
    checkIndexes(name, old.template, template);
    checkExports(name, old.template, template, before);
  }
}

/** https://github.com/aws/aws-cdk/issues/14920 */
function checkIndexes(name: string, before: Template, after: Template): void {
  for (const [logicalId, { Type, Properties = {} }] of Object.entries(after.Resources)) {
    const old = before.Resources[logicalId];
    if (old?.Type !== Type || Type !== 'AWS::DynamoDB::Table') continue;
    const { created, deleted } = indexChanges(
      old.Properties?.GlobalSecondaryIndexes,
      Properties.GlobalSecondaryIndexes,
    );
    if (created.length + deleted.length > MAX_INDEX_CHANGES) {
      throw new Error(
        `${name}/${logicalId} (${Type}) UPDATE_FAILED: Cannot perform more than one GSI creation or deletion in a ` +
          'single update',
      );
    }
  }
}

/** https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-cfn-stack-exports.html */
function checkExports(name: string, before: Template, after: Template, deployed: readonly Stack[]): void {
  const kept = exportsOf(after);
  for (const removed of exportsOf(before).filter((one) => !kept.includes(one))) {
    const user = deployed.find(({ template }) => importsOf(template.Resources).includes(removed));
    if (user === undefined) continue;
    throw new Error(`${name} UPDATE_FAILED: Export ${removed} cannot be deleted as it is in use by ${user.name}`);
  }
}

function exportsOf({ Outputs = {} }: Template): readonly string[] {
  return Object.values(Outputs).flatMap(({ Export }) => (typeof Export?.Name === 'string' ? [Export.Name] : []));
}

function importsOf(value: unknown): readonly string[] {
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]) =>
    key === 'Fn::ImportValue' && typeof inner === 'string' ? [inner] : importsOf(inner),
  );
}
