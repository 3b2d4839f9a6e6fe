import { Duration, Stack } from 'aws-cdk-lib';
import type { Table } from 'aws-cdk-lib/aws-dynamodb';
import type { IFunction, Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda';
import type { Queue } from 'aws-cdk-lib/aws-sqs';
import type { Construct } from 'constructs';
import { dataProtection } from './data-protection.ts';
import { CONTROL_INTERVAL, grantMetrics } from './flow-control.ts';
import { freshetFunction } from './freshet-function.ts';
import { grantStaleness } from './grant-staleness.ts';
import { LIMITS } from './limits.ts';
import {
  DEFAULT_CHECK_EVERY,
  DEFAULT_NEWER_SCHEMA_WAIT,
  DEFAULT_TOMBSTONE_LIFE,
  type LocalCacheProps,
  TOMBSTONE_MARGIN,
} from './local-cache-props.ts';
import { REPAIR_TIMEOUT } from './parking.ts';
import { grantSend, grantTable } from './protected-resources.ts';
import { mapQueue } from './queue-source.ts';
import { DEFAULT_BUDGET } from './retry-budget.ts';
import { runOnSchedule } from './scheduled.ts';

/** Timeout of the projector for one batch. */
export const FUNCTION_TIMEOUT = Duration.seconds(20);

const REPORT_TIMEOUT = Duration.seconds(30);
const DEFAULT_CONCURRENCY = 10;

/** The tables and queues that a cache's functions use, each as in `LocalCache`. */
interface CacheResources {
  readonly table: Table;
  readonly queue: Queue;
  readonly parkingTable: Table;
  readonly deadLetterQueue: Queue;
  readonly subscriptionDeadLetterQueue: Queue;
  readonly gapQueue: Queue;
  readonly pageQueue: Queue;
}

type CacheParts = Construct & CacheResources;

/** Adds the function that applies the queue's events to the cache. */
export function addProjector(cache: CacheParts, props: LocalCacheProps): LambdaFunction {
  const projector = freshetFunction(cache, 'Projector', {
    entry: 'projector',
    boundary: props.boundary,
    description: `Applies changes to the local cache of ${props.boundary.name}`,
    timeout: FUNCTION_TIMEOUT,
    memorySize: 512,
    environment: environment(cache, props),
    ...dataProtection(props),
  });
  grantTable(cache.table, projector, 'GetItem', 'PutItem', 'UpdateItem');
  grantTable(cache.parkingTable, projector, 'PutItem', 'UpdateItem', 'DeleteItem');
  for (const queue of [cache.gapQueue, cache.pageQueue]) grantSend(queue, projector);
  mapQueue(projector, 'Queue', cache.queue, { batchSize: LIMITS.fifoBatchSize, ...scaling(props) });
  return projector;
}

/**
 * Adds the function that closes gaps, treats dead letters, fills and checks the cache, and carries out an operator's
 * repairs. It writes the cache by the projector's rules and conditions.
 */
export function addRepair(cache: CacheParts, props: LocalCacheProps): LambdaFunction {
  const { boundary, sources } = props;
  const resyncQueues = sources.map((source) => [source.boundary.name, source.resyncQueue.queueUrl]);
  const repair = freshetFunction(cache, 'Repair', {
    entry: 'cache-repair',
    boundary,
    description: `Repairs the local cache of ${boundary.name}`,
    timeout: REPAIR_TIMEOUT,
    memorySize: 512,
    environment: {
      ...environment(cache, props),
      GAP_QUEUE_ARN: cache.gapQueue.queueArn,
      DEAD_LETTER_QUEUE_ARN: cache.deadLetterQueue.queueArn,
      PAGE_QUEUE_ARN: cache.pageQueue.queueArn,
      INTERVAL_SECONDS: String(CONTROL_INTERVAL.toSeconds()),
      CHECK_EVERY_SECONDS: checkEverySeconds(props),
      RESYNC_QUEUES: Stack.of(cache).toJsonString(Object.fromEntries(resyncQueues)),
      ...reportEnvironment(cache, props),
    },
    ...dataProtection(props),
  });
  grantTable(cache.table, repair, 'GetItem', 'PutItem', 'UpdateItem', 'Query');
  const parking = ['GetItem', 'PutItem', 'UpdateItem', 'DeleteItem', 'Query', 'BatchWriteItem'];
  grantTable(cache.parkingTable, repair, ...parking);
  for (const queue of [cache.gapQueue, cache.pageQueue]) grantSend(queue, repair);
  cache.queue.grant(repair, 'sqs:GetQueueAttributes');
  for (const { resyncQueue, reportQueue } of sources)
    for (const queue of [resyncQueue, reportQueue]) grantSend(queue, repair);
  for (const queue of repairQueues(cache)) mapQueue(repair, queue.node.id, queue, { maxConcurrency: 2 });
  // One page may need thousands of requests.
  mapQueue(repair, cache.pageQueue.node.id, cache.pageQueue, { maxConcurrency: 2, batchSize: 1 });
  return repair;
}

/** Adds the function that measures the queue once per control interval and sends a report to each owner. */
export function addReport(
  cache: CacheParts & { readonly projector: IFunction },
  props: LocalCacheProps,
): LambdaFunction {
  const { boundary, sources } = props;
  const report = freshetFunction(cache, 'Report', {
    entry: 'cache-report',
    boundary,
    description: `Reports how far the local cache of ${boundary.name} lags`,
    timeout: REPORT_TIMEOUT,
    memorySize: 256,
    environment: {
      CACHE_TABLE: cache.table.tableName,
      PARKING_TABLE: cache.parkingTable.tableName,
      QUEUE_URL: cache.queue.queueUrl,
      PROJECTOR: cache.projector.functionName,
      INTERVAL_SECONDS: String(CONTROL_INTERVAL.toSeconds()),
      PAGE_QUEUE_URL: cache.pageQueue.queueUrl,
      CHECK_EVERY_SECONDS: checkEverySeconds(props),
      ...reportEnvironment(cache, props),
    },
    ...dataProtection(props),
  });
  grantTable(cache.table, report, 'GetItem');
  grantStaleness(report, cache.table);
  grantTable(cache.parkingTable, report, 'Scan');
  for (const queue of [cache.queue, ...repairQueues(cache)]) queue.grant(report, 'sqs:GetQueueAttributes');
  grantMetrics(report);
  grantSend(cache.pageQueue, report);
  for (const { reportQueue } of sources) grantSend(reportQueue, report);
  runOnSchedule(cache, 'ReportSchedule', report, CONTROL_INTERVAL, { afterDeployment: true });
  return report;
}

/** Returns the environment variables that the report and the repair function share. */
function reportEnvironment(cache: CacheParts, { sources }: LocalCacheProps) {
  const reportQueues = sources.map(({ boundary, reportQueue }) => [boundary.name, reportQueue.queueUrl]);
  return {
    REPAIR_QUEUE_URLS: Stack.of(cache).toJsonString(repairQueues(cache).map(({ queueUrl }) => queueUrl)),
    REPORT_QUEUES: Stack.of(cache).toJsonString(Object.fromEntries(reportQueues)),
  };
}

/** Returns the queues of messages that left the queue of events without an outcome. */
function repairQueues({ gapQueue, deadLetterQueue, subscriptionDeadLetterQueue }: CacheParts): readonly Queue[] {
  return [gapQueue, deadLetterQueue, subscriptionDeadLetterQueue];
}

/** Returns the environment variables that the projector and the repair function share. */
function environment(cache: CacheParts, props: LocalCacheProps) {
  const {
    tombstoneLife = DEFAULT_TOMBSTONE_LIFE,
    maxEventAge,
    retryBudget,
    newerSchemaWait = DEFAULT_NEWER_SCHEMA_WAIT,
  } = props;
  const { attempts, age } = retryBudget ?? DEFAULT_BUDGET;
  return {
    CACHE_TABLE: cache.table.tableName,
    PARKING_TABLE: cache.parkingTable.tableName,
    QUEUE_URL: cache.queue.queueUrl,
    GAP_QUEUE_URL: cache.gapQueue.queueUrl,
    PAGE_QUEUE_URL: cache.pageQueue.queueUrl,
    TOMBSTONE_LIFE_SECONDS: String(tombstoneLife.toSeconds()),
    MAX_EVENT_AGE_SECONDS: String((maxEventAge ?? tombstoneLife.minus(TOMBSTONE_MARGIN)).toSeconds()),
    RETRY_ATTEMPTS: String(attempts),
    RETRY_AGE_SECONDS: String(age.toSeconds()),
    NEWER_SCHEMA_WAIT_SECONDS: String(newerSchemaWait.toSeconds()),
  };
}

/**
 * Returns how the mapping scales: with provisioned pollers or with a maximum concurrency. Lambda doesn't accept both
 * (lambda/services-sqs-scaling).
 */
function scaling({ maxConcurrency, provisionedPollers }: LocalCacheProps) {
  if (provisionedPollers === undefined) return { maxConcurrency: maxConcurrency ?? DEFAULT_CONCURRENCY };
  const { minimum, maximum } = provisionedPollers;
  return { provisionedPollerConfig: { minimumPollers: minimum, maximumPollers: maximum } };
}

function checkEverySeconds({ checkEvery = DEFAULT_CHECK_EVERY }: LocalCacheProps): string {
  return String(checkEvery === 'on-request' ? 0 : checkEvery.toSeconds());
}
