import * as z from 'zod/mini';
import { createPermission, createPolicy, createQueuePolicy, createRole, createTopicPolicy } from './access.ts';
import {
  type AppliedResources,
  type Applying,
  applyResource,
  type Changes,
  NESTED_STACK,
  removeOthers,
} from './apply-resource.ts';
import { nestedStack, type Resource, type Stack } from './assembly.ts';
import { localPlaces } from './environment.ts';
import { createEventInvokeConfig, createFunction, createMapping } from './function.ts';
import { createFunctionUrl } from './function-url.ts';
import { createHttpApi, createIntegration, createRoute, createStage } from './http-api.ts';
import { references, resolve, type Scope } from './intrinsics.ts';
import { createQueue, createSubscription, createTopic } from './messages.ts';
import {
  NotEmulated,
  type Provisioned,
  type ProvisionTarget,
  type ResourceHandler,
  type ResourceRequest,
} from './resource.ts';
import { createScope, type Shared } from './scope.ts';
import { createTable } from './table.ts';
import { createCompositeAlarm, createInsightRule, createMetricAlarm, createRule } from './watching.ts';

/** The result of provisioning an assembly. */
export interface Provisioning {
  /** Stack name to output id to value. */
  readonly outputs: Readonly<Record<string, Readonly<Record<string, string>>>>;
  /** Resources that are not emulated (no local effect): resource type to count. */
  readonly notEmulated: Readonly<Record<string, number>>;
  readonly leftOut: readonly LeftOut[];
  /** The names of the stacks in which a resource was added or changed. */
  readonly changedStacks: readonly string[];
}

/** A resource, or a part of one, that the local cloud leaves out. Functions that name it get a stand-in. */
export interface LeftOut {
  /** Stack and logical id, such as `Orders/Bucket83908E77`. */
  readonly path: string;
  /** Such as `AWS::S3::Bucket`. */
  readonly type: string;
  /** Why a resource of a known type, or a part of the resource, is left out. @default - the type isn't known */
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
  'AWS::ApiGatewayV2::Api': createHttpApi,
  'AWS::ApiGatewayV2::Integration': createIntegration,
  'AWS::ApiGatewayV2::Route': createRoute,
  'AWS::ApiGatewayV2::Stage': createStage,
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

/**
 * Resource types that don't affect what the pipeline does, such as those for monitoring, encryption and users. The
 * custom resource acts when a stack is deleted, which doesn't happen here.
 */
const NOT_EMULATED =
  /^(AWS::((CloudWatch|Logs|KMS|XRay)::.*|IAM::(User|Group|InstanceProfile)|SSM::Parameter)|Custom::FreshetArchive)$/;

/** The metadata that the CDK adds to each stack. It isn't listed, because nobody declared it. */
const CDK_METADATA = 'AWS::CDK::Metadata';

/**
 * Resources that only connect other resources, with the properties that name those. If a named resource is left out,
 * its connections are left out too.
 */
const CONNECTIONS: Readonly<Record<string, readonly string[]>> = {
  'AWS::ApiGatewayV2::Integration': ['ApiId', 'IntegrationUri'],
  'AWS::ApiGatewayV2::Route': ['ApiId', 'Target'],
  'AWS::ApiGatewayV2::Stage': ['ApiId'],
  'AWS::Lambda::EventSourceMapping': ['FunctionName', 'EventSourceArn'],
  'AWS::Lambda::EventInvokeConfig': ['FunctionName'],
  'AWS::Lambda::Permission': ['FunctionName'],
  'AWS::Lambda::Url': ['TargetFunctionArn'],
  'AWS::SNS::Subscription': ['Endpoint', 'TopicArn'],
};

/** What the stacks of an assembly share while they are created. */
interface Run extends Applying {
  readonly shared: Shared;
  readonly notEmulated: Record<string, number>;
  readonly leftOut: LeftOut[];
  /** Replaces the accounts and regions that the app names with the local ones. */
  readonly toLocal: <T>(value: T) => T;
}

/**
 * Creates the resources of the stacks, in order. If a resource can't be created, throws an error with stack and
 * resource.
 *
 * @param applied the resources that exist already. They are changed to what the stacks declare, and removed if the
 *   stacks don't declare them. Holds what exists afterwards, also after an error. @default - nothing exists
 * @param changes receives what was changed, and what couldn't be
 */
export async function provision(
  stacks: readonly Stack[],
  target: ProvisionTarget,
  applied: AppliedResources = new Map(),
  changes: Changes = { done: [], left: [] },
): Promise<Provisioning> {
  const shared: Shared = { exported: new Map(), outputs: {} };
  const toLocal = localPlaces(stacks, target);
  const changedStacks = new Set<string>();
  const noted = { seen: new Set<string>(), changedStacks };
  const run: Run = { target, shared, notEmulated: {}, leftOut: [], applied, changes, ...noted, toLocal };
  for (const stack of stacks) await provisionStack(stack, {}, run);
  await removeOthers(run);
  return {
    outputs: shared.outputs,
    notEmulated: run.notEmulated,
    leftOut: run.leftOut,
    changedStacks: [...changedStacks],
  };
}

/** Returns the stack's outputs. */
async function provisionStack(
  stack: Stack,
  parameters: Readonly<Record<string, unknown>>,
  run: Run,
): Promise<Record<string, string>> {
  const created = new Map<string, Provisioned>();
  const scope = createScope(stack, run.target, { created, shared: run.shared, parameters });
  const applies = (condition: string | undefined) => condition === undefined || scope.condition(condition) === true;
  for (const [logicalId, resource] of inOrder(stack)) {
    if (!applies(resource.Condition)) continue;
    const provisioned = await createResource(stack, logicalId, created, scope, run);
    if (provisioned !== undefined) created.set(logicalId, provisioned);
  }

  const outputs: Record<string, string> = {};
  for (const [id, output] of Object.entries(stack.template.Outputs ?? {})) {
    if (!applies(output.Condition)) continue;
    const value = run.toLocal(resolve(output.Value, scope, `${stack.name}/Outputs/${id}`));
    outputs[id] = String(value);
    if (output.Export)
      run.shared.exported.set(String(resolve(output.Export.Name, scope, `${stack.name}/Outputs/${id}`)), value);
  }
  run.shared.outputs[stack.name] = outputs;
  return outputs;
}

/** Creates a resource. If the resource isn't created locally, counts or lists it and returns undefined. */
async function createResource(
  stack: Stack,
  logicalId: string,
  created: ReadonlyMap<string, Provisioned>,
  scope: Scope,
  run: Run,
): Promise<Provisioned | undefined> {
  const resource = stack.template.Resources[logicalId] as Resource;
  const { Type: type, Properties = {} } = resource;
  const path = `${stack.name}/${logicalId}`;
  const leaveOut = (reason?: string) => void run.leftOut.push({ path, type, ...(reason !== undefined && { reason }) });
  if (!isCreated(type)) {
    if (NOT_EMULATED.test(type)) run.notEmulated[type] = (run.notEmulated[type] ?? 0) + 1;
    else if (type !== CDK_METADATA) leaveOut();
    return undefined;
  }
  const missing = (CONNECTIONS[type] ?? [])
    .flatMap((name) => [...references(Properties[name])])
    .find((id) => stack.template.Resources[id] !== undefined && !created.has(id));
  if (missing !== undefined) return leaveOut(`${missing} is left out`);
  const properties = run.toLocal(resolve(Properties, scope, `${path}/Properties`));
  const handler = HANDLERS[type] ?? ((request) => createNestedStack(request, run));
  try {
    const provisioned = await applyResource(
      { stack, logicalId, resource, properties, target: run.target },
      handler,
      run,
    );
    for (const reason of provisioned.leftOut ?? []) leaveOut(reason);
    return provisioned;
  } catch (cause) {
    if (cause instanceof NotEmulated) return leaveOut(cause.message);
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new Error(`${path} (${type}) cannot be created locally: ${reason}`, { cause });
  }
}

function isCreated(type: string): boolean {
  return HANDLERS[type] !== undefined || type === NESTED_STACK;
}

/** https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-cloudformation-stack.html */
const nestedProperties = z.object({
  TemplateURL: z.string(),
  Parameters: z._default(z.record(z.string(), z.unknown()), {}),
});

/** Creates the stack of a template that is an asset. Its outputs are attributes of the resource. */
async function createNestedStack(
  { stack, logicalId, properties, target }: ResourceRequest,
  run: Run,
): Promise<Provisioned> {
  const { TemplateURL, Parameters } = nestedProperties.parse(properties);
  const name = `${stack.name}-${logicalId}`;
  const nested = nestedStack(stack, name, TemplateURL);
  if (nested === undefined) throw new NotEmulated(`the template ${TemplateURL} is not an asset of the app`);
  const outputs = await provisionStack(nested, Parameters, run);
  return {
    ref: `arn:aws:cloudformation:${target.region}:${target.accountId}:stack/${name}/local`,
    attributes: Object.fromEntries(Object.entries(outputs).map(([id, value]) => [`Outputs.${id}`, value])),
  };
}

/** The resources in an order in which each resource follows those that it refers to. */
function inOrder({ name, template: { Resources } }: Stack): [string, Resource][] {
  const ordered: [string, Resource][] = [];
  const state = new Map<string, 'open' | 'done'>();
  function visit(id: string, from: readonly string[]): void {
    const resource = Resources[id];
    // A resource that isn't emulated needs no other resource. So it may be part of a circular reference.
    if (!resource || state.get(id) === 'done') return;
    if (state.get(id) === 'open') throw new Error(`${name}: circular reference ${[...from, id].join(' → ')}`);
    state.set(id, 'open');
    const needed = isCreated(resource.Type)
      ? [...references(resource.Properties), ...[resource.DependsOn ?? []].flat()]
      : [];
    for (const each of needed) visit(each, [...from, id]);
    state.set(id, 'done');
    ordered.push([id, resource]);
  }
  for (const id of Object.keys(Resources)) visit(id, []);
  return ordered;
}
