import * as z from 'zod/mini';
import { problemsOf } from '../problems.ts';
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

/** The statements of a policy, and why others are left out. */
export interface ReadPolicy {
  readonly statements: readonly Statement[];
  /** Statements that can't be read. An Allow among them grants nothing, a Deny forbids nothing. */
  readonly leftOut: readonly string[];
}

const some = z.union([z.string(), z.array(z.string())]);
const conditionValue = z.union([z.string(), z.boolean(), z.number()]);
const statementSchema = z.strictObject({
  Sid: z.optional(z.string()),
  Effect: z.enum(['Allow', 'Deny']),
  Principal: z.optional(
    z.union([
      z.literal('*'),
      z.strictObject({
        AWS: z.optional(some),
        Service: z.optional(some),
        // No local caller has such an identity.
        Federated: z.optional(some),
        CanonicalUser: z.optional(some),
      }),
    ]),
  ),
  Action: z.optional(some),
  NotAction: z.optional(some),
  Resource: z.optional(some),
  NotResource: z.optional(some),
  Condition: z.optional(z.record(z.string(), z.record(z.string(), z.union([conditionValue, z.array(conditionValue)])))),
});
type Given = z.infer<typeof statementSchema>;

/** Without these parts, IAM refuses a statement, and its effect is unknown. */
const requiredParts = z
  .looseObject({ Effect: z.enum(['Allow', 'Deny']), Action: z.optional(some), NotAction: z.optional(some) })
  .check(
    z.refine(
      ({ Action, NotAction }) => Action !== undefined || NotAction !== undefined,
      'a statement needs Action or NotAction',
    ),
  );
const documentSchema = z.looseObject({ Statement: z.unknown() });

/**
 * Reads a policy document (iam/reference_policies_grammar). A statement with an element, a condition operator or a
 * condition key that isn't emulated is left out. Throws for a statement that IAM refuses.
 * @param source stack and resource, for messages
 */
export function readPolicy(document: unknown, source: string): ReadPolicy {
  const { Statement } = parse(documentSchema, document, source);
  const statements: Statement[] = [];
  const leftOut: string[] = [];
  for (const [index, given] of [Statement].flat().entries()) {
    const at = `${source}/${index}`;
    const { Effect, Action, NotAction } = parse(requiredParts, given, at);
    const { data, error } = statementSchema.safeParse(given);
    const problem = error ? problemsOf(error, given) : whyLeftOut(data);
    if (data !== undefined && problem === undefined) statements.push(readStatement(data, at));
    else if (!isForOthers(given)) {
      const what = Action === undefined ? `NotAction ${NotAction}` : [Action].flat().join(', ');
      const without = Effect === 'Allow' ? 'grants' : 'forbids';
      leftOut.push(`${Effect} ${shortened(what)} ${without} nothing locally: ${problem}`);
    }
  }
  return { statements, leftOut };
}

/** Whether a statement is only about callers that don't exist locally, such as users of an identity provider. */
function isForOthers(given: unknown): boolean {
  const { data } = z.object({ Principal: z.record(z.string(), z.unknown()) }).safeParse(given);
  return data !== undefined && Object.keys(data.Principal).every((kind) => kind === 'Federated');
}

function parse<T extends z.ZodMiniType>(schema: T, given: unknown, source: string): z.infer<T> {
  const { data, error } = schema.safeParse(given);
  if (error === undefined) return data as z.infer<T>;
  throw new Error(`${source} can't be read: ${problemsOf(error, given)}. Given: ${JSON.stringify(given)}`);
}

function whyLeftOut(given: Given): string | undefined {
  const resources = [given.Resource ?? given.NotResource ?? []].flat();
  return (
    variableProblem(resources) ??
    conditionsOf(given)
      .map(conditionProblem)
      .find((each) => each)
  );
}

function conditionsOf({ Condition = {} }: Given): readonly Condition[] {
  return Object.entries(Condition).flatMap(([operator, keys]) =>
    Object.entries(keys).map(([key, values]) => ({ operator, key, values: [values].flat().map(String) })),
  );
}

function readStatement(given: Given, source: string): Statement {
  return {
    source,
    effect: given.Effect,
    principals: given.Principal && readPrincipals(given.Principal),
    actions: selection(given.Action, given.NotAction) ?? NOTHING,
    resources: selection(given.Resource, given.NotResource) ?? EVERYTHING,
    conditions: conditionsOf(given),
    text: JSON.stringify(given),
  };
}

const NOTHING: Selection = { patterns: [], isInverted: false };
const EVERYTHING: Selection = { patterns: ['*'], isInverted: false };

const LONGEST_ACTIONS = 60;

function shortened(text: string): string {
  return text.length > LONGEST_ACTIONS ? `${text.slice(0, LONGEST_ACTIONS)}…` : text;
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
