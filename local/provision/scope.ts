import type { Stack } from './assembly.ts';
import { evaluateCondition, type Scope } from './intrinsics.ts';
import { type Provisioned, type ProvisionTarget, stackIdOf } from './resource.ts';

/** The values that later stacks can refer to: exports by name, and the outputs of all stacks so far. */
export interface Shared {
  readonly exported: Map<string, unknown>;
  readonly outputs: Record<string, Readonly<Record<string, string>>>;
}

/** The parts of a stack, and the earlier stacks, that its intrinsic functions can refer to. */
export interface ScopeContext {
  /** The resources that were created so far, by logical id. */
  readonly created: ReadonlyMap<string, Provisioned>;
  readonly shared: Shared;
  /** The values of the stack's parameters. */
  readonly parameters: Readonly<Record<string, unknown>>;
}

/** The values that the intrinsic functions of a stack find. */
export function createScope(
  stack: Stack,
  { region, accountId }: Pick<ProvisionTarget, 'region' | 'accountId'>,
  { created, shared, parameters }: ScopeContext,
): Scope {
  const { Parameters = {}, Conditions = {}, Mappings = {}, Resources } = stack.template;
  /** https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/pseudo-parameter-reference.html */
  const pseudoParameters: Record<string, string> = {
    'AWS::AccountId': accountId,
    'AWS::Partition': 'aws',
    'AWS::Region': region,
    'AWS::StackId': stackIdOf(stack.name, region, accountId),
    'AWS::StackName': stack.name,
    'AWS::URLSuffix': 'amazonaws.com',
  };
  /** A value for a resource that isn't created here, such as a key or a bucket. Other resources refer to it. */
  const standIn = (id: string): string | undefined => {
    const { Type: type, Properties } = Resources[id] ?? {};
    if (type === undefined || created.has(id)) return undefined;
    // Functions and insight rules must use the same name of a log group.
    const given = type === 'AWS::Logs::LogGroup' ? Properties?.LogGroupName : undefined;
    if (typeof given === 'string') return given;
    return `${stack.name}-${id}`;
  };
  const scope: Scope = {
    ref: (id) =>
      pseudoParameters[id] ?? parameters[id] ?? Parameters[id]?.Default ?? created.get(id)?.ref ?? standIn(id),
    attribute(id, name) {
      const given = created.get(id)?.attributes[name];
      const stand = standIn(id);
      if (given !== undefined || stand === undefined) return given;
      const type = Resources[id]?.Type ?? '';
      if (type === 'AWS::Logs::LogGroup') return `arn:aws:logs:${region}:${accountId}:log-group:${stand}:*`;
      return `arn:aws:${type.split('::')[1]?.toLowerCase()}:${region}:${accountId}:${stand}`;
    },
    importValue: (name) => shared.exported.get(name),
    stackOutput: (stackName, output) => shared.outputs[stackName]?.[output],
    mapped: (map, first, second) => Mappings[map]?.[first]?.[second],
    condition(name) {
      if (!(name in Conditions)) return undefined;
      return evaluateCondition(Conditions[name], scope, `${stack.name}/Conditions/${name}`);
    },
  };
  return scope;
}
