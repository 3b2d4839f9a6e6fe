import * as z from 'zod/mini';
import { NotEmulated } from '../not-emulated.ts';
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
import { CDK_METADATA, CONNECTIONS, HANDLERS, NOT_EMULATED } from './handlers.ts';
import { resolve, type Scope } from './intrinsics.ts';
import { createLeftOutList, type LeftOut, type LeftOutList, reasonOf, unknownValuesOf } from './left-out.ts';
import { references } from './references.ts';
import type { Provisioned, ProvisionTarget, ResourceRequest } from './resource.ts';
import { createScope, type Shared } from './scope.ts';

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

/** What the stacks of an assembly share while they are created. */
interface Run extends Applying {
  readonly shared: Shared;
  readonly notEmulated: Record<string, number>;
  readonly leftOut: LeftOutList;
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
  const run: Run = {
    target,
    shared,
    notEmulated: {},
    leftOut: createLeftOutList(),
    applied,
    changes,
    ...noted,
    toLocal,
  };
  for (const stack of stacks) await provisionStack(stack, {}, run);
  await removeOthers(run);
  return {
    outputs: shared.outputs,
    notEmulated: run.notEmulated,
    leftOut: run.leftOut.all,
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
  const scope = createScope(stack, run.target, {
    created,
    shared: run.shared,
    parameters,
    onUnknown: unknownValuesOf(stack, run.leftOut),
  });
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
  const leaveOut = (reason?: string) => run.leftOut.add(path, type, reason);
  if (!isCreated(type)) {
    if (NOT_EMULATED.test(type)) run.notEmulated[type] = (run.notEmulated[type] ?? 0) + 1;
    else if (type !== CDK_METADATA) leaveOut();
    return undefined;
  }
  const missing = (CONNECTIONS[type] ?? [])
    .flatMap((name) => [...references(Properties[name])])
    .find((id) => stack.template.Resources[id] !== undefined && !created.has(id));
  if (missing !== undefined) {
    leaveOut(`${missing} is left out`);
    return undefined;
  }
  const placeholders: string[] = [];
  const resolved = resolve(Properties, scope, `${path}/Properties`, (text) => placeholders.push(text));
  const properties = run.toLocal(resolved);
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
    const reason = reasonOf(cause, properties);
    const placeholder = run.toLocal(placeholders).find((text) => text !== '' && reason.includes(text));
    if (!(cause instanceof NotEmulated) && placeholder === undefined)
      throw new Error(`${path} (${type}) cannot be created locally: ${reason}`, { cause });
    leaveOut(placeholder === undefined ? reason : `${reason}. ${placeholder} is a placeholder`);
    // A resource that was created from an earlier assembly goes.
    run.seen.delete(path);
    return undefined;
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
