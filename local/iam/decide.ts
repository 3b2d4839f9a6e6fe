import { accountOf, type Call, type Caller, sessionArn } from './caller.ts';
import { conditionHolds } from './condition.ts';
import { actionMatches, resourceMatches } from './pattern.ts';
import type { Selection, Statement } from './statement.ts';

/** All policies of an account. */
export interface Policies {
  /** By the role's ARN. */
  readonly ofRoles: ReadonlyMap<string, readonly Statement[]>;
  /** By the resource's ARN. */
  readonly ofResources: ReadonlyMap<string, readonly Statement[]>;
}

/** What comes of a call, and the statement that decides; `unmentioned`: none allows it. */
export type Decision =
  | { readonly outcome: 'allowed'; readonly by: Statement }
  | { readonly outcome: 'forbidden'; readonly by: Statement; readonly policy: 'identity-based' | 'resource-based' }
  | { readonly outcome: 'unmentioned' };

/**
 * Decides as IAM does within one account: what a statement denies is denied; else one statement of the role's policies or of the resource's
 * policy must allow it (iam/reference_policies_evaluation-logic). Services and the anonymous have no role here, so the resource's policy alone counts.
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

/** Whether a statement speaks of this action on this resource under these circumstances. */
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
 * Whether a statement speaks of a caller. The account stands for all its roles when it is denied something; allowed something, it may
 * pass that on by its roles' policies, and isn't a grant to any of them (iam/reference_policies_elements_principal).
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
