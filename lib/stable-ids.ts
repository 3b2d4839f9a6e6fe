import { createHash } from 'node:crypto';
import { CfnElement, Stack } from 'aws-cdk-lib';
import type { Construct, IConstruct } from 'constructs';

/** What a construct is in its stack. It is the beginning of the logical ids below the construct. */
type Role = 'Cache' | 'FactQueue' | 'Facts' | 'Monitoring' | 'Owner' | 'Saga';

/** Longest human part of a logical id, as in the CDK's own ids. CloudFormation allows 255 characters in all. */
const LONGEST_HUMAN = 240;

/** Ids that the CDK also leaves out of the human part of a logical id. */
const HIDDEN = ['Resource', 'Default'];

/** Everything that has got its id. CloudFormation exports contain ids, so an id can't change once it was given. */
const done = new WeakSet<CfnElement>();

/** The constructs of each stack, by role and name. */
const named = new WeakMap<Stack, Map<string, Construct>>();

/**
 * Gives everything below a construct a logical id that derives from the construct's role and name, and not from its
 * place in the app. CloudFormation replaces a resource whose logical id changes: a table would lose its data, and a
 * subscription would end, because its replacement has the same ARN. See docs/decisions/28.
 *
 * Call it again after adding resources. Resources that have got their id keep it.
 *
 * @param name the name of the boundary, fact queue or saga
 * @throws Error if another construct of the stack has the same role and name
 */
export function stableIds(construct: Construct, role: Role, name: string): void {
  assertOnlyOne(construct, role, name);
  const depth = construct.node.scopes.length;
  for (const node of construct.node.findAll()) {
    if (!CfnElement.isCfnElement(node) || done.has(node)) continue;
    done.add(node);
    node.overrideLogicalId(logicalId(role, name, node.node.scopes.slice(depth)));
  }
}

function logicalId(role: Role, name: string, below: readonly IConstruct[]): string {
  const ids = below.map(({ node }) => node.id);
  const shown = [role, ...ids.filter((id) => !HIDDEN.includes(id)), capitalised(name)];
  const human = shown
    .join('')
    .replaceAll(/[^A-Za-z0-9]/g, '')
    .slice(0, LONGEST_HUMAN);
  const hash = createHash('sha256')
    .update(JSON.stringify([role, name, ...ids]))
    .digest('hex');
  return human + hash.slice(0, 8).toUpperCase();
}

function capitalised(name: string): string {
  return name.replaceAll(/(?:^|-)([a-z])/g, (_, letter: string) => letter.toUpperCase());
}

function assertOnlyOne(construct: Construct, role: Role, name: string): void {
  const stack = Stack.of(construct);
  const ofStack = named.get(stack) ?? new Map<string, Construct>();
  named.set(stack, ofStack);
  const key = `${role} ${name}`;
  const first = ofStack.get(key) ?? construct;
  if (first !== construct) {
    throw new Error(
      `${construct.node.id}: a second ${role} of ${name} in the stack ${stack.node.id}, besides ${first.node.id}. ` +
        'Allowed: one in a stack, because logical ids and metrics are named after it.',
    );
  }
  ofStack.set(key, construct);
}
