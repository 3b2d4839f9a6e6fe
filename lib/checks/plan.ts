/** A resource as it would be deployed: its properties as the template says them, overrides included. */
export interface Rendered {
  /** Where it is in the construct tree, `Ordering/Cache/Queue`. */
  readonly path: string;
  readonly logicalId: string;
  /** CloudFormation's type, `AWS::SQS::Queue`. */
  readonly type: string;
  readonly properties: Readonly<Record<string, unknown>>;
}

/** What a construct would deploy, and what that refers to. */
export interface Plan {
  /** The resources below the construct. */
  readonly own: readonly Rendered[];
  /** The whole app's resources of a type. */
  readonly all: (type: string) => readonly Rendered[];
  /** The resource that a value among a resource's properties refers to; undefined where that can't be told. */
  readonly target: (from: Rendered, value: unknown) => Rendered | undefined;
}

/** The types that the rules look at. */
export const TYPE = {
  function: 'AWS::Lambda::Function',
  key: 'AWS::KMS::Key',
  managedPolicy: 'AWS::IAM::ManagedPolicy',
  mapping: 'AWS::Lambda::EventSourceMapping',
  policy: 'AWS::IAM::Policy',
  queue: 'AWS::SQS::Queue',
  role: 'AWS::IAM::Role',
  subscription: 'AWS::SNS::Subscription',
  topic: 'AWS::SNS::Topic',
} as const;

/** An AWS page by guide and name, as the limits cite them: `sqs/quotas-queues`. */
export type Page = `${'ddb' | 'lambda' | 'sns' | 'sqs'}/${string}`;

/** Something that would be deployed and must not be. */
export interface Problem {
  /** Of the resource that is wrong. */
  readonly path: string;
  /** What was given. */
  readonly what: string;
  /** What comes of it. */
  readonly why: string;
  /** Where AWS says so. */
  readonly page: Page;
  /** What to do. */
  readonly fix: string;
  /** Given where it can't be told whether something is wrong: the id of the warning that it is then. */
  readonly warning?: string;
}

/** Looks at what would be deployed. What it can't read, as a deployment parameter, it lets pass. */
export type Rule = (plan: Plan) => readonly Problem[];

/** The resources of a type below the construct. */
export function ownOf({ own }: Plan, type: string): readonly Rendered[] {
  return own.filter((resource) => resource.type === type);
}

/** The resource of a type that a value refers to. */
export function targetOf(plan: Plan, from: Rendered, value: unknown, type: string): Rendered | undefined {
  const target = plan.target(from, value);
  return target?.type === type ? target : undefined;
}

/** What lies below a value by a path of keys; undefined where there is nothing. */
export function below(value: unknown, ...keys: readonly string[]): unknown {
  return keys.reduce<unknown>((at, key) => (isRecord(at) ? at[key] : undefined), value);
}

/** A value's number, or the default where it isn't given; undefined where it can't be read. */
export function numberOr<D>(value: unknown, orElse: D): number | D | undefined {
  if (value === undefined) return orElse;
  const number = typeof value === 'string' && value.trim() !== '' ? Number(value) : value;
  return typeof number === 'number' && Number.isFinite(number) ? number : undefined;
}

/** Whether a flag is set; CloudFormation takes texts too. */
export function isSet(value: unknown): boolean {
  return value === true || value === 'true';
}

/** A list's items; of anything else a list of it alone, of nothing none. */
export function listOf(value: unknown): readonly unknown[] {
  if (value === undefined) return [];
  return Array.isArray(value) ? value : [value];
}

export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Whether a queue or topic that a value names is FIFO; undefined where that can't be told. A FIFO name ends in `.fifo`. */
export function isFifo(plan: Plan, from: Rendered, value: unknown): boolean | undefined {
  if (typeof value === 'string') return value.endsWith('.fifo');
  const target = plan.target(from, value);
  if (target?.type === TYPE.queue) return isSet(target.properties.FifoQueue);
  if (target?.type === TYPE.topic) return isSet(target.properties.FifoTopic);
  return undefined;
}

/** An SQS mapping's queue and function. */
export interface Consumed {
  readonly mapping: Rendered;
  readonly queue: Rendered;
  /** undefined where it isn't a function of the app. */
  readonly consumer: Rendered | undefined;
}

/** The app's mappings from the construct's queues, wherever they are, and the construct's own from others' queues. */
export function consumedQueues(plan: Plan): readonly Consumed[] {
  return plan.all(TYPE.mapping).flatMap((mapping) => {
    const queue = targetOf(plan, mapping, mapping.properties.EventSourceArn, TYPE.queue);
    if (queue === undefined || !(plan.own.includes(queue) || plan.own.includes(mapping))) return [];
    return [{ mapping, queue, consumer: targetOf(plan, mapping, mapping.properties.FunctionName, TYPE.function) }];
  });
}
