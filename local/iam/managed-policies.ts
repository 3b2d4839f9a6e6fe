/** The emulated managed policies of AWS, by the part of their ARN after `:policy/`. */
const MANAGED: Readonly<Record<string, unknown>> = {
  /** docs.aws.amazon.com/aws-managed-policy/latest/reference/AWSLambdaBasicExecutionRole.html (v1, 2026-12-01) */
  'service-role/AWSLambdaBasicExecutionRole': {
    Version: '2012-10-17',
    Statement: [
      {
        Effect: 'Allow',
        Action: ['logs:CreateLogGroup', 'logs:CreateLogStream', 'logs:PutLogEvents'],
        Resource: '*',
      },
    ],
  },
};

/** The document of a managed policy. Throws for a policy that isn't emulated. */
export function managedPolicy(arn: string): unknown {
  const [, name = ''] = /^arn:aws:iam::aws:policy\/(.+)$/.exec(arn) ?? [];
  if (Object.hasOwn(MANAGED, name)) return MANAGED[name];
  throw new Error(`the managed policy ${arn} is not emulated. Emulated: ${Object.keys(MANAGED).join(', ')}`);
}
