import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Annotations, App, Aspects, CfnParameter, Duration, NestedStack, Stack, Stage } from 'aws-cdk-lib';
import { ManagedPolicy, PolicyStatement, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Key } from 'aws-cdk-lib/aws-kms';
import { Code, Function as LambdaFunction, Runtime } from 'aws-cdk-lib/aws-lambda';
import { SqsEventSource } from 'aws-cdk-lib/aws-lambda-event-sources';
import { CfnQueue } from 'aws-cdk-lib/aws-sqs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { shopApp } from '../../../examples/shop/app.ts';
import type { GeographyStack } from '../../../examples/shop/geography/stack.ts';
import type { OrderingStack } from '../../../examples/shop/ordering/stack.ts';
import { ChangeTopic } from '../../../lib/change-topic.ts';
import { problemsOf } from '../../../lib/checks/check-at-synth.ts';
import { KEY_NOT_CHECKED } from '../../../lib/checks/key-rules.ts';
import type { Plan, Rendered } from '../../../lib/checks/plan.ts';
import { EntityOwner } from '../../../lib/entity-owner.ts';
import { LocalCache } from '../../../lib/local-cache.ts';
import { assemblyOf, SHOP } from '../../support/assembly.ts';
import { lab, shelf } from '../../support/lab.ts';
import { context, plantable, problemsIn, resourceIn, warningsIn } from './planted.ts';

describe('synthesising an app', () => {
  let outdir: string;
  beforeAll(() => {
    outdir = mkdtempSync(join(tmpdir(), 'freshet-checks-'));
  });
  afterAll(() => rmSync(outdir, { recursive: true, force: true }));

  test('the example shop passes the synth checks without a warning', async () => {
    const assembly = await assemblyOf(SHOP);
    // The shop was synthesised for all tests, so it has no problem. The warnings of each stack are in its metadata.
    const files = readdirSync(assembly).filter((file) => file.endsWith('.metadata.json'));
    expect(files).toHaveLength(4);
    const metadata = files.map((file) => readFileSync(join(assembly, file), 'utf8')).join('');
    expect(metadata).toContain('/Ordering/Cache/Queue');
    expect(metadata).not.toContain(KEY_NOT_CHECKED);
  });

  test('a synthesis reports the problems of all constructs: from L1 changes, overrides, aspects, other stacks', () => {
    const app = shopApp({ context, outdir });
    const { owner } = app.node.findChild('Geography') as GeographyStack;
    const { cache } = app.node.findChild('Ordering') as OrderingStack;
    const key = new Key(app.node.findChild('Geography'), 'Key');
    key.grantDecrypt(cache.projector);
    // A change of the L1 construct.
    const queue = cache.queue.node.defaultChild;
    if (queue instanceof CfnQueue) queue.kmsMasterKeyId = key.keyArn;
    // A property override, which the L1 construct itself doesn't show.
    resourceIn(owner.topic).addPropertyOverride('ContentBasedDeduplication', true);
    // An aspect, which runs as late as possible.
    Aspects.of(app).add({
      visit: (node) => {
        if (node === resourceIn(cache.gapQueue)) resourceIn(cache.gapQueue).addPropertyOverride('VisibilityTimeout', 1);
      },
    });
    // A function of another stack.
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
      '  [Geography/Owner] Geography/Owner/Resync: VisibilityTimeout is 360 s, but Elsewhere/Reader may run for 300 s',
      '  [Geography/Owner] Geography/Owner/Changes: ContentBasedDeduplication is true',
      '  [Ordering/Cache] Ordering/Cache/Gaps: VisibilityTimeout is 1 s, but Ordering/Cache/Repair may run for 60 s',
      '  [Ordering/Cache] Ordering/Cache/Queue: the policy of its key Geography/Key does not let ' +
        'sns.amazonaws.com use kms:GenerateDataKey and kms:Decrypt',
    ]);
    expect(message).toContain(
      ' Why: a message that becomes visible during processing, or while Lambda retries after throttling, ' +
        'is received a second time ' +
        '(https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html). ' +
        "Fix: set VisibilityTimeout to at least 1800 s (6 times the function's Timeout), or shorten the Timeout.\n",
    );
  });
});

test('the key check finds keys in other stacks, from a nested stack of a stage', () => {
  const stage = new Stage(new App({ context }), 'Prod');
  const boundaries = new Stack(stage, 'Boundaries');
  const owner = new EntityOwner(new Stack(stage, 'Lab'), 'Owner', { boundary: lab });
  const cache = new LocalCache(new NestedStack(boundaries, 'Shelf'), 'Cache', { boundary: shelf, sources: [owner] });
  const keys = [new Key(owner, 'Key'), new Key(boundaries, 'Key')];
  for (const [index, { node }] of [cache.queue, cache.subscriptionDeadLetterQueue].entries()) {
    if (node.defaultChild instanceof CfnQueue && keys[index]) node.defaultChild.kmsMasterKeyId = keys[index].keyArn;
  }
  expect(() => stage.synth()).toThrow(
    /its key Prod\/Lab\/Owner\/Key does not let sns.*\n.*its key Prod\/Boundaries\/Key does not let sns/,
  );
});

test("the visibility check covers a user's function that reads a queue of ChangeTopic", () => {
  const stack = new Stack(new App({ context }), 'Test');
  const owner = new ChangeTopic(stack, 'Owner', { boundary: lab });
  const answers = new LambdaFunction(stack, 'Answers', {
    runtime: Runtime.NODEJS_24_X,
    handler: 'index.handler',
    code: Code.fromInline('exports.handler = () => {}'),
    timeout: Duration.seconds(60),
  });
  answers.addEventSource(new SqsEventSource(owner.resyncQueue, { maxBatchingWindow: Duration.seconds(10) }));
  const [problem, ...others] = owner.node.validate();
  expect(others).toEqual([]);
  expect(problem).toContain(
    'Test/Owner/Resync: VisibilityTimeout is 360 s, but Test/Answers may run for 60 s after up to 10 s of batching. ',
  );
  expect(problem).toContain("at least 370 s (6 times the function's Timeout plus the batching window)");
});

describe('the key check', () => {
  const arn = 'arn:aws:kms:eu-central-1:111122223333:key/1234abcd';

  test('the key check warns about a key outside the app and names the statement that its policy needs', () => {
    const one = plantable();
    resourceIn(one.cache.subscriptionDeadLetterQueue).addPropertyOverride('KmsMasterKeyId', arn);
    expect(problemsIn(one)).toEqual([]);
    expect(warningsIn(one)).toEqual([
      `Test/Cache/Undelivered: its key is not in this app (KmsMasterKeyId: "${arn}"), so the key policy cannot ` +
        'be checked. Why: SNS does not retry a delivery that a key refuses: the event goes to the dead-letter queue, ' +
        'or is lost if that queue has the same key ' +
        '(https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-key-management.html). ' +
        'Fix: make sure that the key policy contains the statement {"Effect": "Allow", ' +
        '"Principal": {"Service": "sns.amazonaws.com"}, "Action": ["kms:GenerateDataKey*", "kms:Decrypt"], ' +
        '"Resource": "*"}. [ack: freshet-aws:keyPolicyNotChecked]',
    ]);
  });

  test("the key check doesn't repeat an acknowledged warning about a key outside the app", () => {
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
    ["the role's policy", (key, { cache }) => key.grantDecrypt(cache.repair)],
    [
      "the key's policy",
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
      'a managed policy outside the app',
      (_, { cache }) => cache.repair.role?.addManagedPolicy(ManagedPolicy.fromManagedPolicyName(cache, 'Mine', 'mine')),
    ],
  ])('the key check accepts a key that SNS may use, if the function may decrypt by %s', (_, grant) => {
    const one = plantable();
    const key = new Key(one.stack, 'Key');
    key.addToResourcePolicy(letSnsIn);
    resourceIn(one.cache.subscriptionDeadLetterQueue).addPropertyOverride('KmsMasterKeyId', key.keyArn);
    grant(key, one);
    expect(problemsIn(one)).toEqual([]);
    expect(warningsIn(one)).toEqual([]);
  });

  test.each(['kms:GenerateDataKey', 'kms:Decrypt'])('mutant: the key check reports that SNS lacks %s', (action) => {
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
      expect.stringContaining(`its key Test/Key does not let sns.amazonaws.com use ${action}. Why`),
    ]);
  });
});

describe('values that the checks read from a template', () => {
  test('a value that is known only at deployment passes the synth checks', () => {
    const one = plantable();
    const later = new CfnParameter(one.stack, 'Later', { type: 'Number' }).valueAsNumber;
    for (const property of ['VisibilityTimeout', 'MessageRetentionPeriod', 'RedrivePolicy.maxReceiveCount']) {
      resourceIn(one.cache.queue).addPropertyOverride(property, later);
    }
    resourceIn(one.cache.queue).addPropertyOverride('RedrivePolicy.deadLetterTargetArn', { 'Fn::ImportValue': 'dead' });
    expect(problemsIn(one)).toEqual([]);
  });

  test('the synth checks read numbers, flags and policies given as text, as CloudFormation does', () => {
    const one = plantable();
    const queue = resourceIn(one.cache.queue);
    queue.addPropertyOverride('VisibilityTimeout', '119');
    queue.addPropertyOverride('RedrivePolicy', '{"deadLetterTargetArn":"arn:aws:sqs:::dead","maxReceiveCount":"4"}');
    resourceIn(one.owner.topic).addPropertyOverride('ContentBasedDeduplication', 'true');
    expect(problemsIn(one).map((text) => text.split('. Why: ')[0])).toEqual([
      'Test/Owner/Changes: ContentBasedDeduplication is true',
      'Test/Cache/Queue: VisibilityTimeout is 119 s, but Test/Cache/Projector may run for 20 s',
      'Test/Cache/Queue: a FIFO queue uses a standard queue as its dead-letter queue',
      'Test/Cache/Queue: maxReceiveCount is 4',
    ]);
  });
});

test('the retention check compares a dead-letter queue with its source even if its consumer accepts less', () => {
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
    'Dead: MessageRetentionPeriod is 999 s (16 minutes 39 seconds), but its source Source keeps messages for 1000 s ' +
      '(16 minutes 40 seconds). Why: in a standard queue a dead letter keeps its age and may expire on arrival; a ' +
      'FIFO queue would keep dead letters for less time than its source keeps messages ' +
      '(https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/' +
      'setting-up-dead-letter-queue-retention.html). ' +
      'Fix: set MessageRetentionPeriod to at least 1000 s (16 minutes 40 seconds).',
  ]);
});

/** A plan of plain resources that refer to each other by `Ref`. */
function planOf(own: readonly Rendered[]): Plan {
  return {
    stacks: [],
    deployed: () => undefined,
    own,
    all: (type) => own.filter((one) => one.type === type),
    target: (_, value) => own.find(({ logicalId }) => JSON.stringify(value) === JSON.stringify({ Ref: logicalId })),
  };
}
