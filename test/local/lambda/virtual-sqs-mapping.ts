import type { SQSEvent } from 'aws-lambda';
import type { FunctionRoom } from '../../../local/lambda/function-pool.ts';
import type { InvokeResult } from '../../../local/lambda/invoke-result.ts';
import { startSqsMapping } from '../../../local/lambda/sqs-mapping.ts';
import { virtualAccount } from '../fifo/virtual-account.ts';

export const SUCCESS: InvokeResult = { ok: true, payload: null };
export const THROTTLED: InvokeResult = { ok: false, error: 'Throttled', message: 'Rate exceeded' };

/** Waits until the callbacks of settled promises have run. */
export async function flush(): Promise<void> {
  for (let turn = 0; turn < 20; turn += 1) await Promise.resolve();
}

/** A queue and a mapping in virtual time. The test answers the mapping's invocations. */
export function virtualMapping(
  options: {
    batchSize?: number;
    maximumConcurrency?: number;
    reportBatchItemFailures?: boolean;
    room?: FunctionRoom;
  } = {},
) {
  const { fifoQueue, clock } = virtualAccount();
  const queue = fifoQueue('q.fifo');
  const invocations: { event: SQSEvent; answer: (result: InvokeResult) => Promise<void> }[] = [];
  const timers: { atMs: number; callback: () => void }[] = [];
  const failures: string[] = [];
  const start = () =>
    startSqsMapping({
      queue,
      functionArn: 'arn:aws:lambda:eu-central-1:000000000000:function:project',
      ...options,
      invoke: (event) =>
        new Promise((resolve) => {
          const answer = (result: InvokeResult) => {
            resolve(result);
            return flush();
          };
          invocations.push({ event, answer });
        }),
      now: () => clock.ms,
      region: 'eu-central-1',
      setTimer(callback, delayMs) {
        const timer = { atMs: clock.ms + delayMs, callback };
        timers.push(timer);
        return () => void (timers.includes(timer) && timers.splice(timers.indexOf(timer), 1));
      },
      onFailure: (reason) => failures.push(reason),
    });
  const advance = async (ms: number): Promise<void> => {
    clock.ms += ms;
    for (const timer of timers.splice(0)) {
      if (timer.atMs <= clock.ms) timer.callback();
      else timers.push(timer);
    }
    await flush();
  };
  const bodiesOf = (at: number): string[] => invocations[at]?.event.Records.map(({ body }) => body) ?? [];
  const idOf = (at: number, record: number): string => invocations[at]?.event.Records[record]?.messageId ?? '';
  return { queue, start, invocations, failures, advance, bodiesOf, idOf, timers };
}
