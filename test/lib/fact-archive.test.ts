import { App, Duration, Stack } from 'aws-cdk-lib';
import { Key } from 'aws-cdk-lib/aws-kms';
import { describe, expect, test } from 'vitest';
import { readDeployedOfFacts } from '../../adapters/aws/stack-output.ts';
import type { FactSource } from '../../lib/fact-queue.ts';
import { FactTopic, type FactTopicProps } from '../../lib/fact-topic.ts';
import { Saga, type SagaProps } from '../../lib/saga.ts';
import { billing, sales, shipping } from '../support/sagas.ts';
import { propertiesOf, resourcesOf, stackTemplate, statementsOf } from '../support/shop.ts';
import { userFunction } from '../support/watched-facts.ts';

const withArchive = (archiveDays: number, props: Partial<FactTopicProps> = {}) =>
  stackTemplate((stack) => void new FactTopic(stack, 'Facts', { boundary: sales, archiveDays, ...props }));

/** A saga whose topics have these archives. */
const saga = (archiveDays: readonly (number | undefined)[], changes: Partial<SagaProps> = {}, operator = false) =>
  stackTemplate((stack) => {
    const sources = [sales, billing].map((boundary, index): FactSource => {
      const days = archiveDays[index];
      return new FactTopic(stack, boundary.name, { boundary, ...(days !== undefined && { archiveDays: days }) });
    });
    const made = new Saga(stack, 'Shipping', { saga: shipping, sources, ...changes });
    if (operator) made.grantOperate(userFunction(stack, 'Operator'));
  });

const DAY_SECONDS = 86_400;
const keepDays = (template: ReturnType<typeof saga>) =>
  Number(propertiesOf(template, 'AWS::Lambda::Function', 'Decider').Environment.Variables.KEEP_SECONDS) / DAY_SECONDS;

describe('the archive of a topic', () => {
  test('a topic of facts has an archive of the given days, and none by default', () => {
    expect(propertiesOf(withArchive(30), 'AWS::SNS::Topic').ArchivePolicy).toEqual({ MessageRetentionPeriod: 30 });
    const without = stackTemplate((stack) => void new FactTopic(stack, 'Facts', { boundary: sales }));
    expect(propertiesOf(without, 'AWS::SNS::Topic')).not.toHaveProperty('ArchivePolicy');
    expect(resourcesOf(without, 'Custom::FreshetArchive')).toEqual([]);
  });

  test.each([0, 366, 1.5, Number.NaN])('archiveDays %s is refused', (days) => {
    expect(() => withArchive(days)).toThrow(/archiveDays: out of range: .*Allowed: an integer from 1 to 365/);
  });

  test('the resource that deactivates the archive refers to the topic and waits for its right, so it goes first', () => {
    const template = withArchive(30);
    const [[, { Properties, DependsOn }] = ['', { Properties: {}, DependsOn: [] }]] = resourcesOf(
      template,
      'Custom::FreshetArchive',
    );
    const [[topicId] = ['']] = resourcesOf(template, 'AWS::SNS::Topic');
    expect(Properties).toMatchObject({ TopicArn: { Ref: topicId }, ServiceTimeout: '300' });
    expect([DependsOn].flat()).toEqual([expect.stringMatching(/ArchiveEndRole/)]);
    expect(statementsOf(template, 'ArchiveEndRole')).toContainEqual({
      resource: topicId,
      actions: ['sns:SetTopicAttributes'],
    });
  });

  test('the data of other resources stays protected as it is without an archive', () => {
    const without = stackTemplate((stack) => void new FactTopic(stack, 'Facts', { boundary: sales }));
    const own = Object.entries(withArchive(30).Resources);
    for (const [id, resource] of Object.entries(without.Resources)) {
      const { Properties, ...rest } = Object.fromEntries(own)[id] ?? {};
      expect({ id, ...rest }).toEqual({ id, ...resource, Properties: undefined });
    }
  });

  test("SNS may decrypt with the topic's key, and an imported key brings a warning that says what it must allow", () => {
    const template = stackTemplate((stack) => {
      new FactTopic(stack, 'Facts', { boundary: sales, archiveDays: 30, encryptionKey: new Key(stack, 'Key') });
    });
    expect(propertiesOf(template, 'AWS::KMS::Key').KeyPolicy.Statement).toContainEqual({
      Sid: 'ReplayOfArchivedFacts',
      Effect: 'Allow',
      Principal: { Service: 'sns.amazonaws.com' },
      Action: ['kms:Decrypt', 'kms:GenerateDataKey'],
      Resource: '*',
    });
    const stack = new Stack(new App({ context: { 'aws:cdk:bundling-stacks': [] } }), 'Imported');
    const encryptionKey = Key.fromKeyArn(stack, 'Key', 'arn:aws:kms:eu-central-1:111122223333:key/abc');
    const facts = new FactTopic(stack, 'Facts', { boundary: sales, archiveDays: 30, encryptionKey });
    const warnings = facts.node.findAll().flatMap(({ node }) => node.metadata.map(({ data }) => String(data)));
    expect(warnings).toContainEqual(expect.stringMatching(/For replays, its policy must allow sns.amazonaws.com/));
  });
});

describe('a saga whose topics have archives', () => {
  test('it keeps settled instances 29 days longer than the longest archive, and 60 days without a longer one', () => {
    expect(keepDays(saga([undefined, undefined]))).toBe(60);
    expect(keepDays(saga([7, undefined]))).toBe(60);
    expect(keepDays(saga([60, 90]))).toBe(119);
  });

  test('a shorter keep is refused, also for an imported topic that says how long its archive is', () => {
    expect(() => saga([90, undefined], { keep: Duration.days(118) })).toThrow(
      /keep: too short: 118 days. Allowed: at least 119 days, because an archive keeps facts for 90 days/,
    );
    expect(keepDays(saga([90, undefined], { keep: Duration.days(119) }))).toBe(119);
    const imported = () =>
      stackTemplate((stack) => {
        const sources = [sales, billing].map((boundary) => {
          const { topic } = new FactTopic(stack, boundary.name, { boundary });
          return { boundary, topic, archiveDays: 60 };
        });
        new Saga(stack, 'Shipping', { saga: shipping, sources, keep: Duration.days(60) });
      });
    expect(imported).toThrow(/at least 89 days/);
  });

  test('the output of its queue has its subscriptions', () => {
    const template = saga([undefined, undefined]);
    const ids = resourcesOf(template, 'AWS::SNS::Subscription').map(([id]) => id);
    const output = Object.values(template.Outputs ?? {}).map(({ Value }) => {
      const parts: unknown[] = Object(Value)['Fn::Join']?.[1] ?? [Value];
      return parts.map((part) => (typeof part === 'string' ? part : (Object(part).Ref ?? 'x'))).join('');
    });
    const queue = output.flatMap((value) => readDeployedOfFacts(value) ?? []).find(({ role }) => role === 'fact-queue');
    expect(queue).toMatchObject({ subscriptions: ids });
  });

  test('an operator may replay only if a topic has an archive, and always see whether a subscription is paused', () => {
    const onSubscriptions = (template: ReturnType<typeof saga>) =>
      statementsOf(template, 'Operator').filter(({ actions }) => actions.some((one) => one.startsWith('sns:')));
    expect(onSubscriptions(saga([undefined, undefined], {}, true))).toEqual([
      { resource: '*', actions: ['sns:GetSubscriptionAttributes'] },
    ]);
    expect(onSubscriptions(saga([30, undefined], {}, true))).toEqual([
      { resource: '*', actions: ['sns:GetSubscriptionAttributes', 'sns:SetSubscriptionAttributes'] },
      { resource: expect.stringMatching(/^FactsFactsSales/), actions: ['sns:GetTopicAttributes'] },
    ]);
  });
});
