// Limits and defaults of SQS and SNS, looked up 2026-11-23. `sqs/X` and `sns/X` are pages of the developer guides
// (docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/X and docs.aws.amazon.com/sns/latest/dg/X),
// `sqs-api/X` of the SQS API reference.

/** How long a deduplication id is remembered (sqs/FIFO-key-terms, sns/fifo-message-dedup). */
export const DEDUPLICATION_WINDOW_MS = 5 * 60_000;

/** Entries in one batch request (sqs/quotas-messages, sns/sns-batch-api-actions). */
export const MAX_BATCH_ENTRIES = 10;

/** Messages in one receive (sqs-api/API_ReceiveMessage). */
export const MAX_RECEIVED = 10;

/** Messages in flight on one queue; a FIFO queue at the limit gives no more and no error (sqs/quotas-fifo). */
export const MAX_IN_FLIGHT = 120_000;

/** Attributes of one SQS message (sqs/quotas-messages). */
export const MAX_MESSAGE_ATTRIBUTES = 10;

/** Visibility timeout: 12 hours at most, 30 seconds by default (sqs/sqs-visibility-timeout). */
export const MAX_VISIBILITY_SECONDS = 43_200;
export const DEFAULT_VISIBILITY_SECONDS = 30;

/** Retention: 60 seconds to 14 days, 4 days by default (sqs/quotas-messages). */
export const MIN_RETENTION_SECONDS = 60;
export const MAX_RETENTION_SECONDS = 1_209_600;
export const DEFAULT_RETENTION_SECONDS = 345_600;

/** SQS message size: 1 KiB to 1 MiB, which is the default and the limit of a whole batch (sqs/quotas-messages). */
export const MIN_MESSAGE_BYTES = 1_024;
export const MAX_MESSAGE_BYTES = 1_048_576;

/** SNS message size by default; also the limit of a whole PublishBatch unless raised (sns/large-message-payloads). */
export const DEFAULT_TOPIC_MESSAGE_BYTES = 262_144;

/** Delay of a message, and wait of a long poll, in seconds (sqs/quotas-messages, sqs-api/API_ReceiveMessage). */
export const MAX_DELAY_SECONDS = 900;
export const MAX_WAIT_SECONDS = 20;

/** `maxReceiveCount` of a redrive policy (sqs/sqs-configure-dead-letter-queue). */
export const MAX_RECEIVE_COUNT = 1_000;

/** Moves of one task in a second (sqs-api/API_StartMessageMoveTask), and tasks in one list (sqs-api/API_ListMessageMoveTasks). */
export const MAX_MOVES_PER_SECOND = 500;
export const MAX_LISTED_MOVE_TASKS = 10;

/** How long the answer to a `ReceiveRequestAttemptId` can be had again (sqs-api/API_ReceiveMessage). */
export const RECEIVE_ATTEMPT_WINDOW_MS = 5 * 60_000;

/** Between two purges of a queue (sqs-api/API_PurgeQueue); from deleting a queue to making one of its name (sqs-api/API_CreateQueue). */
export const PURGE_PAUSE_MS = 60_000;
export const RECREATION_PAUSE_MS = 60_000;
