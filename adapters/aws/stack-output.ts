import * as z from 'zod/mini';

const owner = z.object({
  role: z.literal('owner'),
  boundary: z.string(),
  /** Name of the stack, which metrics have as a dimension. */
  stack: z.string(),
  table: z.string(),
  topicArn: z.string(),
  relay: z.string(),
  governor: z.string(),
  /** Missing in stacks of earlier versions, and for an owner without a repair function. */
  repair: z.optional(z.string()),
  flowTable: z.string(),
  failureQueueUrl: z.string(),
  parkingTable: z.string(),
  /** The function that copies an existing table; missing for an owner that adopts none. */
  adopter: z.optional(z.string()),
  /** The function that compares an existing table with its copies; missing in the same cases. */
  surveyor: z.optional(z.string()),
});

const postgresOwner = z.object({
  role: z.literal('postgres-owner'),
  boundary: z.string(),
  /** Name of the stack, which metrics have as a dimension. */
  stack: z.string(),
  topicArn: z.string(),
  relay: z.string(),
  governor: z.string(),
  /** It also reads the entities for operators, whose machines can't reach the database. */
  repair: z.string(),
  flowTable: z.string(),
  failureQueueUrl: z.string(),
  parkingTable: z.string(),
});

const cache = z.object({
  role: z.literal('cache'),
  boundary: z.string(),
  /** Name of the stack, which metrics have as a dimension. */
  stack: z.string(),
  table: z.string(),
  queueUrl: z.string(),
  deadLetterQueueUrl: z.string(),
  subscriptionDeadLetterQueueUrl: z.string(),
  parkingTable: z.string(),
  gapQueueUrl: z.string(),
  projector: z.string(),
  repair: z.string(),
  report: z.string(),
});

/** Name of the stack, which metrics have as a dimension; missing in stacks of earlier versions. */
const stack = z.optional(z.string());

const facts = z.object({
  role: z.literal('facts'),
  boundary: z.string(),
  stack,
  table: z.string(),
  topicArn: z.string(),
  failureQueueUrl: z.string(),
  relay: z.string(),
  /** The path of the boundary's contracts; missing in stacks of earlier versions. */
  contracts: z.optional(z.string()),
});

/** Facts in PostgreSQL, which the relay of the owner publishes. */
const postgresFacts = z.object({
  role: z.literal('postgres-facts'),
  boundary: z.string(),
  stack: z.string(),
  topicArn: z.string(),
  failureQueueUrl: z.string(),
  relay: z.string(),
  /** The path of the boundary's contracts. */
  contracts: z.string(),
});

const factQueue = z.object({
  role: z.literal('fact-queue'),
  name: z.string(),
  stack,
  /** The boundaries whose facts it receives; missing for a queue of effects, and in stacks of earlier versions. */
  boundaries: z.optional(z.array(z.string())),
  queueUrl: z.string(),
  deadLetterQueueUrl: z.string(),
  subscriptionDeadLetterQueueUrl: z.string(),
  parkingTable: z.string(),
  /** ARNs of the queue's subscriptions; missing for a queue of effects, and in stacks of earlier versions. */
  subscriptions: z.optional(z.array(z.string())),
});

/** A fact and the boundary that publishes it. */
const factRef = z.object({ type: z.string(), owner: z.string() });

const saga = z.object({
  role: z.literal('saga'),
  name: z.string(),
  stack,
  table: z.string(),
  decider: z.string(),
  /** Missing for a saga without a deadline. */
  deadlines: z.optional(z.string()),
  /** The facts that it needs and those that cancel it; missing in stacks of earlier versions. */
  needs: z.optional(z.array(factRef)),
  cancelledBy: z.optional(z.array(factRef)),
  /** Missing for a saga without a deadline, and in stacks of earlier versions. */
  deadlineSeconds: z.optional(z.number()),
});

const effects = z.object({
  role: z.literal('effects'),
  /** Name of the saga whose effects the handler carries out. */
  name: z.string(),
  /** Table of the saga. */
  table: z.string(),
  handler: z.string(),
  /** The id of the handler's construct, which graphs show; missing in stacks of earlier versions. */
  handlerId: z.optional(z.string()),
  /** Name of the queue in which its failed effects are retried; missing in stacks of earlier versions. */
  retries: z.optional(z.string()),
  failureQueueUrl: z.string(),
});

/** Physical names of a deployed owner. */
export type DeployedOwner = z.infer<typeof owner>;

/** Physical names of a deployed owner in PostgreSQL. */
export type DeployedPostgresOwner = z.infer<typeof postgresOwner> & {
  readonly table?: undefined;
  readonly adopter?: undefined;
  readonly surveyor?: undefined;
};

/** Physical names of a deployed cache. */
export type DeployedCache = z.infer<typeof cache>;

/** Physical names of a boundary's deployed facts. */
export type DeployedFacts = z.infer<typeof facts>;

/** Physical names of a deployed saga. */
export type DeployedSaga = z.infer<typeof saga>;

/** Physical names of a deployed queue of facts. */
export type DeployedFactQueue = z.infer<typeof factQueue>;

/** The resources of an owner or a cache, from its stack's output. */
export type Deployed = DeployedOwner | DeployedPostgresOwner | DeployedCache;

/** The resources of a construct for facts or sagas, from its stack's output. */
export type DeployedOfFacts = z.infer<typeof outputOfFacts>;

const withContracts = { contracts: z.string() };
const output = z.discriminatedUnion('role', [
  z.extend(owner, withContracts),
  z.extend(postgresOwner, withContracts),
  z.extend(cache, withContracts),
]);
const outputOfFacts = z.discriminatedUnion('role', [facts, postgresFacts, factQueue, saga, effects]);

/**
 * Reads the stack output of an owner or a cache, with the path of the boundary's contracts; undefined for any other
 * output.
 */
export function readDeployed(value: string): (Deployed & { readonly contracts: string }) | undefined {
  return read(output, value);
}

/** Reads the stack output of a construct for facts or sagas; undefined for any other output. */
export function readDeployedOfFacts(value: string): DeployedOfFacts | undefined {
  return read(outputOfFacts, value);
}

function read<T>(schema: z.ZodMiniType<T>, value: string): T | undefined {
  try {
    return schema.safeParse(JSON.parse(value)).data;
  } catch {
    return undefined;
  }
}
