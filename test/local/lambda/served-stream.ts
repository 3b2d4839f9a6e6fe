import { afterAll, afterEach, beforeAll, beforeEach } from 'vitest';
import { createEngineClient, type EngineClient } from '../../../local/engine/client.ts';
import { type Engine, startEngine } from '../../../local/engine/start-engine.ts';
import type { InvokeResult } from '../../../local/lambda/invoke-result.ts';
import type { StreamRecord } from '../../../local/lambda/stream-batch.ts';
import {
  type StreamMapping,
  type StreamMappingOptions,
  startStreamMapping,
} from '../../../local/lambda/stream-mapping.ts';

export const functionArn = 'arn:aws:lambda:us-east-1:000000000000:function:fn';

/** A table with a stream on the local engine, and the records that a mapping delivered. */
export interface ServedStream {
  readonly table: string;
  readonly arn: string;
  /** The batches with which the function was invoked. */
  readonly batches: StreamRecord[][];
  /** @param text further content of the item */
  put(pk: string, n: number, text?: string): Promise<unknown>;
  /** Starts a mapping whose invocations return the given results. The mapping stops at the end of the test. */
  map(
    answer: (records: StreamRecord[]) => InvokeResult,
    options?: Partial<StreamMappingOptions>,
  ): Promise<StreamMapping>;
}

/** Creates a new table for each test of the file. Returns a function that returns the table. */
export function serveStreamEachTest(): () => ServedStream {
  let engine: Engine;
  let client: EngineClient;
  let served: ServedStream | undefined;
  let mapping: StreamMapping | undefined;
  let tables = 0;
  beforeAll(async () => {
    engine = await startEngine();
    client = createEngineClient(engine.url);
  });
  afterAll(async () => {
    client.close();
    await engine.stop();
  });
  beforeEach(async () => {
    tables += 1;
    const table = `table-${tables}`;
    const arn = await createTable(client, table);
    const batches: StreamRecord[][] = [];
    served = {
      table,
      arn,
      batches,
      put(pk, n, text) {
        const Item = { pk: { S: pk }, n: { N: String(n) }, ...(text !== undefined && { text: { S: text } }) };
        return client.call('DynamoDB_20120810.PutItem', { TableName: table, Item });
      },
      async map(answer, options = {}) {
        const base = { engine: client, streamArn: arn, functionArn, region: 'us-east-1', delay: shortDelay };
        const invoke = async ({ Records }: { Records: object[] }): Promise<InvokeResult> => {
          batches.push(Records as StreamRecord[]);
          return answer(Records as StreamRecord[]);
        };
        mapping = await startStreamMapping({ ...base, startingPosition: 'TRIM_HORIZON', invoke, ...options });
        return mapping;
      },
    };
  });
  afterEach(() => mapping?.stop());
  return () => {
    if (served === undefined) throw new Error('There is no stream outside of a test.');
    return served;
  };
}

async function createTable(client: EngineClient, TableName: string): Promise<string> {
  const created = await client.call<{ TableDescription: { LatestStreamArn: string } }>(
    'DynamoDB_20120810.CreateTable',
    {
      TableName,
      KeySchema: [{ AttributeName: 'pk', KeyType: 'HASH' }],
      AttributeDefinitions: [{ AttributeName: 'pk', AttributeType: 'S' }],
      BillingMode: 'PAY_PER_REQUEST',
      StreamSpecification: { StreamEnabled: true, StreamViewType: 'NEW_AND_OLD_IMAGES' },
    },
  );
  return created.TableDescription.LatestStreamArn;
}

function shortDelay(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, Math.min(ms, 5));
    signal.addEventListener('abort', () => {
      clearTimeout(timer);
      resolve();
    });
  });
}

/** The values of `n` in records, in order. */
export function numbers(records: readonly StreamRecord[]): number[] {
  return records.map(({ dynamodb }) => Number((dynamodb.NewImage as { n: { N: string } }).n.N));
}
