import type { ReceivedMessage } from '../fifo/message.ts';
import type { Queue } from '../fifo/queue.ts';

/** One receive that may wait. */
export interface PollOptions {
  readonly queue: Queue;
  readonly maxMessages: number;
  readonly visibilityTimeoutSeconds: number | undefined;
  /** FIFO only: see `Queue.receive`. */
  readonly attemptId?: string | undefined;
  readonly waitMs: number;
  /** The queue's clock. */
  readonly now: () => number;
  /** Ends the wait, and nothing is received any more: the client is gone or the server closes. */
  readonly signal: AbortSignal;
}

/**
 * Receives messages, waiting up to `waitMs` for some. Wakes as soon as the queue has any; one that another poll was
 * faster to take leaves this one waiting for the rest of its time.
 */
export function receiveWithin(options: PollOptions): Promise<readonly ReceivedMessage[]> {
  const { queue, maxMessages, visibilityTimeoutSeconds, attemptId, waitMs, now, signal } = options;
  const receive = (): ReceivedMessage[] => queue.receive(maxMessages, visibilityTimeoutSeconds, attemptId);
  const atOnce = signal.aborted ? [] : receive();
  if (atOnce.length > 0 || waitMs <= 0 || signal.aborted) return Promise.resolve(atOnce);

  return new Promise((resolve) => {
    let timer: NodeJS.Timeout | undefined;
    let isDone = false;
    let isScheduled = false;
    const end = (): void => finish([]);
    const deadline = setTimeout(end, waitMs);
    const stops = [queue.onAvailable(schedule), queue.onRescheduled(schedule)];
    signal.addEventListener('abort', end);
    setTimer();

    function finish(messages: readonly ReceivedMessage[]): void {
      if (isDone) return;
      isDone = true;
      clearTimeout(deadline);
      clearTimeout(timer);
      for (const stop of stops) stop();
      signal.removeEventListener('abort', end);
      resolve(messages);
    }

    /** After the operation that woke it, so that all messages of a batch are there. */
    function schedule(): void {
      if (isScheduled) return;
      isScheduled = true;
      queueMicrotask(attempt);
    }

    function attempt(): void {
      isScheduled = false;
      if (isDone) return;
      const messages = receive();
      if (messages.length > 0) finish(messages);
      else setTimer();
    }

    function setTimer(): void {
      clearTimeout(timer);
      const atMs = queue.nextVisibleAt();
      if (atMs !== undefined) timer = setTimeout(attempt, Math.max(1, atMs - now()));
    }
  });
}
