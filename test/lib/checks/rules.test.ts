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

/** A message's parts: where and what, why, AWS's page, how to fix it. */
type Message = readonly [what: string, why: string, page: string, fix: string];

const SUBSCRIPTION = 'Test/Cache/Queue/TestOwnerChanges0FAD8D08';
const RELAY_MAPPING = 'Test/Owner/Relay/DynamoDBEventSource:TestOwnerTable6B17CA29';
const PROJECTOR_MAPPING = 'Test/Cache/Projector/SqsEventSource:TestCacheQueue06C6F180';

const TWICE =
  'a message that becomes visible while it is worked on, or while Lambda tries again after throttling, is received a second time';
const EXPIRES = (reader: string) => `SQS deletes what is older without a trace, and ${reader} could still use it`;
const UNREPORTED =
  'the function answers with what failed; a mapping that does not ask for the answer takes the whole batch as done, and the failed events are lost';
const REFUSED =
  'SNS does not try again what a key refuses: the event goes to the dead-letter queue, and is lost where that has the same key';
const BACK_FROM_THE_DEAD =
  'once its expiry has removed the tombstone, an older event that returns brings the deleted entity back';

const planted: readonly [name: string, plant: (planted: Planted) => void, ...messages: Message[]][] = [
  [
    'a queue that hides messages for less than six time-outs',
    ({ cache }) => resourceIn(cache.queue).addPropertyOverride('VisibilityTimeout', 119),
    [
      'Test/Cache/Queue: VisibilityTimeout is 119 s, and Test/Cache/Projector may take 20 s',
      TWICE,
      `${LAMBDA}/services-sqs-configure.html`,
      "set VisibilityTimeout to at least 120 s, 6 times the function's Timeout, or shorten the Timeout",
    ],
  ],
  [
    'a function that takes longer than its queue allows, where the queue has the default',
    ({ owner }) => resourceIn(owner.resyncQueue).addPropertyDeletionOverride('VisibilityTimeout'),
    [
      'Test/Owner/Resync: VisibilityTimeout is 30 s, and Test/Owner/Repair may take 60 s',
      TWICE,
      `${LAMBDA}/services-sqs-configure.html`,
      "set VisibilityTimeout to at least 360 s, 6 times the function's Timeout, or shorten the Timeout",
    ],
  ],
  [
    'a queue of changes without a dead-letter queue',
    ({ cache }) => resourceIn(cache.queue).addPropertyDeletionOverride('RedrivePolicy'),
    [
      'Test/Cache/Queue: the queue of the changes has no RedrivePolicy with a deadLetterTargetArn',
      'an event that crashes its projector each time comes back until it expires, and is then lost without a trace',
      `${SQS}/sqs-dead-letter-queues.html`,
      'give it a RedrivePolicy whose deadLetterTargetArn is a FIFO queue, as the construct does',
    ],
  ],
  [
    'a dead-letter queue of the wrong type',
    ({ cache }) =>
      resourceIn(cache.queue).addPropertyOverride('RedrivePolicy.deadLetterTargetArn', cache.gapQueue.queueArn),
    [
      'Test/Cache/Queue: a FIFO queue has a standard queue as its dead-letter queue',
      'SQS takes only a dead-letter queue of the same type, so the deployment would fail',
      `${AWS}/AWSSimpleQueueService/latest/APIReference/API_SetQueueAttributes.html`,
      'let deadLetterTargetArn be a FIFO queue',
    ],
  ],
  [
    'a queue that gives up after a few receives',
    ({ cache }) => resourceIn(cache.queue).addPropertyOverride('RedrivePolicy.maxReceiveCount', 4),
    [
      'Test/Cache/Queue: maxReceiveCount is 4',
      'throttling counts, and in a FIFO queue those behind a failing message count with it, so innocent messages would be moved out of order',
      `${LAMBDA}/services-sqs-configure.html`,
      'set maxReceiveCount to at least 5; the constructs use 1000, since the projector sets poison aside by itself',
    ],
  ],
  [
    'a subscription without a dead-letter queue',
    ({ subscription }) => subscription.addPropertyDeletionOverride('RedrivePolicy'),
    [
      `${SUBSCRIPTION}: the subscription has no RedrivePolicy with a deadLetterTargetArn`,
      'what SNS cannot deliver to the queue, at once where a permission or key is refused, is dropped without a trace',
      `${SNS}/sns-dead-letter-queues.html`,
      'give it a RedrivePolicy whose deadLetterTargetArn is a FIFO queue, as the construct does',
    ],
  ],
  [
    "a subscription whose dead-letter queue is of the wrong type, and the user's own with the default retention",
    ({ stack, subscription }) =>
      subscription.addPropertyOverride('RedrivePolicy.deadLetterTargetArn', new Queue(stack, 'Mine').queueArn),
    [
      `${SUBSCRIPTION}: the subscription of a FIFO queue has a standard queue as its dead-letter queue`,
      'a FIFO topic sets aside in FIFO queues only, so what it cannot deliver would be lost',
      `${SNS}/sns-dead-letter-queues.html`,
      'let deadLetterTargetArn be a FIFO queue',
    ],
    [
      'Test/Mine: MessageRetentionPeriod is 345600 s (4 days), the default',
      EXPIRES('whoever works it off'),
      `${SQS}/quotas-messages.html`,
      'set MessageRetentionPeriod to at least 1209600 s (14 days)',
    ],
  ],
  [
    "a FIFO queue's throughput per message group without its deduplication scope",
    ({ cache }) => resourceIn(cache.queue).addPropertyOverride('FifoThroughputLimit', 'perMessageGroupId'),
    [
      'Test/Cache/Queue: FifoThroughputLimit is perMessageGroupId, and DeduplicationScope is not given (queue)',
      'SQS allows that limit only with deduplication per message group; without it the throughput stays the normal one, 300 calls a second',
      `${SQS}/enable-high-throughput-fifo.html`,
      'set DeduplicationScope to messageGroup, or leave FifoThroughputLimit out',
    ],
  ],
  [
    'tombstones that live no longer than events are taken',
    ({ cache }) => {
      for (const one of [cache.projector, cache.repair]) {
        resourceIn(one).addPropertyOverride('Environment.Variables.TOMBSTONE_LIFE_SECONDS', String(59 * 24 * 60 * 60));
      }
    },
    ...['Projector', 'Repair'].map(
      (name): Message => [
        `Test/Cache/${name}: TOMBSTONE_LIFE_SECONDS is 5097600 s (59 days), and MAX_EVENT_AGE_SECONDS 5097600 s (59 days)`,
        BACK_FROM_THE_DEAD,
        `${DDB}/TTL.html`,
        'let the two be apart by at least 1 day: remove the override and set the props tombstoneLife and maxEventAge',
      ],
    ),
  ],
  [
    'a projector and a repair function that disagree on how old an event may be',
    ({ cache }) =>
      resourceIn(cache.repair).addPropertyOverride('Environment.Variables.MAX_EVENT_AGE_SECONDS', '4500000'),
    [
      'Test/Cache/Repair: MAX_EVENT_AGE_SECONDS is "4500000" here and "5097600" in Test/Cache/Projector',
      'one of them applies an event that the other takes for too old, after the tombstone that guards against it has expired',
      `${DDB}/TTL.html`,
      'remove the override and set the props tombstoneLife and maxEventAge, which both functions get',
    ],
  ],
  [
    'a stream that is read from its end',
    ({ relayMapping }) => relayMapping.addPropertyOverride('StartingPosition', 'LATEST'),
    [
      `${RELAY_MAPPING}: StartingPosition is LATEST`,
      'a new mapping starts to poll minutes after it was made; what the owner commits until then would never be published',
      `${LAMBDA}/with-ddb.html`,
      'set StartingPosition to TRIM_HORIZON',
    ],
  ],
  [
    'a stream whose failures go nowhere',
    ({ relayMapping }) => relayMapping.addPropertyDeletionOverride('DestinationConfig'),
    [
      `${RELAY_MAPPING}: DestinationConfig.OnFailure is missing`,
      'when retries or the record age are used up Lambda discards the records, and after 24 hours the stream has forgotten them too',
      `${LAMBDA}/services-dynamodb-errors.html`,
      "set DestinationConfig.OnFailure.Destination to a standard queue's ARN, as the construct does with its failure queue",
    ],
  ],
  [
    'a stream whose failures go to a FIFO queue',
    ({ relayMapping, cache }) =>
      relayMapping.addPropertyOverride('DestinationConfig.OnFailure.Destination', cache.deadLetterQueue.queueArn),
    [
      `${RELAY_MAPPING}: DestinationConfig.OnFailure.Destination is FIFO`,
      'Lambda sends discarded records to standard queues and topics only',
      `${LAMBDA}/services-ddb-params.html`,
      'let it be a standard queue, as the construct does with its failure queue',
    ],
  ],
  [
    'a queue that forgets events that its function would still take',
    ({ cache }) => resourceIn(cache.queue).addPropertyOverride('MessageRetentionPeriod', FOURTEEN_DAYS - 1),
    [
      'Test/Cache/Queue: MessageRetentionPeriod is 1209599 s (13 days 23 hours)',
      EXPIRES('Test/Cache/Projector'),
      `${SQS}/quotas-messages.html`,
      'set MessageRetentionPeriod to at least 1209600 s (14 days)',
    ],
  ],
  [
    'a queue that forgets reports that still count',
    ({ owner }) => resourceIn(owner.reportQueue).addPropertyOverride('MessageRetentionPeriod', 120),
    [
      'Test/Owner/Flow/Reports: MessageRetentionPeriod is 120 s (2 minutes)',
      EXPIRES('Test/Owner/Flow/Governor'),
      `${SQS}/quotas-messages.html`,
      'set MessageRetentionPeriod to at least 180 s (3 minutes)',
    ],
  ],
  [
    "AWS's own key, which SNS can't use",
    ({ cache }) => resourceIn(cache.subscriptionDeadLetterQueue).addPropertyOverride('KmsMasterKeyId', 'alias/aws/sqs'),
    [
      "Test/Cache/Undelivered: the queue is encrypted with AWS's own key, alias/aws/sqs",
      `${REFUSED}. No policy can let SNS use that key`,
      `${SQS}/sqs-key-management.html`,
      'encrypt with a key of your own whose policy lets SNS in, or with SSE-SQS (SqsManagedSseEnabled)',
    ],
  ],
  [
    'a key that neither SNS nor the function may use',
    ({ cache, stack }) =>
      resourceIn(cache.subscriptionDeadLetterQueue).addPropertyOverride('KmsMasterKeyId', new Key(stack, 'Key').keyArn),
    [
      'Test/Cache/Undelivered: the policy of its key Test/Key does not let sns.amazonaws.com do kms:GenerateDataKey and kms:Decrypt',
      REFUSED,
      `${SQS}/sqs-key-management.html`,
      'add to the key\'s policy {"Effect": "Allow", "Principal": {"Service": "sns.amazonaws.com"}, "Action": ["kms:GenerateDataKey*", "kms:Decrypt"], "Resource": "*"}',
    ],
    [
      'Test/Cache/Undelivered: the queue is encrypted with Test/Key, which the role of Test/Cache/Repair has no kms:Decrypt for',
      'Lambda polls with that role and receives nothing, without an error of the function; the queue fills up',
      `${LAMBDA}/services-sqs-configure.html`,
      'grant it: key.grantDecrypt(role) with the role Test/Cache/RepairRole',
    ],
  ],
  [
    "a queue's mapping that doesn't ask what failed",
    ({ projectorMapping }) => projectorMapping.addPropertyDeletionOverride('FunctionResponseTypes'),
    [
      `${PROJECTOR_MAPPING}: FunctionResponseTypes lacks ReportBatchItemFailures`,
      UNREPORTED,
      `${LAMBDA}/services-sqs-errorhandling.html`,
      'set FunctionResponseTypes to [ReportBatchItemFailures]',
    ],
  ],
  [
    "a stream's mapping that doesn't ask what failed",
    ({ relayMapping }) => relayMapping.addPropertyOverride('FunctionResponseTypes', []),
    [
      `${RELAY_MAPPING}: FunctionResponseTypes lacks ReportBatchItemFailures`,
      UNREPORTED,
      `${LAMBDA}/services-ddb-batchfailurereporting.html`,
      'set FunctionResponseTypes to [ReportBatchItemFailures]',
    ],
  ],
  [
    'a topic that makes up deduplication ids',
    ({ owner }) => resourceIn(owner.topic).addPropertyOverride('ContentBasedDeduplication', true),
    [
      'Test/Owner/Changes: ContentBasedDeduplication is true',
      'a message without an id gets the hash of its content: a value that changes and changes back within 5 minutes is then dropped as a duplicate',
      `${SNS}/fifo-message-dedup.html`,
      'set ContentBasedDeduplication to false; the ids are made of entity and version',
    ],
  ],
];

describe('the checks find, and say what, why, where AWS says so, and what to do:', () => {
  test.each(planted)('mutant: %s', (_, plant, ...messages) => {
    const one = plantable();
    plant(one);
    expect(problemsIn(one)).toEqual(
      messages.map(([what, why, page, fix]) => `${what}. Why: ${why} (${page}). Fix: ${fix}.`),
    );
  });
});

describe('the checks let pass', () => {
  test('what the constructs make, without a warning', () => {
    const one = plantable();
    expect(problemsIn(one)).toEqual([]);
    expect(warningsIn(one)).toEqual([]);
  });

  test.each<[string, (planted: Planted) => void]>([
    [
      'a visibility of exactly six time-outs',
      ({ cache }) => resourceIn(cache.projector).addPropertyOverride('Timeout', 20),
    ],
    ['five receives', ({ cache }) => resourceIn(cache.queue).addPropertyOverride('RedrivePolicy.maxReceiveCount', 5)],
    [
      'high throughput with its scope',
      ({ cache }) => {
        resourceIn(cache.queue).addPropertyOverride('FifoThroughputLimit', 'perMessageGroupId');
        resourceIn(cache.queue).addPropertyOverride('DeduplicationScope', 'messageGroup');
      },
    ],
    [
      "failures of the stream in the user's own queue, if that keeps them",
      ({ stack, relayMapping }) => {
        const mine = new Queue(stack, 'Mine');
        resourceIn(mine).addPropertyOverride('MessageRetentionPeriod', FOURTEEN_DAYS);
        relayMapping.addPropertyOverride('DestinationConfig.OnFailure.Destination', mine.queueArn);
      },
    ],
    [
      "failures of the stream in a bucket that isn't of the app",
      ({ relayMapping }) =>
        relayMapping.addPropertyOverride('DestinationConfig.OnFailure.Destination', 'arn:aws:s3:::failures'),
    ],
  ])('%s', (_, plant) => {
    const one = plantable();
    plant(one);
    expect(problemsIn(one)).toEqual([]);
  });
});
