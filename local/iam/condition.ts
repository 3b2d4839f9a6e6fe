import { accountOf, type Call } from './caller.ts';
import { arnMatches, textMatches } from './pattern.ts';

/** One entry of a statement's Condition: a key and the values to compare with. */
export interface Condition {
  readonly operator: string;
  readonly key: string;
  readonly values: readonly string[];
}

interface Operator {
  /** Whether the request's value matches a value of the policy. */
  readonly matches: (wanted: string, given: string) => boolean;
  readonly isNegated?: boolean;
  /** Whether the condition must match all values of the request. It then also holds for a request without values. */
  readonly isForAll?: boolean;
}

const equals = (wanted: string, given: string) => wanted === given;
const sameTruth = (wanted: string, given: string) => wanted.toLowerCase() === given.toLowerCase();

/** iam/reference_policies_elements_condition_operators. ArnEquals and ArnLike are equivalent. */
const OPERATORS: Readonly<Record<string, Operator>> = {
  StringEquals: { matches: equals },
  StringNotEquals: { matches: equals, isNegated: true },
  StringLike: { matches: textMatches },
  StringNotLike: { matches: textMatches, isNegated: true },
  ArnEquals: { matches: arnMatches },
  ArnLike: { matches: arnMatches },
  ArnNotEquals: { matches: arnMatches, isNegated: true },
  ArnNotLike: { matches: arnMatches, isNegated: true },
  Bool: { matches: sameTruth },
  // iam/reference_policies_condition-single-vs-multi-valued-context-keys
  'ForAllValues:StringEquals': { matches: equals, isForAll: true },
};

type Read = (call: Pick<Call, 'caller' | 'context' | 'leadingKey'>) => string | undefined;

/** Condition keys by lower-case name, because their case doesn't matter (iam/reference_policies_condition-keys). */
const KEYS: Readonly<Record<string, Read>> = {
  // On AWS every call uses TLS. The local endpoints use HTTP.
  'aws:securetransport': () => 'true',
  // These keys belong to Subscribe, which no function calls locally.
  'sns:protocol': () => undefined,
  'sns:endpoint': () => undefined,
  'aws:sourcearn': ({ caller }) => (caller.kind === 'service' ? caller.sourceArn : undefined),
  'aws:sourceaccount': ({ caller }) => (caller.kind === 'service' ? accountOf(caller.sourceArn) : undefined),
  'aws:principalarn': ({ caller }) => (caller.kind === 'role' ? caller.roleArn : undefined),
  'aws:principalaccount': ({ caller }) => (caller.kind === 'role' ? accountOf(caller.roleArn) : undefined),
  'lambda:functionurlauthtype': ({ context }) => context?.['lambda:FunctionUrlAuthType'],
  'lambda:invokedviafunctionurl': ({ context }) => context?.['lambda:InvokedViaFunctionUrl'],
  'dynamodb:leadingkeys': ({ leadingKey }) => leadingKey,
};

/** Why a condition can't be evaluated; undefined if it can. */
export function conditionProblem({ operator, key, values }: Condition): string | undefined {
  if (!Object.hasOwn(OPERATORS, operator)) return `the condition operator ${operator} is not emulated`;
  if (!Object.hasOwn(KEYS, key.toLowerCase())) return `the condition key ${key} is not emulated`;
  return variableProblem(values);
}

/** The problem with values that contain policy variables, which are not emulated; undefined for all other values. */
export function variableProblem(values: readonly string[]): string | undefined {
  const found = values.find((value) => value.includes('${'));
  return found && `policy variables are not emulated. Given: ${found}`;
}

/** Whether a condition holds for a call. A key without a value in the request matches no value. */
export function conditionHolds({ operator, key, values }: Condition, call: Call): boolean {
  const { matches, isNegated = false, isForAll = false } = OPERATORS[operator] ?? { matches: () => false };
  const given = KEYS[key.toLowerCase()]?.(call);
  if (isForAll && given === undefined) return true;
  const isLike = given !== undefined && values.some((wanted) => matches(wanted, given));
  return isLike !== isNegated;
}

/** Whether a condition tests the partition keys of items. */
export function looksAtItemKeys({ key }: Condition): boolean {
  return key.toLowerCase() === 'dynamodb:leadingkeys';
}
