import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import type { SQSClient } from '@aws-sdk/client-sqs';
import type { DynamoDBBatchResponse, DynamoDBStreamEvent } from 'aws-lambda';
import { adoptBatch } from '../../core/adopt/adopt.ts';
import type { Boundary } from '../../core/contract/contract.ts';
import type { Emitter } from '../../core/metrics.ts';
import { createDiverting } from '../relay/divert.ts';
import { createCopyTable } from './copy-table.ts';
import { tableRecord } from './stream.ts';
import { adoptTelemetry } from './telemetry.ts';

/**
 * Creates a handler that copies a batch of an existing table's stream to the owner's table, and emits metrics. Lambda
 * retries the batch from the first failed record.
 */
export function createAdopting(options: {
  readonly boundary: Boundary;
  readonly emitter: Emitter;
  readonly client: DynamoDBClient;
  /** Name of the owner's table. */
  readonly tableName: string;
  readonly queues: SQSClient;
  readonly failureQueueUrl: string;
}): (event: DynamoDBStreamEvent) => Promise<DynamoDBBatchResponse> {
  const { boundary, emitter, client, tableName, queues, failureQueueUrl } = options;
  const copies = createCopyTable({ client, tableName });
  const report = adoptTelemetry(emitter);
  return async ({ Records }) => {
    const records = new Map(Records.map((record) => [record.dynamodb?.SequenceNumber, record]));
    const divert = createDiverting({
      client: queues,
      queueUrl: failureQueueUrl,
      record: (sequenceNumber) => records.get(sequenceNumber),
    });
    const result = await adoptBatch(boundary, Records.map(tableRecord), {
      ...copies,
      setAside: (sequenceNumber, { reason, explanation }, entity) =>
        divert(sequenceNumber, reason, explanation, entity ?? null),
    });
    report(result, Date.now());
    const [first] = result.failed;
    return { batchItemFailures: first === undefined ? [] : [{ itemIdentifier: first }] };
  };
}
