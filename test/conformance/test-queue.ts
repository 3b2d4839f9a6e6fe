import {
  ChangeMessageVisibilityCommand,
  DeleteMessageBatchCommand,
  GetQueueAttributesCommand,
  type Message,
  ReceiveMessageCommand,
  type ReceiveMessageCommandInput,
  SendMessageBatchCommand,
  SendMessageCommand,
  type SendMessageCommandInput,
  type SendMessageCommandOutput,
  SetQueueAttributesCommand,
} from '@aws-sdk/client-sqs';
import type { Endpoint } from './endpoint.ts';

/** Shortcuts for common requests to a queue. For other requests, tests use the SDK's commands. */
export interface TestQueue {
  readonly url: string;
  readonly arn: string;
  /** Sends one message. Its body is the default of its deduplication id. */
  sendOne(body: string, given?: Partial<SendMessageCommandInput>): Promise<SendMessageCommandOutput>;
  /** Sends messages to a group in order, in one batch. */
  send(group: string, ...bodies: string[]): Promise<void>;
  /** Receives up to 10 messages with all attributes. */
  receive(given?: Partial<ReceiveMessageCommandInput>): Promise<Message[]>;
  receiveBodies(given?: Partial<ReceiveMessageCommandInput>): Promise<string[]>;
  delete(...messages: readonly (Message | undefined)[]): Promise<void>;
  changeVisibility(message: Message | undefined, seconds: number): Promise<unknown>;
  attributes(): Promise<Record<string, string>>;
  setAttributes(attributes: Record<string, string>): Promise<unknown>;
}

export function testQueue({ sqs, waitSeconds }: Endpoint, url: string, arn: string): TestQueue {
  const queue: TestQueue = {
    url,
    arn,
    sendOne(MessageBody, given = {}) {
      const ids = { MessageGroupId: 'a', MessageDeduplicationId: MessageBody };
      return sqs.send(new SendMessageCommand({ QueueUrl: url, MessageBody, ...ids, ...given }));
    },
    async send(MessageGroupId, ...bodies) {
      const Entries = bodies.map((MessageBody, at) => {
        return { Id: `${at}`, MessageBody, MessageGroupId, MessageDeduplicationId: MessageBody };
      });
      const { Failed = [] } = await sqs.send(new SendMessageBatchCommand({ QueueUrl: url, Entries }));
      if (Failed.length > 0) throw new Error(`Not sent: ${JSON.stringify(Failed)}`);
    },
    async receive(given = {}) {
      const names = { MessageSystemAttributeNames: ['All' as const], MessageAttributeNames: ['All'] };
      const asked = { MaxNumberOfMessages: 10, WaitTimeSeconds: waitSeconds, ...names, ...given };
      return (await sqs.send(new ReceiveMessageCommand({ QueueUrl: url, ...asked }))).Messages ?? [];
    },
    receiveBodies: async (given) => (await queue.receive(given)).map(({ Body = '' }) => Body),
    async delete(...messages) {
      const Entries = messages.map((message, at) => ({ Id: `${at}`, ReceiptHandle: message?.ReceiptHandle }));
      const { Failed = [] } = await sqs.send(new DeleteMessageBatchCommand({ QueueUrl: url, Entries }));
      if (Failed.length > 0) throw Object.assign(new Error(`Not deleted: ${Failed[0]?.Message}`), Failed[0]);
    },
    changeVisibility: (message, VisibilityTimeout) =>
      sqs.send(
        new ChangeMessageVisibilityCommand({ QueueUrl: url, ReceiptHandle: message?.ReceiptHandle, VisibilityTimeout }),
      ),
    async attributes() {
      const command = new GetQueueAttributesCommand({ QueueUrl: url, AttributeNames: ['All'] });
      return (await sqs.send(command)).Attributes ?? {};
    },
    setAttributes: (Attributes) => sqs.send(new SetQueueAttributesCommand({ QueueUrl: url, Attributes })),
  };
  return queue;
}
