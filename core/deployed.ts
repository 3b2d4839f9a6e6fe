import * as z from 'zod/mini';

const owner = z.object({
  role: z.literal('owner'),
  boundary: z.string(),
  table: z.string(),
  topicArn: z.string(),
  relay: z.string(),
  governor: z.string(),
  flowTable: z.string(),
  failureQueueUrl: z.string(),
  parkingTable: z.string(),
});

const cache = z.object({
  role: z.literal('cache'),
  boundary: z.string(),
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

/** Physical names of a deployed owner. */
export type DeployedOwner = z.infer<typeof owner>;

/** Physical names of a deployed cache. */
export type DeployedCache = z.infer<typeof cache>;

/** What one construct deployed, as its stack's output says. */
export type Deployed = DeployedOwner | DeployedCache;

const withContracts = { contracts: z.string() };
const output = z.discriminatedUnion('role', [z.extend(owner, withContracts), z.extend(cache, withContracts)]);

/** A stack output that one of the constructs wrote, with the path of the boundary's contracts; undefined for any other. */
export function readDeployed(value: string): (Deployed & { readonly contracts: string }) | undefined {
  try {
    return output.safeParse(JSON.parse(value)).data;
  } catch {
    return undefined;
  }
}
