import { invalidParameter } from './errors.ts';
import {
  DEFAULT_TOPIC_MESSAGE_BYTES,
  MAX_ARCHIVE_DAYS,
  MAX_MESSAGE_BYTES,
  MIN_ARCHIVE_DAYS,
  MIN_MESSAGE_BYTES,
} from './limits.ts';
import { type Attributes, parseObject } from './queue-attributes.ts';

/** A topic's attributes, parsed. */
export interface TopicSettings {
  readonly contentBasedDeduplication: boolean;
  readonly deduplicatesPerGroup: boolean;
  readonly maximumMessageBytes: number;
  /** How long published messages are archived, in days; undefined if they aren't. */
  readonly archiveDays: number | undefined;
}

const CHOICES: Readonly<Record<string, readonly string[]>> = {
  FifoTopic: ['true', 'false'],
  ContentBasedDeduplication: ['true', 'false'],
  FifoThroughputScope: ['Topic', 'MessageGroup'],
  // Stored and returned, but not emulated (no local effect), like KEPT.
  SignatureVersion: ['1', '2'],
  TracingConfig: ['PassThrough', 'Active'],
};

/** Attributes of FIFO topics only (sns-api/API_CreateTopic). */
const FIFO_ONLY = ['ContentBasedDeduplication', 'FifoThroughputScope', 'ArchivePolicy'];

/** Longest display name, in characters (sns-api/API_CreateTopic). */
const LONGEST_DISPLAY_NAME = 100;

/** Stored and returned, but not emulated (no local effect). */
const KEPT = ['DisplayName', 'Policy', 'DeliveryPolicy', 'KmsMasterKeyId', 'DataProtectionPolicy'];

/** The attributes of a topic that the local cloud knows. */
export const TOPIC_ATTRIBUTES = [...Object.keys(CHOICES), ...KEPT, 'ArchivePolicy', 'MaximumMessageSize'];

/**
 * All attributes of a topic: the given attributes and the defaults of the others. Throws for attributes that SNS
 * refuses.
 */
export function completeTopicAttributes(name: string, given: Attributes): Attributes {
  const isFifo = name.endsWith('.fifo');
  const stem = isFifo ? name.slice(0, -5) : name;
  if (!/^[\w-]+$/.test(stem) || name.length > 256 || isFifo !== (given.FifoTopic === 'true')) {
    const allowed =
      'Topic Name: letters, digits, - and _, 1 to 256; a FIFO topic ends with .fifo and has FifoTopic true.';
    throw invalidParameter(`${allowed} Given: '${name}', FifoTopic ${given.FifoTopic}.`);
  }
  for (const [attribute, value] of Object.entries(given)) {
    if (!isFifo && FIFO_ONLY.includes(attribute))
      throw invalidParameter(`Attributes Reason: ${attribute} can only be set for FIFO topics.`);
    checkAttribute(attribute, value);
  }
  const fifoDefaults = { ContentBasedDeduplication: 'false', FifoThroughputScope: 'Topic' };
  return { MaximumMessageSize: String(DEFAULT_TOPIC_MESSAGE_BYTES), ...(isFifo && fifoDefaults), ...given };
}

function checkAttribute(name: string, value: string): void {
  const choices = CHOICES[name];
  if (choices !== undefined && !choices.includes(value))
    throw invalidParameter(`Attributes Reason: ${name} is '${value}'. Allowed: ${choices.join(', ')}.`);
  if (name === 'MaximumMessageSize') {
    if (!(/^\d+$/.test(value) && Number(value) >= MIN_MESSAGE_BYTES && Number(value) <= MAX_MESSAGE_BYTES))
      throw invalidParameter(
        `Attributes Reason: ${name} is '${value}'. Allowed: ${MIN_MESSAGE_BYTES} to ${MAX_MESSAGE_BYTES}.`,
      );
  } else if (!TOPIC_ATTRIBUTES.includes(name)) {
    throw invalidParameter(`Attributes Reason: Unknown attribute ${name}.`);
  }
  if (name === 'DisplayName' && value.length > LONGEST_DISPLAY_NAME)
    throw invalidParameter(`DisplayName: ${value.length} characters. Allowed: ${LONGEST_DISPLAY_NAME}.`);
  if (name === 'ArchivePolicy') readArchiveDays(value);
}

/** The days of an `ArchivePolicy`; undefined for `{}`, which deactivates the archive. */
function readArchiveDays(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const policy = parseObject(text);
  if (policy !== undefined && Object.keys(policy).length === 0) return undefined;
  const days = Number(policy?.MessageRetentionPeriod);
  if (Number.isInteger(days) && days >= MIN_ARCHIVE_DAYS && days <= MAX_ARCHIVE_DAYS) return days;
  const allowed = `Allowed: ${MIN_ARCHIVE_DAYS} to ${MAX_ARCHIVE_DAYS} days, or {} for none.`;
  throw invalidParameter(`ArchivePolicy: '${text}'. ${allowed}`);
}

/** @param attributes all attributes, as {@link completeTopicAttributes} returns them */
export function readTopicSettings(attributes: Attributes): TopicSettings {
  return {
    contentBasedDeduplication: attributes.ContentBasedDeduplication === 'true',
    deduplicatesPerGroup: attributes.FifoThroughputScope === 'MessageGroup',
    maximumMessageBytes: Number(attributes.MaximumMessageSize),
    archiveDays: readArchiveDays(attributes.ArchivePolicy),
  };
}
