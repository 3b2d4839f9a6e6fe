import { accountOf, type Call } from './caller.ts';
import { arnMatches, textMatches } from './pattern.ts';

/** One line of a statement's Condition: one key, and the values that it is held against. */
export interface Condition {
  readonly operator: string;
  readonly key: string;
  readonly values: readonly string[];
}

interface Operator {
  /** Whether the request's value is like one of the policy's. */
  readonly matches: (wanted: string, given: string) => boolean;
  readonly isNegated?: boolean;
  /** Of each value that the request has under the key: it holds too where there is none. */
  readonly isForAll?: boolean;
}

const equals = (wanted: string, given: string) => wanted === given;
const sameTruth = (wanted: string, given: string) => wanted.toLowerCase() === given.toLowerCase();

/** iam/reference_policies_elements_condition_operators; ArnEquals and ArnLike do the same. */
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

/** Keys by their name in lower case, since case doesn't count in them (iam/reference_policies_condition-keys). */
const KEYS: Readonly<Record<string, Read>> = {
  // Every call would come over TLS on AWS; the local endpoints speak plain HTTP.
  'aws:securetransport': () => 'true',
  // Of requests to subscribe, which no function makes here.
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
  if (!Object.hasOwn(OPERATORS, operator))
    return `the condition operator ${operator} is not emulated; emulated are ${Object.keys(OPERATORS).join(', ')}`;
  if (!Object.hasOwn(KEYS, key.toLowerCase()))
    return `the condition key ${key} is not emulated; emulated are ${Object.keys(KEYS).join(', ')}`;
  return variableProblem(values);
}

/** Policy variables are not emulated. */
export function variableProblem(values: readonly string[]): string | undefined {
  const found = values.find((value) => value.includes('${'));
  return found && `policy variables are not emulated. Given: ${found}`;
}

/** Whether a condition holds for a call; a key that a request doesn't have is like nothing. */
export function conditionHolds({ operator, key, values }: Condition, call: Call): boolean {
  const { matches, isNegated = false, isForAll = false } = OPERATORS[operator] ?? { matches: () => false };
  const given = KEYS[key.toLowerCase()]?.(call);
  if (isForAll && given === undefined) return true;
  const isLike = given !== undefined && values.some((wanted) => matches(wanted, given));
  return isLike !== isNegated;
}

/** Whether a condition tells the items of a table apart. */
export function looksAtItemKeys({ key }: Condition): boolean {
  return key.toLowerCase() === 'dynamodb:leadingkeys';
}
