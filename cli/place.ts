import { type CloudFormationClient, CloudFormationServiceException } from '@aws-sdk/client-cloudformation';
import { type Command, Option } from 'commander';
import { cloudWatchClient, dynamoDbClient, sqsClient } from 'freshet-aws/internal/adapters/aws/clients';
import { readDeployed } from 'freshet-aws/internal/adapters/aws/stack-output';
import { quoted } from 'freshet-aws/internal/core/errors';
import { asking } from './asking.ts';
import { lambdaClient } from './clients/repair-function.ts';
import { cloudFormationClient, stackOutputs } from './clients/stack-outputs.ts';
import { UsageError } from './errors.ts';
import { keptTypesOf } from './kept-types.ts';
import { requireLocalCloud } from './local-file.ts';
import { connectTo } from './session.ts';
import type { Watched, WatchedCache, WatchedOwner } from './watched.ts';

/** Which deployment a command looks at. */
export interface PlaceOptions {
  /** Names or ARNs of stacks on AWS; none: the local cloud. */
  readonly stack?: readonly string[];
  readonly region?: string;
}

/** A stack's name or ARN (cfn/API_CreateStack). */
const STACK =
  /^(?:[A-Za-z][A-Za-z0-9-]{0,127}|arn:aws[a-z-]*:cloudformation:[a-z0-9-]+:[0-9]{12}:stack\/[A-Za-z0-9/-]+)$/;

const REGION = /^[a-z]{2}(?:-[a-z]+)+-[0-9]{1,2}$/;

/** Adds the options that choose a deployment. */
export function withPlace(command: Command): Command {
  const stack = new Option(
    '--stack <name>',
    'stacks on AWS instead of the local cloud; again or with commas for several',
  );
  const region = new Option('--region <region>', 'their region; default: AWS_REGION, else that of the profile');
  return command
    .addOption(
      stack.argParser((given: string, before: string[] = []) => [...before, ...given.split(',').map(stackName)]),
    )
    .addOption(region.argParser(regionName));
}

/** What the help of a command that looks at a deployment says of where it is. */
export const PLACE_HELP = `
Without --stack the local cloud of the current folder is looked at. With it, what the stacks deployed is looked at on AWS, with the credentials of
the environment (AWS_PROFILE, AWS_ACCESS_KEY_ID, ...). It takes these rights: cloudformation:DescribeStacks, cloudwatch:GetMetricData,
cloudwatch:DescribeAlarms, cloudwatch:GetInsightRuleReport, sqs:GetQueueAttributes, dynamodb:GetItem, dynamodb:Scan, dynamodb:Query,
lambda:GetFunctionConcurrency.`;

function stackName(given: string): string {
  if (STACK.test(given)) return given;
  throw new UsageError(
    `--stack: not a stack's name: ${quoted(given)}. Allowed: a letter and up to 127 letters, digits and hyphens, or the stack's ARN.`,
  );
}

function regionName(given: string): string {
  if (REGION.test(given)) return given;
  throw new UsageError(`--region: not a region: ${quoted(given)}. Allowed: such as eu-central-1.`);
}

/** Opens what the options name to be looked at. Throws a `UsageError` that says how to name it right. */
export async function openPlace({ stack, region }: PlaceOptions): Promise<Watched> {
  if (stack !== undefined) return openStacks(stack, region);
  if (region !== undefined)
    throw new UsageError('--region: goes with --stack. The local cloud has no region to choose.');
  return (await connectTo(await requireLocalCloud())).watched;
}

async function openStacks(names: readonly string[], region: string | undefined): Promise<Watched> {
  // Every client asks the environment for it, and so does what the SDK looks up for credentials.
  if (region !== undefined) process.env.AWS_REGION = region;
  const client = cloudFormationClient();
  try {
    const from = await regionOf(client);
    await requireCredentials(client);
    const owners: WatchedOwner[] = [];
    const caches: WatchedCache[] = [];
    for (const name of new Set(names)) {
      const found = (await outputsOf(client, name, from)).flatMap((output) => readDeployed(output) ?? []);
      if (found.length === 0) {
        throw new UsageError(
          `--stack: ${name} in ${from} has no owner and no cache: none of its outputs describes one. Give the stacks that hold an EntityOwner or a LocalCache.`,
        );
      }
      for (const deployed of found) {
        if (deployed.role === 'owner') owners.push({ name: deployed.boundary, deployed });
        else caches.push({ name: deployed.boundary, deployed, types: await keptTypesOf(deployed.contracts) });
      }
    }
    const clients = {
      ...{ tables: dynamoDbClient(), queues: sqsClient() },
      ...{ metrics: cloudWatchClient(), functions: lambdaClient() },
    };
    const close = () => {
      for (const each of Object.values(clients)) each.destroy();
    };
    return { owners, caches, clients, close, place: `AWS, ${from}`, isLocal: false };
  } finally {
    client.destroy();
  }
}

async function regionOf(client: CloudFormationClient): Promise<string> {
  try {
    return await client.config.region();
  } catch {
    throw new UsageError(
      '--stack: no region is known. Give --region, or set AWS_REGION or the region of your profile.',
    );
  }
}

async function requireCredentials(client: CloudFormationClient): Promise<void> {
  try {
    await client.config.credentials();
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new UsageError(
      `--stack: no AWS credentials: ${why.replace(/\.?$/, '.')} Set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or log in: aws sso login.`,
    );
  }
}

async function outputsOf(client: CloudFormationClient, name: string, region: string): Promise<string[]> {
  try {
    return await asking({ place: `AWS, ${region},`, isLocal: false }, () => stackOutputs(client, name));
  } catch (error) {
    // The name's form was checked before, so there is one thing left that isn't valid.
    const cause = error instanceof UsageError ? error.cause : undefined;
    if (cause instanceof CloudFormationServiceException && cause.name === 'ValidationError') {
      throw new UsageError(
        `--stack: there is no stack ${name} in ${region}. Check its name, --region and the account of your credentials.`,
      );
    }
    throw error;
  }
}
