/** A function, by the credentials of its role. */
export interface RoleCaller {
  readonly kind: 'role';
  readonly roleArn: string;
  /** Lambda names a session after its function. */
  readonly functionName: string;
}

/** A service of AWS that acts for one of its resources. */
export interface ServiceCaller {
  readonly kind: 'service';
  /** Such as `sns.amazonaws.com`. */
  readonly service: string;
  /** The topic, rule or alarm that it acts for. */
  readonly sourceArn: string;
}

/** Whoever sends a request that nobody asks a signature of. */
export interface AnonymousCaller {
  readonly kind: 'anonymous';
}

/** Whoever calls and isn't allowed everything. */
export type Caller = RoleCaller | ServiceCaller | AnonymousCaller;

/** What a request says of itself, beyond who sends it, by the condition key that asks for it. */
export type CallContext = Readonly<
  Partial<Record<'lambda:FunctionUrlAuthType' | 'lambda:InvokedViaFunctionUrl', string>>
>;

/** One thing that somebody wants to do. */
export interface Call {
  readonly caller: Caller;
  /** Such as `sqs:SendMessage`. */
  readonly action: string;
  /** An ARN; `*` for an action that knows no narrower resource. */
  readonly resource: string;
  readonly context?: CallContext;
  /** The partition key of the item that is put into a table; undefined for all else. */
  readonly leadingKey?: string | undefined;
}

/** A caller as AWS's messages name it. */
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

/** The account that an ARN names. */
export function accountOf(arn: string): string {
  return arn.split(':')[4] ?? '';
}
