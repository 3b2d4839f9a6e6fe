import { type CloudFormationClient, CloudFormationServiceException } from '@aws-sdk/client-cloudformation';
import { readDeployed, readDeployedOfFacts } from 'freshet-aws/internal/adapters/aws/stack-output';
import { printable } from 'freshet-aws/internal/core/entity';
import * as z from 'zod/mini';
import { cloudFormationClient, type StackState, stackFunctions, stackState } from '../clients/stack-outputs.ts';
import { UsageError } from '../errors.ts';
import type { CommandIo } from '../io.ts';
import { withAdvice } from './advice.ts';
import { createClients } from './clients.ts';
import { contractsIn } from './contracts.ts';
import { createDeployment } from './create.ts';
import type { Deployment } from './deployment.ts';
import type { OnWait } from './waits.ts';

/** Where stacks are, if not in the region and account of the environment. */
export interface StackPlace {
  readonly region?: string;
  readonly profile?: string;
}

/**
 * Opens the deployment in stacks on AWS. The contracts come from the folder in which the command runs.
 *
 * @param names names or ARNs of the stacks
 * @param place default: the region and credentials of the environment
 * @throws UsageError if a stack can't be read, or if its outputs describe nothing of Freshet
 */
export async function openStacks(
  io: Pick<CommandIo, 'cwd' | 'importModule' | 'stderr'>,
  names: readonly string[],
  place: StackPlace,
  onWait?: OnWait,
): Promise<Deployment> {
  const client = cloudFormationClient(place);
  try {
    const from = await regionOf(client);
    await requireCredentials(client);
    const outputs: string[] = [];
    const stacks = [...new Set(names)];
    for (const name of stacks) outputs.push(...(await freshetOutputs(io, client, name, from)));
    return createDeployment({
      outputs,
      place: [`AWS${accountOf(outputs)}`, from].join(', '),
      stacks,
      isLocal: false,
      clients: createClients(place),
      functionNames: () => functionsOf(stacks, place),
      contracts: contractsIn(io.cwd, io),
      onWait,
    });
  } finally {
    client.destroy();
  }
}

/** The account in the outputs of stacks, which are full of ARNs and URLs of queues. */
function accountOf(outputs: readonly string[]): string {
  const [, ofTopic, ofQueue] = /:sns:[a-z0-9-]+:(\d{12}):|\/\/sqs\.[^/]+\/(\d{12})\//.exec(outputs.join('\n')) ?? [];
  const account = ofTopic ?? ofQueue;
  return account === undefined ? '' : ` account ${account}`;
}

async function functionsOf(stacks: readonly string[], place: StackPlace): Promise<string[]> {
  const client = cloudFormationClient(place);
  try {
    const names: string[] = [];
    for (const stack of stacks) names.push(...(await stackFunctions(client, stack)));
    return names.sort();
  } finally {
    client.destroy();
  }
}

async function regionOf(client: CloudFormationClient): Promise<string> {
  try {
    return await client.config.region();
  } catch {
    throw new UsageError(
      '--stack: no AWS region is set. Pass --region, set AWS_REGION, or set a region in your AWS profile.',
    );
  }
}

async function requireCredentials(client: CloudFormationClient): Promise<void> {
  try {
    await client.config.credentials();
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new UsageError(
      `--stack: no AWS credentials: ${why.replace(/\.?$/, '.')} Set AWS_PROFILE, or set AWS_ACCESS_KEY_ID ` +
        'and AWS_SECRET_ACCESS_KEY, or log in: aws sso login.',
    );
  }
}

/** The outputs of a stack that Freshet's constructs wrote. Those of another release are named on standard error. */
async function freshetOutputs(
  { stderr }: Pick<CommandIo, 'stderr'>,
  client: CloudFormationClient,
  name: string,
  region: string,
): Promise<string[]> {
  const { status, outputs } = await stateOf(client, name, region);
  const known = outputs.filter((output) => readDeployed(output) ?? readDeployedOfFacts(output));
  for (const output of outputs) {
    const role = known.includes(output) ? undefined : roleOf(output);
    if (role === undefined) continue;
    stderr.write(
      `${name}: the output of ${role} can't be read, so the command leaves it out. Another release of Freshet ` +
        'deployed the stack: use that release of the command line, or deploy the stack again.\n',
    );
  }
  if (known.length > 0) return known;
  throw new UsageError(
    `--stack: no output of ${name} in ${region} describes an owner, a cache, a queue of facts or a saga. The status of ` +
      `the stack is ${status}. ${/_COMPLETE$/.test(status) && !status.startsWith('ROLLBACK') ? RIGHT_STACKS : DEPLOYED}`,
  );
}

const RIGHT_STACKS = "Pass the stacks that contain Freshet's constructs, such as EntityOwner or LocalCache.";
const DEPLOYED = 'Wait until it is deployed, or deploy it again.';

/** What an output says that it describes, such as `cache ordering`; undefined for an output that isn't of Freshet. */
function roleOf(output: string): string | undefined {
  const found = withRole.safeParse(parsedJson(output)).data;
  return found && printable([found.role, found.boundary ?? found.name].filter((one) => one !== undefined).join(' '));
}

const withRole = z.object({
  role: z.enum(['owner', 'postgres-owner', 'cache', 'facts', 'postgres-facts', 'fact-queue', 'saga', 'effects']),
  boundary: z.optional(z.string()),
  name: z.optional(z.string()),
});

function parsedJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

async function stateOf(client: CloudFormationClient, name: string, region: string): Promise<StackState> {
  try {
    return await withAdvice({ place: `AWS, ${region}`, isLocal: false }, () => stackState(client, name));
  } catch (error) {
    // The syntax of the name was checked before, so this error means that the stack doesn't exist.
    const cause = error instanceof UsageError ? error.cause : undefined;
    if (cause instanceof CloudFormationServiceException && cause.name === 'ValidationError') {
      throw new UsageError(
        `--stack: there is no stack ${name} in ${region}. Check the name, --region and the account of your AWS ` +
          'credentials.',
      );
    }
    throw error;
  }
}
