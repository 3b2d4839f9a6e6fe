import { POLICIES, removeResource } from './removal.ts';
import {
  CannotChange,
  type Provisioned,
  type ProvisionTarget,
  type ResourceHandler,
  type ResourceRequest,
} from './resource.ts';

/** A resource as it was provisioned. */
interface Applied {
  readonly type: string;
  /** The resolved properties in JSON. */
  readonly properties: string;
  readonly provisioned: Provisioned;
}

/** The resources in a local cloud, by stack and logical id. A later assembly is applied to them. */
export type AppliedResources = Map<string, Applied>;

/** What an update did to the resources of a local cloud. */
export interface Changes {
  /** Such as `changed Orders/Relay (AWS::Lambda::Function)`. */
  readonly done: string[];
  /** Changes that need a restart, each with the reason. */
  readonly left: string[];
}

/** An assembly that is applied to the resources of a local cloud. */
export interface Applying {
  readonly target: ProvisionTarget;
  readonly applied: AppliedResources;
  readonly changes: Changes;
  /** The paths of the resources that the assembly declares. */
  readonly seen: Set<string>;
  /** The names of the stacks with a changed resource. */
  readonly changedStacks: Set<string>;
}

export const NESTED_STACK = 'AWS::CloudFormation::Stack';
const SUBSCRIPTION = 'AWS::SNS::Subscription';

/** The types whose handlers change an existing resource. */
const CHANGEABLE = [
  'AWS::DynamoDB::Table',
  'AWS::DynamoDB::GlobalTable',
  'AWS::SQS::Queue',
  'AWS::SNS::Subscription',
  'AWS::Lambda::Function',
  'AWS::Lambda::EventSourceMapping',
  'AWS::Lambda::EventInvokeConfig',
  'AWS::CloudWatch::Alarm',
  'AWS::CloudWatch::CompositeAlarm',
  'AWS::CloudWatch::InsightRule',
  'AWS::Events::Rule',
  NESTED_STACK,
  ...POLICIES,
];

/** These are handled in every update, though their properties are equal: the files of their assets are elsewhere. */
const WITH_FILES = ['AWS::Lambda::Function', NESTED_STACK];

/** Creates a resource, changes it, or leaves it as it is. */
export async function applyResource(
  request: ResourceRequest,
  handler: ResourceHandler,
  run: Applying,
): Promise<Provisioned> {
  const { stack, logicalId, resource, target } = request;
  const { Type: type } = resource;
  const path = `${stack.name}/${logicalId}`;
  const properties = JSON.stringify(request.properties);
  run.seen.add(path);
  const found = run.applied.get(path);
  const before = found?.type === type ? found : undefined;
  const isEqual = before?.properties === properties;
  if (before !== undefined && isEqual && !WITH_FILES.includes(type)) return before.provisioned;
  if (before !== undefined && !isEqual && !CHANGEABLE.includes(type)) {
    run.changes.left.push(`${path} (${type}) has changed. The change waits for a restart`);
    return before.provisioned;
  }
  if (POLICIES.includes(type)) target.access.revoke(path);
  try {
    const provisioned = await handler({ ...request, before: before?.provisioned });
    // A resource with another name replaces the former one.
    if (before !== undefined && before.provisioned.ref !== provisioned.ref && !POLICIES.includes(type))
      await removeResource(type, before.provisioned, target);
    run.applied.set(path, { type, properties, provisioned });
    const note = before !== undefined && type === SUBSCRIPTION ? '; a changed filter acts within 15 minutes' : '';
    if (!isEqual) run.changedStacks.add(stack.name);
    if (!isEqual) run.changes.done.push(`${before === undefined ? 'added' : 'changed'} ${path} (${type})${note}`);
    return provisioned;
  } catch (error) {
    if (before === undefined || !(error instanceof CannotChange)) throw error;
    run.changes.left.push(`${path} (${type}): ${error.message}`);
    return before.provisioned;
  }
}

/** Removes the resources that the assembly doesn't declare. */
export async function removeOthers({ target, applied, changes, seen }: Applying): Promise<void> {
  for (const [path, { type, provisioned }] of [...applied].filter(([each]) => !seen.has(each))) {
    target.access.revoke(path);
    applied.delete(path);
    if (await removeResource(type, provisioned, target)) changes.done.push(`removed ${path} (${type})`);
    else changes.left.push(`${path} (${type}) was removed from the app. It stays until a restart`);
  }
}
