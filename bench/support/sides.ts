import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { processPartialResponse, SqsFifoPartialProcessorAsync } from '@aws-lambda-powertools/batch';
import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { type Message, type ReceiveMessageCommandOutput, SQSClient } from '@aws-sdk/client-sqs';
import type { SQSBatchResponse, SQSEvent, SQSRecord } from 'aws-lambda';
import { Consumer } from 'sqs-consumer';
import { createCacheWriter } from '../../adapters/project/cache-writer.ts';
import { receivedMessage } from '../../adapters/project/queue.ts';
import { projectorTelemetry } from '../../adapters/project/telemetry.ts';
import { cachedType } from '../../core/contract/define-boundary.ts';
import { validateState } from '../../core/contract/validate.ts';
import { sha256 } from '../../core/entity.ts';
import { parseEvent } from '../../core/event.ts';
import { projectBatch } from '../../core/project/batch.ts';
import { indexValue, keptFields } from '../../core/project/fields.ts';
import type { ProjectPorts } from '../../core/project/ports.ts';
import { canonicalJson } from '../../core/state.ts';
import ordering from '../../examples/shop/ordering/contracts.ts';
import { projecting } from './projecting.ts';

/** One way to apply batches of events to a table. */
export interface Side {
  readonly name: string;
  /** Resolves when the side can accept a batch. This time isn't measured. */
  ready?(): Promise<void>;
  /** Applies a batch. Throws if an event wasn't applied. */
  apply(event: SQSEvent): Promise<void>;
  stop?(): Promise<void> | void;
}

/** The table that a side writes to. */
export interface SideTable {
  readonly client: DynamoDBClient;
  readonly tableName: string;
}

type Write = ProjectPorts['write'];

/** `projectBatch` with the real adapters, as in lambdas/projector.ts. */
export function ours(table: SideTable, name = 'freshet', write: Write = createCacheWriter(table).write): Side {
  const projection = projecting(ordering, { ...createCacheWriter(table), write });
  return {
    name,
    async apply({ Records }) {
      const { returned } = await projectBatch(projection, Records.map(receivedMessage));
      if (returned[0] !== undefined) throw returned[0].error;
    },
  };
}

/** The same with the metrics of lambdas/projector.ts. Its log is dropped. */
export function oursWithMetrics(table: SideTable): Side {
  const projection = projecting(ordering, createCacheWriter(table));
  const report = projectorTelemetry({ name: ordering.name, stack: 'Bench' });
  return {
    name: 'freshet with metrics',
    async apply({ Records }) {
      const receivedAtMs = Date.now();
      const result = await projectBatch(projection, Records.map(receivedMessage));
      if (result.returned[0] !== undefined) throw result.returned[0].error;
      await withoutOutput(async () => report(result, receivedAtMs, Date.now()));
    },
  };
}

const dropped = () => true;

/** Runs work whose output to the terminal is dropped. */
async function withoutOutput(work: () => Promise<void>): Promise<void> {
  const write = process.stdout.write;
  process.stdout.write = dropped;
  try {
    await work();
  } finally {
    process.stdout.write = write;
  }
}

/**
 * The handler of the deployed bundle, loaded into this process. It also emits metrics, which no peer does. Its log is
 * dropped.
 *
 * @param endpoint the endpoint of the engine
 */
export async function deployedBundle(folder: string, tableName: string, endpoint: string): Promise<Side> {
  Object.assign(process.env, {
    STACK_NAME: 'Bench',
    CACHE_TABLE: tableName,
    QUEUE_URL: 'http://127.0.0.1:9/000000000000/bench.fifo',
    PARKING_TABLE: 'none',
    GAP_QUEUE_URL: 'http://127.0.0.1:9/000000000000/gaps',
    PAGE_QUEUE_URL: 'http://127.0.0.1:9/000000000000/pages',
    TOMBSTONE_LIFE_SECONDS: String(60 * 86_400),
    MAX_EVENT_AGE_SECONDS: String(59 * 86_400),
    RETRY_ATTEMPTS: '12',
    RETRY_AGE_SECONDS: '3600',
    NEWER_SCHEMA_WAIT_SECONDS: '3600',
    AWS_ENDPOINT_URL_DYNAMODB: endpoint,
  });
  // The bundle reads its environment when it is loaded, so each engine and table gets its own copy. The SDK reads its
  // endpoint at the first call, so that variable stays set.
  const url = `${pathToFileURL(join(folder, 'index.mjs')).href}?${encodeURIComponent(`${endpoint} ${tableName}`)}`;
  const { handler } = (await import(url)) as {
    handler: (event: SQSEvent, context: object) => Promise<SQSBatchResponse>;
  };
  return {
    name: "freshet's deployed bundle",
    apply: (event) =>
      withoutOutput(async () => complete(await handler(event, { getRemainingTimeInMillis: () => 20_000 }))),
  };
}

/** Powertools' batch processor for FIFO queues, used as documented. */
export function powertools(table: SideTable): Side {
  const { write } = createCacheWriter(table);
  const processor = new SqsFifoPartialProcessorAsync();
  const handle = ({ body }: SQSRecord) => applyOne(body, write);
  return {
    name: 'Powertools SqsFifoPartialProcessorAsync',
    async apply(event) {
      complete(await processPartialResponse(event, handle, processor));
    },
  };
}

/** A loop without a library: one record after the other. */
export function sequentialLoop(table: SideTable): Side {
  const { write } = createCacheWriter(table);
  return {
    name: 'sequential loop',
    async apply({ Records }) {
      for (const { body } of Records) await applyOne(body, write);
    },
  };
}

/**
 * A running sqs-consumer with `handleMessageBatch`, which its README requires for FIFO queues, so messages are handled
 * in order. It receives from memory and deletes nothing. The time runs from the answer of the receive to
 * `response_processed`.
 */
export function sqsConsumer(table: SideTable): Side {
  const { write } = createCacheWriter(table);
  let answer: ((output: ReceiveMessageCommandOutput) => void) | undefined;
  let polling = () => {};
  const sqs = new SQSClient({});
  sqs.send = () =>
    new Promise((resolve) => {
      answer = resolve as (output: ReceiveMessageCommandOutput) => void;
      polling();
    });
  const consumer = Consumer.create({
    queueUrl: 'http://127.0.0.1:9/000000000000/bench.fifo',
    sqs,
    batchSize: 10,
    shouldDeleteMessages: false,
    suppressFifoWarning: true,
    strictReturn: true,
    handleMessageBatch: async (messages) => {
      for (const { Body } of messages) await applyOne(Body ?? '', write);
      return messages;
    },
  });
  consumer.start();
  return {
    name: 'sqs-consumer handleMessageBatch',
    async ready() {
      if (answer !== undefined) return;
      await new Promise<void>((resolve) => {
        polling = resolve;
      });
    },
    async apply({ Records }) {
      const messages = Records.map(({ messageId, receiptHandle, body }): Message => {
        return { MessageId: messageId, ReceiptHandle: receiptHandle, Body: body };
      });
      const processed = new Promise<void>((resolve, reject) => {
        consumer.once('response_processed', () => resolve());
        consumer.once('error', reject);
      });
      const give = answer;
      answer = undefined;
      give?.({ Messages: messages, $metadata: {} });
      await processed;
      consumer.removeAllListeners('error');
    },
    stop() {
      consumer.stop();
      sqs.destroy();
    },
  };
}

/** Applies one record with Freshet's checks and conditional write. So sides differ in batch processing only. */
async function applyOne(body: string, write: Write): Promise<void> {
  const event = parseEvent(body);
  if ('reason' in event) throw new Error(event.message);
  if (event.kind !== 'state') throw new Error(event.kind);
  const { type } = event.entity;
  const cached = cachedType(ordering, type);
  const validation = await validateState(cached.contract, event.data);
  if (!validation.valid) throw new Error(validation.problem);
  if (sha256(canonicalJson(event.entity, event.data)) !== event.digest) throw new Error('digest');
  const kept = keptFields(validation.state, cached);
  const indexed = Object.entries(cached.indexes).flatMap(([index, field]) => {
    const value = indexValue(type, kept[field]);
    return value === undefined ? [] : [[index, value] as const];
  });
  const { entity, version, digest, changedAt } = event;
  const item = {
    entity,
    version,
    digest,
    changedAt,
    fieldsRevision: cached.fieldsRevision,
    schemaVersion: cached.contract.schemaVersion,
    dataJson: canonicalJson(entity, kept),
    indexed: Object.fromEntries(indexed),
    expiresAtSeconds: undefined,
  };
  const result = await write(item, { stored: { kind: 'newer' }, stopMarker: undefined });
  if (result.kind === 'unstorable') throw new Error(result.message);
}

function complete({ batchItemFailures }: { batchItemFailures: readonly unknown[] }): void {
  if (batchItemFailures.length > 0) throw new Error(`${batchItemFailures.length} messages failed`);
}
