import { createPermission, createPolicy, createQueuePolicy, createRole, createTopicPolicy } from './access.ts';
import type { Resource, Stack } from './assembly.ts';
import { createEventInvokeConfig, createFunction, createMapping } from './function.ts';
import { createFunctionUrl } from './function-url.ts';
import { evaluateCondition, references, resolve, type Scope } from './intrinsics.ts';
import { createQueue, createSubscription, createTopic } from './messages.ts';
import type { Provisioned, ProvisionTarget, ResourceHandler } from './resource.ts';
import { createTable } from './table.ts';
import { createCompositeAlarm, createInsightRule, createMetricAlarm, createRule } from './watching.ts';

/** The result of provisioning an assembly. */
export interface Provisioning {
  /** Stack name to output id to value. */
  readonly outputs: Readonly<Record<string, Readonly<Record<string, string>>>>;
  /** Resources that are not emulated (no local effect): resource type to count. */
  readonly notEmulated: Readonly<Record<string, number>>;
}

const HANDLERS: Readonly<Record<string, ResourceHandler>> = {
  'AWS::DynamoDB::Table': createTable,
  'AWS::DynamoDB::GlobalTable': createTable,
  'AWS::SQS::Queue': createQueue,
  'AWS::SNS::Topic': createTopic,
  'AWS::SNS::Subscription': createSubscription,
  'AWS::Lambda::Function': createFunction,
  'AWS::Lambda::EventSourceMapping': createMapping,
  'AWS::Lambda::EventInvokeConfig': createEventInvokeConfig,
  'AWS::Lambda::Url': createFunctionUrl,
  'AWS::CloudWatch::Alarm': createMetricAlarm,
  'AWS::CloudWatch::CompositeAlarm': createCompositeAlarm,
  'AWS::CloudWatch::InsightRule': createInsightRule,
  'AWS::Events::Rule': createRule,
  'AWS::IAM::Role': createRole,
  'AWS::IAM::Policy': createPolicy,
  'AWS::IAM::RolePolicy': createPolicy,
  'AWS::IAM::ManagedPolicy': createPolicy,
  'AWS::SQS::QueuePolicy': createQueuePolicy,
  'AWS::SNS::TopicPolicy': createTopicPolicy,
  'AWS::Lambda::Permission': createPermission,
};

/** Resource types for observation, encryption and people. They don't affect what the pipeline does. */
const NOT_EMULATED = /^AWS::((CloudWatch|Logs|KMS|CDK|XRay)::.*|IAM::(User|Group|InstanceProfile)|SSM::Parameter)$/;

/**
 * Creates the resources of the stacks, in order. If a resource can't be created, throws an error with stack and
 * resource.
 */
export async function provision(stacks: readonly Stack[], target: ProvisionTarget): Promise<Provisioning> {
  const exported = new Map<string, unknown>();
  const outputs: Record<string, Record<string, string>> = {};
  const notEmulated: Record<string, number> = {};
  for (const stack of stacks) outputs[stack.name] = await provisionStack(stack, target, exported, notEmulated);
  return { outputs, notEmulated };
}

async function provisionStack(
  stack: Stack,
  target: ProvisionTarget,
  exported: Map<string, unknown>,
  notEmulated: Record<string, number>,
): Promise<Record<string, string>> {
  const { Outputs = {} } = stack.template;
  const created = new Map<string, Provisioned>();
  const scope = createScope(stack, target, created, exported);
  const applies = (condition: string | undefined) => condition === undefined || scope.condition(condition) === true;

  for (const [logicalId, resource] of inOrder(stack)) {
    if (!applies(resource.Condition)) continue;
    const path = `${stack.name}/${logicalId}`;
    const handler = HANDLERS[resource.Type];
    if (handler) {
      const properties = resolve(resource.Properties ?? {}, scope, `${path}/Properties`);
      try {
        created.set(logicalId, await handler({ stack, logicalId, resource, properties, target }));
      } catch (cause) {
        const reason = cause instanceof Error ? cause.message : String(cause);
        throw new Error(`${path} (${resource.Type}) cannot be created locally: ${reason}`, { cause });
      }
    } else if (NOT_EMULATED.test(resource.Type)) {
      notEmulated[resource.Type] = (notEmulated[resource.Type] ?? 0) + 1;
    } else {
      const known = Object.keys(HANDLERS).join(', ');
      throw new Error(`${path}: ${resource.Type} is not emulated. Emulated: ${known}.`);
    }
  }

  const outputs: Record<string, string> = {};
  for (const [id, output] of Object.entries(Outputs)) {
    if (!applies(output.Condition)) continue;
    const value = resolve(output.Value, scope, `${stack.name}/Outputs/${id}`);
    outputs[id] = String(value);
    if (output.Export) exported.set(String(resolve(output.Export.Name, scope, `${stack.name}/Outputs/${id}`)), value);
  }
  return outputs;
}

function createScope(
  stack: Stack,
  { region, accountId }: ProvisionTarget,
  created: ReadonlyMap<string, Provisioned>,
  exported: ReadonlyMap<string, unknown>,
): Scope {
  const { Parameters = {}, Conditions = {}, Resources } = stack.template;
  /** https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/pseudo-parameter-reference.html */
  const pseudoParameters: Record<string, string> = {
    'AWS::AccountId': accountId,
    'AWS::Partition': 'aws',
    'AWS::Region': region,
    'AWS::StackId': `arn:aws:cloudformation:${region}:${accountId}:stack/${stack.name}/local`,
    'AWS::StackName': stack.name,
    'AWS::URLSuffix': 'amazonaws.com',
  };
  /** A value for a resource that isn't emulated, such as a key. Other resources refer to it, but nothing reads it. */
  const standIn = (id: string): string | undefined => {
    const { Type: type, Properties } = Resources[id] ?? {};
    if (type === undefined || HANDLERS[type]) return undefined;
    // Functions and insight rules must use the same name of a log group.
    const given = type === 'AWS::Logs::LogGroup' ? Properties?.LogGroupName : undefined;
    if (typeof given === 'string') return given;
    return `${stack.name}-${id}`;
  };
  const scope: Scope = {
    ref: (id) => pseudoParameters[id] ?? Parameters[id]?.Default ?? created.get(id)?.ref ?? standIn(id),
    attribute(id, name) {
      const given = created.get(id)?.attributes[name];
      const stand = standIn(id);
      if (given !== undefined || stand === undefined) return given;
      const type = Resources[id]?.Type ?? '';
      if (type === 'AWS::Logs::LogGroup') return `arn:aws:logs:${region}:${accountId}:log-group:${stand}:*`;
      return `arn:aws:${type.split('::')[1]?.toLowerCase()}:${region}:${accountId}:${stand}`;
    },
    importValue: (name) => exported.get(name),
    condition(name) {
      if (!(name in Conditions)) return undefined;
      return evaluateCondition(Conditions[name], scope, `${stack.name}/Conditions/${name}`);
    },
  };
  return scope;
}

/** The resources in an order in which each resource follows those that it refers to. */
function inOrder({ name, template: { Resources } }: Stack): [string, Resource][] {
  const ordered: [string, Resource][] = [];
  const state = new Map<string, 'open' | 'done'>();
  function visit(id: string, from: readonly string[]): void {
    const resource = Resources[id];
    // A resource that isn't emulated needs no other resource. So a circle through such a resource is no problem.
    if (!resource || state.get(id) === 'done') return;
    if (state.get(id) === 'open') throw new Error(`${name}: circular reference ${[...from, id].join(' → ')}`);
    state.set(id, 'open');
    const needed = HANDLERS[resource.Type]
      ? [...references(resource.Properties), ...[resource.DependsOn ?? []].flat()]
      : [];
    for (const each of needed) visit(each, [...from, id]);
    state.set(id, 'done');
    ordered.push([id, resource]);
  }
  for (const id of Object.keys(Resources)) visit(id, []);
  return ordered;
}
