import type { Stack } from './assembly.ts';
import { evaluateCondition, type Scope } from './intrinsics.ts';
import { Placeholder } from './placeholder.ts';
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
  /** Called for each value that isn't known locally. @param path where the template has or uses the value */
  readonly onUnknown: (path: string, reason: string) => void;
}

/** The types of parameters that are lists. */
const LIST = /^(CommaDelimitedList|List<|AWS::SSM::Parameter::Value<(List<|CommaDelimitedList))/;

/** The values that the intrinsic functions of a stack find. */
export function createScope(
  stack: Stack,
  { region, accountId }: Pick<ProvisionTarget, 'region' | 'accountId'>,
  { created, shared, parameters, onUnknown }: ScopeContext,
): Scope {
  const { Parameters = {}, Conditions = {}, Mappings = {}, Resources } = stack.template;
  /** https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/pseudo-parameter-reference.html */
  const pseudoParameters: Record<string, unknown> = {
    'AWS::AccountId': accountId,
    'AWS::NotificationARNs': [],
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
  const parameter = (id: string): unknown => {
    const { Type: type = 'String', Default: byDefault } = Parameters[id] ?? {};
    const isList = LIST.test(type);
    // The default of a parameter that reads the SSM Parameter Store is the name of the stored parameter.
    const isStored = type.startsWith('AWS::SSM::Parameter::Value<');
    const value = parameters[id] ?? (isStored ? undefined : byDefault);
    if (value !== undefined) return isList && typeof value === 'string' ? value.split(',') : value;
    const text = `${stack.name}-${id}`;
    const why = isStored ? `the SSM parameter ${byDefault} is not read` : 'the parameter has no default';
    onUnknown(`${stack.name}/Parameters/${id}`, `${why}, so ${text} stands in`);
    return new Placeholder(text, isList ? [text] : undefined);
  };
  const scope: Scope = {
    ref(id) {
      const given = pseudoParameters[id] ?? created.get(id)?.ref;
      if (given !== undefined) return given;
      if (Parameters[id] !== undefined) return parameter(id);
      const stand = standIn(id);
      return stand && new Placeholder(stand);
    },
    attribute(id, name, path) {
      const resource = created.get(id);
      const stand = standIn(id);
      if (resource !== undefined) {
        const text = `${stack.name}-${id}-${name}`;
        const reason = `the attribute ${name} of ${id} is not emulated, so ${text} stands in`;
        return resource.attributes[name] ?? scope.unknown(text, reason, path);
      }
      if (stand === undefined) return undefined;
      const type = Resources[id]?.Type ?? '';
      if (type === 'AWS::Logs::LogGroup')
        return new Placeholder(`arn:aws:logs:${region}:${accountId}:log-group:${stand}:*`);
      return new Placeholder(`arn:aws:${type.split('::')[1]?.toLowerCase()}:${region}:${accountId}:${stand}`);
    },
    unknown(text, reason, path) {
      onUnknown(path, reason);
      return new Placeholder(text);
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
