import { MessagingError } from './errors.ts';
import * as limits from './limits.ts';

/** Attributes in AWS's form: every value is a string. */
export type Attributes = Readonly<Record<string, string>>;

/** A queue's attributes, parsed. */
export interface QueueSettings {
  readonly visibilityTimeoutSeconds: number;
  readonly retentionMs: number;
  readonly maximumMessageBytes: number;
  readonly delaySeconds: number;
  readonly waitTimeSeconds: number;
  readonly contentBasedDeduplication: boolean;
  readonly deduplicatesPerGroup: boolean;
  readonly redrive: { readonly deadLetterTargetArn: string; readonly maxReceiveCount: number } | undefined;
}

interface NumberRule {
  readonly min: number;
  readonly max: number;
  readonly byDefault: number;
}

// sqs-api/API_SetQueueAttributes
const NUMBERS: Readonly<Record<string, NumberRule>> = {
  VisibilityTimeout: { min: 0, max: limits.MAX_VISIBILITY_SECONDS, byDefault: limits.DEFAULT_VISIBILITY_SECONDS },
  MessageRetentionPeriod: {
    min: limits.MIN_RETENTION_SECONDS,
    max: limits.MAX_RETENTION_SECONDS,
    byDefault: limits.DEFAULT_RETENTION_SECONDS,
  },
  MaximumMessageSize: {
    min: limits.MIN_MESSAGE_BYTES,
    max: limits.MAX_MESSAGE_BYTES,
    byDefault: limits.MAX_MESSAGE_BYTES,
  },
  DelaySeconds: { min: 0, max: limits.MAX_DELAY_SECONDS, byDefault: 0 },
  ReceiveMessageWaitTimeSeconds: { min: 0, max: limits.MAX_WAIT_SECONDS, byDefault: 0 },
};

const FIFO_CHOICES: Readonly<Record<string, readonly string[]>> = {
  FifoQueue: ['true'],
  ContentBasedDeduplication: ['false', 'true'],
  DeduplicationScope: ['queue', 'messageGroup'],
  FifoThroughputLimit: ['perQueue', 'perMessageGroupId'],
};

/** Checked, stored and returned, but not emulated (no local effect). Each test says whether SQS accepts the value. */
const KEPT: Readonly<Record<string, (value: string) => boolean>> = {
  Policy: (value) => value === '' || parseObject(value) !== undefined,
  RedriveAllowPolicy: (value) => value === '' || isRedriveAllowPolicy(parseObject(value)),
  KmsMasterKeyId: () => true,
  KmsDataKeyReusePeriodSeconds: (value) => isBetween(value, limits.MIN_DATA_KEY_SECONDS, limits.MAX_DATA_KEY_SECONDS),
  SqsManagedSseEnabled: (value) => ['true', 'false'].includes(value),
};

/** The attributes of a queue that the local cloud knows. */
export const QUEUE_ATTRIBUTES = [...Object.keys({ ...NUMBERS, ...FIFO_CHOICES, ...KEPT }), 'RedrivePolicy'];

function isBetween(value: string, min: number, max: number): boolean {
  return /^\d{1,9}$/.test(value) && Number(value) >= min && Number(value) <= max;
}

/** sqs-api/API_SetQueueAttributes */
function isRedriveAllowPolicy(policy: Record<string, unknown> | undefined): boolean {
  const { redrivePermission, sourceQueueArns } = policy ?? {};
  if (redrivePermission !== 'byQueue')
    return ['allowAll', 'denyAll'].includes(String(redrivePermission)) && sourceQueueArns === undefined;
  const isCounted = Array.isArray(sourceQueueArns) && sourceQueueArns.length >= 1;
  return isCounted && sourceQueueArns.length <= limits.MAX_REDRIVE_SOURCES;
}

function invalidAttribute(name: string, value: string, allowed: string): MessagingError {
  return new MessagingError('InvalidAttributeValue', `Invalid value for the parameter ${name}: '${value}'. ${allowed}`);
}

/**
 * All attributes that a queue reports: the given attributes, and the defaults of the others. Throws for attributes that
 * SQS refuses.
 */
export function completeAttributes(name: string, given: Attributes): Attributes {
  const isFifo = name.endsWith('.fifo');
  if (
    !/^[\w-]{1,80}$/.test(isFifo ? name.slice(0, -5) : name) ||
    name.length > 80 ||
    isFifo !== (given.FifoQueue === 'true')
  )
    throw badName(name, given.FifoQueue);
  const complete: Record<string, string> = {};
  for (const [key, rule] of Object.entries(NUMBERS)) complete[key] = String(rule.byDefault);
  if (isFifo) for (const [key, [byDefault = '']] of Object.entries(FIFO_CHOICES)) complete[key] = byDefault;
  for (const [key, value] of Object.entries(given)) {
    checkAttribute(key, value, isFifo);
    complete[key] = value;
  }
  if (complete.FifoThroughputLimit === 'perMessageGroupId' && complete.DeduplicationScope !== 'messageGroup')
    throw invalidAttribute('FifoThroughputLimit', 'perMessageGroupId', 'It requires DeduplicationScope messageGroup.');
  return complete;
}

function badName(name: string, fifoQueue: string | undefined): MessagingError {
  const allowed = 'Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length.';
  const suffix = 'A FIFO queue has a name that ends with .fifo and FifoQueue true; a standard queue has neither.';
  return new MessagingError('InvalidParameterValue', `${allowed} ${suffix} Given: '${name}', FifoQueue ${fifoQueue}.`);
}

function checkAttribute(name: string, value: string, isFifo: boolean): void {
  const number = NUMBERS[name];
  const choices = isFifo ? FIFO_CHOICES[name] : undefined;
  if (number !== undefined) {
    if (!isBetween(value, number.min, number.max))
      throw invalidAttribute(name, value, `Allowed: ${number.min} to ${number.max}.`);
  } else if (choices !== undefined) {
    if (!choices.includes(value)) throw invalidAttribute(name, value, `Allowed: ${choices.join(', ')}.`);
  } else if (name === 'RedrivePolicy') {
    readRedrivePolicy(value);
  } else {
    const accepts = Object.hasOwn(KEPT, name) ? KEPT[name] : undefined;
    if (accepts === undefined) throw new MessagingError('InvalidAttributeName', `Unknown Attribute ${name}.`);
    if (!accepts(value)) throw invalidAttribute(name, value, 'See SetQueueAttributes in the SQS API reference.');
  }
}

/** Reads an SQS redrive policy. The empty string removes the policy (sqs-api/API_SetQueueAttributes). */
export function readRedrivePolicy(text: string): QueueSettings['redrive'] {
  if (text === '') return undefined;
  const policy = parseObject(text);
  const deadLetterTargetArn = policy?.deadLetterTargetArn;
  const given = policy?.maxReceiveCount;
  const maxReceiveCount = typeof given === 'string' || typeof given === 'number' ? Number(given) : Number.NaN;
  const inRange =
    Number.isInteger(maxReceiveCount) && maxReceiveCount >= 1 && maxReceiveCount <= limits.MAX_RECEIVE_COUNT;
  if (typeof deadLetterTargetArn !== 'string' || !inRange) {
    const allowed = `It must be JSON with deadLetterTargetArn and maxReceiveCount (1 to ${limits.MAX_RECEIVE_COUNT}).`;
    throw new MessagingError(
      'InvalidParameterValue',
      `Value ${text} for parameter RedrivePolicy is invalid. Reason: ${allowed}`,
    );
  }
  return { deadLetterTargetArn, maxReceiveCount };
}

/** The fields of a JSON object; undefined for any other text. */
export function parseObject(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : undefined;
  } catch {
    return undefined;
  }
}

/** @param attributes all attributes, as {@link completeAttributes} returns them */
export function readSettings(attributes: Attributes): QueueSettings {
  return {
    visibilityTimeoutSeconds: Number(attributes.VisibilityTimeout),
    retentionMs: Number(attributes.MessageRetentionPeriod) * 1000,
    maximumMessageBytes: Number(attributes.MaximumMessageSize),
    delaySeconds: Number(attributes.DelaySeconds),
    waitTimeSeconds: Number(attributes.ReceiveMessageWaitTimeSeconds),
    contentBasedDeduplication: attributes.ContentBasedDeduplication === 'true',
    deduplicatesPerGroup: attributes.DeduplicationScope === 'messageGroup',
    redrive: readRedrivePolicy(attributes.RedrivePolicy ?? ''),
  };
}
