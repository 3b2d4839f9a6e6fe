/** AWS's managed policies that are known here, by what follows `:policy/` in their ARNs. */
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

/** The document of a managed policy; throws for one that isn't known. */
export function managedPolicy(arn: string): unknown {
  const [, name = ''] = /^arn:aws:iam::aws:policy\/(.+)$/.exec(arn) ?? [];
  if (Object.hasOwn(MANAGED, name)) return MANAGED[name];
  throw new Error(`the managed policy ${arn} is not emulated; emulated are ${Object.keys(MANAGED).join(', ')}`);
}
