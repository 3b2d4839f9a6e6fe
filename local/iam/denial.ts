import { type Call, callerName } from './caller.ts';
import type { Decision } from './decide.ts';

/** A refused call. */
export interface Denial {
  /** AWS's name of the caller: a session's ARN, or a service and the resource for which it acts. */
  readonly caller: string;
  readonly action: string;
  readonly resource: string;
  /** The statement that denies the call. If none does, a statement that would allow it. */
  readonly statement: object;
  /** AWS's message, followed by the statement. */
  readonly message: string;
  /** How often the call was refused. */
  readonly count: number;
}

/** The refusal of a call (iam/troubleshoot_access-denied). */
export function denialOf(call: Call, decision: Exclude<Decision, { outcome: 'allowed' }>): Denial {
  const { action, resource } = call;
  const caller = callerName(call.caller);
  const refused = `User: ${caller} is not authorized to perform: ${action} on resource: ${resource}`;
  const shared = { caller, action, resource, count: 0 };
  if (decision.outcome === 'forbidden') {
    const { by, policy } = decision;
    const message = `${refused} with an explicit deny in ${policy === 'identity-based' ? 'an' : 'a'} ${policy} policy\nDenied by ${by.source}: ${by.text}`;
    return { ...shared, statement: JSON.parse(by.text), message };
  }
  const statement = statementFor(call);
  const policy = call.caller.kind === 'role' ? 'identity-based' : 'resource-based';
  const message = `${refused} because no ${policy} policy allows the ${action} action\nWould be allowed by: ${JSON.stringify(statement)}`;
  return { ...shared, statement, message };
}

function statementFor({ caller, action, resource, context = {} }: Call): object {
  const { 'lambda:FunctionUrlAuthType': authType, 'lambda:InvokedViaFunctionUrl': viaUrl } = context;
  const Condition = {
    ...(authType !== undefined && { StringEquals: { 'lambda:FunctionUrlAuthType': authType } }),
    ...(viaUrl !== undefined && { Bool: { 'lambda:InvokedViaFunctionUrl': viaUrl } }),
    ...(caller.kind === 'service' && { ArnEquals: { 'aws:SourceArn': caller.sourceArn } }),
  };
  return {
    Effect: 'Allow',
    Action: action,
    Resource: resource,
    ...(caller.kind === 'anonymous' && { Principal: '*' }),
    ...(caller.kind === 'service' && { Principal: { Service: caller.service } }),
    ...(Object.keys(Condition).length > 0 && { Condition }),
  };
}
