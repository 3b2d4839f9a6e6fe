import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Annotations, App, Aspects, CfnParameter, Duration, NestedStack, Stack, Stage } from 'aws-cdk-lib';
import { ManagedPolicy, PolicyStatement, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Key } from 'aws-cdk-lib/aws-kms';
import { Code, Function as LambdaFunction, Runtime } from 'aws-cdk-lib/aws-lambda';
import { SqsEventSource } from 'aws-cdk-lib/aws-lambda-event-sources';
import { CfnQueue } from 'aws-cdk-lib/aws-sqs';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { shopApp } from '../../../examples/shop/app.ts';
import type { GeographyStack } from '../../../examples/shop/geography/stack.ts';
import type { OrderingStack } from '../../../examples/shop/ordering/stack.ts';
import { ChangeTopic } from '../../../lib/change-topic.ts';
import { problemsOf } from '../../../lib/checks/check-at-synth.ts';
import { KEY_NOT_CHECKED } from '../../../lib/checks/key-rules.ts';
import type { Plan, Rendered } from '../../../lib/checks/plan.ts';
import { EntityOwner } from '../../../lib/entity-owner.ts';
import { LocalCache } from '../../../lib/local-cache.ts';
import { lab, shelf } from '../../support/lab.ts';
import { context, plantable, problemsIn, resourceIn, warningsIn } from './planted.ts';

describe('when an app is synthesised', () => {
  let outdir: string;
  beforeAll(() => {
    outdir = mkdtempSync(join(tmpdir(), 'freshet-checks-'));
  });
  afterAll(() => rmSync(outdir, { recursive: true, force: true }));

  test('the shop passes, with nothing to warn of', () => {
    // It was synthesised for all tests, so it has no problem; each stack's warnings are in its metadata.
    const files = readdirSync(inject('assembly')).filter((file) => file.endsWith('.metadata.json'));
    expect(files).toHaveLength(4);
    const metadata = files.map((file) => readFileSync(join(inject('assembly'), file), 'utf8')).join('');
    expect(metadata).toContain('/Ordering/Cache/Queue');
    expect(metadata).not.toContain(KEY_NOT_CHECKED);
  });

  test('problems of all constructs are reported at once: what mutation, overrides and aspects did, and what refers to other stacks', () => {
    const app = shopApp({ context, outdir });
    const { owner } = app.node.findChild('Geography') as GeographyStack;
    const { cache } = app.node.findChild('Ordering') as OrderingStack;
    const key = new Key(app.node.findChild('Geography'), 'Key');
    key.grantDecrypt(cache.projector);
    // By what the L1 construct is told.
    const queue = cache.queue.node.defaultChild;
    if (queue instanceof CfnQueue) queue.kmsMasterKeyId = key.keyArn;
    // By what overrides the rendered property, which the construct itself doesn't know.
    resourceIn(owner.topic).addPropertyOverride('ContentBasedDeduplication', true);
    // By what runs as late as it can.
    Aspects.of(app).add({
      visit: (node) => {
        if (node === resourceIn(cache.gapQueue)) resourceIn(cache.gapQueue).addPropertyOverride('VisibilityTimeout', 1);
      },
    });
    // By somebody else's function.
    const reader = new LambdaFunction(new Stack(app, 'Elsewhere'), 'Reader', {
      runtime: Runtime.NODEJS_24_X,
      handler: 'index.handler',
      code: Code.fromInline('exports.handler = () => {}'),
      timeout: Duration.minutes(5),
    });
    reader.addEventSource(new SqsEventSource(owner.resyncQueue));
    let message = '';
    try {
      app.synth();
    } catch (error) {
      message = error instanceof Error ? error.message : '';
    }
    expect(message.split('\n').map((line) => line.split('. Why: ')[0])).toEqual([
      'Validation failed with the following errors:',
      '  [Geography/Owner] Geography/Owner/Resync: VisibilityTimeout is 360 s, and Elsewhere/Reader may take 300 s',
      '  [Geography/Owner] Geography/Owner/Changes: ContentBasedDeduplication is true',
      '  [Ordering/Cache] Ordering/Cache/Gaps: VisibilityTimeout is 1 s, and Ordering/Cache/Repair may take 60 s',
      '  [Ordering/Cache] Ordering/Cache/Queue: the policy of its key Geography/Key does not let sns.amazonaws.com do kms:GenerateDataKey and kms:Decrypt',
    ]);
    expect(message).toContain(
      ' Why: a message that becomes visible while it is worked on, or while Lambda tries again after throttling, is received a second time ' +
        '(https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html). ' +
        "Fix: set VisibilityTimeout to at least 1800 s, 6 times the function's Timeout, or shorten the Timeout.\n",
    );
  });
});

test('a key is found in another stack, from a nested stack of a stage', () => {
  const stage = new Stage(new App({ context }), 'Prod');
  const boundaries = new Stack(stage, 'Boundaries');
  const owner = new EntityOwner(new Stack(stage, 'Lab'), 'Owner', { boundary: lab });
  const cache = new LocalCache(new NestedStack(boundaries, 'Shelf'), 'Cache', { boundary: shelf, sources: [owner] });
  const keys = [new Key(owner, 'Key'), new Key(boundaries, 'Key')];
  for (const [index, { node }] of [cache.queue, cache.subscriptionDeadLetterQueue].entries()) {
    if (node.defaultChild instanceof CfnQueue && keys[index]) node.defaultChild.kmsMasterKeyId = keys[index].keyArn;
  }
  expect(() => stage.synth()).toThrow(
    /the policy of its key Prod\/Lab\/Owner\/Key does not let sns.*\n.*the policy of its key Prod\/Boundaries\/Key does not let sns/,
  );
});

test("a function of an owner whose database is elsewhere is held to its queue's time-out", () => {
  const stack = new Stack(new App({ context }), 'Test');
  const owner = new ChangeTopic(stack, 'Owner', { boundary: lab });
  const answers = new LambdaFunction(stack, 'Answers', {
    runtime: Runtime.NODEJS_24_X,
    handler: 'index.handler',
    code: Code.fromInline('exports.handler = () => {}'),
    timeout: Duration.seconds(60),
  });
  answers.addEventSource(new SqsEventSource(owner.resyncQueue, { maxBatchingWindow: Duration.seconds(10) }));
  expect(owner.node.validate()).toEqual([
    expect.stringMatching(
      /^Test\/Owner\/Resync: VisibilityTimeout is 360 s, and Test\/Answers may take 60 s after up to 10 s of batching\. .* at least 370 s, 6 times the function's Timeout and the batching window/,
    ),
  ]);
});

describe('a key', () => {
  const arn = 'arn:aws:kms:eu-central-1:111122223333:key/1234abcd';

  test("of another app can't be checked: a warning says which statement it needs", () => {
    const one = plantable();
    resourceIn(one.cache.subscriptionDeadLetterQueue).addPropertyOverride('KmsMasterKeyId', arn);
    expect(problemsIn(one)).toEqual([]);
    expect(warningsIn(one)).toEqual([
      `Test/Cache/Undelivered: its key is not one of this app (KmsMasterKeyId: "${arn}"), so its policy cannot be checked. Why: SNS does not try again ` +
        'what a key refuses: the event goes to the dead-letter queue, and is lost where that has the same key ' +
        "(https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-key-management.html). Fix: see that the key's policy has a " +
        'statement as {"Effect": "Allow", "Principal": {"Service": "sns.amazonaws.com"}, "Action": ["kms:GenerateDataKey*", "kms:Decrypt"], ' +
        '"Resource": "*"}. [ack: freshet-aws:keyPolicyNotChecked]',
    ]);
  });

  test("of another app isn't warned of once somebody has seen to it", () => {
    const one = plantable();
    resourceIn(one.cache.queue).addPropertyOverride('KmsMasterKeyId', arn);
    Annotations.of(one.cache).acknowledgeWarning(KEY_NOT_CHECKED);
    expect(problemsIn(one)).toEqual([]);
    expect(warningsIn(one)).toEqual([]);
  });

  const letSnsIn = new PolicyStatement({
    principals: [new ServicePrincipal('sns.amazonaws.com')],
    actions: ['kms:GenerateDataKey*', 'kms:Decrypt'],
    resources: ['*'],
  });

  test.each<[string, (key: Key, one: ReturnType<typeof plantable>) => void]>([
    ["a grant in the role's policy", (key, { cache }) => key.grantDecrypt(cache.repair)],
    [
      "the role in the key's policy",
      (key, { cache }) =>
        key.addToResourcePolicy(
          new PolicyStatement({
            principals: cache.repair.role ? [cache.repair.role] : [],
            actions: ['kms:*'],
            resources: ['*'],
          }),
        ),
    ],
    [
      "a policy that can't be read from here",
      (_, { cache }) => cache.repair.role?.addManagedPolicy(ManagedPolicy.fromManagedPolicyName(cache, 'Mine', 'mine')),
    ],
  ])('is good that lets SNS in, with %s for the function', (_, grant) => {
    const one = plantable();
    const key = new Key(one.stack, 'Key');
    key.addToResourcePolicy(letSnsIn);
    resourceIn(one.cache.subscriptionDeadLetterQueue).addPropertyOverride('KmsMasterKeyId', key.keyArn);
    grant(key, one);
    expect(problemsIn(one)).toEqual([]);
    expect(warningsIn(one)).toEqual([]);
  });

  test.each(['kms:GenerateDataKey', 'kms:Decrypt'])('mutant: SNS without %s is seen', (action) => {
    const one = plantable();
    const key = new Key(one.stack, 'Key');
    key.addToResourcePolicy(
      new PolicyStatement({
        principals: [new ServicePrincipal('sns.amazonaws.com')],
        actions: ['kms:GenerateDataKey', 'kms:Decrypt'].filter((other) => other !== action),
        resources: ['*'],
      }),
    );
    key.grantDecrypt(one.cache.projector);
    resourceIn(one.cache.queue).addPropertyOverride('KmsMasterKeyId', key.keyArn);
    expect(problemsIn(one)).toEqual([
      expect.stringContaining(`its key Test/Key does not let sns.amazonaws.com do ${action}. Why`),
    ]);
  });
});

describe('what a template leaves open until it is deployed', () => {
  test('passes', () => {
    const one = plantable();
    const later = new CfnParameter(one.stack, 'Later', { type: 'Number' }).valueAsNumber;
    for (const property of ['VisibilityTimeout', 'MessageRetentionPeriod', 'RedrivePolicy.maxReceiveCount']) {
      resourceIn(one.cache.queue).addPropertyOverride(property, later);
    }
    resourceIn(one.cache.queue).addPropertyOverride('RedrivePolicy.deadLetterTargetArn', { 'Fn::ImportValue': 'dead' });
    expect(problemsIn(one)).toEqual([]);
  });

  test('and texts for numbers, flags and policies are read as CloudFormation reads them', () => {
    const one = plantable();
    const queue = resourceIn(one.cache.queue);
    queue.addPropertyOverride('VisibilityTimeout', '119');
    queue.addPropertyOverride('RedrivePolicy', '{"deadLetterTargetArn":"arn:aws:sqs:::dead","maxReceiveCount":"4"}');
    resourceIn(one.owner.topic).addPropertyOverride('ContentBasedDeduplication', 'true');
    expect(problemsIn(one).map((text) => text.split('. Why: ')[0])).toEqual([
      'Test/Owner/Changes: ContentBasedDeduplication is true',
      'Test/Cache/Queue: VisibilityTimeout is 119 s, and Test/Cache/Projector may take 20 s',
      'Test/Cache/Queue: a FIFO queue has a standard queue as its dead-letter queue',
      'Test/Cache/Queue: maxReceiveCount is 4',
    ]);
  });
});

test('a dead-letter queue keeps a message no shorter than its source, also where events are of use for less than that', () => {
  const queue = (logicalId: string, properties: Rendered['properties']): Rendered => ({
    path: logicalId,
    logicalId,
    type: 'AWS::SQS::Queue',
    properties,
  });
  const own: Rendered[] = [
    queue('Source', { MessageRetentionPeriod: 1000, RedrivePolicy: { deadLetterTargetArn: { Ref: 'Dead' } } }),
    queue('Dead', { MessageRetentionPeriod: 999 }),
    {
      path: 'Reader',
      logicalId: 'Reader',
      type: 'AWS::Lambda::Function',
      properties: { Environment: { Variables: { REPORT_LIFE_SECONDS: '500' } } },
    },
    ...['Source', 'Dead'].map((source) => ({
      path: `${source}Mapping`,
      logicalId: `${source}Mapping`,
      type: 'AWS::Lambda::EventSourceMapping',
      properties: {
        EventSourceArn: { Ref: source },
        FunctionName: { Ref: 'Reader' },
        FunctionResponseTypes: ['ReportBatchItemFailures'],
      },
    })),
  ];
  expect(problemsOf(planOf(own)).map(({ text }) => text)).toEqual([
    'Dead: MessageRetentionPeriod is 999 s (16 minutes 39 seconds), and its source Source keeps a message for 1000 s (16 minutes 40 seconds). Why: in a standard ' +
      'queue a dead letter keeps the age it had and may expire as it arrives; in a FIFO queue it would be kept for less than what is not dead ' +
      '(https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/setting-up-dead-letter-queue-retention.html). ' +
      'Fix: set MessageRetentionPeriod to at least 1000 s (16 minutes 40 seconds).',
  ]);
});

/** Plain resources that refer to each other by `Ref`. */
function planOf(own: readonly Rendered[]): Plan {
  return {
    own,
    all: (type) => own.filter((one) => one.type === type),
    target: (_, value) => own.find(({ logicalId }) => JSON.stringify(value) === JSON.stringify({ Ref: logicalId })),
  };
}
