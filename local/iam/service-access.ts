import type { Access } from './access.ts';

/**
 * Whether a queue's policy allows SNS to deliver a topic's messages. No role is involved
 * (sns/subscribe-sqs-queue-to-sns-topic).
 */
export function mayDeliver({ check }: Access, topicArn: string, queueArn: string): boolean {
  const caller = { kind: 'service', service: 'sns.amazonaws.com', sourceArn: topicArn } as const;
  return check({ caller, action: 'sqs:SendMessage', resource: queueArn }) === undefined;
}

/**
 * Throws if a function's policy doesn't allow a service to invoke it (eb/eb-use-resource-based,
 * cw/alarms-and-actions-Lambda).
 * @param sourceArn the rule, alarm or API route for which the service acts
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
