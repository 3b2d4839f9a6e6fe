import { Stack } from 'aws-cdk-lib';
import { type IGrantable, PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { IFunction, Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda';
import type { ITopic } from 'aws-cdk-lib/aws-sns';
import type { Queue } from 'aws-cdk-lib/aws-sqs';
import type { Construct } from 'constructs';

/**
 * Lets an operator find what is deployed with a construct, and observe it: read the outputs and resources of its stack,
 * metrics and alarms, and the state, the event source mappings and the logs of its functions. CloudWatch's actions for
 * metrics and alarms accept no narrower resource (service authorization reference, CloudWatch and CloudWatch Logs).
 *
 * @param functions Freshet's functions
 * @param handlers functions of the service: whether they are stopped. The service itself grants their logs
 */
export function grantObserve(
  scope: Construct,
  grantee: IGrantable,
  functions: readonly LambdaFunction[],
  handlers: readonly IFunction[] = [],
): void {
  const { arn: stackArn, formatArn } = stackOf(scope);
  const logGroups = functions.flatMap(({ logGroup: { logGroupName } }) => {
    const arn = formatArn(`log-group:${logGroupName}`);
    // FilterLogEvents and StartQuery are checked against the group, and against its streams.
    return [arn, `${arn}:*`];
  });
  const statements = [
    new PolicyStatement({
      actions: ['cloudwatch:DescribeAlarms', 'cloudwatch:GetInsightRuleReport', 'cloudwatch:GetMetricData'],
      resources: ['*'],
    }),
    new PolicyStatement({
      actions: ['cloudformation:DescribeStacks', 'cloudformation:ListStackResources'],
      // A call that has the stack's name, not its id, is checked against the resource `stack/NAME/*`.
      resources: [stackArn],
    }),
    ...(functions.length === 0
      ? []
      : [
          new PolicyStatement({
            actions: ['lambda:GetFunctionConcurrency'],
            resources: [...functions, ...handlers].map(({ functionArn }) => functionArn),
          }),
          // The action accepts no narrower resource (service authorization reference, Lambda).
          new PolicyStatement({ actions: ['lambda:ListEventSourceMappings'], resources: ['*'] }),
          // The configuration has the environment, which may hold secrets of a service. Freshet's has none.
          new PolicyStatement({
            actions: ['lambda:GetFunctionConfiguration'],
            resources: functions.map(({ functionArn }) => functionArn),
          }),
          new PolicyStatement({ actions: ['logs:FilterLogEvents', 'logs:StartQuery'], resources: logGroups }),
          // A query belongs to no log group, so these actions accept no narrower resource.
          new PolicyStatement({ actions: ['logs:GetQueryResults', 'logs:StopQuery'], resources: ['*'] }),
        ]),
  ];
  for (const statement of statements) grantee.grantPrincipal.addToPrincipalPolicy(statement);
}

function stackOf(scope: Construct) {
  const stack = Stack.of(scope);
  const { partition, region, account, stackName } = stack;
  const arn = `arn:${partition}:cloudformation:${region}:${account}:stack/${stackName}/*`;
  return { arn, formatArn: (resource: string) => `arn:${partition}:logs:${region}:${account}:${resource}` };
}

/**
 * Lets an operator see whether subscriptions are paused, and replay facts from the topics that have an archive. SNS's
 * actions on subscriptions accept no narrower resource (service authorization reference, Amazon SNS).
 */
export function grantReplay(
  grantee: IGrantable,
  sources: readonly { readonly topic: ITopic; readonly archiveDays?: number | undefined }[],
): void {
  const archived = sources.filter(({ archiveDays }) => archiveDays !== undefined);
  const actions = ['sns:GetSubscriptionAttributes', ...(archived.length > 0 ? ['sns:SetSubscriptionAttributes'] : [])];
  grantee.grantPrincipal.addToPrincipalPolicy(new PolicyStatement({ actions, resources: ['*'] }));
  if (archived.length === 0) return;
  const resources = archived.map(({ topic }) => topic.topicArn);
  grantee.grantPrincipal.addToPrincipalPolicy(new PolicyStatement({ actions: ['sns:GetTopicAttributes'], resources }));
}

/** Lets an operator read the number of messages in queues. */
export function grantQueueDepth(grantee: IGrantable, queues: readonly Queue[]): void {
  for (const queue of queues) queue.grant(grantee, 'sqs:GetQueueAttributes');
}
