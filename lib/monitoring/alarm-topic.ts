import { ArnFormat, Duration, RemovalPolicy, Stack } from 'aws-cdk-lib';
import { PolicyStatement, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Key } from 'aws-cdk-lib/aws-kms';
import { Topic } from 'aws-cdk-lib/aws-sns';
import { EmailSubscription } from 'aws-cdk-lib/aws-sns-subscriptions';
import type { Construct } from 'constructs';

/** The shortest time during which you can restore a deleted key (kms/API_ScheduleKeyDeletion, 2026-11-25). */
const PENDING_WINDOW = Duration.days(7);

/**
 * Creates an encrypted topic to which the alarms of this account and region may publish. The topic needs its own key,
 * because CloudWatch can't use alias/aws/sns (sns/sns-key-management). The topic and the key are deleted with their
 * stack.
 */
export function alarmTopic(scope: Construct, email: string | undefined): Topic {
  const stack = Stack.of(scope);
  const principals = [new ServicePrincipal('cloudwatch.amazonaws.com')];
  const conditions = { StringEquals: { 'aws:SourceAccount': stack.account } };
  const key = new Key(scope, 'AlarmKey', {
    description: 'Encrypts the alarms of a pipeline',
    enableKeyRotation: true,
    removalPolicy: RemovalPolicy.DESTROY,
    pendingWindow: PENDING_WINDOW,
  });
  key.addToResourcePolicy(
    new PolicyStatement({ principals, conditions, actions: ['kms:Decrypt', 'kms:GenerateDataKey*'], resources: ['*'] }),
  );
  const topic = new Topic(scope, 'Alarms', { masterKey: key, enforceSSL: true });
  // This policy replaces the topic's default policy, which lets services of the account publish.
  const alarms = {
    service: 'cloudwatch',
    resource: 'alarm',
    resourceName: '*',
    arnFormat: ArnFormat.COLON_RESOURCE_NAME,
  };
  topic.addToResourcePolicy(
    new PolicyStatement({
      principals,
      conditions: { ...conditions, ArnLike: { 'aws:SourceArn': stack.formatArn(alarms) } },
      actions: ['sns:Publish'],
      resources: [topic.topicArn],
    }),
  );
  if (email !== undefined) topic.addSubscription(new EmailSubscription(email));
  return topic;
}
