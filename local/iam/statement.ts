import * as z from 'zod/mini';
import { type Condition, conditionProblem, variableProblem } from './condition.ts';

/** The patterns of a statement. If `isInverted`, the statement applies to everything else. */
export interface Selection {
  readonly patterns: readonly string[];
  readonly isInverted: boolean;
}

/** The callers to which a statement of a resource's policy applies. */
export type Principals = 'everyone' | { readonly aws: readonly string[]; readonly services: readonly string[] };

/** One statement of a policy. */
export interface Statement {
  /** Stack, resource and index of the statement, such as `Shop/QueuePolicy/0`. */
  readonly source: string;
  readonly effect: 'Allow' | 'Deny';
  /** Undefined in a role's policies. */
  readonly principals: Principals | undefined;
  readonly actions: Selection;
  readonly resources: Selection;
  readonly conditions: readonly Condition[];
  /** The template's text, with intrinsic functions resolved. */
  readonly text: string;
}

const some = z.union([z.string(), z.array(z.string())]);
const conditionValue = z.union([z.string(), z.boolean(), z.number()]);
const statementSchema = z.strictObject({
  Sid: z.optional(z.string()),
  Effect: z.enum(['Allow', 'Deny']),
  Principal: z.optional(
    z.union([z.literal('*'), z.strictObject({ AWS: z.optional(some), Service: z.optional(some) })]),
  ),
  Action: z.optional(some),
  NotAction: z.optional(some),
  Resource: z.optional(some),
  NotResource: z.optional(some),
  Condition: z.optional(z.record(z.string(), z.record(z.string(), z.union([conditionValue, z.array(conditionValue)])))),
});
const documentSchema = z.strictObject({
  Version: z.optional(z.string()),
  Id: z.optional(z.string()),
  Statement: z.unknown(),
});

/**
 * Reads a policy document (iam/reference_policies_grammar). Throws for an element, a condition operator or a condition
 * key that isn't emulated, so that a policy that can't be read never allows anything.
 * @param source stack and resource, for messages
 */
export function readPolicy(document: unknown, source: string): Statement[] {
  const { Statement } = parse(documentSchema, document, source);
  return [Statement].flat().map((given: unknown, index) => {
    const at = `${source}/${index}`;
    return readStatement(parse(statementSchema, given, at), at);
  });
}

function parse<T extends z.ZodMiniType>(schema: T, given: unknown, source: string): z.infer<T> {
  const result = schema.safeParse(given);
  if (result.success) return result.data;
  throw new Error(`${source} can't be read: ${z.prettifyError(result.error)}. Given: ${JSON.stringify(given)}`);
}

function readStatement(given: z.infer<typeof statementSchema>, source: string): Statement {
  const conditions = Object.entries(given.Condition ?? {}).flatMap(([operator, keys]) =>
    Object.entries(keys).map(([key, values]) => ({ operator, key, values: [values].flat().map(String) })),
  );
  const resources = selection(given.Resource, given.NotResource) ?? { patterns: ['*'], isInverted: false };
  const problem = variableProblem(resources.patterns) ?? conditions.map(conditionProblem).find((each) => each);
  if (problem !== undefined) throw new Error(`${source}: ${problem}`);
  const actions = selection(given.Action, given.NotAction);
  if (actions === undefined) throw new Error(`${source}: a statement needs Action or NotAction`);
  const principals = given.Principal && readPrincipals(given.Principal);
  return { source, effect: given.Effect, principals, actions, resources, conditions, text: JSON.stringify(given) };
}

type Some = z.infer<typeof some>;

function selection(named: Some | undefined, allBut: Some | undefined): Selection | undefined {
  if (named !== undefined) return { patterns: [named].flat(), isInverted: false };
  return allBut === undefined ? undefined : { patterns: [allBut].flat(), isInverted: true };
}

function readPrincipals(given: '*' | { AWS?: Some | undefined; Service?: Some | undefined }): Principals {
  if (given === '*') return 'everyone';
  const aws = [given.AWS ?? []].flat();
  return aws.includes('*') ? 'everyone' : { aws, services: [given.Service ?? []].flat() };
}
