import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type DynamoDBClient, GetItemCommand } from '@aws-sdk/client-dynamodb';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { adaptiveDynamoDbClient, dynamoDbClient } from '../../../adapters/aws/clients.ts';
import { setTestCredentials } from '../../support/credentials.ts';

const THROTTLED = {
  __type: 'com.amazonaws.dynamodb.v20120810#ProvisionedThroughputExceededException',
  message: 'The level of configured provisioned throughput for the table was exceeded',
};

/** Number of concurrent calls of a batch. */
const BATCH = 10;

let server: Server;
let endpoint: string;
let throttles: boolean;
let requests: number;

beforeAll(async () => {
  setTestCredentials();
  server = createServer((request, response) => {
    requests += 1;
    request.resume();
    response.writeHead(throttles ? 400 : 200, { 'content-type': 'application/x-amz-json-1.0' });
    response.end(JSON.stringify(throttles ? THROTTLED : {}));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});
beforeEach(() => {
  throttles = false;
  requests = 0;
});

/** Sends a batch's calls concurrently. Returns their failures and the seconds that all calls took. */
async function batch(client: DynamoDBClient) {
  const startedMs = performance.now();
  const calls = Array.from({ length: BATCH }, () =>
    client.send(new GetItemCommand({ TableName: 't', Key: { pk: { S: 'a' } } })),
  );
  const ends = await Promise.allSettled(calls);
  const failures = ends.flatMap((end) => (end.status === 'rejected' ? [end.reason] : []));
  return { failures, seconds: (performance.now() - startedMs) / 1000 };
}

test('calls to a throttling table slow down within the time of a batch, and are fast after it recovers', async () => {
  const [plain, adaptive] = [dynamoDbClient({ endpoint }), adaptiveDynamoDbClient({ endpoint })];
  throttles = true;
  // The fastest of several batches counts, because other processes use the machine too.
  const unlimited: number[] = [];
  while (unlimited.length < 5) unlimited.push((await batch(plain)).seconds);
  expect(requests).toBe(5 * 3 * BATCH);
  requests = 0;
  const limited = await batch(adaptive);
  expect(requests).toBe(3 * BATCH);
  expect(limited.failures).toHaveLength(BATCH);
  for (const { name } of limited.failures) expect(name).toBe('ProvisionedThroughputExceededException');
  // The same requests take much more time.
  expect(limited.seconds).toBeGreaterThan(4 * Math.min(...unlimited));
  // A second per attempt, far below the function's time-out of 20 s.
  expect(limited.seconds).toBeLessThan(8);
  throttles = false;
  const recovered = await batch(adaptive);
  expect(recovered.failures).toEqual([]);
  expect(recovered.seconds).toBeLessThan(4);
});

test('a client that was never throttled is as fast as a client without a rate limit', async () => {
  const clients = [dynamoDbClient({ endpoint }), adaptiveDynamoDbClient({ endpoint })];
  const fastest = clients.map(() => Number.POSITIVE_INFINITY);
  const ratio = () => (fastest[1] ?? Number.POSITIVE_INFINITY) / (fastest[0] ?? 0);
  // The clients alternate, and only the fastest batch of each counts, because other processes use the machine too.
  for (let round = 0; round < 150 && !(round >= 15 && ratio() < 1.5); round += 1) {
    for (const [index, client] of clients.entries()) {
      fastest[index] = Math.min(fastest[index] ?? 0, (await batch(client)).seconds);
    }
  }
  expect(ratio()).toBeLessThan(1.5);
});
