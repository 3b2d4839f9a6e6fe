import type { SQSBatchResponse, SQSEvent, SQSRecord } from 'aws-lambda';
import { vi } from 'vitest';
import type { LocalCloud } from '../../local/cloud.ts';
import type { InvokeResult } from '../../local/lambda/invoke-result.ts';

/** One delivery of a message to an invocation. */
export interface Delivery {
  readonly functionName: string;
  /** The number of the invocation. It grows with each invocation. */
  readonly invocation: number;
  readonly messageId: string;
  readonly group: string;
  readonly body: string;
  /** How often the queue delivered the message, this time included. */
  readonly receiveCount: number;
  /** The result of the invocation; undefined while it runs. */
  result: InvokeResult | undefined;
  /** Whether the invocation ended without returning the message. */
  isSettled: boolean;
  /** When the invocation ended, by the process's monotonic clock. */
  endedAtMs: number | undefined;
}

/** Every delivery of a queue's message to a function, in the order of the invocations. */
export interface Ledger {
  readonly deliveries: readonly Delivery[];
  /** The deliveries to one function. */
  of(functionName: string): Delivery[];
}

/**
 * Records the messages that functions receive and their answers.
 *
 * @param isLost whether a message never reaches the function although the queue counts it as settled
 */
export function keepLedger(
  cloud: LocalCloud,
  isLost: (functionName: string, record: SQSRecord) => boolean = () => false,
): Ledger {
  const { invoke } = cloud.functions;
  const deliveries: Delivery[] = [];
  let invocations = 0;
  vi.spyOn(cloud.functions, 'invoke').mockImplementation(async (functionName, event, kill) => {
    const records = recordsOf(event);
    if (records === undefined) return invoke(functionName, event, kill);
    invocations += 1;
    const kept = records.filter((record) => !isLost(functionName, record));
    const own = kept.map((record) => opened(functionName, invocations, record));
    deliveries.push(...own);
    if (kept.length === 0) return { ok: true, payload: { batchItemFailures: [] } };
    const result = await invoke(functionName, { Records: kept }, kill);
    const failed = returned(result);
    const endedAtMs = performance.now();
    for (const delivery of own) {
      Object.assign(delivery, { result, endedAtMs, isSettled: result.ok && !failed.has(delivery.messageId) });
    }
    return result;
  });
  return { deliveries, of: (functionName) => deliveries.filter((one) => one.functionName === functionName) };
}

/** The records of a queue's event; undefined for any other event. */
function recordsOf(event: unknown): SQSRecord[] | undefined {
  const records = (event as Partial<SQSEvent>).Records;
  return records?.every((record) => 'messageId' in record) ? records : undefined;
}

function opened(functionName: string, invocation: number, record: SQSRecord): Delivery {
  const { messageId, body, attributes } = record;
  const group = attributes.MessageGroupId ?? '';
  const receiveCount = Number(attributes.ApproximateReceiveCount);
  const open = { result: undefined, isSettled: false, endedAtMs: undefined };
  return { functionName, invocation, messageId, group, body, receiveCount, ...open };
}

function returned(result: InvokeResult): Set<string> {
  if (!result.ok) return new Set();
  return new Set((result.payload as SQSBatchResponse).batchItemFailures.map(({ itemIdentifier }) => itemIdentifier));
}
