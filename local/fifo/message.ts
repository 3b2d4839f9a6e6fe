import { createHash } from 'node:crypto';
import { invalidValue, MessagingError } from './errors.ts';
import * as limits from './limits.ts';

/** A message attribute in AWS's own form; `BinaryValue` is base64. */
export interface MessageAttribute {
  readonly DataType: string;
  readonly StringValue?: string;
  readonly BinaryValue?: string;
}

export type MessageAttributes = Readonly<Record<string, MessageAttribute>>;

/** A message to send. A FIFO queue needs a group id, and a deduplication id unless it derives one from the content. */
export interface SendInput {
  readonly body: string;
  readonly messageAttributes?: MessageAttributes;
  readonly groupId?: string;
  readonly deduplicationId?: string;
  /** Standard queues only; 0 to 900. */
  readonly delaySeconds?: number;
}

/** The answer to a sender. A duplicate gets the ids of the first message. */
export interface SendResult {
  readonly messageId: string;
  /** FIFO only: 20 digits, strictly increasing. */
  readonly sequenceNumber?: string;
  readonly isDuplicate: boolean;
}

/** A message as one receive returns it. Times are in milliseconds since the epoch. */
export interface ReceivedMessage {
  readonly messageId: string;
  readonly receiptHandle: string;
  readonly body: string;
  readonly messageAttributes: MessageAttributes;
  readonly sentAtMs: number;
  readonly firstReceivedAtMs: number;
  readonly receiveCount: number;
  readonly groupId: string | undefined;
  readonly deduplicationId: string | undefined;
  readonly sequenceNumber: string | undefined;
  readonly deadLetterSourceArn: string | undefined;
}

/** A message's system attributes by AWS's names, all as strings (sqs-api/API_ReceiveMessage). */
export interface SystemAttributes {
  readonly ApproximateReceiveCount: string;
  readonly SentTimestamp: string;
  readonly SenderId: string;
  readonly ApproximateFirstReceiveTimestamp: string;
  readonly SequenceNumber?: string;
  readonly MessageGroupId?: string;
  readonly MessageDeduplicationId?: string;
  readonly DeadLetterQueueSourceArn?: string;
}

export function systemAttributes(message: ReceivedMessage): SystemAttributes {
  const { sequenceNumber, groupId, deduplicationId, deadLetterSourceArn } = message;
  return {
    ApproximateReceiveCount: String(message.receiveCount),
    SentTimestamp: String(message.sentAtMs),
    SenderId: 'AIDALOCAL',
    ApproximateFirstReceiveTimestamp: String(message.firstReceivedAtMs),
    ...(sequenceNumber !== undefined && { SequenceNumber: sequenceNumber }),
    ...(groupId !== undefined && { MessageGroupId: groupId }),
    ...(deduplicationId !== undefined && { MessageDeduplicationId: deduplicationId }),
    ...(deadLetterSourceArn !== undefined && { DeadLetterQueueSourceArn: deadLetterSourceArn }),
  };
}

/** The size to which AWS's limits apply: body, and names, types and values of the attributes (sqs/quotas-messages). */
export function sizeBytes(body: string, attributes?: MessageAttributes): number {
  let bytes = Buffer.byteLength(body);
  if (attributes === undefined) return bytes;
  for (const [name, { DataType, StringValue, BinaryValue }] of Object.entries(attributes)) {
    bytes += Buffer.byteLength(name) + Buffer.byteLength(DataType) + Buffer.byteLength(StringValue ?? '');
    bytes += Buffer.byteLength(BinaryValue ?? '', 'base64');
  }
  return bytes;
}

// sqs-api/API_SendMessage: the characters that a message may not contain.
const FORBIDDEN = /[^\t\n\r\u{20}-\u{D7FF}\u{E000}-\u{FFFD}\u{10000}-\u{10FFFF}]/u;

/** Throws for a body that SQS refuses. */
export function checkBody(body: string, maxBytes: number, bytes: number): void {
  if (body === '')
    throw new MessagingError(
      'MissingParameter',
      'The request must contain the parameter MessageBody, which may not be empty.',
    );
  if (bytes > maxBytes) {
    throw invalidValue(
      `One or more parameters are invalid. Reason: Message must be shorter than ${maxBytes} bytes. It has ${bytes}.`,
    );
  }
  if (FORBIDDEN.test(body))
    throw new MessagingError('InvalidMessageContents', 'Invalid characters found. Allowed: the characters of XML 1.0.');
}

const ATTRIBUTE_NAME = /^(?!aws\.|amazon\.|\.)(?!.*\.\.)[\w.-]{1,256}(?<!\.)$/i;
const DATA_TYPE = /^(String|Number|Binary)(\.[^\s]+)?$/;

/** Throws for attributes that SQS refuses (sqs/sqs-message-metadata). */
export function checkAttributes(attributes: MessageAttributes): void {
  const entries = Object.entries(attributes);
  if (entries.length > limits.MAX_MESSAGE_ATTRIBUTES) {
    const given = `Number of message attributes [${entries.length}]`;
    throw invalidValue(`${given} exceeds the allowed maximum [${limits.MAX_MESSAGE_ATTRIBUTES}].`);
  }
  for (const [name, attribute] of entries) {
    const problem = attributeProblem(name, attribute);
    if (problem !== undefined) throw invalidValue(problem);
    if (FORBIDDEN.test(attribute.StringValue ?? ''))
      throw new MessagingError('InvalidMessageContents', `Invalid characters found in the attribute '${name}'.`);
  }
}

/** SQS's and SNS's error message for an attribute; undefined if the attribute is valid. */
export function attributeProblem(name: string, attribute: MessageAttribute): string | undefined {
  const { DataType, StringValue, BinaryValue } = attribute;
  const subject = `The message attribute '${name}'`;
  if (!ATTRIBUTE_NAME.test(name))
    return `${subject} has an invalid name. Allowed: 1 to 256 of A-Z a-z 0-9 _ - and single dots.`;
  if (DataType.length > limits.MAX_DATA_TYPE_LENGTH)
    return `Length of message attribute type must be at most ${limits.MAX_DATA_TYPE_LENGTH}. Given: ${DataType.length}.`;
  if (!DATA_TYPE.test(DataType)) {
    const allowed = 'the set of supported type prefixes is Binary, Number, and String.';
    return `${subject} has an invalid message attribute type '${DataType}', ${allowed}`;
  }
  const value = DataType.startsWith('Binary') ? BinaryValue : StringValue;
  if (!value) return `${subject} must contain a non-empty message attribute value for its type '${DataType}'.`;
  if (!/^Number(\.|$)/.test(DataType) || isNumber(value)) return undefined;
  return `Can't cast the value of message (user) attribute '${name}' to a number. Allowed: ${NUMBERS}. Given: '${value}'.`;
}

const NUMBERS = `up to ${limits.MAX_NUMBER_DIGITS} digits, from 10^${limits.MIN_NUMBER_EXPONENT} to 10^${limits.MAX_NUMBER_EXPONENT}`;
const DECIMAL = /^[+-]?(\d*)\.?(\d*)(?:e([+-]?\d{1,5}))?$/i;

/** Whether SQS accepts a text as a number (sqs/sqs-message-metadata). Zeros at both ends aren't counted as digits. */
function isNumber(text: string): boolean {
  const [, whole = '', fraction = '', exponent = '0'] = DECIMAL.exec(text) ?? [];
  if (whole + fraction === '') return false;
  const leading = (whole + fraction).replace(/^0+/, '');
  if (leading === '') return true;
  // The power of ten of the first digit that isn't 0.
  const power = leading.length - fraction.length - 1 + Number(exponent);
  const isHighest = power === limits.MAX_NUMBER_EXPONENT && /^10*$/.test(leading);
  return (
    leading.replace(/0+$/, '').length <= limits.MAX_NUMBER_DIGITS &&
    power >= limits.MIN_NUMBER_EXPONENT &&
    (power < limits.MAX_NUMBER_EXPONENT || isHighest)
  );
}

// sqs-api/API_SendMessage: alphanumeric characters and punctuation.
const ID = /^[\x21-\x7e]{1,128}$/;

/** Whether AWS accepts a message group id or deduplication id. */
export function isMessagingId(id: string): boolean {
  return ID.test(id);
}

/**
 * The deduplication id of content-based deduplication: the SHA-256 of the body, without attributes
 * (sqs-api/API_SendMessage).
 */
export function contentDeduplicationId(body: string): string {
  return createHash('sha256').update(body).digest('hex');
}
