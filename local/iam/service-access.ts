import type { Access } from './access.ts';

/** Whether the policy of a queue lets SNS send what a topic has for it; a role has no part in it (sns/subscribe-sqs-queue-to-sns-topic). */
export function mayDeliver({ check }: Access, topicArn: string, queueArn: string): boolean {
  const caller = { kind: 'service', service: 'sns.amazonaws.com', sourceArn: topicArn } as const;
  return check({ caller, action: 'sqs:SendMessage', resource: queueArn }) === undefined;
}

/**
 * Throws if the policy of a function doesn't let a service invoke it (eb/eb-use-resource-based, cloudwatch/alarms-and-actions-Lambda).
 *
 * @param sourceArn of the rule or alarm
 */
export function requireInvoke(
  { check, place: { region, accountId } }: Access,
  service: string,
  sourceArn: string,
  functionName: string,
): void {
  const caller = { kind: 'service', service, sourceArn } as const;
  const resource = `arn:aws:lambda:${region}:${accountId}:function:${functionName}`;
  const denial = check({ caller, action: 'lambda:InvokeFunction', resource });
  if (denial) throw new Error(denial.message);
}
