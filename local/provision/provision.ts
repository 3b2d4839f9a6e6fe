import { createPermission, createPolicy, createQueuePolicy, createRole, createTopicPolicy } from './access.ts';
import type { Resource, Stack } from './assembly.ts';
import { createEventInvokeConfig, createFunction, createMapping } from './function.ts';
import { createFunctionUrl } from './function-url.ts';
import { evaluateCondition, references, resolve, type Scope } from './intrinsics.ts';
import { createQueue, createSubscription, createTopic } from './messages.ts';
import { NotEmulated, type Provisioned, type ProvisionTarget, type ResourceHandler } from './resource.ts';
import { createTable } from './table.ts';
import { createCompositeAlarm, createInsightRule, createMetricAlarm, createRule } from './watching.ts';

/** The result of provisioning an assembly. */
export interface Provisioning {
  /** Stack name to output id to value. */
  readonly outputs: Readonly<Record<string, Readonly<Record<string, string>>>>;
  /** Resources that are not emulated (no local effect): resource type to count. */
  readonly notEmulated: Readonly<Record<string, number>>;
  readonly leftOut: readonly LeftOut[];
}

/** A resource, or a part of one, that the local cloud leaves out. Functions that name it get a stand-in. */
export interface LeftOut {
  /** Stack and logical id, such as `Orders/Bucket83908E77`. */
  readonly path: string;
  /** Such as `AWS::S3::Bucket`. */
  readonly type: string;
  /** Why a resource of a known type is left out, or what is left out of it. @default - the type isn't known */
  readonly reason?: string;
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
const NOT_EMULATED = /^AWS::((CloudWatch|Logs|KMS|XRay)::.*|IAM::(User|Group|InstanceProfile)|SSM::Parameter)$/;

/** The metadata of the CDK's command line, which no person wrote and no list needs. */
const CDK_METADATA = 'AWS::CDK::Metadata';

/** Resources that only connect two others, with the properties that name them. They are left out with either one. */
const CONNECTIONS: Readonly<Record<string, readonly string[]>> = {
  'AWS::Lambda::EventSourceMapping': ['FunctionName', 'EventSourceArn'],
  'AWS::Lambda::EventInvokeConfig': ['FunctionName'],
  'AWS::Lambda::Permission': ['FunctionName'],
  'AWS::Lambda::Url': ['TargetFunctionArn'],
  'AWS::SNS::Subscription': ['Endpoint', 'TopicArn'],
};

/**
 * Creates the resources of the stacks, in order. If a resource can't be created, throws an error with stack and
 * resource.
 */
export async function provision(stacks: readonly Stack[], target: ProvisionTarget): Promise<Provisioning> {
  const exported = new Map<string, unknown>();
  const outputs: Record<string, Record<string, string>> = {};
  const notEmulated: Record<string, number> = {};
  const leftOut: LeftOut[] = [];
  const notes = { notEmulated, leftOut };
  for (const stack of stacks) outputs[stack.name] = await provisionStack(stack, target, { exported, outputs }, notes);
  return { outputs, ...notes };
}

/** What later stacks can refer to: exports by name, and the outputs of all stacks so far. */
interface Shared {
  readonly exported: Map<string, unknown>;
  readonly outputs: Readonly<Record<string, Readonly<Record<string, string>>>>;
}

async function provisionStack(
  stack: Stack,
  target: ProvisionTarget,
  shared: Shared,
  { notEmulated, leftOut }: { notEmulated: Record<string, number>; leftOut: LeftOut[] },
): Promise<Record<string, string>> {
  const { Outputs = {} } = stack.template;
  const created = new Map<string, Provisioned>();
  const scope = createScope(stack, target, { created, shared });
  const applies = (condition: string | undefined) => condition === undefined || scope.condition(condition) === true;

  for (const [logicalId, resource] of inOrder(stack)) {
    if (!applies(resource.Condition)) continue;
    const path = `${stack.name}/${logicalId}`;
    const handler = HANDLERS[resource.Type];
    const missing = (CONNECTIONS[resource.Type] ?? [])
      .flatMap((name) => [...references(resource.Properties?.[name])])
      .find((id) => stack.template.Resources[id] !== undefined && !created.has(id));
    if (handler && missing === undefined) {
      const properties = resolve(resource.Properties ?? {}, scope, `${path}/Properties`);
      try {
        const provisioned = await handler({ stack, logicalId, resource, properties, target });
        created.set(logicalId, provisioned);
        leftOut.push(...(provisioned.leftOut ?? []).map((reason) => ({ path, type: resource.Type, reason })));
      } catch (cause) {
        if (cause instanceof NotEmulated) {
          leftOut.push({ path, type: resource.Type, reason: cause.message });
          continue;
        }
        const reason = cause instanceof Error ? cause.message : String(cause);
        throw new Error(`${path} (${resource.Type}) cannot be created locally: ${reason}`, { cause });
      }
    } else if (NOT_EMULATED.test(resource.Type)) {
      notEmulated[resource.Type] = (notEmulated[resource.Type] ?? 0) + 1;
    } else if (resource.Type !== CDK_METADATA) {
      leftOut.push({ path, type: resource.Type, ...(missing !== undefined && { reason: `${missing} is left out` }) });
    }
  }

  const outputs: Record<string, string> = {};
  for (const [id, output] of Object.entries(Outputs)) {
    if (!applies(output.Condition)) continue;
    const value = resolve(output.Value, scope, `${stack.name}/Outputs/${id}`);
    outputs[id] = String(value);
    if (output.Export)
      shared.exported.set(String(resolve(output.Export.Name, scope, `${stack.name}/Outputs/${id}`)), value);
  }
  return outputs;
}

function createScope(
  stack: Stack,
  { region, accountId }: ProvisionTarget,
  context: {
    readonly created: ReadonlyMap<string, Provisioned>;
    readonly shared: Shared;
  },
): Scope {
  const { created, shared } = context;
  const { Parameters = {}, Conditions = {}, Mappings = {}, Resources } = stack.template;
  /** https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/pseudo-parameter-reference.html */
  const pseudoParameters: Record<string, string> = {
    'AWS::AccountId': accountId,
    'AWS::Partition': 'aws',
    'AWS::Region': region,
    'AWS::StackId': `arn:aws:cloudformation:${region}:${accountId}:stack/${stack.name}/local`,
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
    ref: (id) => pseudoParameters[id] ?? Parameters[id]?.Default ?? created.get(id)?.ref ?? standIn(id),
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
    const needed =
      HANDLERS[resource.Type] !== undefined
        ? [...references(resource.Properties), ...[resource.DependsOn ?? []].flat()]
        : [];
    for (const each of needed) visit(each, [...from, id]);
    state.set(id, 'done');
    ordered.push([id, resource]);
  }
  for (const id of Object.keys(Resources)) visit(id, []);
  return ordered;
}
