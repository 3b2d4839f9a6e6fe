import { Annotations, CustomResource, Duration } from 'aws-cdk-lib';
import { Grant, PolicyStatement, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import type { Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda';
import type { Topic } from 'aws-cdk-lib/aws-sns';
import type { Construct } from 'constructs';
import type { Boundary } from '../core/contract/contract.ts';
import type { DataProtectionProps } from './data-protection.ts';
import { freshetFunction } from './freshet-function.ts';
import { LIMITS } from './limits.ts';
import { SEND_KEY_ACTIONS } from './protected-resources.ts';

/** Throws if an archive can't keep facts for so many days. */
export function assertArchiveDays(archiveDays: number | undefined): void {
  const { minArchiveDays, maxArchiveDays } = LIMITS;
  if (archiveDays === undefined) return;
  if (Number.isInteger(archiveDays) && archiveDays >= minArchiveDays && archiveDays <= maxArchiveDays) return;
  throw new Error(
    `archiveDays: out of range: ${archiveDays}. Allowed: an integer from ${minArchiveDays} to ${maxArchiveDays} ` +
      '(sns/message-archiving-and-replay-topic-owner).',
  );
}

/**
 * Creates the function that deactivates a topic's archive when the archive is removed from the stack, or the stack is
 * deleted. CloudFormation deletes it before the topic, because it refers to the topic. See docs/decisions/50.
 */
export function endArchiveFirst(
  scope: Construct,
  topic: Topic,
  boundary: Boundary,
  protection: DataProtectionProps,
): LambdaFunction {
  const end = freshetFunction(scope, 'ArchiveEnd', {
    entry: 'fact-archive',
    boundary,
    description: `Deactivates the archive of the facts of ${boundary.name} before their topic is deleted`,
    timeout: Duration.seconds(30),
    memorySize: 256,
    ...protection,
  });
  const resource = new CustomResource(scope, 'Archive', {
    serviceToken: end.functionArn,
    resourceType: 'Custom::FreshetArchive',
    serviceTimeout: Duration.minutes(5),
    properties: { TopicArn: topic.topicArn },
  });
  // The function needs its right until CloudFormation has deleted the resource.
  Grant.addToPrincipal({
    grantee: end,
    actions: ['sns:SetTopicAttributes'],
    resourceArns: [topic.topicArn],
  }).applyBefore(resource);
  return end;
}

/**
 * Lets SNS read the messages of an encrypted archive. The policy of an imported key can't be changed here: the app gets
 * a warning that says what the policy must allow.
 */
export function letSnsReplay(scope: Construct, key: IKey): void {
  const statement = new PolicyStatement({
    sid: 'ReplayOfArchivedFacts',
    principals: [new ServicePrincipal('sns.amazonaws.com')],
    actions: [...SEND_KEY_ACTIONS],
    resources: ['*'],
  });
  if (key.addToResourcePolicy(statement, true).statementAdded) return;
  Annotations.of(scope).addWarningV2(
    'freshet-aws:keyPolicyForArchive',
    "encryptionKey: the key is imported, so its policy can't be changed here. For replays, its policy must allow " +
      `sns.amazonaws.com the actions ${SEND_KEY_ACTIONS.join(' and ')} (sns/message-archiving-and-replay-topic-owner).`,
  );
}
