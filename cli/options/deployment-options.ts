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
    'stacks on AWS instead of the local cloud; repeat the option or separate the names by commas',
  );
  const region = new Option(
    '--region <region>',
    'the region of the stacks; default: AWS_REGION, or the region of the profile',
  );
  return command
    .addOption(
      stack.argParser((given: string, before: string[] = []) => [...before, ...given.split(',').map(stackName)]),
    )
    .addOption(region.argParser(regionName));
}

/** The part of a command's help that explains which deployment it works on. */
export const DEPLOYMENT_HELP = `
Without --stack, the command reads the local cloud of the current folder. With --stack, it reads what these stacks
deployed on AWS, with the credentials of the environment (AWS_PROFILE, AWS_ACCESS_KEY_ID, ...). It needs these
rights: cloudformation:DescribeStacks, cloudwatch:GetMetricData, cloudwatch:DescribeAlarms,
cloudwatch:GetInsightRuleReport, sqs:GetQueueAttributes, dynamodb:GetItem, dynamodb:Scan, dynamodb:Query,
lambda:GetFunctionConcurrency.`;

function stackName(given: string): string {
  if (STACK.test(given)) return given;
  throw new UsageError(
    `--stack: not the name of a stack: ${quoted(given)}. Allowed: a letter and up to 127 letters, digits and ` +
      "hyphens, or the stack's ARN.",
  );
}

function regionName(given: string): string {
  if (REGION.test(given)) return given;
  throw new UsageError(`--region: not a region: ${quoted(given)}. Allowed: a region such as eu-central-1.`);
}
