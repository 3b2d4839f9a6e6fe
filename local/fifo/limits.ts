// Limits and defaults of SQS and SNS, read on 2026-11-23. In comments, `sqs/X` and `sns/X` are pages of the developer
// guides (docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/X and
// docs.aws.amazon.com/sns/latest/dg/X), and `sqs-api/X` is a page of the SQS API reference.
// docs/local-cloud.md lists all of these prefixes.

/** How long SQS and SNS remember a deduplication id (sqs/FIFO-key-terms, sns/fifo-message-dedup). */
export const DEDUPLICATION_WINDOW_MS = 5 * 60_000;

/** Maximum number of entries in one batch request (sqs/quotas-messages, sns/sns-batch-api-actions). */
export const MAX_BATCH_ENTRIES = 10;

/** Maximum number of messages in one receive (sqs-api/API_ReceiveMessage). */
export const MAX_RECEIVED = 10;

/**
 * Maximum number of messages in flight on one queue. At the limit, a FIFO queue returns no messages and no error
 * (sqs/quotas-fifo).
 */
export const MAX_IN_FLIGHT = 120_000;

/** Maximum number of attributes of one SQS message (sqs/quotas-messages). */
export const MAX_MESSAGE_ATTRIBUTES = 10;

/** Longest data type of a message attribute (sqs/sqs-message-metadata). */
export const MAX_DATA_TYPE_LENGTH = 256;

/** Numbers in attributes: maximum number of digits, and the powers of ten of the range (sqs/sqs-message-metadata). */
export const MAX_NUMBER_DIGITS = 38;
export const MIN_NUMBER_EXPONENT = -128;
export const MAX_NUMBER_EXPONENT = 126;

/** How long SQS reuses a data key: a minute to a day (sqs-api/API_SetQueueAttributes). */
export const MIN_DATA_KEY_SECONDS = 60;
export const MAX_DATA_KEY_SECONDS = 86_400;

/**
 * Maximum number of source queues that a dead-letter queue names (sqs-api/API_SetQueueAttributes, RedriveAllowPolicy).
 */
export const MAX_REDRIVE_SOURCES = 10;

/** Filter policies: keys, combinations of values, numbers and bytes (sns/subscription-filter-policy-constraints). */
export const MAX_FILTER_KEYS = 5;
export const MAX_FILTER_COMBINATIONS = 150;
export const MAX_FILTER_NUMBER = 1_000_000_000;
export const MAX_FILTER_BYTES = 262_144;

/** Visibility timeout: 12 hours at most, 30 seconds by default (sqs/sqs-visibility-timeout). */
export const MAX_VISIBILITY_SECONDS = 43_200;
export const DEFAULT_VISIBILITY_SECONDS = 30;

/** Retention: 60 seconds to 14 days, 4 days by default (sqs/quotas-messages). */
export const MIN_RETENTION_SECONDS = 60;
export const MAX_RETENTION_SECONDS = 1_209_600;
export const DEFAULT_RETENTION_SECONDS = 345_600;

/** SQS message size: 1 KiB to 1 MiB. 1 MiB is also the default and the limit of a whole batch (sqs/quotas-messages). */
export const MIN_MESSAGE_BYTES = 1_024;
export const MAX_MESSAGE_BYTES = 1_048_576;

/** Default SNS message size, also for a whole PublishBatch (sns/large-message-payloads). */
export const DEFAULT_TOPIC_MESSAGE_BYTES = 262_144;

/** Longest delay of a message and longest wait of a long poll (sqs/quotas-messages, sqs-api/API_ReceiveMessage). */
export const MAX_DELAY_SECONDS = 900;
export const MAX_WAIT_SECONDS = 20;

/** Highest `maxReceiveCount` of a redrive policy (sqs/sqs-configure-dead-letter-queue). */
export const MAX_RECEIVE_COUNT = 1_000;

/**
 * Maximum number of moves of one task per second (sqs-api/API_StartMessageMoveTask), and of tasks in one list
 * (sqs-api/API_ListMessageMoveTasks).
 */
export const MAX_MOVES_PER_SECOND = 500;
export const MAX_LISTED_MOVE_TASKS = 10;

/** How long a repeated `ReceiveRequestAttemptId` gets the same answer (sqs-api/API_ReceiveMessage). */
export const RECEIVE_ATTEMPT_WINDOW_MS = 5 * 60_000;

/**
 * The pause between two purges of a queue (sqs-api/API_PurgeQueue), and between deleting a queue and creating one with
 * the same name (sqs-api/API_CreateQueue).
 */
export const PURGE_PAUSE_MS = 60_000;
export const RECREATION_PAUSE_MS = 60_000;

/**
 * The time until a changed filter policy takes effect: up to 15 minutes on AWS
 * (sns/sns-subscription-filter-policies, 2026-11-29).
 */
export const FILTER_CHANGE_MINUTES = 15;

/** A day in milliseconds. */
export const MS_PER_DAY = 86_400_000;

/**
 * How long a topic's archive keeps messages, in days (sns/message-archiving-and-replay-topic-owner, 2026-11-30).
 */
export const MIN_ARCHIVE_DAYS = 1;
export const MAX_ARCHIVE_DAYS = 365;
