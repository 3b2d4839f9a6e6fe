import { createHash, randomBytes } from 'node:crypto';
import { NotEmulated } from '../not-emulated.ts';
import { type Call, callerName, type RoleCaller } from './caller.ts';
import { looksAtItemKeys } from './condition.ts';
import { decide, type Policies } from './decide.ts';
import { type Denial, denialOf } from './denial.ts';
import type { Place } from './needs/need.ts';
import type { Statement } from './statement.ts';

/** The credentials that a function's SDK clients sign with. */
export interface Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken: string;
}

/** The policies of the account, and the calls that were checked against them. */
export interface Access {
  readonly place: Place;
  /** False if every call is allowed. */
  readonly isChecked: boolean;
  readonly policies: Policies;
  /** The refused calls. A repeated call appears once, with its count. */
  readonly denials: readonly Denial[];
  /** The checked calls, both allowed and refused. A repeated call appears once. */
  readonly calls: readonly Call[];
  /** Adds a role without policies. A role that exists keeps its policies. */
  addRole(roleArn: string): void;
  /** Adds statements to a role's policies. Throws for an unknown role. */
  grant(roleArn: string, statements: readonly Statement[]): void;
  /** Adds statements to a resource's policy. */
  protect(resourceArn: string, statements: readonly Statement[]): void;
  /** Notes that a part of the policies of a role is left out. */
  noteLeftOut(roleArn: string): void;
  /** Whether a part of the policies of a role is left out, so that it grants less than on AWS. */
  grantsLess(roleArn: string): boolean;
  /** Removes the statements that a resource of a template added. @param path stack and logical id */
  revoke(path: string): void;
  /**
   * Gives a function its role. Throws `NotEmulated` for an unknown role, and an error, like CreateFunction, for a role
   * that doesn't trust Lambda.
   */
  assume(functionName: string, roleArn: string): void;
  /** A function as a caller; undefined if it has no role. */
  callerOf(functionName: string): RoleCaller | undefined;
  /** A function's credentials; undefined if it has no role. */
  credentialsOf(functionName: string): Credentials | undefined;
  /**
   * The function that signed a request, found by the access key in the `Authorization` header. The signature isn't
   * verified. Undefined for every other key: a request with another key is the developer's and may do everything.
   */
  signerOf(authorization: string | undefined): RoleCaller | undefined;
  /** Checks a call. Undefined if it is allowed. */
  check(call: Call): Denial | undefined;
}

export interface AccessOptions {
  readonly place: Place;
  /** With `off`, functions have no credentials of their own, and every call is allowed. @default 'checked' */
  readonly mode?: 'checked' | 'off';
  /** Called for the first refusal of each call. */
  readonly onDenial?: (denial: Denial) => void;
}

/** A denial whose count grows with each refusal. */
type CountedDenial = Denial & { count: number };

const KEY_ID = /Credential=([^/,\s]+)\//;

/** Creates an account without roles and policies. */
export function createAccess({ place, mode = 'checked', onDenial = () => {} }: AccessOptions): Access {
  const ofRoles = new Map<string, readonly Statement[]>();
  const ofResources = new Map<string, readonly Statement[]>();
  const policies = { ofRoles, ofResources };
  const credentials = new Map<string, Credentials>();
  const callers = new Map<string, RoleCaller>();
  const signers = new Map<string, RoleCaller>();
  const denials = new Map<string, CountedDenial>();
  const calls = new Map<string, Call>();
  const withLeftOut = new Set<string>();
  /** The roles with a policy whose conditions test the partition keys of items. */
  const byKey = new Set<string>();
  /** Caches decisions, because calls repeat. Cleared when a policy is added. */
  const decided = new Map<string, CountedDenial | undefined>();

  function requireRole(roleArn: string): readonly Statement[] {
    const statements = ofRoles.get(roleArn);
    if (statements) return statements;
    throw new NotEmulated(`its role ${roleArn} is not part of the app, so its permissions are unknown`);
  }

  function decideOn(key: string, call: Call): CountedDenial | undefined {
    calls.set(key, call);
    const decision = decide(policies, call);
    const denial = decision.outcome === 'allowed' ? undefined : (denials.get(key) ?? denialOf(call, decision));
    decided.set(key, denial);
    return denial;
  }

  function check(asked: Call): Denial | undefined {
    if (mode === 'off') return undefined;
    // Each entity has its own key. To keep the list of calls short, calls with different keys count as one call, unless
    // a policy of the caller's role tests keys.
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
    addRole: (roleArn) => void ofRoles.set(roleArn, ofRoles.get(roleArn) ?? []),
    grant(roleArn, statements) {
      ofRoles.set(roleArn, [...requireRole(roleArn), ...statements]);
      if (statements.some(({ conditions }) => conditions.some(looksAtItemKeys))) byKey.add(roleArn);
      decided.clear();
    },
    protect(resourceArn, statements) {
      ofResources.set(resourceArn, [...(ofResources.get(resourceArn) ?? []), ...statements]);
      decided.clear();
    },
    noteLeftOut: (roleArn) => void withLeftOut.add(roleArn),
    grantsLess: (roleArn) => withLeftOut.has(roleArn),
    revoke(path) {
      const isKept = ({ source }: Statement) => !source.startsWith(`${path}/`);
      for (const policies of [ofRoles, ofResources])
        for (const [arn, statements] of policies) policies.set(arn, statements.filter(isKept));
      decided.clear();
    },
    assume(functionName, roleArn) {
      if (mode === 'off') return;
      requireRole(roleArn);
      const lambda = { kind: 'service', service: 'lambda.amazonaws.com', sourceArn: roleArn } as const;
      const denial = check({ caller: lambda, action: 'sts:AssumeRole', resource: roleArn });
      if (denial) {
        const message = `The role defined for the function cannot be assumed by Lambda. ${denial.message}`;
        throw withLeftOut.has(roleArn) ? new NotEmulated(message) : new Error(message);
      }
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

/**
 * The access key identifies the function. It has the form of AWS's temporary keys (iam/reference_identifiers, unique
 * identifiers).
 */
function newCredentials(functionName: string): Credentials {
  const digest = createHash('sha256').update(functionName).digest('hex').toUpperCase();
  return {
    accessKeyId: `ASIA${digest.slice(0, 16)}`,
    secretAccessKey: randomBytes(30).toString('base64'),
    sessionToken: randomBytes(30).toString('base64'),
  };
}
