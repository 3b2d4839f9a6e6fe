import type { SQSEvent } from 'aws-lambda';
import { MessagingError } from '../fifo/errors.ts';
import type { ReceivedMessage } from '../fifo/message.ts';
import type { Queue } from '../fifo/queue.ts';
import type { FunctionRoom } from './function-pool.ts';
import type { InvokeResult } from './invoke-result.ts';
import { failedMessageIds, toSqsEvent } from './sqs-batch.ts';

/** Largest batch of a FIFO queue (docs.aws.amazon.com/lambda/latest/dg/services-sqs-parameters.html). */
const MAX_BATCH_SIZE = 10;

/** The range of MaximumConcurrency (docs.aws.amazon.com/lambda/latest/dg/services-sqs-scaling.html). */
const MIN_CONCURRENCY = 2;
const MAX_CONCURRENCY = 1_000;

/** The pause before a throttled invocation is retried. It doubles from the first value up to the longest. */
const FIRST_RETRY_MS = 100;
const LONGEST_RETRY_MS = 5_000;

/** The configuration of an event source mapping, and the queue and function that it connects. */
export interface SqsMappingOptions {
  readonly queue: Queue;
  readonly functionArn: string;
  /** 1 to 10. @default 10 */
  readonly batchSize?: number;
  /** The maximum number of concurrent invocations, 2 to 1000. @default 1000 */
  readonly maximumConcurrency?: number;
  /** Whether the function's response reports the failed messages. @default false */
  readonly reportBatchItemFailures?: boolean;
  readonly invoke: (event: SQSEvent) => Promise<InvokeResult>;
  /** Messages stay in the queue while the function has no room. @default - the function always has room */
  readonly room?: FunctionRoom;
  /** The queue's clock, in milliseconds since the epoch. */
  readonly now: () => number;
  readonly region: string;
  /** Starts a timer and returns a function that cancels it. @default setTimeout */
  readonly setTimer?: (callback: () => void, delayMs: number) => () => void;
  /**
   * Called with the reason why messages stay in the queue: a failed function, a malformed response, an expired handle.
   */
  readonly onFailure?: (reason: string) => void;
  /** Called for each request to the queue that AWS would bill, except receives without messages. */
  readonly onRequest?: (
    operation: 'ReceiveMessage' | 'DeleteMessageBatch',
    messages: readonly ReceivedMessage[],
  ) => void;
}

/** A running event source mapping. */
export interface SqsMapping {
  readonly functionArn: string;
  readonly queueArn: string;
  /** The number of running invocations. */
  readonly inFlight: number;
  /** Stops receiving. Resolves when the running invocations have ended. */
  stop(): Promise<void>;
}

function realTimer(callback: () => void, delayMs: number): () => void {
  const timer = setTimeout(callback, delayMs);
  return () => clearTimeout(timer);
}

/**
 * Invokes a function with the messages of a queue, by the rules of a Lambda event source mapping
 * (docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html). The number of concurrent invocations is
 * limited by the number of groups with messages and by the maximum concurrency. Messages are deleted after the
 * invocation has returned. If the invocation fails or reports a message as failed, the message stays invisible until
 * its visibility timeout ends, unless the function changed the timeout. A throttled invocation is retried with back-off
 * until shortly before the visibility timeout ends; then the messages return to the queue. AWS also lowers the
 * concurrency after errors, which is not emulated.
 */
export function startSqsMapping(options: SqsMappingOptions): SqsMapping {
  const { queue, functionArn, batchSize = MAX_BATCH_SIZE, maximumConcurrency = MAX_CONCURRENCY } = options;
  const { setTimer = realTimer, now, room } = options;
  checkRange('batchSize', batchSize, 1, MAX_BATCH_SIZE);
  checkRange('maximumConcurrency', maximumConcurrency, MIN_CONCURRENCY, MAX_CONCURRENCY);
  let inFlight = 0;
  let isScheduled = false;
  let isStopped = false;
  let cancelTimer = (): void => {};
  const pauses = new Set<() => void>();
  let onIdle = (): void => {};
  const stops = [queue.onAvailable(schedule), queue.onRescheduled(rearm), room?.onRoom(schedule) ?? (() => {})];
  const mayReceive = (): boolean => !isStopped && inFlight < maximumConcurrency && (room?.hasRoom() ?? true);
  schedule();

  /**
   * Receives only after the operation that made messages available has ended, so that it gets a whole batch of them.
   */
  function schedule(): void {
    if (isScheduled || isStopped) return;
    isScheduled = true;
    queueMicrotask(poll);
  }

  function poll(): void {
    isScheduled = false;
    while (mayReceive()) {
      const messages = queue.receive(batchSize);
      if (messages.length === 0) break;
      options.onRequest?.('ReceiveMessage', messages);
      void run(messages);
    }
    rearm();
  }

  function rearm(): void {
    cancelTimer();
    const atMs = queue.nextVisibleAt();
    if (atMs === undefined || !mayReceive()) return;
    cancelTimer = setTimer(schedule, Math.max(1, atMs - now()));
  }

  async function run(messages: readonly ReceivedMessage[]): Promise<void> {
    inFlight += 1;
    const untilMs = now() + queue.settings().visibilityTimeoutSeconds * 1000;
    const result = await invokeUntil(untilMs, toSqsEvent(messages, queue.arn, options.region));
    settle(messages, result, options);
    inFlight -= 1;
    if (inFlight === 0) onIdle();
    schedule();
  }

  /** Invokes the function. If it is throttled, retries after a pause, as long as the batch stays invisible. */
  async function invokeUntil(untilMs: number, event: SQSEvent): Promise<InvokeResult> {
    for (let pauseMs = FIRST_RETRY_MS; ; pauseMs = Math.min(2 * pauseMs, LONGEST_RETRY_MS)) {
      const result = await invokeOnce(event, options);
      const isRetried = !result.ok && result.error === 'Throttled' && now() + pauseMs < untilMs;
      if (isStopped || !isRetried) return result;
      await pause(pauseMs);
      if (isStopped) return result;
    }
  }

  function pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const end = (): void => {
        cancel();
        pauses.delete(end);
        resolve();
      };
      const cancel = setTimer(end, ms);
      pauses.add(end);
    });
  }

  return {
    functionArn,
    queueArn: queue.arn,
    get inFlight() {
      return inFlight;
    },
    stop() {
      isStopped = true;
      cancelTimer();
      for (const end of [...stops, ...pauses]) end();
      if (inFlight === 0) return Promise.resolve();
      return new Promise((resolve) => {
        const before = onIdle;
        onIdle = () => {
          before();
          resolve();
        };
      });
    },
  };
}

function checkRange(option: string, value: number, min: number, max: number): void {
  if (Number.isInteger(value) && value >= min && value <= max) return;
  throw new RangeError(`${option} must be an integer from ${min} to ${max}. Given: ${value}.`);
}

/** The host rejects only for a bug or an unknown function. The mapping treats this as a failed invocation. */
async function invokeOnce(event: SQSEvent, options: SqsMappingOptions): Promise<InvokeResult> {
  try {
    return await options.invoke(event);
  } catch (error) {
    return { ok: false, error: 'Unhandled', message: String(error) };
  }
}

/** Deletes the messages that succeeded. The other messages stay in the queue. */
function settle(messages: readonly ReceivedMessage[], result: InvokeResult, options: SqsMappingOptions): void {
  const { queue, functionArn, reportBatchItemFailures = false, onFailure } = options;
  if (!result.ok) {
    onFailure?.(`${functionArn}: ${result.error}: ${result.message}`);
    return;
  }
  const failed = reportBatchItemFailures ? failedMessageIds(result.payload, messages) : new Set<string>();
  if (failed === 'malformed') {
    onFailure?.(`${functionArn}: malformed partial batch response: ${JSON.stringify(result.payload)}`);
    return;
  }
  const done = messages.filter(({ messageId }) => !failed.has(messageId));
  if (done.length > 0) options.onRequest?.('DeleteMessageBatch', []);
  for (const { messageId, receiptHandle } of done) {
    try {
      queue.delete(receiptHandle);
    } catch (error) {
      if (!(error instanceof MessagingError)) throw error;
      onFailure?.(`${functionArn}: message ${messageId} was processed but not deleted: ${error.message}`);
    }
  }
}
