import { type Command, Option } from 'commander';
import { quoted } from 'freshet-aws/internal/core/errors';
import { UsageError } from '../errors.ts';

/** A stack's name or ARN (cfn/API_CreateStack). */
const STACK =
  /^(?:[A-Za-z][A-Za-z0-9-]{0,127}|arn:aws[a-z-]*:cloudformation:[a-z0-9-]+:[0-9]{12}:stack\/[A-Za-z0-9/-]+)$/;

const REGION = /^[a-z]{2}(?:-[a-z]+)+-[0-9]{1,2}$/;

/** Adds the options that choose a deployment. */
export function withDeploymentOptions(command: Command): Command {
  const stack = new Option(
    '--stack <name>',
    'read this stack on AWS instead of the local cloud; for several stacks, repeat the option or separate the names ' +
      'by commas',
  );
  const region = new Option(
    '--region <region>',
    'the AWS region of the stacks; default: AWS_REGION, or the region of your AWS profile',
  );
  return command
    .addOption(
      stack.argParser((given: string, before: string[] = []) => [...before, ...given.split(',').map(stackName)]),
    )
    .addOption(region.argParser(regionName));
}

/** The part of a command's help that explains which deployment it works on. */
export const DEPLOYMENT_HELP = `
Without --stack, the command reads the local cloud of the current folder. With --stack, it reads the resources of
these stacks on AWS, with the AWS credentials of your environment (AWS_PROFILE, AWS_ACCESS_KEY_ID, ...). The
credentials need these permissions: cloudformation:DescribeStacks, cloudwatch:GetMetricData, cloudwatch:DescribeAlarms,
cloudwatch:GetInsightRuleReport, sqs:GetQueueAttributes, dynamodb:GetItem, dynamodb:Scan, dynamodb:Query,
lambda:GetFunctionConcurrency.`;

function stackName(given: string): string {
  if (STACK.test(given)) return given;
  throw new UsageError(
    `--stack: not a stack name: ${quoted(given)}. Allowed: a letter followed by up to 127 letters, digits and ` +
      'hyphens, or the ARN of a stack.',
  );
}

function regionName(given: string): string {
  if (REGION.test(given)) return given;
  throw new UsageError(
    `--region: not a region: ${quoted(given)}. Allowed: the name of an AWS region, such as eu-central-1.`,
  );
}
