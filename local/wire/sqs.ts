import type { BatchResult } from '../fifo/batch.ts';
import { runBatch } from '../fifo/batch.ts';
import { md5, md5OfAttributes } from '../fifo/digests.ts';
import { MessagingError } from '../fifo/errors.ts';
import { type ReceivedMessage, type SendInput, type SendResult, systemAttributes } from '../fifo/message.ts';
import type { Messaging } from '../fifo/messaging.ts';
import type { Queue } from '../fifo/queue.ts';
import { defined, type Input, list, optionalInteger, optionalText, text, textMap, texts } from './input.ts';
import { receiveWithin } from './long-poll.ts';
import { readAttributes, selectAttributes } from './message-attributes.ts';
import { cancelMove, listMoves, startMove } from './move-tasks.ts';

/** @param untilClosed makes a signal that aborts when the client disconnects */
type Operation = (messaging: Messaging, input: Input, untilClosed: () => AbortSignal) => object | Promise<object>;

/** The emulated SQS operations by name (docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference). */
const OPERATIONS: Readonly<Record<string, Operation>> = {
  CreateQueue(messaging, input) {
    const queue = messaging.createQueue(text(input, 'QueueName'), textMap(input, 'Attributes'));
    return { QueueUrl: messaging.queueUrl(queue) };
  },
  GetQueueUrl: (messaging, input) => {
    return { QueueUrl: messaging.queueUrl(messaging.queues.require(text(input, 'QueueName'))) };
  },
  GetQueueAttributes(messaging, input) {
    const wanted = texts(input, 'AttributeNames');
    return { Attributes: pick(queueOf(messaging, input).attributes(), wanted) };
  },
  SetQueueAttributes(messaging, input) {
    queueOf(messaging, input).setAttributes(textMap(input, 'Attributes'));
    return {};
  },
  ListQueues(messaging, input) {
    const prefix = optionalText(input, 'QueueNamePrefix') ?? '';
    const queues = messaging.queues.list().filter((queue) => queue.name.startsWith(prefix));
    return { QueueUrls: queues.map((queue) => messaging.queueUrl(queue)) };
  },
  DeleteQueue(messaging, input) {
    messaging.deleteQueue(text(input, 'QueueUrl'));
    return {};
  },
  SendMessage(messaging, input) {
    const message = readSend(input);
    return sendAnswer(queueOf(messaging, input).send(message), message);
  },
  SendMessageBatch(messaging, input) {
    const entries = list(input, 'Entries').map((entry) => ({ id: text(entry, 'Id'), ...readSend(entry) }));
    const result = queueOf(messaging, input).sendBatch(entries);
    const messages = new Map(entries.map((entry) => [entry.id, entry]));
    return batchAnswer(result, (sent) => sendAnswer(sent, messages.get(sent.id)));
  },
  ReceiveMessage,
  DeleteMessage(messaging, input) {
    queueOf(messaging, input).delete(text(input, 'ReceiptHandle'));
    return {};
  },
  DeleteMessageBatch(messaging, input) {
    const queue = queueOf(messaging, input);
    const result = runBatch(readEntries(input), ({ entry }) => {
      queue.delete(text(entry, 'ReceiptHandle'));
      return {};
    });
    return batchAnswer(result, () => ({}));
  },
  ChangeMessageVisibility(messaging, input) {
    queueOf(messaging, input).changeVisibility(text(input, 'ReceiptHandle'), visibilityOf(input));
    return {};
  },
  ChangeMessageVisibilityBatch(messaging, input) {
    const queue = queueOf(messaging, input);
    const result = runBatch(readEntries(input), ({ entry }) => {
      queue.changeVisibility(text(entry, 'ReceiptHandle'), visibilityOf(entry));
      return {};
    });
    return batchAnswer(result, () => ({}));
  },
  PurgeQueue(messaging, input) {
    queueOf(messaging, input).purge();
    return {};
  },
  StartMessageMoveTask: startMove,
  ListMessageMoveTasks: listMoves,
  CancelMessageMoveTask: cancelMove,
};

/** Carries out one SQS operation. Throws a `MessagingError` if SQS refuses the request. */
export function runSqs(
  operation: string,
  messaging: Messaging,
  input: Input,
  untilClosed: () => AbortSignal,
): object | Promise<object> {
  const run = Object.hasOwn(OPERATIONS, operation) ? OPERATIONS[operation] : undefined;
  if (run !== undefined) return run(messaging, input, untilClosed);
  const supported = Object.keys(OPERATIONS).join(', ');
  throw new MessagingError('UnsupportedOperation', `SQS ${operation} is not emulated. Supported: ${supported}.`);
}

async function ReceiveMessage(messaging: Messaging, input: Input, untilClosed: () => AbortSignal): Promise<object> {
  const queue = queueOf(messaging, input);
  const waitSeconds = optionalInteger(input, 'WaitTimeSeconds') ?? queue.settings().waitTimeSeconds;
  if (waitSeconds < 0 || waitSeconds > 20) {
    const message = `Value ${waitSeconds} for parameter WaitTimeSeconds is invalid. Reason: Must be >= 0 and <= 20.`;
    throw new MessagingError('InvalidParameterValue', message);
  }
  const messages = await receiveWithin({
    queue,
    maxMessages: optionalInteger(input, 'MaxNumberOfMessages') ?? 1,
    visibilityTimeoutSeconds: optionalInteger(input, 'VisibilityTimeout'),
    attemptId: optionalText(input, 'ReceiveRequestAttemptId'),
    waitMs: waitSeconds * 1000,
    now: messaging.now,
    signal: untilClosed(),
  });
  if (messages.length === 0) return {};
  const system = [...texts(input, 'MessageSystemAttributeNames'), ...texts(input, 'AttributeNames')];
  const custom = texts(input, 'MessageAttributeNames');
  return { Messages: messages.map((message) => receiveAnswer(message, system, custom)) };
}

function receiveAnswer(message: ReceivedMessage, system: readonly string[], custom: readonly string[]): object {
  const { messageId, receiptHandle, body } = message;
  const answer: Record<string, unknown> = {
    MessageId: messageId,
    ReceiptHandle: receiptHandle,
    MD5OfBody: md5(body),
    Body: body,
  };
  if (system.length > 0) answer.Attributes = pick(systemAttributes(message), system);
  const attributes = selectAttributes(message.messageAttributes, custom);
  const digest = md5OfAttributes(attributes);
  return digest === undefined ? answer : { ...answer, MessageAttributes: attributes, MD5OfMessageAttributes: digest };
}

function queueOf(messaging: Messaging, input: Input): Queue {
  return messaging.queues.require(text(input, 'QueueUrl'));
}

function visibilityOf(input: Input): number {
  const seconds = optionalInteger(input, 'VisibilityTimeout');
  if (seconds !== undefined) return seconds;
  throw new MessagingError('MissingParameter', 'The request must contain the parameter VisibilityTimeout.');
}

function readEntries(input: Input): { readonly id: string; readonly entry: Input }[] {
  return list(input, 'Entries').map((entry) => ({ id: text(entry, 'Id'), entry }));
}

function readSend(input: Input): SendInput {
  const optional = {
    groupId: optionalText(input, 'MessageGroupId'),
    deduplicationId: optionalText(input, 'MessageDeduplicationId'),
    delaySeconds: optionalInteger(input, 'DelaySeconds'),
  };
  return { body: text(input, 'MessageBody'), ...readAttributes(input), ...defined(optional) };
}

function sendAnswer({ messageId, sequenceNumber }: SendResult, message: SendInput | undefined): object {
  const digest = md5OfAttributes(message?.messageAttributes ?? {});
  return {
    MessageId: messageId,
    MD5OfMessageBody: md5(message?.body ?? ''),
    ...(digest !== undefined && { MD5OfMessageAttributes: digest }),
    ...(sequenceNumber !== undefined && { SequenceNumber: sequenceNumber }),
  };
}

function batchAnswer<R>(result: BatchResult<R>, answer: (entry: R & { readonly id: string }) => object): object {
  return {
    Successful: result.successful.map((entry) => ({ Id: entry.id, ...answer(entry) })),
    Failed: result.failed.map(({ id, code, message, senderFault }) => {
      return { Id: id, Code: code, Message: message, SenderFault: senderFault };
    }),
  };
}

function pick(attributes: object, wanted: readonly string[]): object {
  const isWanted = ([name]: [string, unknown]): boolean => wanted.includes('All') || wanted.includes(name);
  return Object.fromEntries(Object.entries(attributes).filter(isWanted));
}
