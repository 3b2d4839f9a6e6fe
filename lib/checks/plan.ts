/** A resource as it would be deployed: its properties as in the template, with overrides. */
export interface Rendered {
  /** The path in the construct tree, such as `Ordering/Cache/Queue`. */
  readonly path: string;
  readonly logicalId: string;
  /** The CloudFormation type, such as `AWS::SQS::Queue`. */
  readonly type: string;
  readonly properties: Readonly<Record<string, unknown>>;
}

/** How large a stack would be. */
export interface StackSize {
  /** The path of the stack in the construct tree. */
  readonly path: string;
  readonly resources: number;
  readonly outputs: number;
}

/** The resources that a construct would deploy, and the resources they refer to. */
export interface Plan {
  /** The stacks that contain the resources below the construct. */
  readonly stacks: readonly StackSize[];
  /** The resources below the construct. */
  readonly own: readonly Rendered[];
  /**
   * The properties with which a resource is deployed now, from the templates in the folder of the context key
   * `freshet-aws:deployed`; undefined if the resource or the folder isn't known.
   */
  readonly deployed: (resource: Rendered) => Rendered['properties'] | undefined;
  /** All resources of a type in the app. */
  readonly all: (type: string) => readonly Rendered[];
  /**
   * Resolves a property value of the resource `from` to the resource it refers to; undefined if that isn't possible.
   */
  readonly target: (from: Rendered, value: unknown) => Rendered | undefined;
}

/** The resource types that the rules check. */
export const TYPE = {
  dashboard: 'AWS::CloudWatch::Dashboard',
  function: 'AWS::Lambda::Function',
  key: 'AWS::KMS::Key',
  managedPolicy: 'AWS::IAM::ManagedPolicy',
  mapping: 'AWS::Lambda::EventSourceMapping',
  policy: 'AWS::IAM::Policy',
  queue: 'AWS::SQS::Queue',
  queuePolicy: 'AWS::SQS::QueuePolicy',
  role: 'AWS::IAM::Role',
  subscription: 'AWS::SNS::Subscription',
  table: 'AWS::DynamoDB::Table',
  topic: 'AWS::SNS::Topic',
} as const;

/** An AWS page by guide and name, cited as in `limits.ts`: `sqs/quotas-queues`. */
export type Page = `${'cfn' | 'cw' | 'ddb' | 'lambda' | 'sns' | 'sqs'}/${string}`;

/** A setting that must not be deployed. */
export interface Problem {
  /** The path of the wrong resource. */
  readonly path: string;
  /** What is set. */
  readonly what: string;
  /** The consequence. */
  readonly why: string;
  /** The AWS page that documents it. */
  readonly page: Page;
  /** How to correct it. */
  readonly fix: string;
  /** The id of a warning. It is set if the check can't decide whether the setting is wrong, so it only warns. */
  readonly warning?: string;
}

/** Checks what would be deployed. A value that a rule can't read, such as a deployment parameter, passes. */
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

/** The value at a path of keys below a value; undefined if there is none. */
export function below(value: unknown, ...keys: readonly string[]): unknown {
  return keys.reduce<unknown>((at, key) => (isRecord(at) ? at[key] : undefined), value);
}

/** Reads a number; returns `orElse` if the value is undefined, and undefined if it can't be read as a number. */
export function numberOr<D>(value: unknown, orElse: D): number | D | undefined {
  if (value === undefined) return orElse;
  const number = typeof value === 'string' && value.trim() !== '' ? Number(value) : value;
  return typeof number === 'number' && Number.isFinite(number) ? number : undefined;
}

/** Whether a flag is set. CloudFormation also accepts the text `true`. */
export function isSet(value: unknown): boolean {
  return value === true || value === 'true';
}

/** A list as it is, any other value as a list of one, and undefined as an empty list. */
export function listOf(value: unknown): readonly unknown[] {
  if (value === undefined) return [];
  return Array.isArray(value) ? value : [value];
}

export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/**
 * Whether a value names a FIFO queue or topic, whose name or ARN ends in `.fifo`; undefined if it can't be resolved.
 */
export function isFifo(plan: Plan, from: Rendered, value: unknown): boolean | undefined {
  if (typeof value === 'string') return value.endsWith('.fifo');
  const target = plan.target(from, value);
  if (target?.type === TYPE.queue) return isSet(target.properties.FifoQueue);
  if (target?.type === TYPE.topic) return isSet(target.properties.FifoTopic);
  return undefined;
}

/** An SQS event source mapping, with its queue and its function. */
export interface Consumed {
  readonly mapping: Rendered;
  readonly queue: Rendered;
  /** undefined if the function isn't in the app. */
  readonly consumer: Rendered | undefined;
}

/**
 * All mappings in the app that read a queue of the construct, and all of the construct's mappings that read another
 * queue.
 */
export function consumedQueues(plan: Plan): readonly Consumed[] {
  return plan.all(TYPE.mapping).flatMap((mapping) => {
    const queue = targetOf(plan, mapping, mapping.properties.EventSourceArn, TYPE.queue);
    if (queue === undefined || !(plan.own.includes(queue) || plan.own.includes(mapping))) return [];
    return [{ mapping, queue, consumer: targetOf(plan, mapping, mapping.properties.FunctionName, TYPE.function) }];
  });
}
