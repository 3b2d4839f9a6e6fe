/** A function that calls with the credentials of its role. */
export interface RoleCaller {
  readonly kind: 'role';
  readonly roleArn: string;
  /** Also the name of the session: Lambda names a session after its function. */
  readonly functionName: string;
}

/** An AWS service that acts for one of its resources. */
export interface ServiceCaller {
  readonly kind: 'service';
  /** Such as `sns.amazonaws.com`. */
  readonly service: string;
  /** The topic, rule, alarm or API route for which the service acts. */
  readonly sourceArn: string;
}

/** The sender of a request that needs no signature. */
export interface AnonymousCaller {
  readonly kind: 'anonymous';
}

/** A caller whose permissions are checked. */
export type Caller = RoleCaller | ServiceCaller | AnonymousCaller;

/** The properties of a request that conditions can test, by condition key. */
export type CallContext = Readonly<
  Partial<Record<'lambda:FunctionUrlAuthType' | 'lambda:InvokedViaFunctionUrl', string>>
>;

/** A caller's action on a resource. */
export interface Call {
  readonly caller: Caller;
  /** Such as `sqs:SendMessage`. */
  readonly action: string;
  /** An ARN, or `*` for an action that applies to all resources. */
  readonly resource: string;
  readonly context?: CallContext;
  /** The partition key of an item that is put into a table; undefined for other calls. */
  readonly leadingKey?: string | undefined;
}

/** A caller's name in AWS's messages. */
export function callerName(caller: Caller): string {
  if (caller.kind === 'anonymous') return 'anonymous';
  if (caller.kind === 'service') return `${caller.service} for ${caller.sourceArn}`;
  return sessionArn(caller);
}

/** `arn:aws:sts::ACCOUNT:assumed-role/ROLE/SESSION` */
export function sessionArn({ roleArn, functionName }: RoleCaller): string {
  const roleName = roleArn.slice(roleArn.lastIndexOf('/') + 1);
  return `arn:aws:sts::${accountOf(roleArn)}:assumed-role/${roleName}/${functionName}`;
}

/** The account in an ARN. */
export function accountOf(arn: string): string {
  return arn.split(':')[4] ?? '';
}
