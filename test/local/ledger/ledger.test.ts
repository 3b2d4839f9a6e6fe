import { describe, expect, test } from 'vitest';
import { queueRequest } from '../../../local/ledger/chunks.ts';
import { askedForCapacity, dynamoDbRequest } from '../../../local/ledger/dynamodb-request.ts';
import { invocationRequests } from '../../../local/ledger/lambda-requests.ts';
import { createLedger } from '../../../local/ledger/ledger.ts';
import { cloudWatchRequest, deliveryRequests, snsRequest, sqsRequest } from '../../../local/ledger/wire-requests.ts';

describe('a ledger', () => {
  test('a ledger adds requests up by service, operation, caller and resource, until it is cleared', () => {
    const ledger = createLedger();
    const request = { service: 'SQS', operation: 'SendMessage', caller: 'relay', resource: 'q' } as const;
    ledger.note({ ...request, billed: { fifoChunks: 1 } });
    ledger.note({ ...request, billed: { fifoChunks: 2 } });
    ledger.note({ ...request, caller: 'other', billed: { fifoChunks: 1 } });
    expect(ledger.entries()).toEqual([
      { ...request, requests: 2, billed: { fifoChunks: 3 } },
      { ...request, caller: 'other', requests: 1, billed: { fifoChunks: 1 } },
    ]);
    ledger.clear();
    expect(ledger.entries()).toEqual([]);
  });
});

describe('requests to a queue', () => {
  test.each([
    [0, 1],
    [65_536, 1],
    [65_537, 2],
    [262_144, 4],
  ])('a request to a queue with %d bytes counts as %d requests', (bytes, chunks) => {
    expect(queueRequest(true, bytes)).toEqual({ fifoChunks: chunks });
    expect(queueRequest(false, bytes)).toEqual({ standardChunks: chunks });
  });

  test('a request to a queue counts the bytes of all entries that it sends or receives', () => {
    const body = 'x'.repeat(40_000);
    const url = 'http://127.0.0.1:1/0/q.fifo';
    const batch = { QueueUrl: url, Entries: [{ MessageBody: body }, { MessageBody: body }] };
    expect(sqsRequest('SendMessageBatch', 'f', batch, {})).toMatchObject({
      resource: 'q.fifo',
      billed: { fifoChunks: 2 },
    });
    const received = { Messages: [{ Body: body }, { Body: body }, { Body: body }, { Body: body }] };
    expect(sqsRequest('ReceiveMessage', 'f', { QueueUrl: url }, received).billed).toEqual({ fifoChunks: 3 });
    expect(sqsRequest('DeleteMessage', 'f', { QueueUrl: url }, {}).billed).toEqual({ fifoChunks: 1 });
  });
});

describe('requests to a topic', () => {
  test('a batch to a topic counts as one publish, with the bytes of all messages and attributes', () => {
    const attributes = { type: { DataType: 'String', StringValue: 'Item' } };
    const entry = { Message: 'x'.repeat(100), MessageAttributes: attributes };
    const input = { TopicArn: 'arn:aws:sns:r:0:t.fifo', PublishBatchRequestEntries: [entry, entry] };
    const billed = { publishRequests: 1, publishedBytes: 2 * (100 + 'typeStringItem'.length) };
    expect(snsRequest('PublishBatch', 'relay', input)).toMatchObject({ resource: 't.fifo', billed });
  });

  test('a publish to a topic counts one delivery and one message for each queue', () => {
    const requests = deliveryRequests('arn:aws:sns:r:0:t.fifo', { name: 'q.fifo', isFifo: true }, 70_000);
    expect(requests.map(({ billed }) => billed)).toEqual([
      { deliveredMessages: 1, deliveredBytes: 70_000 },
      { fifoChunks: 2 },
    ]);
  });
});

describe('requests to DynamoDB', () => {
  const body = Buffer.from(JSON.stringify({ TableName: 'table' }));
  const answered = (operation: string, status: number, answer: object) =>
    dynamoDbRequest(operation, 'f', body, status, Buffer.from(JSON.stringify(answer)));

  test('a request to DynamoDB asks for its consumed capacity if its operation consumes any', () => {
    const asked: unknown = JSON.parse(askedForCapacity('PutItem', body).toString());
    expect(asked).toEqual({ TableName: 'table', ReturnConsumedCapacity: 'INDEXES' });
    expect(askedForCapacity('DescribeTable', body)).toBe(body);
  });

  test('a request to DynamoDB is billed by the capacity that the engine reports, as writes or reads', () => {
    const written = answered('PutItem', 200, { ConsumedCapacity: { TableName: 'table', CapacityUnits: 3 } });
    expect(written).toMatchObject({ operation: 'PutItem', resource: 'table', billed: { writeUnits: 3 } });
    const both = { ConsumedCapacity: [{ CapacityUnits: 4 }, { CapacityUnits: 2 }] };
    expect(answered('TransactWriteItems', 200, both)?.billed).toEqual({ writeUnits: 6 });
    expect(answered('GetItem', 200, { ConsumedCapacity: { CapacityUnits: 0.5 } })?.billed).toEqual({ readUnits: 0.5 });
    expect(answered('DescribeTable', 200, {})).toBeUndefined();
  });

  test('a write that its condition refuses is billed by the size of the stored item, at least one unit', () => {
    const __type = 'com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException';
    const refused = answered('PutItem', 400, { __type, Item: { pk: { S: 'a' }, data: { S: 'x'.repeat(1_500) } } });
    expect(refused).toMatchObject({ operation: 'PutItem, refused by its condition', billed: { writeUnits: 2 } });
    expect(answered('UpdateItem', 400, { __type })?.billed).toEqual({ writeUnits: 1 });
  });

  test('a request to DynamoDB is not counted if the engine failed, whatever text it answered', () => {
    expect(dynamoDbRequest('PutItem', 'f', body, 503, Buffer.from('Service Unavailable'))).toBeUndefined();
  });

  test('a request to DynamoDB that is refused before it reaches the item is billed nothing', () => {
    expect(answered('PutItem', 400, { __type: 'x#ValidationException' })?.billed).toEqual({ writeUnits: 0 });
  });
});

describe('requests to Lambda and CloudWatch', () => {
  test('the duration of an invocation is rounded up to milliseconds and multiplied by the memory', () => {
    const [invoked, logged] = invocationRequests('f', { ok: true, durationMs: 10.2, memoryMb: 512, concurrent: 1 });
    expect(invoked?.billed).toEqual({ invocations: 1, gbSeconds: 0.011 * 0.5 });
    expect(logged?.billed.logBytes).toBeGreaterThan(200);
  });

  test('a request to CloudWatch counts each metric that it reads, and no expressions', () => {
    const queries = [{ MetricStat: {} }, { MetricStat: {} }, { Expression: 'a + b' }];
    const asked = JSON.stringify({ MetricDataQueries: queries });
    expect(cloudWatchRequest('GetMetricData', 'report', asked).billed).toEqual({ readMetrics: 2 });
  });
});
