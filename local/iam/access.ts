import { createHash, randomBytes } from 'node:crypto';
import { type Call, callerName, type RoleCaller } from './caller.ts';
import { looksAtItemKeys } from './condition.ts';
import { decide, type Policies } from './decide.ts';
import { type Denial, denialOf } from './denial.ts';
import type { Place } from './needs/need.ts';
import type { Statement } from './statement.ts';

/** What a function's SDK signs its calls with. */
export interface Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken: string;
}

/** Who may do what, and what was done. */
export interface Access {
  readonly place: Place;
  /** Whether calls are checked at all. */
  readonly isChecked: boolean;
  readonly policies: Policies;
  /** Each call that was refused, once, with how often. */
  readonly denials: readonly Denial[];
  /** Each call that was checked, once, whether it was allowed or not. */
  readonly calls: readonly Call[];
  /** Makes a role known, without any policy. */
  addRole(roleArn: string): void;
  /** Adds to a role's policies; throws for a role that isn't known. */
  grant(roleArn: string, statements: readonly Statement[]): void;
  /** Adds to a resource's policy. */
  protect(resourceArn: string, statements: readonly Statement[]): void;
  /** Lets a function act as a role; throws for a role that isn't known, and as CreateFunction does for one that doesn't trust Lambda. */
  assume(functionName: string, roleArn: string): void;
  /** Who a function is to others; undefined for one that has no role here. */
  callerOf(functionName: string): RoleCaller | undefined;
  /** A function's own credentials; undefined for one that has no role here. */
  credentialsOf(functionName: string): Credentials | undefined;
  /**
   * Who signed a request, by the access key in its `Authorization` header; the signature isn't looked at. Undefined for all other keys, which
   * are the developer's and may do everything.
   */
  signerOf(authorization: string | undefined): RoleCaller | undefined;
  /** Undefined if a call is allowed. */
  check(call: Call): Denial | undefined;
}

export interface AccessOptions {
  readonly place: Place;
  /** Off: functions have no credentials of their own, and every call is allowed. @default 'checked' */
  readonly mode?: 'checked' | 'off';
  /** Told of each denial when it is new. */
  readonly onDenial?: (denial: Denial) => void;
}

const KEY_ID = /Credential=([^/,\s]+)\//;

/** Without a role or a policy. */
export function createAccess({ place, mode = 'checked', onDenial = () => {} }: AccessOptions): Access {
  const ofRoles = new Map<string, readonly Statement[]>();
  const ofResources = new Map<string, readonly Statement[]>();
  const policies = { ofRoles, ofResources };
  const credentials = new Map<string, Credentials>();
  const callers = new Map<string, RoleCaller>();
  const signers = new Map<string, RoleCaller>();
  const denials = new Map<string, Denial>();
  const calls = new Map<string, Call>();
  /** Roles some of whose policies look at the keys of items. */
  const byKey = new Set<string>();
  /** Cleared when a policy is added; calls repeat, so most need no more than this. */
  const decided = new Map<string, Denial | undefined>();

  function requireRole(roleArn: string): readonly Statement[] {
    const statements = ofRoles.get(roleArn);
    if (statements) return statements;
    throw new Error(`the role ${roleArn} is not part of the assembly, so nobody knows what it may do`);
  }

  function decideOn(key: string, call: Call): Denial | undefined {
    calls.set(key, call);
    const decision = decide(policies, call);
    const denial = decision.outcome === 'allowed' ? undefined : (denials.get(key) ?? denialOf(call, decision));
    decided.set(key, denial);
    return denial;
  }

  function check(asked: Call): Denial | undefined {
    if (mode === 'off') return undefined;
    // Keys are as many as entities: they are told apart only for those whose policies do.
    const { leadingKey, ...rest } = asked;
    const call = asked.caller.kind === 'role' && byKey.has(asked.caller.roleArn) ? asked : rest;
    const circumstances = `${call === asked ? (leadingKey ?? '') : ''} ${call.context ? JSON.stringify(call.context) : ''}`;
    const key = `${callerName(call.caller)} ${call.action} ${call.resource} ${circumstances}`;
    const denial = decided.has(key) ? decided.get(key) : decideOn(key, call);
    if (denial === undefined) return undefined;
    denial.count += 1;
    if (!denials.has(key)) {
      denials.set(key, denial);
      onDenial(denial);
    }
    return denial;
  }

  return {
    place,
    isChecked: mode === 'checked',
    policies,
    get denials() {
      return [...denials.values()];
    },
    get calls() {
      return [...calls.values()];
    },
    addRole: (roleArn) => void ofRoles.set(roleArn, []),
    grant(roleArn, statements) {
      ofRoles.set(roleArn, [...requireRole(roleArn), ...statements]);
      if (statements.some(({ conditions }) => conditions.some(looksAtItemKeys))) byKey.add(roleArn);
      decided.clear();
    },
    protect(resourceArn, statements) {
      ofResources.set(resourceArn, [...(ofResources.get(resourceArn) ?? []), ...statements]);
      decided.clear();
    },
    assume(functionName, roleArn) {
      requireRole(roleArn);
      if (mode === 'off') return;
      const lambda = { kind: 'service', service: 'lambda.amazonaws.com', sourceArn: roleArn } as const;
      const denial = check({ caller: lambda, action: 'sts:AssumeRole', resource: roleArn });
      if (denial) throw new Error(`The role defined for the function cannot be assumed by Lambda. ${denial.message}`);
      const caller = { kind: 'role', roleArn, functionName } as const;
      const own = newCredentials(functionName);
      callers.set(functionName, caller);
      credentials.set(functionName, own);
      signers.set(own.accessKeyId, caller);
    },
    callerOf: (functionName) => callers.get(functionName),
    credentialsOf: (functionName) => credentials.get(functionName),
    signerOf(authorization = '') {
      const [, accessKeyId = ''] = KEY_ID.exec(authorization) ?? [];
      return signers.get(accessKeyId);
    },
    check,
  };
}

/** The key tells functions apart; in the form that AWS gives temporary ones (iam/reference_identifiers, unique identifiers). */
function newCredentials(functionName: string): Credentials {
  const digest = createHash('sha256').update(functionName).digest('hex').toUpperCase();
  return {
    accessKeyId: `ASIA${digest.slice(0, 16)}`,
    secretAccessKey: randomBytes(30).toString('base64'),
    sessionToken: randomBytes(30).toString('base64'),
  };
}
