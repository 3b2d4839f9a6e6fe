import type { Provisioned, ProvisionTarget } from './resource.ts';

type Remove = (provisioned: Provisioned, target: ProvisionTarget) => Promise<void> | void;

/** How resources are removed that a new assembly no longer declares. Policies are revoked before. */
const REMOVALS: Readonly<Record<string, Remove>> = {
  'AWS::Lambda::Function': ({ ref }, { functions }) => functions.remove(ref),
  'AWS::Lambda::EventSourceMapping': ({ ref }, { mappings }) => mappings.remove(ref),
  'AWS::SNS::Subscription': ({ ref }, { messaging }) => messaging.unsubscribe(ref),
  'AWS::CloudWatch::Alarm': ({ ref }, { cloudWatch }) => cloudWatch.alarms.remove(ref),
  'AWS::CloudWatch::CompositeAlarm': ({ ref }, { cloudWatch }) => cloudWatch.alarms.remove(ref),
  'AWS::CloudWatch::InsightRule': ({ ref }, { cloudWatch }) => cloudWatch.insightRules.remove(ref),
  'AWS::Events::Rule': ({ ref }, { cloudWatch }) => cloudWatch.schedules.remove(ref),
  'AWS::Lambda::EventInvokeConfig': () => {},
  'AWS::CloudFormation::Stack': () => {},
};

/** Removes a resource. Returns false if resources of its type stay until a restart, such as a table with its data. */
export async function removeResource(
  type: string,
  provisioned: Provisioned,
  target: ProvisionTarget,
): Promise<boolean> {
  if (POLICIES.includes(type)) return true;
  const remove = REMOVALS[type];
  await remove?.(provisioned, target);
  return remove !== undefined;
}

/** The types whose statements `Access` knows by the path of their resource. */
export const POLICIES = [
  'AWS::IAM::Role',
  'AWS::IAM::Policy',
  'AWS::IAM::RolePolicy',
  'AWS::IAM::ManagedPolicy',
  'AWS::SQS::QueuePolicy',
  'AWS::SNS::TopicPolicy',
  'AWS::Lambda::Permission',
];
