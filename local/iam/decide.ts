import { accountOf, type Call, type Caller, sessionArn } from './caller.ts';
import { conditionHolds } from './condition.ts';
import { actionMatches, resourceMatches } from './pattern.ts';
import type { Selection, Statement } from './statement.ts';

/** The policies of an account. */
export interface Policies {
  /** Role ARN to the statements of the role's policies. */
  readonly ofRoles: ReadonlyMap<string, readonly Statement[]>;
  /** Resource ARN to the statements of the resource's policy. */
  readonly ofResources: ReadonlyMap<string, readonly Statement[]>;
}

/**
 * The decision about a call, with the statement that decides. `unmentioned` means that no statement allows the call.
 */
export type Decision =
  | { readonly outcome: 'allowed'; readonly by: Statement }
  | { readonly outcome: 'forbidden'; readonly by: Statement; readonly policy: 'identity-based' | 'resource-based' }
  | { readonly outcome: 'unmentioned' };

/**
 * Decides by the rules of IAM within one account. A statement with Deny always wins. Otherwise a statement of the
 * role's policies or of the resource's policy must allow the call (iam/reference_policies_evaluation-logic). Services
 * and anonymous callers have no role, so only the resource's policy counts for them.
 */
export function decide({ ofRoles, ofResources }: Policies, call: Call): Decision {
  const { caller, resource } = call;
  const ofCaller = caller.kind === 'role' ? (ofRoles.get(caller.roleArn) ?? []) : [];
  const own = ofCaller.filter((statement) => isAbout(statement, call));
  const speakingOf = (ofResources.get(resource) ?? []).filter((statement) => isAbout(statement, call));
  const theirs = speakingOf.filter(({ principals, effect }) => isNamed(principals, caller, effect));

  const deniedByOwn = own.find(({ effect }) => effect === 'Deny');
  if (deniedByOwn) return { outcome: 'forbidden', by: deniedByOwn, policy: 'identity-based' };
  const denied = theirs.find(({ effect }) => effect === 'Deny');
  if (denied) return { outcome: 'forbidden', by: denied, policy: 'resource-based' };
  const by = own.at(0) ?? theirs.at(0);
  return by ? { outcome: 'allowed', by } : { outcome: 'unmentioned' };
}

/** Whether a statement applies to the call's action, resource and conditions. */
function isAbout({ actions, resources, conditions }: Statement, call: Call): boolean {
  return (
    isSelected(actions, (pattern) => actionMatches(pattern, call.action)) &&
    isSelected(resources, (pattern) => resourceMatches(pattern, call.resource)) &&
    conditions.every((condition) => conditionHolds(condition, call))
  );
}

function isSelected({ patterns, isInverted }: Selection, matches: (pattern: string) => boolean): boolean {
  return patterns.some(matches) !== isInverted;
}

/**
 * Whether a statement's principals include a caller. In a Deny, the account as a principal includes all its roles. In
 * an Allow, it includes none of them: it only lets the account grant the permission through its roles' policies
 * (iam/reference_policies_elements_principal).
 */
function isNamed(principals: Statement['principals'], caller: Caller, effect: Statement['effect']): boolean {
  if (principals === undefined) return false;
  if (principals === 'everyone') return true;
  if (caller.kind === 'anonymous') return false;
  if (caller.kind === 'service') return principals.services.includes(caller.service);
  const account = accountOf(caller.roleArn);
  const names = [caller.roleArn, sessionArn(caller)];
  if (effect === 'Deny') names.push(account, `arn:aws:iam::${account}:root`);
  return names.some((name) => principals.aws.includes(name));
}
