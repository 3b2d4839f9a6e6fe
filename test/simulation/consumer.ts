import type { SQSEvent } from 'aws-lambda';
import type { Queue } from '../../local/fifo/queue.ts';
import { startSqsMapping } from '../../local/lambda/sqs-mapping.ts';
import type { FunctionOptions, Invocation } from './invocations.ts';
import { random } from './random.ts';
import type { World } from './world.ts';

/** Probabilities that a standard queue delivers a batch twice, and that it delivers a message late. */
const TWICE = 0.03;
const LATE = 0.03;

/** Longest time after which a batch is delivered a second time, or by which a message is late. */
const LONGEST_REPETITION_MS = 60_000;
const LONGEST_DELAY_SECONDS = 400;

/**
 * Invokes a function with the messages of a queue.
 *
 * @param isRepeated whether the queue delivers some batches twice, as a standard queue may
 */
export function startConsumer(
  { seed, scheduler, functions, faults }: World,
  queue: Queue,
  functionArn: string,
  options: FunctionOptions,
  isRepeated: boolean,
  handle: (invocation: Invocation, event: SQSEvent) => Promise<unknown>,
): void {
  const draws = random(seed, `consumer ${queue.name}`);
  startSqsMapping({
    reportBatchItemFailures: true,
    now: scheduler.nowMs,
    region: 'eu-central-1',
    setTimer: (callback, delayMs) => scheduler.after(delayMs, callback),
    queue,
    functionArn,
    maximumConcurrency: 2,
    invoke(event) {
      const invoke = () => functions.invoke(options, (invocation) => handle(invocation, event));
      if (isRepeated && faults.happens('deliveredTwice', TWICE)) {
        faults.count('deliveredTwice');
        scheduler.after(draws.between(0, LONGEST_REPETITION_MS), invoke);
      }
      return invoke();
    },
  });
}

/** From when to when late messages of a queue wait, epoch milliseconds. The queue takes them for delayed ones. */
const lateIn = new WeakMap<Queue, { readonly fromMs: number; readonly untilMs: number }[]>();

/** Sends a message to a standard queue, which may deliver it late. */
export function sendTo({ seed, faults, scheduler }: World, queue: Queue, body: string, delaySeconds = 0): void {
  const isLate = faults.happens('deliveredLate', LATE);
  const lateSeconds = isLate ? random(seed, body).between(1, LONGEST_DELAY_SECONDS) : 0;
  const sentAfterSeconds = Math.min(900, delaySeconds + lateSeconds);
  queue.send({ body, delaySeconds: sentAfterSeconds });
  if (!isLate) return;
  faults.count('deliveredLate');
  const nowMs = scheduler.nowMs();
  const late = { fromMs: nowMs + delaySeconds * 1000, untilMs: nowMs + sentAfterSeconds * 1000 };
  lateIn.set(queue, [...(lateIn.get(queue) ?? []), late]);
}

/** Number of visible and in-flight messages, as SQS counts them: a message that is delivered late is visible. */
export function undelayed({ scheduler }: World, queue: Queue): number {
  const { visible, inFlight } = queue.counts();
  const nowMs = scheduler.nowMs();
  const late = (lateIn.get(queue) ?? []).filter(({ fromMs, untilMs }) => fromMs <= nowMs && nowMs < untilMs);
  return visible + inFlight + late.length;
}
