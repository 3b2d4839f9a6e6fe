import { ArnFormat, Duration, RemovalPolicy, Stack } from 'aws-cdk-lib';
import { PolicyStatement, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Key } from 'aws-cdk-lib/aws-kms';
import { Topic } from 'aws-cdk-lib/aws-sns';
import { EmailSubscription } from 'aws-cdk-lib/aws-sns-subscriptions';
import type { Construct } from 'constructs';

/** Shortest time that a deleted key can be brought back in (kms/API_ScheduleKeyDeletion, 2026-11-25). */
const PENDING_WINDOW = Duration.days(7);

/**
 * An encrypted topic that the alarms of this account and region may publish to. Its key is its own: CloudWatch can't use alias/aws/sns
 * (sns/sns-key-management). It holds nothing that is worth keeping, so both go with their stack.
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
  // A topic with a policy of its own has lost the default one, by which its account's services could publish.
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
