import { CfnOutput, CfnResource, Stack, Stage } from 'aws-cdk-lib';
import type { IConstruct } from 'constructs';
import { deployedProperties } from './deployed-template.ts';
import { below, isRecord, type Plan, type Rendered, type StackSize } from './plan.ts';

/** What an app would deploy at one moment. Each resource is rendered once, when a rule first asks for it. */
interface Snapshot {
  readonly app: readonly CfnResource[];
  readonly sources: Map<Rendered, CfnResource>;
  render(resource: CfnResource): Rendered | undefined;
  readonly byReference: ReturnType<typeof referenced>;
}

/** The snapshots of the apps that are being synthesised. A synthesis is synchronous and validates all constructs. */
const SNAPSHOTS = new WeakMap<IConstruct, Snapshot>();

/** Returns the snapshot of an app, which all constructs share that are validated in the same synthesis. */
function snapshotOf(app: IConstruct): Snapshot {
  const known = SNAPSHOTS.get(app);
  if (known !== undefined) return known;
  const resources = resourcesIn(app);
  const rendered = new Map<CfnResource, Rendered | undefined>();
  const sources = new Map<Rendered, CfnResource>();
  const snapshot: Snapshot = {
    app: resources,
    sources,
    render(resource) {
      if (!rendered.has(resource)) {
        const one = renderedOf(resource);
        rendered.set(resource, one);
        if (one !== undefined) sources.set(one, resource);
      }
      return rendered.get(resource);
    },
    byReference: referenced(resources),
  };
  SNAPSHOTS.set(app, snapshot);
  queueMicrotask(() => SNAPSHOTS.delete(app));
  return snapshot;
}

/**
 * What a construct would deploy, together with the rest of the app. Call it only while the app is validated: it renders
 * the app once for all constructs.
 */
export function planOf(construct: IConstruct): Plan {
  const { app, sources, render, byReference } = snapshotOf(Stage.of(construct) ?? construct.node.root);
  const all = (resources: readonly CfnResource[]) => resources.flatMap((resource) => render(resource) ?? []);
  const ownResources = resourcesIn(construct);
  return {
    stacks: [...new Set(ownResources.map((resource) => Stack.of(resource)))].map((stack) => sizeOf(stack)),
    own: all(ownResources),
    deployed: (one) => {
      const source = sources.get(one);
      return source && deployedProperties(Stack.of(source), one);
    },
    all: (type) => all(app.filter(({ cfnResourceType }) => cfnResourceType === type)),
    target: (from, value) => {
      const source = sources.get(from);
      const found = source && byReference(Stack.of(source), value);
      return found && render(found);
    },
  };
}

/** The size of a stack, without the stacks below it. */
function sizeOf(stack: Stack): StackSize {
  const inStack = stack.node.findAll().filter((node) => Stack.of(node) === stack);
  return {
    path: stack.node.path,
    resources: inStack.filter(CfnResource.isCfnResource).length,
    outputs: inStack.filter((node) => node instanceof CfnOutput).length,
  };
}

function resourcesIn(construct: IConstruct): CfnResource[] {
  return construct.node.findAll().filter(CfnResource.isCfnResource);
}

/**
 * A resource as in the template of its stack. Only `_toCloudFormation` merges property overrides. The CDK declares it
 * internal; stacks call it to write their templates.
 */
function renderedOf(resource: CfnResource): Rendered | undefined {
  const internal = resource as unknown as { _toCloudFormation(): unknown };
  const template: unknown = Stack.of(resource).resolve(internal._toCloudFormation());
  const resources = below(template, 'Resources');
  // A resource that is excluded from synthesis renders as nothing.
  const [entry] = Object.entries(isRecord(resources) ? resources : {});
  if (entry === undefined) return undefined;
  const [logicalId, definition] = entry;
  const properties = below(definition, 'Properties');
  return {
    path: resource.node.path.replace(/\/Resource$/, ''),
    logicalId,
    type: String(below(definition, 'Type')),
    properties: isRecord(properties) ? properties : {},
  };
}

/** Finds the resource that a template value of a stack refers to, in that stack or in another stack of the app. */
function referenced(app: readonly CfnResource[]): (stack: Stack, value: unknown) => CfnResource | undefined {
  const byStack = new Map<Stack, Map<string, CfnResource>>();
  for (const resource of app) {
    const stack = Stack.of(resource);
    const ids = byStack.get(stack) ?? new Map<string, CfnResource>();
    byStack.set(stack, ids.set(String(stack.resolve(resource.logicalId)), resource));
  }
  return (stack, value) => {
    if (!isRecord(value)) return undefined;
    const attribute = value['Fn::GetAtt'];
    const id = value.Ref ?? (Array.isArray(attribute) ? attribute[0] : undefined);
    const local = typeof id === 'string' ? byStack.get(stack)?.get(id) : undefined;
    return local ?? app.find((resource) => isImported(resource, stack, value));
  };
}

/**
 * Whether a template value of one stack names a resource of another stack: by an import, or by the parameter or output
 * of a nested stack. The CDK creates these references before it validates. If the stack doesn't use the resource, the
 * reference reads the same as in the resource's own stack.
 */
function isImported(resource: CfnResource, stack: Stack, value: unknown): boolean {
  const home = Stack.of(resource);
  if (home === stack) return false;
  const text = JSON.stringify(value);
  return [resource.getAtt('Arn'), resource.ref].some(
    (reference) =>
      JSON.stringify(stack.resolve(reference)) === text && JSON.stringify(home.resolve(reference)) !== text,
  );
}
