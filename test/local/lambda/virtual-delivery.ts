import type { InvokeResult } from '../../../local/lambda/invoke-result.ts';
import { createPause } from '../../../local/lambda/pause.ts';
import {
  type DeliveryOptions,
  deliver,
  type StreamFailure,
  type StreamRecord,
} from '../../../local/lambda/stream-batch.ts';

export const failure: InvokeResult = { ok: false, error: 'Unhandled', message: 'Error: broken' };
export const success: InvokeResult = { ok: true, payload: null };

/** The stream record of a change of item `a`. */
export function record(n: number, atSeconds = 1_000): StreamRecord {
  const SequenceNumber = String(n);
  return {
    eventID: SequenceNumber,
    eventName: 'INSERT',
    eventVersion: '1.1',
    eventSource: 'aws:dynamodb',
    awsRegion: 'us-east-1',
    dynamodb: {
      ApproximateCreationDateTime: atSeconds,
      Keys: { pk: { S: 'a' } },
      SequenceNumber,
      SizeBytes: 1,
      StreamViewType: 'NEW_AND_OLD_IMAGES',
    },
  };
}

/** Delivers records with a clock that only the back-off advances. */
export async function runDelivery(
  records: StreamRecord[],
  answer: (batch: string[]) => InvokeResult,
  options: Partial<DeliveryOptions>,
) {
  const batches: string[][] = [];
  const waits: number[] = [];
  const discarded: StreamFailure[] = [];
  let nowMs = 1_000_000;
  const pause = createPause(async (ms) => {
    waits.push(ms);
    nowMs += ms;
  });
  const delivery: DeliveryOptions = {
    streamArn: 'arn:stream',
    functionArn: 'arn:function',
    region: 'us-east-1',
    now: () => nowMs,
    onFailure: (each) => void discarded.push(each),
    async invoke({ Records }) {
      const batch = (Records as StreamRecord[]).map(({ dynamodb }) => dynamodb.SequenceNumber);
      batches.push(batch);
      return answer(batch);
    },
    ...options,
  };
  await deliver(records, 'shard', delivery, pause, () => false);
  return { batches, waits, discarded };
}
