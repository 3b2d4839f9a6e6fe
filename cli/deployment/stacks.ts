import { type CloudFormationClient, CloudFormationServiceException } from '@aws-sdk/client-cloudformation';
import { readDeployed, readDeployedOfFacts } from 'freshet-aws/internal/adapters/aws/stack-output';
import { cloudFormationClient, stackFunctions, stackOutputs } from '../clients/stack-outputs.ts';
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
  io: Pick<CommandIo, 'cwd' | 'importModule'>,
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
    for (const name of stacks) outputs.push(...(await freshetOutputs(client, name, from)));
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

/** The outputs of a stack that Freshet's constructs wrote. */
async function freshetOutputs(client: CloudFormationClient, name: string, region: string): Promise<string[]> {
  const outputs = await outputsOf(client, name, region);
  const known = outputs.filter((output) => readDeployed(output) ?? readDeployedOfFacts(output));
  if (known.length > 0) return known;
  throw new UsageError(
    `--stack: no output of ${name} in ${region} describes an owner, a cache, a queue of facts or a saga. Pass the ` +
      "stacks that contain Freshet's constructs, such as EntityOwner or LocalCache.",
  );
}

async function outputsOf(client: CloudFormationClient, name: string, region: string): Promise<string[]> {
  try {
    return await withAdvice({ place: `AWS, ${region}`, isLocal: false }, () => stackOutputs(client, name));
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
