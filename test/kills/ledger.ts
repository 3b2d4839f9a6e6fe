import type { DynamoDBStreamEvent, SQSEvent } from 'aws-lambda';
import { streamChange } from '../../adapters/relay/stream.ts';
import { deduplicationId, messageGroupId } from '../../core/entity.ts';
import { parseEvent } from '../../core/event.ts';
import type { InvokeResult } from '../../local/lambda/invoke-result.ts';

/** One delivery of a message or a stream record to an invocation. */
export interface Delivery {
  /** Message id or sequence number. */
  readonly id: string;
  readonly group: string;
  /** Entity and version, `Country/CH@3`. */
  readonly version: string;
  /** How often the queue delivered it, this time included; undefined for a stream, which doesn't count. */
  readonly receiveCount: number | undefined;
}

/** One invocation of a function. */
export interface Invocation {
  readonly functionName: string;
  readonly deliveries: readonly Delivery[];
  /** The result; undefined while the invocation runs. */
  result: InvokeResult | undefined;
  /** When it was killed, by the process's monotonic clock; undefined if it was not. */
  killedAtMs: number | undefined;
}

/** Whether the worker was killed before it could answer. */
export function wasKilled({ result, killedAtMs }: Invocation): boolean {
  return killedAtMs !== undefined && result?.ok === false;
}

/** The deliveries in an invocation's event, from a queue or from the owner's stream. */
export function deliveriesOf(event: unknown): Delivery[] {
  const records = (event as SQSEvent | DynamoDBStreamEvent).Records;
  return records.map((record) => {
    if ('dynamodb' in record) {
      const change = streamChange(record);
      if (change.kind !== 'committed') throw new Error(`not a committed version: ${JSON.stringify(record)}`);
      const { entity, version } = change.owned;
      const group = messageGroupId(entity);
      return { id: change.sequenceNumber, group, version: deduplicationId(entity, version), receiveCount: undefined };
    }
    if (!('messageId' in record)) throw new Error(`neither a message nor a stream record: ${JSON.stringify(record)}`);
    const event = parseEvent(record.body);
    if ('reason' in event) throw new Error(event.message);
    return {
      id: record.messageId,
      group: messageGroupId(event.entity),
      version: deduplicationId(event.entity, event.version),
      receiveCount: Number(record.attributes.ApproximateReceiveCount),
    };
  });
}

/** The versions that a function received at least once. */
export function deliveredVersions(invocations: readonly Invocation[], functionName: string): Set<string> {
  const own = invocations.filter((one) => one.functionName === functionName);
  return new Set(own.flatMap(({ deliveries }) => deliveries.map(({ version }) => version)));
}

/** The versions that a function settled: an invocation received them, and returned without reporting them as failed. */
export function settledVersions(invocations: readonly Invocation[], functionName: string): Set<string> {
  const settled = new Set<string>();
  for (const { deliveries, result } of invocations.filter((one) => one.functionName === functionName)) {
    if (!result?.ok) continue;
    const { batchItemFailures } = result.payload as { batchItemFailures: { itemIdentifier: string }[] };
    const failed = new Set(batchItemFailures.map(({ itemIdentifier }) => itemIdentifier));
    // A stream delivers a batch again from its first failure on. A queue delivers only the failed messages again.
    const fromFailure = deliveries.findIndex(({ id }) => failed.has(id));
    for (const [index, { id, version, receiveCount }] of deliveries.entries()) {
      const isDone = receiveCount === undefined ? fromFailure < 0 || index < fromFailure : !failed.has(id);
      if (isDone) settled.add(version);
    }
  }
  return settled;
}

/** How many deliveries of a killed invocation came again; undefined if one of them never did. */
export function redeliveries(invocations: readonly Invocation[], killed: Invocation): number | undefined {
  const later = invocations.slice(invocations.indexOf(killed) + 1);
  const again = killed.deliveries.map((delivery) =>
    later.some(
      ({ functionName, deliveries }) =>
        functionName === killed.functionName && deliveries.some((other) => isNextDelivery(delivery, other)),
    ),
  );
  return again.every(Boolean) ? again.length : undefined;
}

function isNextDelivery(delivery: Delivery, other: Delivery): boolean {
  if (other.id !== delivery.id) return false;
  return delivery.receiveCount === undefined || other.receiveCount === delivery.receiveCount + 1;
}
