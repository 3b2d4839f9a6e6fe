import { Key } from 'aws-cdk-lib/aws-kms';
import { Queue } from 'aws-cdk-lib/aws-sqs';
import { describe, expect, test } from 'vitest';
import { type Planted, plantable, problemsIn, resourceIn, warningsIn } from './planted.ts';

const AWS = 'https://docs.aws.amazon.com';
const LAMBDA = `${AWS}/lambda/latest/dg`;
const SNS = `${AWS}/sns/latest/dg`;
const SQS = `${AWS}/AWSSimpleQueueService/latest/SQSDeveloperGuide`;
const DDB = `${AWS}/amazondynamodb/latest/developerguide`;
const FOURTEEN_DAYS = 14 * 24 * 60 * 60;

/** The parts of a message: path and problem, reason, AWS page, correction. */
type Message = readonly [what: string, why: string, page: string, fix: string];

const SUBSCRIPTION = 'Test/Cache/Queue/From-lab';
const RELAY_MAPPING = 'Test/Owner/Relay/Stream';
const PROJECTOR_MAPPING = 'Test/Cache/Projector/Queue';

const TWICE =
  'a message that becomes visible during processing, or while Lambda retries after throttling, is received a ' +
  'second time';
const EXPIRES = (reader: string) => `SQS deletes older messages without a trace, but ${reader} could still use them`;
const UNREPORTED =
  'the function returns the ids of failed messages; without this setting Lambda treats the whole batch as done, ' +
  'and the failed events are lost';
const REFUSED =
  'SNS does not retry a delivery that a key refuses: the event goes to the dead-letter queue, or is lost if ' +
  'that queue has the same key';
const BACK_FROM_THE_DEAD =
  'after the tombstone has expired, an older event that returns would bring the deleted entity back';

const planted: readonly [name: string, plant: (planted: Planted) => void, ...messages: Message[]][] = [
  [
    'a queue that hides messages for less than six time-outs of its function',
    ({ cache }) => resourceIn(cache.queue).addPropertyOverride('VisibilityTimeout', 119),
    [
      'Test/Cache/Queue: VisibilityTimeout is 119 s, but Test/Cache/Projector may run for 20 s',
      TWICE,
      `${LAMBDA}/services-sqs-configure.html`,
      "set VisibilityTimeout to at least 120 s (6 times the function's Timeout), or shorten the Timeout",
    ],
  ],
  [
    'a function that may run longer than the default visibility time-out of its queue allows',
    ({ owner }) => resourceIn(owner.resyncQueue).addPropertyDeletionOverride('VisibilityTimeout'),
    [
      'Test/Owner/Resync: VisibilityTimeout is 30 s, but Test/Owner/Repair may run for 60 s',
      TWICE,
      `${LAMBDA}/services-sqs-configure.html`,
      "set VisibilityTimeout to at least 360 s (6 times the function's Timeout), or shorten the Timeout",
    ],
  ],
  [
    'a queue that receives changes and has no dead-letter queue',
    ({ cache }) => resourceIn(cache.queue).addPropertyDeletionOverride('RedrivePolicy'),
    [
      'Test/Cache/Queue: the queue that receives changes has no RedrivePolicy with a deadLetterTargetArn',
      'an event that crashes the projector on every attempt returns until it expires, and SQS then deletes it ' +
        'without a trace',
      `${SQS}/sqs-dead-letter-queues.html`,
      'add a RedrivePolicy whose deadLetterTargetArn is a FIFO queue, as the construct does',
    ],
  ],
  [
    'a dead-letter queue of the wrong type',
    ({ cache }) =>
      resourceIn(cache.queue).addPropertyOverride('RedrivePolicy.deadLetterTargetArn', cache.gapQueue.queueArn),
    [
      'Test/Cache/Queue: a FIFO queue uses a standard queue as its dead-letter queue',
      'SQS accepts only a dead-letter queue of the same type, so the deployment would fail',
      `${AWS}/AWSSimpleQueueService/latest/APIReference/API_SetQueueAttributes.html`,
      'set deadLetterTargetArn to a FIFO queue',
    ],
  ],
  [
    'a queue that moves messages to its dead-letter queue after four receives',
    ({ cache }) => resourceIn(cache.queue).addPropertyOverride('RedrivePolicy.maxReceiveCount', 4),
    [
      'Test/Cache/Queue: maxReceiveCount is 4',
      'throttling counts as a receive, and in a FIFO queue the messages behind a failing message are counted ' +
        'with it, so SQS would move healthy messages out of order',
      `${LAMBDA}/services-sqs-configure.html`,
      'set maxReceiveCount to at least 5; the constructs use 1000, because the projector parks poison itself',
    ],
  ],
  [
    'a subscription without a dead-letter queue',
    ({ subscription }) => subscription.addPropertyDeletionOverride('RedrivePolicy'),
    [
      `${SUBSCRIPTION}: the subscription has no RedrivePolicy with a deadLetterTargetArn`,
      'SNS drops events that it cannot deliver to the queue without a trace, and does not retry if a permission ' +
        'or key is refused',
      `${SNS}/sns-dead-letter-queues.html`,
      'add a RedrivePolicy whose deadLetterTargetArn is a FIFO queue, as the construct does',
    ],
  ],
  [
    "a subscription whose dead-letter queue is the user's own standard queue with the default retention",
    ({ stack, subscription }) =>
      subscription.addPropertyOverride('RedrivePolicy.deadLetterTargetArn', new Queue(stack, 'Mine').queueArn),
    [
      `${SUBSCRIPTION}: the subscription of a FIFO queue uses a standard queue as its dead-letter queue`,
      'a FIFO topic can only use a FIFO queue as a dead-letter queue, so events that it cannot deliver would be lost',
      `${SNS}/sns-dead-letter-queues.html`,
      'set deadLetterTargetArn to a FIFO queue',
    ],
    [
      'Test/Mine: MessageRetentionPeriod is 345600 s (4 days), the default',
      EXPIRES('whoever drains the queue'),
      `${SQS}/quotas-messages.html`,
      'set MessageRetentionPeriod to at least 1209600 s (14 days)',
    ],
  ],
  [
    'a FIFO queue with throughput per message group but without deduplication per message group',
    ({ cache }) => resourceIn(cache.queue).addPropertyDeletionOverride('DeduplicationScope'),
    [
      'Test/Cache/Queue: FifoThroughputLimit is perMessageGroupId, but DeduplicationScope is not set (default: queue)',
      'SQS allows this limit only with deduplication per message group; otherwise the throughput stays at 300 ' +
        'calls a second',
      `${SQS}/enable-high-throughput-fifo.html`,
      'set DeduplicationScope to messageGroup, or remove FifoThroughputLimit',
    ],
  ],
  [
    'tombstones that live no longer than the maximum event age',
    ({ cache }) => {
      for (const one of [cache.projector, cache.repair]) {
        resourceIn(one).addPropertyOverride('Environment.Variables.TOMBSTONE_LIFE_SECONDS', String(59 * 24 * 60 * 60));
      }
    },
    ...['Projector', 'Repair'].map(
      (name): Message => [
        `Test/Cache/${name}: TOMBSTONE_LIFE_SECONDS is 5097600 s (59 days), but MAX_EVENT_AGE_SECONDS is ` +
          '5097600 s (59 days)',
        BACK_FROM_THE_DEAD,
        `${DDB}/TTL.html`,
        'make the first at least 1 day longer than the second: remove the override and set the props ' +
          'tombstoneLife and maxEventAge',
      ],
    ),
  ],
  [
    'a projector and a repair function with different maximum event ages',
    ({ cache }) =>
      resourceIn(cache.repair).addPropertyOverride('Environment.Variables.MAX_EVENT_AGE_SECONDS', '4500000'),
    [
      'Test/Cache/Repair: MAX_EVENT_AGE_SECONDS is "4500000" here, but "5097600" in Test/Cache/Projector',
      'one function would apply an event that the other one parks as too old, after the tombstone that protects ' +
        'against it has expired',
      `${DDB}/TTL.html`,
      'remove the override and set the props tombstoneLife and maxEventAge, which set the value for both functions',
    ],
  ],
  [
    'a stream that is read from its newest record',
    ({ relayMapping }) => relayMapping.addPropertyOverride('StartingPosition', 'LATEST'),
    [
      `${RELAY_MAPPING}: StartingPosition is LATEST`,
      'a new mapping starts polling minutes after its creation, so changes that the owner commits before that ' +
        'would never be published',
      `${LAMBDA}/with-ddb.html`,
      'set StartingPosition to TRIM_HORIZON',
    ],
  ],
  [
    'a stream mapping without an on-failure destination',
    ({ relayMapping }) => relayMapping.addPropertyDeletionOverride('DestinationConfig'),
    [
      `${RELAY_MAPPING}: DestinationConfig.OnFailure is missing`,
      'Lambda discards the records when the retries or the maximum record age are used up, and the stream ' +
        'deletes them after 24 hours',
      `${LAMBDA}/services-dynamodb-errors.html`,
      'set DestinationConfig.OnFailure.Destination to the ARN of a standard queue, as the construct does with ' +
        'its failure queue',
    ],
  ],
  [
    'a stream mapping whose on-failure destination is a FIFO queue',
    ({ relayMapping, cache }) =>
      relayMapping.addPropertyOverride('DestinationConfig.OnFailure.Destination', cache.deadLetterQueue.queueArn),
    [
      `${RELAY_MAPPING}: DestinationConfig.OnFailure.Destination is FIFO`,
      'Lambda does not send discarded records to FIFO queues or topics',
      `${LAMBDA}/services-ddb-params.html`,
      'use a standard queue, as the construct does with its failure queue',
    ],
  ],
  [
    'a queue that deletes events that its function would still accept',
    ({ cache }) => resourceIn(cache.queue).addPropertyOverride('MessageRetentionPeriod', FOURTEEN_DAYS - 1),
    [
      'Test/Cache/Queue: MessageRetentionPeriod is 1209599 s (13 days 23 hours)',
      EXPIRES('Test/Cache/Projector'),
      `${SQS}/quotas-messages.html`,
      'set MessageRetentionPeriod to at least 1209600 s (14 days)',
    ],
  ],
  [
    'a queue that deletes reports that the governor would still use',
    ({ owner }) => resourceIn(owner.reportQueue).addPropertyOverride('MessageRetentionPeriod', 120),
    [
      'Test/Owner/Flow/Reports: MessageRetentionPeriod is 120 s (2 minutes)',
      EXPIRES('Test/Owner/Flow/Governor'),
      `${SQS}/quotas-messages.html`,
      'set MessageRetentionPeriod to at least 180 s (3 minutes)',
    ],
  ],
  [
    "a dead-letter queue with the AWS managed key, which SNS can't use",
    ({ cache }) => resourceIn(cache.subscriptionDeadLetterQueue).addPropertyOverride('KmsMasterKeyId', 'alias/aws/sqs'),
    [
      'Test/Cache/Undelivered: the queue is encrypted with the AWS managed key alias/aws/sqs',
      `${REFUSED}. No policy can let SNS use the AWS managed key`,
      `${SQS}/sqs-key-management.html`,
      'use a key of your own whose policy lets SNS use it, or SSE-SQS (SqsManagedSseEnabled)',
    ],
  ],
  [
    'a queue with a key that neither SNS nor the function may use',
    ({ cache, stack }) =>
      resourceIn(cache.subscriptionDeadLetterQueue).addPropertyOverride('KmsMasterKeyId', new Key(stack, 'Key').keyArn),
    [
      'Test/Cache/Undelivered: the policy of its key Test/Key does not let sns.amazonaws.com use ' +
        'kms:GenerateDataKey and kms:Decrypt',
      REFUSED,
      `${SQS}/sqs-key-management.html`,
      'add to the key policy the statement {"Effect": "Allow", "Principal": {"Service": "sns.amazonaws.com"}, ' +
        '"Action": ["kms:GenerateDataKey*", "kms:Decrypt"], "Resource": "*"}',
    ],
    [
      'Test/Cache/Undelivered: the queue is encrypted with Test/Key, but the role of Test/Cache/Repair lacks ' +
        'kms:Decrypt for that key',
      'Lambda polls with that role, receives nothing and reports no function error, so the queue fills up',
      `${LAMBDA}/services-sqs-configure.html`,
      'grant the permission: key.grantDecrypt(role) with the role Test/Cache/RepairRole',
    ],
  ],
  [
    'a queue mapping without partial batch responses',
    ({ projectorMapping }) => projectorMapping.addPropertyDeletionOverride('FunctionResponseTypes'),
    [
      `${PROJECTOR_MAPPING}: FunctionResponseTypes does not contain ReportBatchItemFailures`,
      UNREPORTED,
      `${LAMBDA}/services-sqs-errorhandling.html`,
      'set FunctionResponseTypes to [ReportBatchItemFailures]',
    ],
  ],
  [
    'a stream mapping without partial batch responses',
    ({ relayMapping }) => relayMapping.addPropertyOverride('FunctionResponseTypes', []),
    [
      `${RELAY_MAPPING}: FunctionResponseTypes does not contain ReportBatchItemFailures`,
      UNREPORTED,
      `${LAMBDA}/services-ddb-batchfailurereporting.html`,
      'set FunctionResponseTypes to [ReportBatchItemFailures]',
    ],
  ],
  [
    'a topic with content-based deduplication',
    ({ owner }) => resourceIn(owner.topic).addPropertyOverride('ContentBasedDeduplication', true),
    [
      'Test/Owner/Changes: ContentBasedDeduplication is true',
      'SNS would use the hash of the content as deduplication id, and drop a value that changes back within 5 ' +
        'minutes as a duplicate',
      `${SNS}/fifo-message-dedup.html`,
      'set ContentBasedDeduplication to false; Freshet builds the ids from entity and version',
    ],
  ],
];

describe('the synth checks report the problem, its reason, the AWS page and the fix', () => {
  test.each(planted)('mutant: the checks report %s', (_, plant, ...messages) => {
    const one = plantable();
    plant(one);
    expect(problemsIn(one)).toEqual(
      messages.map(([what, why, page, fix]) => `${what}. Why: ${why} (${page}). Fix: ${fix}.`),
    );
  });
});

describe('the synth checks accept', () => {
  test('the synth checks accept the unchanged constructs without a warning', () => {
    const one = plantable();
    expect(problemsIn(one)).toEqual([]);
    expect(warningsIn(one)).toEqual([]);
  });

  test.each<[string, (planted: Planted) => void]>([
    [
      'a visibility time-out of exactly six function time-outs',
      ({ cache }) => resourceIn(cache.projector).addPropertyOverride('Timeout', 20),
    ],
    [
      'a maxReceiveCount of five',
      ({ cache }) => resourceIn(cache.queue).addPropertyOverride('RedrivePolicy.maxReceiveCount', 5),
    ],
    [
      'throughput per message group with deduplication per message group',
      ({ cache }) => {
        resourceIn(cache.queue).addPropertyOverride('FifoThroughputLimit', 'perMessageGroupId');
        resourceIn(cache.queue).addPropertyOverride('DeduplicationScope', 'messageGroup');
      },
    ],
    [
      "the user's own queue as on-failure destination of the stream, if it keeps messages for 14 days",
      ({ stack, relayMapping }) => {
        const mine = new Queue(stack, 'Mine');
        resourceIn(mine).addPropertyOverride('MessageRetentionPeriod', FOURTEEN_DAYS);
        relayMapping.addPropertyOverride('DestinationConfig.OnFailure.Destination', mine.queueArn);
      },
    ],
    [
      'a bucket outside the app as on-failure destination of the stream',
      ({ relayMapping }) =>
        relayMapping.addPropertyOverride('DestinationConfig.OnFailure.Destination', 'arn:aws:s3:::failures'),
    ],
  ])('the synth checks accept %s', (_, plant) => {
    const one = plantable();
    plant(one);
    expect(problemsIn(one)).toEqual([]);
  });
});
