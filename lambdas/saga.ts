import type { SQSBatchResponse, SQSEvent } from 'aws-lambda';
import { dynamoDbClient } from '../adapters/aws/clients.ts';
import { createFactQueue } from '../adapters/facts/queue.ts';
import { sagaBatch } from '../adapters/saga/batch.ts';
import { createSagaStore } from '../adapters/saga/table.ts';
import { sagaTelemetry } from '../adapters/saga/telemetry.ts';
import { emitter, required } from './environment.ts';
import saga from './saga-definition.ts';

const client = dynamoDbClient();
const handling = {
  saga,
  store: createSagaStore({ client, tableName: required('SAGA_TABLE'), saga: saga.name }),
  queue: createFactQueue({ client, settings: required('FACT_QUEUE') }),
  keepSeconds: Number(required('KEEP_SECONDS')),
  report: sagaTelemetry(emitter(saga.name)),
};

/** Handles a batch of facts: stores them, decides when all facts have arrived, and records the decision. */
export function handler(event: SQSEvent): Promise<SQSBatchResponse> {
  return sagaBatch(handling, event);
}
