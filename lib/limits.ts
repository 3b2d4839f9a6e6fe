import { Duration } from 'aws-cdk-lib';

/** Every AWS limit that the constructs rely on, each with its page, looked up 2026-11-23. */
export const LIMITS = {
  /** A queue's visibility time-out is at least this many function time-outs (lambda/services-sqs-configure). */
  visibilityPerFunctionTimeout: 6,
  /** Records an SQS FIFO mapping hands to one invocation, at most (lambda/services-sqs-configure). */
  fifoBatchSize: 10,
  /** Receives before a queue moves a message to its dead-letter queue, at most (sqs/API_SetQueueAttributes, RedrivePolicy). */
  maxMaxReceiveCount: 1000,
  /** Receives before a mapping's queue moves a message to its dead-letter queue, at least (lambda/services-sqs-configure). */
  minMaxReceiveCount: 5,
  /** A queue's visibility time-out and retention where none is given (sqs/quotas-messages, 2026-11-25). */
  defaultVisibility: Duration.seconds(30),
  defaultRetention: Duration.days(4),
  /** A function's time-out where none is given (lambda/configuration-timeout, 2026-11-25). */
  defaultFunctionTimeout: Duration.seconds(3),
  /** Longest retention of a queue (sqs/quotas-messages, 2026-11-25). */
  maxRetention: Duration.days(14),
  /** Principals in a queue's policy (sqs/quotas-policies, 2026-11-25). */
  maxQueuePolicyPrincipals: 50,
  /** Largest SQS message, 1 MiB (sqs/quotas-messages). */
  maxMessageBytes: 1024 * 1024,
  /** Largest message of a topic unless it is raised (sns/large-message-payloads). */
  topicMessageBytes: 256 * 1024,
  /** Messages of a FIFO queue that a receive looks at for the next group: beyond them others are hidden (sqs/quotas-fifo). */
  fifoLookAhead: 120_000,
  /** Shortest interval of a rule (eb/eb-scheduled-rule-pattern). */
  minScheduleInterval: Duration.minutes(1),
  /** How long a stream keeps a record (ddb/Streams). */
  streamRetention: Duration.hours(24),
  /** Processes that read a stream's shard at once, at most (ddb/Streams). */
  streamReaders: 2,
  /** Lowest and highest maximum concurrency of an SQS mapping (lambda/services-sqs-scaling). */
  minMappingConcurrency: 2,
  maxMappingConcurrency: 1000,
  /** Pollers of a mapping in provisioned mode: 2 to 200 at least, 2 to 2,000 at most (lambda/services-sqs-scaling, 2026-11-25). */
  minPollers: 2,
  maxMinimumPollers: 200,
  maxPollers: 2000,
} as const;
