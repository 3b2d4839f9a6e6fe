import {
  CreateTopicCommand,
  DeleteTopicCommand,
  GetSubscriptionAttributesCommand,
  GetTopicAttributesCommand,
  ListSubscriptionsByTopicCommand,
  ListTopicsCommand,
  PublishBatchCommand,
  PublishCommand,
  SetSubscriptionAttributesCommand,
  SetTopicAttributesCommand,
  SubscribeCommand,
  UnsubscribeCommand,
} from '@aws-sdk/client-sns';
import { CreateQueueCommand, ReceiveMessageCommand } from '@aws-sdk/client-sqs';
import { describe, expect, it } from 'vitest';
import { serveEachTest } from './clients.ts';

const served = serveEachTest();
const queueArn = 'arn:aws:sqs:eu-central-1:000000000000:q.fifo';

async function createTopicWithQueue() {
  const { sns, sqs } = served();
  const { TopicArn } = await sns.send(new CreateTopicCommand({ Name: 't.fifo', Attributes: { FifoTopic: 'true' } }));
  const { QueueUrl } = await sqs.send(
    new CreateQueueCommand({ QueueName: 'q.fifo', Attributes: { FifoQueue: 'true' } }),
  );
  const Attributes = { RawMessageDelivery: 'true', FilterPolicy: '{"type":["country"]}' };
  const { SubscriptionArn } = await sns.send(
    new SubscribeCommand({ TopicArn, Protocol: 'sqs', Endpoint: queueArn, Attributes }),
  );
  return { sns, sqs, TopicArn, QueueUrl, SubscriptionArn };
}

const type = { DataType: 'String', StringValue: 'country' };

describe('SNS through the AWS SDK', () => {
  it('publishes to a subscribed queue, text and binary attributes unharmed', async () => {
    const { sns, sqs, TopicArn, QueueUrl } = await createTopicWithQueue();
    const Message = '<a href="x">&amp; größe \n\r +%20</a>';
    const MessageAttributes = { type, raw: { DataType: 'Binary', BinaryValue: new Uint8Array([0, 255]) } };
    const published = await sns.send(
      new PublishCommand({ TopicArn, Message, MessageGroupId: 'a', MessageDeduplicationId: 'd', MessageAttributes }),
    );
    expect(published.SequenceNumber).toMatch(/^\d{20}$/);
    const { Messages } = await sqs.send(new ReceiveMessageCommand({ QueueUrl, MessageAttributeNames: ['All'] }));
    expect(Messages).toMatchObject([{ Body: Message, MessageAttributes }]);
  });

  it('publishes a batch entry by entry', async () => {
    const { sns, sqs, TopicArn, QueueUrl } = await createTopicWithQueue();
    const entry = (Id: string) => ({
      Id,
      Message: Id,
      MessageDeduplicationId: Id,
      MessageGroupId: 'a',
      MessageAttributes: { type },
    });
    const { MessageGroupId, ...withoutGroup } = entry('no-group');
    const PublishBatchRequestEntries = [...Array.from({ length: 9 }, (_, n) => entry(`${n}`)), withoutGroup];
    const answer = await sns.send(new PublishBatchCommand({ TopicArn, PublishBatchRequestEntries }));
    expect(answer.Successful?.map(({ Id }) => Id)).toEqual(['0', '1', '2', '3', '4', '5', '6', '7', '8']);
    expect(answer.Failed).toMatchObject([{ Id: 'no-group', Code: 'InvalidParameter', SenderFault: true }]);
    const { Messages } = await sqs.send(new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: 10 }));
    expect(Messages?.map(({ Body }) => Body)).toEqual(['0', '1', '2', '3', '4', '5', '6', '7', '8']);
  });

  it('lists and configures topics and subscriptions', async () => {
    const { sns, TopicArn, SubscriptionArn } = await createTopicWithQueue();
    expect((await sns.send(new ListTopicsCommand({}))).Topics).toEqual([{ TopicArn }]);
    const topic = await sns.send(new GetTopicAttributesCommand({ TopicArn }));
    expect(topic.Attributes).toMatchObject({
      FifoTopic: 'true',
      FifoThroughputScope: 'Topic',
      SubscriptionsConfirmed: '1',
    });
    const { Subscriptions } = await sns.send(new ListSubscriptionsByTopicCommand({ TopicArn }));
    expect(Subscriptions).toEqual([
      { SubscriptionArn, TopicArn, Owner: '000000000000', Protocol: 'sqs', Endpoint: queueArn },
    ]);
    const AttributeValue = '{"type":["city"]}';
    await sns.send(
      new SetSubscriptionAttributesCommand({ SubscriptionArn, AttributeName: 'FilterPolicy', AttributeValue }),
    );
    const { Attributes } = await sns.send(new GetSubscriptionAttributesCommand({ SubscriptionArn }));
    expect(Attributes).toMatchObject({ FilterPolicy: AttributeValue, RawMessageDelivery: 'true' });
    await sns.send(new UnsubscribeCommand({ SubscriptionArn }));
    await expect(sns.send(new GetSubscriptionAttributesCommand({ SubscriptionArn }))).rejects.toMatchObject({
      name: 'NotFoundException',
    });
    await sns.send(new DeleteTopicCommand({ TopicArn }));
    expect((await sns.send(new ListTopicsCommand({}))).Topics ?? []).toEqual([]);
  });

  it("answers errors in AWS's shape", async () => {
    const { sns, TopicArn } = await createTopicWithQueue();
    const none = sns.send(new PublishCommand({ TopicArn: `${TopicArn}x`, Message: 'x' }));
    await expect(none).rejects.toMatchObject({ name: 'NotFoundException', $metadata: { httpStatusCode: 404 } });
    const noGroup = sns.send(new PublishCommand({ TopicArn, Message: 'x' }));
    await expect(noGroup).rejects.toMatchObject({
      name: 'InvalidParameterException',
      message: expect.stringContaining('MessageGroupId'),
    });
    const empty = sns.send(new PublishBatchCommand({ TopicArn, PublishBatchRequestEntries: [] }));
    await expect(empty).rejects.toMatchObject({ name: 'EmptyBatchRequestException' });
    const unsupported = sns.send(new SetTopicAttributesCommand({ TopicArn, AttributeName: 'DisplayName' }));
    await expect(unsupported).rejects.toMatchObject({
      Code: 'InvalidAction',
      message: expect.stringContaining('SetTopicAttributes'),
    });
  });
});
