import { Duration } from 'aws-cdk-lib';

/** Every AWS limit that the constructs rely on, each with the page that states it, read on 2026-11-23 unless noted. */
export const LIMITS = {
  /** A queue's visibility timeout should be at least this many function timeouts (lambda/services-sqs-configure). */
  visibilityPerFunctionTimeout: 6,
  /** Most records that an SQS FIFO mapping passes to one invocation (lambda/services-sqs-configure). */
  fifoBatchSize: 10,
  /**
   * Highest number of receives before a queue moves a message to its DLQ (sqs/API_SetQueueAttributes, RedrivePolicy).
   */
  maxMaxReceiveCount: 1000,
  /** Lowest number of receives before a mapping's queue moves a message to its DLQ (lambda/services-sqs-configure). */
  minMaxReceiveCount: 5,
  /** A queue's visibility timeout and retention if they aren't set (sqs/quotas-messages, 2026-11-25). */
  defaultVisibility: Duration.seconds(30),
  defaultRetention: Duration.days(4),
  /** A function's timeout if it isn't set (lambda/configuration-timeout, 2026-11-25). */
  defaultFunctionTimeout: Duration.seconds(3),
  /** Longest retention of a queue (sqs/quotas-messages, 2026-11-25). */
  maxRetention: Duration.days(14),
  /** Most statements, principals, conditions and bytes in a queue's policy (sqs/quotas-policies, 2026-11-29). */
  maxQueuePolicyStatements: 20,
  maxQueuePolicyPrincipals: 50,
  maxQueuePolicyConditions: 10,
  maxQueuePolicyBytes: 8192,
  /**
   * Most keys of a subscription's filter policy, and most combinations of their values: the product of the numbers of
   * values (sns/subscription-filter-policy-constraints, 2026-11-29).
   */
  maxFilterKeys: 5,
  maxFilterCombinations: 150,
  /** Most resources and outputs of a stack (cfn/cloudformation-limits, 2026-11-29). */
  maxStackResources: 500,
  maxStackOutputs: 200,
  /** Most widgets of a dashboard, metrics of a widget and metrics of a dashboard (cw/cloudwatch_limits, 2026-11-29). */
  maxDashboardWidgets: 500,
  maxWidgetMetrics: 500,
  maxDashboardMetrics: 2500,
  /** Largest SQS message, 1 MiB (sqs/quotas-messages). */
  maxMessageBytes: 1024 * 1024,
  /** Largest message of a topic whose limit isn't raised, 256 KiB (sns/large-message-payloads). */
  topicMessageBytes: 256 * 1024,
  /** Messages in which a FIFO queue looks for a group to deliver. Groups beyond them are hidden (sqs/quotas-fifo). */
  fifoLookAhead: 120_000,
  /** Shortest interval of a scheduled rule (eb/eb-scheduled-rule-pattern). */
  minScheduleInterval: Duration.minutes(1),
  /** How long a stream keeps a record (ddb/Streams). */
  streamRetention: Duration.hours(24),
  /** Most processes that read a stream's shard at the same time (ddb/Streams). */
  streamReaders: 2,
  /** Lowest and highest maximum concurrency of an SQS mapping (lambda/services-sqs-scaling). */
  minMappingConcurrency: 2,
  maxMappingConcurrency: 1000,
  /**
   * Pollers of a mapping in provisioned mode: the minimum is 2 to 200, the maximum 2 to 2,000
   * (lambda/services-sqs-scaling, 2026-11-25).
   */
  minPollers: 2,
  maxMinimumPollers: 200,
  maxPollers: 2000,
} as const;
