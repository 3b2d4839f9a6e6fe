import type { InvokeResult } from './invoke-result.ts';

/** How a function's asynchronous invocations are retried. */
export interface AsyncConfiguration {
  /** Retries after an error of the function, 0 to 2. @default 2 */
  readonly maximumRetryAttempts?: number | undefined;
  /** The age in seconds at which an event is discarded, 60 to 21,600. @default 21600 */
  readonly maximumEventAgeSeconds?: number | undefined;
}

/** Lambda's queue of asynchronous invocations, which EventBridge and alarms use. */
export interface AsyncInvocations {
  /** Sets how a function's invocations are retried. Throws for a value that Lambda refuses. */
  configure(functionName: string, configuration: AsyncConfiguration): void;
  /** Invokes a function and retries in the background. Resolves with the result of the first attempt. */
  invoke(functionName: string, event: unknown): Promise<InvokeResult>;
  /** Discards all events that wait for a retry. */
  stop(): void;
}

export interface AsyncInvocationsOptions {
  readonly invoke: (functionName: string, event: unknown) => Promise<InvokeResult>;
  /** The length of a minute of the waits and ages, in milliseconds. */
  readonly minuteMs: number;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  /** Called when an event is discarded after a retry. */
  readonly onDiscard: (functionName: string, reason: string) => void;
  /** Starts a timer and returns a function that cancels it. @default - setTimeout that keeps no process alive */
  readonly setTimer?: (callback: () => void, delayMs: number) => () => void;
}

/** lambda/latest/api/API_PutFunctionEventInvokeConfig */
const MAX_RETRY_ATTEMPTS = 2;
const MIN_EVENT_AGE_SECONDS = 60;
const MAX_EVENT_AGE_SECONDS = 21_600;

/**
 * The waits before a retry. After an error of the function, there are two: before the first and before the second
 * retry. After a throttle, the wait doubles from the first to the longest
 * (lambda/latest/dg/invocation-async-error-handling).
 */
const ERROR_WAIT_MINUTES = [1, 2];
const FIRST_THROTTLE_MINUTES = 1 / 60;
const LONGEST_THROTTLE_MINUTES = 5;

/** Creates an empty queue. Functions without a configuration have Lambda's defaults. */
export function createAsyncInvocations(options: AsyncInvocationsOptions): AsyncInvocations {
  const { minuteMs, now, onDiscard, setTimer = quietTimer } = options;
  const configurations = new Map<string, AsyncConfiguration>();
  const waiting = new Set<() => void>();
  let isStopped = false;

  function retryLater(name: string, event: unknown, sinceMs: number, errors: number, throttles: number): void {
    const { maximumEventAgeSeconds = MAX_EVENT_AGE_SECONDS } = configurations.get(name) ?? {};
    const minutes =
      throttles > 0
        ? Math.min(FIRST_THROTTLE_MINUTES * 2 ** (throttles - 1), LONGEST_THROTTLE_MINUTES)
        : (ERROR_WAIT_MINUTES[errors - 1] ?? 0);
    const expiresAtMs = sinceMs + (maximumEventAgeSeconds / 60) * minuteMs;
    if (isStopped) return;
    if (now() + minutes * minuteMs > expiresAtMs) {
      onDiscard(name, 'the event is older than its maximum age');
      return;
    }
    const cancel = setTimer(() => {
      waiting.delete(cancel);
      void attempt(name, event, sinceMs, errors, throttles);
    }, minutes * minuteMs);
    waiting.add(cancel);
  }

  async function attempt(
    name: string,
    event: unknown,
    sinceMs: number,
    errors: number,
    throttles: number,
  ): Promise<InvokeResult> {
    const result = await options.invoke(name, event);
    const { maximumRetryAttempts = MAX_RETRY_ATTEMPTS } = configurations.get(name) ?? {};
    if (result.ok) return result;
    if (result.error === 'Throttled') retryLater(name, event, sinceMs, errors, throttles + 1);
    else if (errors < maximumRetryAttempts) retryLater(name, event, sinceMs, errors + 1, 0);
    else if (errors > 0) onDiscard(name, `the function failed ${errors + 1} times: ${result.message}`);
    return result;
  }

  return {
    configure(name, configuration) {
      checkRange('MaximumRetryAttempts', configuration.maximumRetryAttempts, 0, MAX_RETRY_ATTEMPTS);
      checkRange(
        'MaximumEventAgeInSeconds',
        configuration.maximumEventAgeSeconds,
        MIN_EVENT_AGE_SECONDS,
        MAX_EVENT_AGE_SECONDS,
      );
      configurations.set(name, configuration);
    },
    invoke: (name, event) => attempt(name, event, now(), 0, 0),
    stop() {
      isStopped = true;
      for (const cancel of waiting) cancel();
      waiting.clear();
    },
  };
}

function checkRange(name: string, value: number | undefined, min: number, max: number): void {
  if (value === undefined || (Number.isInteger(value) && value >= min && value <= max)) return;
  throw new RangeError(`${name} must be an integer from ${min} to ${max}. Given: ${value}.`);
}

function quietTimer(callback: () => void, delayMs: number): () => void {
  const timer = setTimeout(callback, delayMs);
  timer.unref();
  return () => clearTimeout(timer);
}
