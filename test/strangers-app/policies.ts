// biome-ignore-all lint/suspicious/noTemplateCurlyInString: policy variables
import type { Stack } from 'aws-cdk-lib';
import {
  AccountPrincipal,
  ArnPrincipal,
  CompositePrincipal,
  Effect,
  ManagedPolicy,
  PolicyStatement,
  Role,
  ServicePrincipal,
  StarPrincipal,
  WebIdentityPrincipal,
} from 'aws-cdk-lib/aws-iam';
import { Queue } from 'aws-cdk-lib/aws-sqs';
import { echo } from './echo.ts';

const LOGS = 'service-role/AWSLambdaBasicExecutionRole';

/** Policies with conditions of other services, a permissions boundary, and roles for callers that aren't local. */
export function addPolicies(stack: Stack): void {
  const worker = new Role(stack, 'Worker', {
    assumedBy: new ServicePrincipal('lambda.amazonaws.com'),
    managedPolicies: [ManagedPolicy.fromAwsManagedPolicyName(LOGS)],
    permissionsBoundary: ManagedPolicy.fromAwsManagedPolicyName('PowerUserAccess'),
  });
  const statements: [Effect, string, string, object][] = [
    [Effect.ALLOW, 'ec2:StartInstances', '*', { StringEquals: { 'aws:ResourceTag/team': 'orders' } }],
    [Effect.ALLOW, 'cloudwatch:PutMetricData', '*', { StringEquals: { 'cloudwatch:namespace': 'Orders' } }],
    [Effect.ALLOW, 'ses:SendEmail', '*', { StringLike: { 'ses:FromAddress': '*@example.com' } }],
    [Effect.ALLOW, 's3:PutObject', '*', { NumericLessThanEquals: { 's3:signatureAge': '600000' } }],
    [Effect.ALLOW, 's3:GetObject', 'arn:aws:s3:::files/${aws:PrincipalTag/team}/*', {}],
    [Effect.DENY, 's3:DeleteObject', '*', { StringNotEquals: { 'aws:PrincipalOrgID': 'o-1' } }],
  ];
  for (const [effect, action, resource, conditions] of statements)
    worker.addToPolicy(
      new PolicyStatement({ effect, actions: [action], resources: [resource], conditions: { ...conditions } }),
    );
  echo(stack, 'worker', { role: worker });
  new Role(stack, 'Deployer', {
    assumedBy: new WebIdentityPrincipal('arn:aws:iam::111111111111:oidc-provider/token.actions.githubusercontent.com', {
      StringLike: { 'token.actions.githubusercontent.com:sub': 'repo:example/orders:*' },
    }),
  });
  new Role(stack, 'Support', {
    assumedBy: new CompositePrincipal(
      new AccountPrincipal('222222222222'),
      new ServicePrincipal('states.amazonaws.com'),
      new ArnPrincipal('arn:aws:iam::333333333333:role/support'),
    ),
  });
  echo(stack, 'imported', { role: Role.fromRoleArn(stack, 'Imported', 'arn:aws:iam::111111111111:role/elsewhere') });
  new Queue(stack, 'Inbox').addToResourcePolicy(
    new PolicyStatement({
      actions: ['sqs:SendMessage'],
      principals: [new StarPrincipal()],
      resources: ['*'],
      conditions: { StringEquals: { 'aws:PrincipalOrgID': 'o-1' } },
    }),
  );
}
