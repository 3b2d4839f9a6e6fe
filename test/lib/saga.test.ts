import { Duration, type Stack } from 'aws-cdk-lib';
import { Code, Function as LambdaFunction, Runtime } from 'aws-cdk-lib/aws-lambda';
import { Topic } from 'aws-cdk-lib/aws-sns';
import { describe, expect, test } from 'vitest';
import { readDeployed, readDeployedOfFacts } from '../../adapters/aws/stack-output.ts';
import { defineBoundary } from '../../core/contract/define-boundary.ts';
import { FactQueue, type FactQueueProps, type FactSource } from '../../lib/fact-queue.ts';
import { FactTopic } from '../../lib/fact-topic.ts';
import { LIMITS } from '../../lib/limits.ts';
import { Saga, type SagaProps } from '../../lib/saga.ts';
import { billing, contracts, sales, shipping } from '../support/sagas.ts';
import { propertiesOf, resourcesOf, stackTemplate, statementsOf } from '../support/shop.ts';
import { userFunction, type WatchedFacts, watchedFacts, watchedFactsAsIs } from '../support/watched-facts.ts';

const sourcesIn = (stack: Stack): FactSource[] =>
  [sales, billing].map((boundary) => ({ boundary, topic: new Topic(stack, boundary.name, { fifo: true }) }));
const built = (changes: Partial<SagaProps> = {}) =>
  stackTemplate((stack) => {
    const saga = new Saga(stack, 'Shipping', { saga: shipping, sources: sourcesIn(stack), ...changes });
    saga.grantRead(userFunction(stack, 'Labels'));
    saga.addEffectHandler(userFunction(stack, 'Printer'));
  });

describe('a saga', () => {
  const template = built();

  test("a saga's queue is subscribed to its facts only, with raw messages, each fact at its boundary's topic", () => {
    const subscriptions = resourcesOf(template, 'AWS::SNS::Subscription').map(([, { Properties }]) => Properties);
    expect(subscriptions.map(({ FilterPolicy }) => FilterPolicy.type)).toEqual([
      ['OrderPlaced', 'OrderCancelled'],
      ['OrderBilled'],
    ]);
    for (const one of subscriptions) expect(one).toMatchObject({ RawMessageDelivery: true, Protocol: 'sqs' });
  });

  test("a saga's subscriptions change after its decider, so that no new fact arrives before it is known", () => {
    const [[id] = []] = resourcesOf(template, 'AWS::Lambda::Function').filter(([one]) => one.includes('Decider'));
    for (const [, { DependsOn }] of resourcesOf(template, 'AWS::SNS::Subscription')) expect(DependsOn).toContain(id);
  });

  test("a saga's queue hides a fact for six timeouts, allows 1,000 receives, and has two queues for failures", () => {
    const alone = stackTemplate((stack) => {
      new Saga(stack, 'Shipping', { saga: shipping, sources: sourcesIn(stack) });
    });
    const queue = propertiesOf(alone, 'AWS::SQS::Queue', 'FactQueueQueue');
    const decider = propertiesOf(alone, 'AWS::Lambda::Function', 'Decider');
    expect(queue).toMatchObject({
      FifoQueue: true,
      RedrivePolicy: { maxReceiveCount: 1000 },
      MaximumMessageSize: LIMITS.topicMessageBytes,
    });
    expect(queue.VisibilityTimeout).toBe(LIMITS.visibilityPerFunctionTimeout * decider.Timeout);
    for (const id of ['DeadLetters', 'Undelivered']) {
      expect(propertiesOf(alone, 'AWS::SQS::Queue', id)).toMatchObject({
        FifoQueue: true,
        MessageRetentionPeriod: LIMITS.maxRetention.toSeconds(),
      });
    }
  });

  test('the table of a saga has a stream, an index of deadlines, and a time to live', () => {
    expect(propertiesOf(template, 'AWS::DynamoDB::Table', 'SagaTable')).toMatchObject({
      StreamSpecification: { StreamViewType: 'NEW_IMAGE' },
      TimeToLiveSpecification: { AttributeName: 'expiresAt', Enabled: true },
      GlobalSecondaryIndexes: [
        {
          IndexName: 'due',
          KeySchema: [
            { AttributeName: 'pk', KeyType: 'HASH' },
            { AttributeName: 'dueAt', KeyType: 'RANGE' },
          ],
          Projection: { ProjectionType: 'KEYS_ONLY' },
        },
      ],
    });
  });

  test('the functions of a saga can read, put and park, and a function with grantRead can only read', () => {
    const actions = (idContains: string) =>
      statementsOf(template, idContains).flatMap(({ actions, resource }) =>
        resource.includes('Table') || resource.includes('Parking') ? [actions] : [],
      );
    expect(actions('Decider')).toEqual([['dynamodb:GetItem', 'dynamodb:PutItem'], ['dynamodb:PutItem']]);
    const reviewed = ['dynamodb:GetItem', 'dynamodb:PutItem', 'dynamodb:Query'];
    expect(actions('Deadlines')).toEqual([reviewed, ['dynamodb:Query']]);
    expect(actions('LabelsServiceRole')).toEqual([['dynamodb:GetItem', 'dynamodb:Query']]);
  });

  test('an operator of a saga can read it, and redrive or discard its parked facts and effects', () => {
    const operated = stackTemplate((stack) => {
      const saga = new Saga(stack, 'Shipping', { saga: shipping, sources: sourcesIn(stack) });
      saga.addEffectHandler(userFunction(stack, 'Printer'));
      saga.grantOperate(userFunction(stack, 'Operator'));
    });
    const statements = statementsOf(operated, 'Operator');
    const on = (action: string) =>
      statements.flatMap(({ actions, resource }) => (actions.includes(action) ? resource.split(' ') : []));
    // The saga's queue of facts, and the queue of its failed effects.
    for (const action of ['sqs:SendMessage', 'dynamodb:BatchWriteItem']) expect(new Set(on(action)).size).toBe(2);
    for (const action of ['PutItem', 'UpdateItem', 'DeleteItem']) expect(on(`dynamodb:${action}`)).toEqual([]);
    expect(on('dynamodb:Query').some((resource) => resource.endsWith('/index/due'))).toBe(true);
    expect(new Set(on('lambda:ListEventSourceMappings'))).toEqual(new Set(['*']));
  });

  test('a saga checks its deadlines and its definition every five minutes, with and without a deadline', () => {
    expect(propertiesOf(template, 'AWS::Events::Rule')).toMatchObject({ ScheduleExpression: 'rate(5 minutes)' });
    const patient = built({ saga: { ...shipping, deadlineSeconds: undefined } });
    expect(propertiesOf(patient, 'AWS::Events::Rule')).toMatchObject({ ScheduleExpression: 'rate(5 minutes)' });
  });

  test('an effect handler reads the stream from its beginning and reports failures one by one', () => {
    expect(propertiesOf(template, 'AWS::Lambda::EventSourceMapping', 'PrinterEffects')).toMatchObject({
      StartingPosition: 'TRIM_HORIZON',
      FunctionResponseTypes: ['ReportBatchItemFailures'],
      BisectBatchOnFunctionError: true,
    });
  });

  test('the effects on which a handler fails are retried from a queue, and parked in a table, as facts are', () => {
    expect(propertiesOf(template, 'AWS::Lambda::EventSourceMapping', 'PrinterFacts')).toMatchObject({
      BatchSize: 10,
      FunctionResponseTypes: ['ReportBatchItemFailures'],
    });
    const queue = propertiesOf(template, 'AWS::SQS::Queue', 'FactQueueQueueShippingEffects');
    expect(queue).toMatchObject({ FifoQueue: true, RedrivePolicy: { maxReceiveCount: 1000 } });
    const { Environment } = propertiesOf(template, 'AWS::Lambda::Function', 'Printer');
    const settings = textOf(Environment.Variables.EFFECT_RETRIES);
    expect(settings).toContain('"name":"shipping-effects"');
    expect(settings).toContain('"budget":{"attempts":12,"ageSeconds":3600}');
    const statements = statementsOf(template, 'Printer').flatMap(({ actions }) => actions);
    expect(statements).toEqual(expect.arrayContaining(['sqs:SendMessage', 'sqs:ReceiveMessage', 'dynamodb:PutItem']));
  });

  test('a function with a timeout above 200 seconds is refused as effect handler, because its retries would expire', () => {
    const build = () =>
      stackTemplate((stack) => {
        const code = Code.fromInline('x');
        const settings = { code, handler: 'index.x', runtime: Runtime.NODEJS_22_X, timeout: Duration.minutes(5) };
        const saga = new Saga(stack, 'Shipping', { saga: shipping, sources: sourcesIn(stack) });
        saga.addEffectHandler(new LambdaFunction(stack, 'Handler', settings));
      });
    expect(build).toThrow('handler: timeout: out of range: 5 minutes. Allowed: 1 to 200 seconds. An effect');
  });

  test('a function that carries out the effects of one saga is refused by another saga', () => {
    const build = () =>
      stackTemplate((stack) => {
        const sources = sourcesIn(stack);
        const handler = userFunction(stack, 'Handler');
        for (const name of ['shipping', 'gifts']) {
          new Saga(stack, name, { saga: { ...shipping, name }, sources }).addEffectHandler(handler);
        }
      });
    expect(build).toThrow('handler: already carries out the effects of saga shipping.');
  });

  test.each<[string, Partial<SagaProps>, RegExp]>([
    ['a short retention', { keep: Duration.days(27) }, /^keep: too short: 27 days\. Allowed: at least 28 days/],
    [
      'a check of deadlines every 90 seconds',
      { deadlineInterval: Duration.seconds(90) },
      /^deadlineInterval: out of range: .*1 to 60/,
    ],
    ['no sources', { sources: [] }, /^sources: not the boundaries of the facts: none\. Allowed: .*: billing, sales\.$/],
  ])('a saga is refused with %s', (_, changes, message) => {
    expect(() => built(changes)).toThrow(message);
  });
});

describe('a fact queue', () => {
  test('a throttled fact of a quick function has its thousand receives for more than a day', () => {
    const template = stackTemplate((stack) => {
      const settings = { name: 'orders', facts: contracts, sources: sourcesIn(stack) };
      new FactQueue(stack, 'Queue', { ...settings, functionTimeout: Duration.seconds(3) });
    });
    const { VisibilityTimeout, RedrivePolicy } = propertiesOf(template, 'AWS::SQS::Queue', 'FactQueueQueue');
    expect((VisibilityTimeout * RedrivePolicy.maxReceiveCount) / 3_600).toBeGreaterThan(24);
  });

  test('a fact queue refuses a second handler', () => {
    const build = () =>
      stackTemplate((stack) => {
        const queue = new FactQueue(stack, 'Queue', { name: 'billing', facts: contracts, sources: sourcesIn(stack) });
        for (const id of ['One', 'Two']) queue.addHandler(userFunction(stack, id));
      });
    expect(build).toThrow('handler: a second handler for billing.');
  });

  test('a fact queue needs the topic of each boundary once, and no other topics', () => {
    const refused = (...boundaries: FactSource['boundary'][]) =>
      stackTemplate((stack) => {
        const topic = new Topic(stack, 'Topic', { fifo: true });
        const sources = boundaries.map((boundary) => ({ boundary, topic }));
        new FactQueue(stack, 'Queue', { name: 'orders', facts: contracts, sources });
      });
    expect(() => refused(sales, sales)).toThrow(
      /^sources: not the boundaries of the facts: sales, sales\. Allowed: .*: billing, sales\.$/,
    );
    expect(() => refused(sales)).toThrow('not the boundaries of the facts: sales.');
  });
});

test('a fact queue refuses the same fact type of two boundaries, because their events would have the same ids', () => {
  const facts = [sales.publishes.OrderPlaced, { ...sales.publishes.OrderPlaced, owner: 'billing' }];
  const build = () =>
    stackTemplate((stack) => void new FactQueue(stack, 'Queue', { name: 'orders', facts, sources: sourcesIn(stack) }));
  expect(build).toThrow(/^facts: the same type twice: OrderPlaced, OrderPlaced\. Allowed: each type once/);
});

describe('a fact topic', () => {
  const template = stackTemplate((stack) => {
    const topic = new FactTopic(stack, 'Facts', { boundary: sales });
    topic.grantCommit(userFunction(stack, 'Checkout'));
  });

  test('a fact topic is fed from the stream of a table into which its boundary can only put', () => {
    expect(propertiesOf(template, 'AWS::SNS::Topic')).toMatchObject({ FifoTopic: true });
    expect(propertiesOf(template, 'AWS::DynamoDB::Table')).toMatchObject({
      StreamSpecification: { StreamViewType: 'NEW_IMAGE' },
    });
    expect(propertiesOf(template, 'AWS::Lambda::EventSourceMapping')).toMatchObject({
      StartingPosition: 'TRIM_HORIZON',
      FunctionResponseTypes: ['ReportBatchItemFailures'],
      MaximumRecordAgeInSeconds: 23 * 3_600,
    });
    expect(statementsOf(template, 'CheckoutServiceRole')).toEqual([
      { resource: expect.stringContaining('FactsTable'), actions: ['dynamodb:PutItem'] },
    ]);
  });

  test('a fact topic refuses a boundary without facts', () => {
    const idle = defineBoundary(import.meta.url, { name: 'idle' });
    expect(() => stackTemplate((stack) => void new FactTopic(stack, 'Facts', { boundary: idle }))).toThrow(
      /^boundary: idle publishes no fact\. Declare one under "publishes"/,
    );
  });
});

describe('the outputs of facts and sagas', () => {
  const template = watchedFactsAsIs();
  const outputs = Object.values(template.Outputs ?? {}).map(({ Value }) => textOf(Value));

  test('the outputs of facts and sagas describe each of them and each effect handler', () => {
    const read = outputs.flatMap((output) => readDeployedOfFacts(output) ?? []);
    const named = read.map((one) => `${one.role} ${'name' in one ? one.name : one.boundary}`);
    expect(named.sort()).toEqual([
      'effects shipping',
      'effects shipping',
      'fact-queue charges',
      'fact-queue shipping',
      'fact-queue shipping-effects',
      'fact-queue shipping-effects-2',
      'facts billing',
      'facts sales',
      'saga shipping',
    ]);
    expect(read.find(({ role }) => role === 'saga')).toMatchObject({ deadlines: expect.stringContaining('Deadlines') });
  });

  test('the outputs say which facts a saga waits for, whose facts a queue receives, and who carries out effects', () => {
    const read = outputs.flatMap((output) => readDeployedOfFacts(output) ?? []);
    expect(read.find(({ role }) => role === 'saga')).toMatchObject({
      stack: 'Test',
      needs: [
        { type: 'OrderPlaced', owner: 'sales' },
        { type: 'OrderBilled', owner: 'billing' },
      ],
      cancelledBy: [{ type: 'OrderCancelled', owner: 'sales' }],
      deadlineSeconds: 172_800,
    });
    const queues = read.flatMap((one) => (one.role === 'fact-queue' ? [[one.name, one.boundaries, one.stack]] : []));
    expect(queues).toEqual(
      expect.arrayContaining([
        ['charges', ['sales'], 'Test'],
        ['shipping', ['sales', 'billing'], 'Test'],
        ['shipping-effects', undefined, 'Test'],
      ]),
    );
    const effects = read.flatMap((one) => (one.role === 'effects' ? [[one.handlerId, one.retries]] : []));
    expect(effects).toEqual([
      ['Printer', 'shipping-effects'],
      ['Mailer', 'shipping-effects-2'],
    ]);
    expect(read.find(({ role }) => role === 'facts')).toMatchObject({ stack: 'Test' });
  });

  test('the output of a saga without a deadline names none, and outputs of earlier versions are read', () => {
    const { deadlineSeconds: _, ...undated } = shipping;
    const saga = { ...undated, deadlineSeconds: undefined };
    const texts = Object.values(watchedFacts({ saga: { saga } }).Outputs ?? {}).map(({ Value }) => textOf(Value));
    const found = texts.flatMap((text) => readDeployedOfFacts(text) ?? []).find(({ role }) => role === 'saga');
    expect(found).toBeDefined();
    expect(found).not.toHaveProperty('deadlineSeconds');
    const added = ['stack', 'needs', 'cancelledBy', 'deadlineSeconds', 'boundaries', 'handlerId', 'retries'];
    for (const output of outputs.filter((one) => readDeployedOfFacts(one))) {
      const before = Object.entries(JSON.parse(output)).filter(([name]) => !added.includes(name));
      const text = JSON.stringify(Object.fromEntries(before));
      expect(readDeployedOfFacts(text)).toEqual(JSON.parse(text));
    }
  });

  test('an output of facts or sagas is not read as an output of an owner or a cache', () => {
    expect(outputs.length).toBeGreaterThan(0);
    expect(outputs.flatMap((output) => readDeployed(output) ?? [])).toEqual([]);
  });
});

test('a saga refuses a third effect handler', () => {
  const third = (stack: Stack, { sagas: [saga] }: WatchedFacts) => saga?.addEffectHandler(userFunction(stack, 'Third'));
  expect(() => watchedFacts({ after: third })).toThrow(/^handler: a third handler for shipping\. Allowed: at most 2, /);
});

test.each<[string, Partial<FactQueueProps>, RegExp]>([
  [
    'an invalid name',
    { name: 'Payment charges' },
    /^name: not a valid name of a handler: "Payment charges"\. Allowed: 1 to 30/,
  ],
  [
    'no attempts',
    { retryBudget: { attempts: 0, age: Duration.hours(1) } },
    /^retryBudget\.attempts: out of range: 0\./,
  ],
  [
    'a budget that lasts longer than a thousand receives',
    { retryBudget: { attempts: 12, age: Duration.days(4) } },
    /^retryBudget\.age: out of range: 4 days\. Allowed: 1 second to 3 days/,
  ],
  [
    'a function so slow that facts would be deleted before they become dead letters',
    { functionTimeout: Duration.seconds(201) },
    /^functionTimeout: out of range: .*1 to 200 seconds/,
  ],
  ['no age', { retryBudget: { attempts: 1, age: Duration.seconds(0) } }, /^retryBudget\.age: out of range: /],
])('a fact queue is refused with %s', (_, changes, message) => {
  const build = () =>
    stackTemplate((stack) => {
      new FactQueue(stack, 'Queue', { name: 'orders', facts: contracts, sources: sourcesIn(stack), ...changes });
    });
  expect(build).toThrow(message);
});

/** Returns a template's value as text, with logical ids in place of references. */
function textOf(value: unknown): string {
  if (typeof value === 'string') return value;
  const { 'Fn::Join': join, ...other } = value as { 'Fn::Join'?: [string, unknown[]] };
  if (join !== undefined) return join[1].map(textOf).join(join[0]);
  return String(Object.values(other).flat()[0]);
}
