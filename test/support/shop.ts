import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { App, Stack } from 'aws-cdk-lib';
import { shopApp } from '../../examples/shop/app.ts';
import type { OrderingStack } from '../../examples/shop/ordering/stack.ts';
import type { Resource, Template, Templates } from './table-writers.ts';

/** Leaves out the bundles. The templates don't depend on them. */
const context = { 'aws:cdk:bundling-stacks': [] };

/** The templates of the shop. @param plant changes the app before it is synthesised */
export function shopTemplates(plant: (app: App, ordering: OrderingStack) => void = () => {}): Templates {
  return synthesised((outdir) => {
    const app = shopApp({ context, outdir });
    plant(app, app.node.findChild('Ordering') as OrderingStack);
    return app;
  });
}

/** The template of one stack. @param build builds the stack */
export function stackTemplate(build: (stack: Stack) => void): Template {
  const templates = synthesised((outdir) => {
    const app = new App({ context, outdir });
    build(new Stack(app, 'Test'));
    return app;
  });
  return templates.Test ?? { Resources: {} };
}

/** The templates of an app with several stacks. @param build builds the app @param flags feature flags of the CDK */
export function appTemplates(
  build: (app: App) => void,
  flags: Readonly<Record<string, boolean | string>> = {},
): Templates {
  return synthesised((outdir) => {
    const app = new App({ context: { ...context, ...flags }, outdir });
    build(app);
    return app;
  });
}

function synthesised(makeApp: (outdir: string) => App): Templates {
  const outdir = mkdtempSync(join(tmpdir(), 'freshet-templates-'));
  try {
    const { stacks } = makeApp(outdir).synth();
    return Object.fromEntries(stacks.map((stack) => [stack.stackName, stack.template]));
  } finally {
    rmSync(outdir, { recursive: true, force: true });
  }
}

/** All resources of a type, with their logical ids. */
export function resourcesOf(template: Template | undefined, type: string): [string, Resource][] {
  return Object.entries(template?.Resources ?? {}).filter(([, { Type }]) => Type === type);
}

/**
 * The properties of the only resource of a type.
 *
 * @param idContains a part of the logical id, if the template has several resources of the type
 */
export function propertiesOf(template: Template | undefined, type: string, idContains = ''): Resource['Properties'] {
  const found = resourcesOf(template, type).filter(([id]) => id.includes(idContains));
  if (found.length !== 1) throw new Error(`${found.length} resources of type ${type} contain "${idContains}"`);
  return found[0]?.[1].Properties;
}

/**
 * The statements of a policy, in the order of the policy. Actions are sorted. A resource is shown as its logical id, as
 * `*`, or as the name of its import.
 *
 * @param idContains a part of the policy's logical id; no other policy may contain it
 */
export function statementsOf(template: Template | undefined, idContains: string) {
  const statements: readonly { Action: string | string[]; Resource: unknown }[] = propertiesOf(
    template,
    'AWS::IAM::Policy',
    idContains,
  ).PolicyDocument.Statement;
  return statements.map(({ Action, Resource }) => ({
    resource: [Resource].flat().map(resourceName).join(' '),
    actions: [Action].flat().sort(),
  }));
}

/** The logical id in an ARN with the text appended to it, or the name under which another stack exports the ARN. */
function resourceName(arn: unknown): string {
  const text = (value: unknown): string => (typeof value === 'string' ? value : JSON.stringify(value));
  if (typeof arn !== 'object' || arn === null) return text(arn);
  if ('Ref' in arn) return text(arn.Ref);
  if ('Fn::GetAtt' in arn && Array.isArray(arn['Fn::GetAtt'])) return text(arn['Fn::GetAtt'][0]);
  if ('Fn::ImportValue' in arn) return text(arn['Fn::ImportValue']);
  if ('Fn::Join' in arn && Array.isArray(arn['Fn::Join'])) return arn['Fn::Join'][1].map(resourceName).join('');
  return text(arn);
}
