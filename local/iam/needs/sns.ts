import { ANY, type Need, type Place } from './need.ts';

type Input = Readonly<Record<string, unknown>>;

/**
 * The IAM action of an SNS operation. PublishBatch needs `sns:Publish`
 * (sns/sns-access-policy-language-api-permissions-reference, 2026-12-01).
 */
export function snsNeeds(operation: string, input: Input, { region, accountId }: Place): Need[] {
  const action = `sns:${operation.replace(/Batch$/, '')}`;
  const { TopicArn: topic, TargetArn: target, Name: name } = input;
  const arn = typeof topic === 'string' ? topic : target;
  if (typeof arn === 'string') return [{ action, resource: arn }];
  const resource = typeof name === 'string' ? `arn:aws:sns:${region}:${accountId}:${name}` : ANY;
  return [{ action, resource }];
}
