import type { Stack } from 'aws-cdk-lib';
import { AttributeType, type CfnTable, Table } from 'aws-cdk-lib/aws-dynamodb';
import { AccountPrincipal, PolicyDocument, PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Stream } from 'aws-cdk-lib/aws-kinesis';
import { FilterOrPolicy, LoggingProtocol, SubscriptionFilter, Topic, TracingConfig } from 'aws-cdk-lib/aws-sns';
import { EmailSubscription, SqsSubscription } from 'aws-cdk-lib/aws-sns-subscriptions';
import { Queue, QueueEncryption, RedrivePermission } from 'aws-cdk-lib/aws-sqs';

/** Topics, subscriptions, queues and tables with properties that have no local effect, or that aren't emulated. */
export function addMessages(stack: Stack): void {
  const topic = new Topic(stack, 'Topic', {
    tracingConfig: TracingConfig.ACTIVE,
    loggingConfigs: [
      {
        protocol: LoggingProtocol.SQS,
        successFeedbackRole: new Role(stack, 'Feedback', { assumedBy: new ServicePrincipal('sns.amazonaws.com') }),
      },
    ],
  });
  const queue = (id: string) =>
    new Queue(stack, id, {
      encryption: QueueEncryption.SQS_MANAGED,
      redriveAllowPolicy: { redrivePermission: RedrivePermission.DENY_ALL },
    });
  topic.addSubscription(new SqsSubscription(queue('All')));
  topic.addSubscription(
    new SqsSubscription(queue('ByBody'), {
      filterPolicyWithMessageBody: {
        kind: FilterOrPolicy.filter(SubscriptionFilter.stringFilter({ allowlist: ['order'] })),
      },
    }),
  );
  topic.addSubscription(new EmailSubscription('ops@example.com'));
  const elsewhere = Topic.fromTopicArn(stack, 'Elsewhere', 'arn:aws:sns:us-east-1:111111111111:elsewhere');
  elsewhere.addSubscription(new SqsSubscription(queue('FromElsewhere')));
  const table = new Table(stack, 'Table', {
    partitionKey: { name: 'pk', type: AttributeType.STRING },
    pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: true },
    contributorInsightsSpecification: { enabled: true },
    kinesisStream: new Stream(stack, 'Stream'),
    resourcePolicy: new PolicyDocument({
      statements: [
        new PolicyStatement({
          actions: ['dynamodb:GetItem'],
          principals: [new AccountPrincipal('222222222222')],
          resources: ['*'],
        }),
      ],
    }),
  });
  (table.node.defaultChild as CfnTable).addPropertyOverride('ImportSourceSpecification', {
    InputFormat: 'CSV',
    S3BucketSource: { S3Bucket: 'files' },
  });
}
