const LOGS = ['logs:CreateLogGroup', 'logs:CreateLogStream', 'logs:PutLogEvents'];

const allow = (...actions: readonly string[]) => ({
  Version: '2012-10-17',
  Statement: [{ Effect: 'Allow', Action: [...actions, ...LOGS], Resource: '*' }],
});

/**
 * The emulated managed policies of AWS, by the part of their ARN after `:policy/`, as of 2026-12-01. Each has a page
 * in https://docs.aws.amazon.com/aws-managed-policy/latest/reference/policy-list.html
 */
const MANAGED: Readonly<Record<string, unknown>> = {
  'service-role/AWSLambdaBasicExecutionRole': allow(),
  /** Its actions on network interfaces are left out, because the local cloud never calls them. */
  'service-role/AWSLambdaVPCAccessExecutionRole': allow(),
  'service-role/AWSLambdaSQSQueueExecutionRole': allow(
    'sqs:ReceiveMessage',
    'sqs:DeleteMessage',
    'sqs:GetQueueAttributes',
  ),
  'service-role/AWSLambdaDynamoDBExecutionRole': allow(
    'dynamodb:DescribeStream',
    'dynamodb:GetRecords',
    'dynamodb:GetShardIterator',
    'dynamodb:ListStreams',
  ),
};

/** The document of a managed policy; undefined for a policy that isn't emulated. */
export function managedPolicy(arn: string): unknown {
  const [, name = ''] = /^arn:aws:iam::aws:policy\/(.+)$/.exec(arn) ?? [];
  return Object.hasOwn(MANAGED, name) ? MANAGED[name] : undefined;
}
