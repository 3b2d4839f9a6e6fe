import type { ReceivedMessage } from '../fifo/message.ts';
import type { Queue } from '../fifo/queue.ts';

/** A receive that may wait for messages. */
export interface PollOptions {
  readonly queue: Queue;
  readonly maxMessages: number;
  readonly visibilityTimeoutSeconds: number | undefined;
  /** FIFO queues only, see `Queue.receive`. */
  readonly attemptId?: string | undefined;
  readonly waitMs: number;
  /** The queue's clock. */
  readonly now: () => number;
  /** Ends the wait without a receive: the client disconnected or the server closes. */
  readonly signal: AbortSignal;
}

/**
 * Receives messages, and waits up to `waitMs` if there are none. The poll wakes as soon as the queue has messages. If
 * another poll takes them first, it waits for the rest of its time.
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

    /**
     * Receives only after the operation that made messages available has ended, so that it gets a whole batch of them.
     */
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
