import { readFileSync } from 'node:fs';
import { PublishCommand, SubscribeCommand, TagResourceCommand } from '@aws-sdk/client-sns';
import { ListQueueTagsCommand } from '@aws-sdk/client-sqs';
import { describe, expect, it } from 'vitest';
import { serveEachTest } from './clients.ts';

const served = serveEachTest();
/** The page without line breaks, because its lists of operations are wrapped. */
const guide = readFileSync(new URL('../../../docs/local-cloud.md', import.meta.url), 'utf8').replaceAll(/\s+/g, ' ');

async function refusalOf(request: Promise<unknown>): Promise<unknown> {
  return request.then(
    () => 'was not refused',
    (error: unknown) => error,
  );
}

describe('unsupported requests to SQS and SNS', () => {
  it('an SQS operation that docs/local-cloud.md does not list is refused', async () => {
    const refused = await refusalOf(served().sqs.send(new ListQueueTagsCommand({ QueueUrl: 'http://x/0/q' })));
    const Code = 'AWS.SimpleQueueService.UnsupportedOperation';
    expect(refused).toMatchObject({ name: 'UnsupportedOperation', Code, $metadata: { httpStatusCode: 400 } });
    const { message } = refused as Error;
    expect(message).toContain('ListQueueTags');
    expect(guide).toContain(message.replace(/.*Supported: /, ''));
  });

  it('an SNS operation that docs/local-cloud.md does not list is refused', async () => {
    const command = new TagResourceCommand({ ResourceArn: 'x', Tags: [] });
    const refused = await refusalOf(served().sns.send(command));
    expect(refused).toMatchObject({ Code: 'InvalidAction', $metadata: { httpStatusCode: 400 } });
    const { message } = refused as Error;
    expect(message).toContain('TagResource');
    expect(guide).toContain(message.replace(/.*Supported: /, ''));
  });

  it('a filter on the message body and a message per protocol are refused', async () => {
    const { sns, messaging, fifoQueue } = served();
    const topic = messaging.createTopic('t.fifo', { FifoTopic: 'true' });
    const Attributes = { FilterPolicyScope: 'MessageBody' };
    const subscribe = { TopicArn: topic.arn, Protocol: 'sqs', Endpoint: fifoQueue('q.fifo').arn, Attributes };
    const publish = { TopicArn: topic.arn, Message: '{"default":"x"}', MessageStructure: 'json', MessageGroupId: 'a' };
    for (const request of [sns.send(new SubscribeCommand(subscribe)), sns.send(new PublishCommand(publish))]) {
      const message = expect.stringContaining('emulated');
      expect(await refusalOf(request)).toMatchObject({ name: 'InvalidParameterException', message });
    }
  });
});
