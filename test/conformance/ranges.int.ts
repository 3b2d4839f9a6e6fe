import { CreateTopicCommand, DeleteTopicCommand } from '@aws-sdk/client-sns';
import { describe, expect } from 'vitest';
import { it, refusal, type World } from './world.ts';

const number = (StringValue: string, DataType = 'Number') => ({ DataType, StringValue });
const values = (count: number) => Array.from({ length: count }, (_, n) => `v${n}`);
const keys = (count: number) => Object.fromEntries(values(count).map((key) => [key, ['x']]));

describe('numbers in message attributes · sqs/sqs-message-metadata', () => {
  const allowed = ['0', '-1.5', '1e3', '9'.repeat(38), '1e126', '1e-128', '.5'];
  const refused = ['abc', '1,5', '0x10', 'NaN', '9'.repeat(39), '1e127', '-1e127', '1e-129'];

  it.for(allowed)('a queue accepts the number %s, which has up to 38 digits', async (value, { world }) => {
    const queue = await world.fifoQueue();
    await queue.sendOne('x', { MessageAttributes: { n: number(value), m: number(value, 'Number.float') } });
    expect(await queue.receive()).toHaveLength(1);
  });

  it.for(refused)('a queue refuses %s as a number of 10^-128 to 10^126 with up to 38 digits', async (value, {
    world,
  }) => {
    const queue = await world.fifoQueue();
    const sending = queue.sendOne('x', { MessageAttributes: { n: number(value) } });
    expect(await refusal(sending)).toEqual({ name: 'InvalidParameterValue', status: 400 });
  });

  it.for(refused)('a topic refuses %s as a number · sns/sns-message-attributes', async (value, { world }) => {
    const topic = await world.fifoTopic();
    const publishing = topic.publish('x', { MessageAttributes: { n: number(value) } });
    expect(await refusal(publishing)).toEqual({ name: 'InvalidParameterValueException', status: 400 });
  });

  it('a queue refuses a data type of more than 256 characters', async ({ world }) => {
    const queue = await world.fifoQueue();
    const ofType = (DataType: string) =>
      queue.sendOne('x', {
        MessageDeduplicationId: `${DataType.length}`,
        MessageAttributes: { n: number('1', DataType) },
      });
    await ofType(`Number.${'x'.repeat(249)}`);
    expect(await refusal(ofType(`Number.${'x'.repeat(250)}`))).toEqual({ name: 'InvalidParameterValue', status: 400 });
  });

  it('a queue refuses the characters in an attribute that it refuses in a body', async ({ world }) => {
    const queue = await world.fifoQueue();
    const sending = queue.sendOne('x', { MessageAttributes: { a: number('a\u0001b', 'String') } });
    expect(await refusal(sending)).toEqual({ name: 'InvalidMessageContents', status: 400 });
  });
});

describe('ranges of queue attributes · sqs-api/API_SetQueueAttributes', () => {
  const byQueue = (count: number) =>
    JSON.stringify({
      redrivePermission: 'byQueue',
      sourceQueueArns: values(count).map((name) => `arn:aws:sqs:us-east-1:000000000000:${name}`),
    });

  it.for([
    ['VisibilityTimeout', '0', '43200'],
    ['MessageRetentionPeriod', '60', '1209600'],
    ['MaximumMessageSize', '1024', '1048576'],
    ['DelaySeconds', '0', '900'],
    ['ReceiveMessageWaitTimeSeconds', '0', '20'],
    ['KmsDataKeyReusePeriodSeconds', '60', '86400'],
  ] as const)('%s of a queue may be %s to %s seconds or bytes', async ([name, lowest, highest], { world }) => {
    const queue = await world.fifoQueue();
    for (const value of [lowest, highest]) await queue.setAttributes({ [name]: value });
    for (const value of [`${Number(lowest) - 1}`, `${Number(highest) + 1}`, '1.5', 'x', '']) {
      const refused = await refusal(queue.setAttributes({ [name]: value }));
      expect([value, refused]).toEqual([value, { name: 'InvalidAttributeValue', status: 400 }]);
    }
  });

  it.for([
    ['Policy', 'text'],
    ['SqsManagedSseEnabled', 'yes'],
    ['RedriveAllowPolicy', 'text'],
    ['RedriveAllowPolicy', '{"redrivePermission":"some"}'],
    ['RedriveAllowPolicy', '{"redrivePermission":"byQueue"}'],
    ['RedriveAllowPolicy', '{"redrivePermission":"denyAll","sourceQueueArns":["arn:aws:sqs:us-east-1:0:q"]}'],
    ['RedriveAllowPolicy', byQueue(11)],
  ] as const)('a queue refuses the attribute %s with the value %s', async ([name, value], { world }) => {
    const queue = await world.fifoQueue();
    const refused = await refusal(queue.setAttributes({ [name]: value }));
    expect(refused).toMatchObject({ name: expect.stringMatching(/^Invalid(Attribute|Parameter)Value$/), status: 400 });
  });

  it('a queue accepts the policies that AWS documents for redrives', async ({ world }) => {
    const queue = await world.fifoQueue();
    for (const RedriveAllowPolicy of [
      '{"redrivePermission":"allowAll"}',
      byQueue(10),
      '{"redrivePermission":"denyAll"}',
    ])
      await queue.setAttributes({ RedriveAllowPolicy });
  });

  it.for(['true', '[3]', 'null', '"x"'])('a queue refuses the maxReceiveCount %s', async (count, { world }) => {
    const [queue, dead] = [await world.fifoQueue(), await world.fifoQueue()];
    const RedrivePolicy = `{"deadLetterTargetArn":"${dead.arn}","maxReceiveCount":${count}}`;
    const refused = await refusal(queue.setAttributes({ RedrivePolicy }));
    expect(refused).toEqual({ name: 'InvalidParameterValue', status: 400 });
  });
});

describe('limits of filter policies · sns/subscription-filter-policy-constraints', () => {
  const filtered = async (world: World, policy: unknown) => {
    const [topic, queue] = [await world.fifoTopic(), await world.fifoQueue()];
    return topic.subscribe(queue, { FilterPolicy: JSON.stringify(policy) });
  };

  it.for<[string, unknown]>([
    ['five keys', keys(5)],
    ['150 combinations of values', { a: values(10), b: values(15) }],
    ['numbers of a billion', { n: [1e9, -1e9, { numeric: ['>=', -1e9, '<=', 1e9] }] }],
  ])('a filter policy with %s is accepted', async ([, policy], { world }) => {
    expect(await filtered(world, policy)).toMatch(/^arn:/);
  });

  it.for<[string, unknown]>([
    ['six keys', keys(6)],
    ['151 values', { a: values(151) }],
    ['160 combinations of values', { a: values(10), b: values(16) }],
    ['a number above a billion', { n: [1e9 + 1] }],
    ['a number below minus a billion', { n: [-1e9 - 1] }],
    ['a range up to more than a billion', { n: [{ numeric: ['<', 1e9 + 1] }] }],
    ['a range without an end', { n: [{ numeric: ['<'] }] }],
    ['an empty range', { n: [{ numeric: [] }] }],
    ['a range of three comparisons', { n: [{ numeric: ['>', 1, '<', 5, '<', 6] }] }],
    ['a range whose lower end is above its upper end', { n: [{ numeric: ['>', 5, '<', 1] }] }],
    ['two operators in one condition', { a: [{ prefix: 'x', suffix: 'y' }] }],
    ['a condition without an operator', { a: [{}] }],
    ['no values', { a: [] }],
    ['anything-but without values', { a: [{ 'anything-but': [] }] }],
    ['nested keys', { a: { b: ['x'] } }],
    ['more than 256 KB', { a: ['x'.repeat(256 * 1024)] }],
  ])('a filter policy with %s is refused', async ([, policy], { world }) => {
    expect(await refusal(filtered(world, policy))).toEqual({ name: 'InvalidParameterException', status: 400 });
  });
});

describe('ranges of topics and publishes', () => {
  it.for([
    ['MaximumMessageSize', '1023'],
    ['MaximumMessageSize', '1048577'],
    ['MaximumMessageSize', '2000.5'],
    ['MaximumMessageSize', '1e4'],
    ['SignatureVersion', '3'],
    ['TracingConfig', 'On'],
    ['DisplayName', 'x'.repeat(101)],
    ['ArchivePolicy', '{"MessageRetentionPeriod":"0"}'],
    ['ArchivePolicy', '{"MessageRetentionPeriod":"366"}'],
    ['FifoThroughputScope', 'Group'],
  ])('a topic with the attribute %s of %s is refused · sns-api/API_SetTopicAttributes', async ([
    name = '',
    value = '',
  ], { world }) => {
    const creating = world.fifoTopic({ [name]: value });
    expect(await refusal(creating)).toEqual({ name: 'InvalidParameterException', status: 400 });
  });

  it.for([
    'ContentBasedDeduplication',
    'FifoThroughputScope',
    'ArchivePolicy',
  ])('a standard topic with the attribute %s is refused · sns-api/API_CreateTopic', async (name, { world }) => {
    const value = { ContentBasedDeduplication: 'true', FifoThroughputScope: 'Topic' }[name];
    const Attributes = { [name]: value ?? '{"MessageRetentionPeriod":"1"}' };
    const creating = world.sns
      .send(new CreateTopicCommand({ Name: world.newName(), Attributes }))
      .then(async (made) => {
        await world.sns.send(new DeleteTopicCommand({ TopicArn: made.TopicArn }));
      });
    expect(await refusal(creating)).toEqual({ name: 'InvalidParameterException', status: 400 });
  });

  it.for([
    ['100 characters', 'x'.repeat(100)],
    ['a line break', 'a\nb'],
    ['a leading space', ' a'],
    ['characters that are not ASCII', 'größe'],
  ] as const)('a publish with a subject of %s is refused · sns-api/API_Publish', async ([, Subject], { world }) => {
    const topic = await world.fifoTopic();
    await topic.publish('y', { Subject: 'x'.repeat(99) });
    expect(await refusal(topic.publish('x', { Subject }))).toEqual({ name: 'InvalidParameterException', status: 400 });
  });

  it('a FIFO subscription refuses a standard queue as its dead-letter queue · sns/fifo-message-durability', async ({
    world,
  }) => {
    const [topic, queue] = [await world.fifoTopic(), await world.fifoQueue()];
    const standard = await world.queue(world.newName());
    const RedrivePolicy = JSON.stringify({ deadLetterTargetArn: standard.arn });
    const subscribing = topic.subscribe(queue, { RedrivePolicy });
    expect(await refusal(subscribing)).toEqual({ name: 'InvalidParameterException', status: 400 });
  });
});
