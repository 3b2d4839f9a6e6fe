import { type Command, Option } from 'commander';
import { quoted } from 'freshet-aws/internal/core/errors';
import { UsageError } from '../errors.ts';

/** Which deployment a command works on. */
export interface DeploymentOptions {
  /** Names or ARNs of stacks on AWS. @default - see `findDeployment` */
  readonly stack?: readonly string[];
  /** The AWS region of the stacks. @default - AWS_REGION, or the region of the profile */
  readonly region?: string;
  /** The AWS profile. @default - AWS_PROFILE */
  readonly profile?: string;
}

/** A stack's name or ARN (cfn/API_CreateStack). */
const STACK =
  /^(?:[A-Za-z][A-Za-z0-9-]{0,127}|arn:aws[a-z-]*:cloudformation:[a-z0-9-]+:[0-9]{12}:stack\/[A-Za-z0-9/-]+)$/;

const REGION = /^[a-z]{2}(?:-[a-z]+)+-[0-9]{1,2}$/;

/** A profile's name in ~/.aws/config. */
const PROFILE = /^[^\s[\]]{1,128}$/;

/** Adds the options that choose a deployment. */
export function withDeploymentOptions(command: Command): Command {
  const stack = new Option(
    '--stack <name>',
    'work on this stack on AWS instead of the local cloud; for several stacks, repeat the option or separate the ' +
      'names by commas',
  );
  const region = new Option(
    '--region <region>',
    'the AWS region of the stacks; default: AWS_REGION, or the region of the AWS profile',
  );
  const profile = new Option('--profile <name>', 'the AWS profile; default: AWS_PROFILE');
  return command
    .addOption(stack.argParser((given: string, before: string[] = []) => [...before, ...stackNames(given, '--stack')]))
    .addOption(region.argParser(regionName))
    .addOption(profile.argParser(profileName));
}

/** The IAM actions of the commands that observe a deployment. */
export const OBSERVING: readonly string[] = [
  'cloudwatch:DescribeAlarms',
  'cloudwatch:GetInsightRuleReport',
  'cloudwatch:GetMetricData',
  'dynamodb:BatchGetItem',
  'dynamodb:GetItem',
  'dynamodb:Query',
  'dynamodb:Scan',
  'lambda:GetFunctionConcurrency',
  'sns:GetSubscriptionAttributes',
  'sqs:GetQueueAttributes',
];

/**
 * The part of a command's help that explains which deployment it works on.
 *
 * @param actions the IAM actions that the command needs on AWS, besides cloudformation:DescribeStacks
 */
export function deploymentHelp(actions: readonly string[]): string {
  const needed = ['cloudformation:DescribeStacks', ...actions].join(', ');
  return `
The command works on the stacks of --stack, or of the environment variable FRESHET_STACK. Without these, it works on
the local cloud of the current folder. Commands that only read also find stacks that cdk.json names (freshet:stacks).
Stacks are on AWS. They need AWS credentials with these permissions:
${wrapped(needed)}
For tables and queues with a key of your own, they also need kms:Decrypt and kms:GenerateDataKey on this key.
`;
}

/** Wraps a list at 110 columns, indented by two. */
function wrapped(list: string): string {
  return list.replace(/(?=\S)(.{1,110})(?:\s+|$)/g, '  $1\n').trimEnd();
}

/** Reads the names of stacks, which commas separate. @param from the option or the setting that has them */
export function stackNames(given: string, from: string): string[] {
  return given.split(',').map((name) => stackName(name.trim(), from));
}

function stackName(given: string, from: string): string {
  if (STACK.test(given)) return given;
  throw new UsageError(
    `${from}: not a stack name: ${quoted(given)}. Allowed: a letter followed by up to 127 letters, digits and ` +
      'hyphens, or the ARN of a stack.',
  );
}

function regionName(given: string): string {
  if (REGION.test(given)) return given;
  throw new UsageError(
    `--region: not a region: ${quoted(given)}. Allowed: the name of an AWS region, such as eu-central-1.`,
  );
}

function profileName(given: string): string {
  if (PROFILE.test(given)) return given;
  throw new UsageError(`--profile: not a profile: ${quoted(given)}. Allowed: the name of a profile in ~/.aws/config.`);
}
