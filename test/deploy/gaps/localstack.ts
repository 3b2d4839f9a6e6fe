import { SetTopicAttributesCommand } from '@aws-sdk/client-sns';
import type { Gaps, Refusal } from './gap.ts';

const refused = ['AWS::CloudWatch::Dashboard', 'AWS::CloudWatch::InsightRule'].map(
  (type): Refusal => ({
    what: `${type}: ignored, so left out`,
    instead: ({ Type }) => (Type === type ? 'left out' : undefined),
  }),
);

/** LocalStack 4.14.0, without Docker or with it. */
export const LOCALSTACK: Gaps = {
  health: '/_localstack/health',
  dropped: [
    {
      type: 'AWS::SNS::Topic',
      property: 'MaximumMessageSize',
      set: ({ sns }, { physicalId: TopicArn }, value) =>
        sns.send(
          new SetTopicAttributesCommand({
            TopicArn,
            AttributeName: 'MaximumMessageSize',
            AttributeValue: String(value),
          }),
        ),
    },
    { type: 'AWS::DynamoDB::Table', property: 'PointInTimeRecoverySpecification' },
    { type: 'AWS::Lambda::Permission', property: 'SourceAccount' },
  ],
  refused,
  addsIndexes: false,
  searchesLogs: false,
  // Its poller takes one message group of a queue at a time.
  slowness: 10,
  notCovered: [
    'the permissions of roles: every call is allowed',
    'dashboards and Contributor Insights rules',
    'point-in-time recovery, and the account in the permission of an alarm or rule to invoke a function',
    'the metrics that functions log, percentiles, and searches of logs',
    'an index that an update adds to a table',
    'groups of one queue in parallel',
    'requests without TLS, which policies refuse',
    'expiry of items, throttling and quotas',
  ],
};
