import { Duration, type Stack } from 'aws-cdk-lib';
import { Topic } from 'aws-cdk-lib/aws-sns';
import { describe, expect, test } from 'vitest';
import { readDeployed, readDeployedOfFacts } from '../../adapters/aws/stack-output.ts';
import { defineBoundary } from '../../core/contract.ts';
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

  test("subscribes its queue to its facts and nothing else, raw, each at its boundary's topic", () => {
    const subscriptions = resourcesOf(template, 'AWS::SNS::Subscription').map(([, { Properties }]) => Properties);
    expect(subscriptions.map(({ FilterPolicy }) => FilterPolicy.type)).toEqual([
      ['OrderPlaced', 'OrderCancelled'],
      ['OrderBilled'],
    ]);
    for (const one of subscriptions) expect(one).toMatchObject({ RawMessageDelivery: true, Protocol: 'sqs' });
  });

  test('gives a fact its tries, each for six time-outs, before the backstop, and sets aside what SNS cannot deliver elsewhere', () => {
    const queue = propertiesOf(template, 'AWS::SQS::Queue', 'FactsQueue');
    const decider = propertiesOf(template, 'AWS::Lambda::Function', 'Decider');
    expect(queue).toMatchObject({
      ...{ FifoQueue: true, RedrivePolicy: { maxReceiveCount: 1000 } },
      MaximumMessageSize: LIMITS.topicMessageBytes,
    });
    expect(queue.VisibilityTimeout).toBe(LIMITS.visibilityPerFunctionTimeout * decider.Timeout);
    for (const id of ['DeadLetters', 'Undelivered']) {
      expect(propertiesOf(template, 'AWS::SQS::Queue', id)).toMatchObject({
        ...{ FifoQueue: true, MessageRetentionPeriod: LIMITS.maxRetention.toSeconds() },
      });
    }
  });

  test('keeps instances and effects in one table with a stream, an index of what is due, and a time to live', () => {
    expect(propertiesOf(template, 'AWS::DynamoDB::Table', 'ShippingTable')).toMatchObject({
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

  test('lets its functions read and put, parks by puts, and lets the service read alone', () => {
    const actions = (idContains: string) =>
      statementsOf(template, idContains).flatMap(({ actions, resource }) =>
        resource.includes('Table') || resource.includes('Parking') ? [actions] : [],
      );
    expect(actions('Decider')).toEqual([['dynamodb:GetItem', 'dynamodb:PutItem'], ['dynamodb:PutItem']]);
    expect(actions('Deadlines')).toEqual([['dynamodb:GetItem', 'dynamodb:PutItem'], ['dynamodb:Query']]);
    expect(actions('LabelsServiceRole')).toEqual([['dynamodb:GetItem', 'dynamodb:Query']]);
  });

  test('looks at deadlines every five minutes, and never where it has none', () => {
    expect(propertiesOf(template, 'AWS::Events::Rule')).toMatchObject({ ScheduleExpression: 'rate(5 minutes)' });
    const patient = built({ saga: { ...shipping, deadlineSeconds: undefined } });
    expect(resourcesOf(patient, 'AWS::Events::Rule')).toEqual([]);
    expect(resourcesOf(patient, 'AWS::Lambda::Function').filter(([id]) => id.includes('Deadlines'))).toEqual([]);
  });

  test('has effects carried out from its stream, one failure at a time, from the beginning', () => {
    expect(propertiesOf(template, 'AWS::Lambda::EventSourceMapping', 'Printer')).toMatchObject({
      StartingPosition: 'TRIM_HORIZON',
      FunctionResponseTypes: ['ReportBatchItemFailures'],
      BisectBatchOnFunctionError: true,
    });
  });

  test.each<[string, Partial<SagaProps>, RegExp]>([
    ['short memory', { keep: Duration.days(27) }, /^keep: given: 27 days\. At least 28 days/],
    [
      'a look at deadlines every 90 seconds',
      { deadlineInterval: Duration.seconds(90) },
      /^deadlineInterval: given: .*1 to 60/,
    ],
    ['no sources', { sources: [] }, /^sources: given: none\. The facts are of: billing, sales\./],
  ])('is refused with %s', (_, changes, message) => {
    expect(() => built(changes)).toThrow(message);
  });
});

describe('a queue of facts', () => {
  test('has one function: two would take the facts from each other', () => {
    const build = () =>
      stackTemplate((stack) => {
        const queue = new FactQueue(stack, 'Queue', { name: 'billing', facts: contracts, sources: sourcesIn(stack) });
        for (const id of ['One', 'Two']) queue.addHandler(userFunction(stack, id));
      });
    expect(build).toThrow('handler: given to billing: a second.');
  });

  test('has the topic of each boundary once, and no other', () => {
    const refused = (...boundaries: FactSource['boundary'][]) =>
      stackTemplate((stack) => {
        const topic = new Topic(stack, 'Topic', { fifo: true });
        const sources = boundaries.map((boundary) => ({ boundary, topic }));
        new FactQueue(stack, 'Queue', { name: 'orders', facts: contracts, sources });
      });
    expect(() => refused(sales, sales)).toThrow('sources: given: sales, sales. The facts are of: billing, sales.');
    expect(() => refused(sales)).toThrow('given: sales.');
  });
});

test('a queue of facts takes a name from one boundary alone: their events would have the same ids', () => {
  const facts = [sales.publishes.OrderPlaced, { ...sales.publishes.OrderPlaced, owner: 'billing' }];
  const build = () =>
    stackTemplate((stack) => void new FactQueue(stack, 'Queue', { name: 'orders', facts, sources: sourcesIn(stack) }));
  expect(build).toThrow(/^facts: given: OrderPlaced, OrderPlaced\. Each type once/);
});

describe('a topic of facts', () => {
  const template = stackTemplate((stack) => {
    const topic = new FactTopic(stack, 'Facts', { boundary: sales });
    topic.grantCommit(userFunction(stack, 'Checkout'));
  });

  test('is relayed from the stream of a table that its boundary only puts into', () => {
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

  test('is none of a boundary without facts', () => {
    const idle = defineBoundary(import.meta.url, { name: 'idle' });
    expect(() => stackTemplate((stack) => void new FactTopic(stack, 'Facts', { boundary: idle }))).toThrow(
      /^boundary: idle publishes no fact\. Declare one under "publishes"/,
    );
  });
});

describe('what facts and sagas write into the outputs of their stack', () => {
  const template = watchedFactsAsIs();
  const outputs = Object.values(template.Outputs ?? {}).map(({ Value }) => textOf(Value));

  test('says what was deployed, for each of them and each effect handler', () => {
    const read = outputs.flatMap((output) => readDeployedOfFacts(output) ?? []);
    const named = read.map((one) => `${one.role} ${'name' in one ? one.name : one.boundary}`);
    expect(named.sort()).toEqual([
      ...['effects shipping', 'effects shipping', 'fact-queue charges', 'fact-queue shipping'],
      ...['facts billing', 'facts sales', 'saga shipping'],
    ]);
    expect(read.find(({ role }) => role === 'saga')).toMatchObject({ deadlines: expect.stringContaining('Deadlines') });
  });

  test('is nothing that a reader of owners and caches takes for one', () => {
    expect(outputs.length).toBeGreaterThan(0);
    expect(outputs.flatMap((output) => readDeployed(output) ?? [])).toEqual([]);
  });
});

test('a saga has its effects carried out by two functions at most', () => {
  const third = (stack: Stack, { sagas: [saga] }: WatchedFacts) => saga?.addEffectHandler(userFunction(stack, 'Third'));
  expect(() => watchedFacts({ after: third })).toThrow(/^handler: given to shipping: a third\. At most 2: /);
});

test.each<[string, Partial<FactQueueProps>, RegExp]>([
  ['a name that is none', { name: 'Payment charges' }, /^name: given: "Payment charges"\. 1 to 30 lower-case/],
  ['no attempts', { retryBudget: { attempts: 0, age: Duration.hours(1) } }, /^retryBudget\.attempts: given: 0\./],
  [
    'more time than a thousand receives take',
    { retryBudget: { attempts: 12, age: Duration.days(4) } },
    /^retryBudget\.age: given: 4 days\. From 1 second to 3 days/,
  ],
  [
    'a function that takes so long that its dead letters would be forgotten',
    { functionTimeout: Duration.seconds(201) },
    /^functionTimeout: given: .*1 to 200 seconds/,
  ],
  ['no age', { retryBudget: { attempts: 1, age: Duration.seconds(0) } }, /^retryBudget\.age: given: /],
])('a queue of facts is refused with %s', (_, changes, message) => {
  const build = () =>
    stackTemplate((stack) => {
      new FactQueue(stack, 'Queue', { name: 'orders', facts: contracts, sources: sourcesIn(stack), ...changes });
    });
  expect(build).toThrow(message);
});

/** A value of a template, with the logical ids of what it refers to in place. */
function textOf(value: unknown): string {
  if (typeof value === 'string') return value;
  const { 'Fn::Join': join, ...other } = value as { 'Fn::Join'?: [string, unknown[]] };
  if (join !== undefined) return join[1].map(textOf).join(join[0]);
  return String(Object.values(other).flat()[0]);
}
