import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { ListMetricsCommand } from '@aws-sdk/client-cloudwatch';
import { GetItemCommand } from '@aws-sdk/client-dynamodb';
import { PublishCommand } from '@aws-sdk/client-sns';
import { ListQueuesCommand } from '@aws-sdk/client-sqs';
import { afterAll, afterEach, beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest';
import { adaptiveDynamoDbClient, dynamoDbClient, snsClient, sqsClient } from '../../../adapters/aws/clients.ts';
import { cloudWatchClient } from '../../../adapters/aws/cloudwatch-client.ts';
import { setTestCredentials } from '../../support/credentials.ts';

let server: Server;
let endpoint: string;
let requests = 0;

beforeAll(async () => {
  setTestCredentials();
  // Accepts every request and never responds.
  server = createServer(() => {
    requests += 1;
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});
afterEach(() => {
  vi.useRealTimers();
});

describe('a call that hangs', () => {
  test.each([
    [
      'DynamoDB',
      () => dynamoDbClient({ endpoint }).send(new GetItemCommand({ TableName: 't', Key: { pk: { S: 'a' } } })),
    ],
    [
      'DynamoDB with an adaptive rate',
      () => adaptiveDynamoDbClient({ endpoint }).send(new GetItemCommand({ TableName: 't', Key: { pk: { S: 'a' } } })),
    ],
    ['CloudWatch', () => cloudWatchClient({ endpoint }).send(new ListMetricsCommand())],
    ['SNS', () => snsClient({ endpoint }).send(new PublishCommand({ TopicArn: 't', Message: 'm' }))],
    ['SQS', () => sqsClient({ endpoint }).send(new ListQueuesCommand())],
  ])('a call to %s that hangs ends after three attempts, within 20 s, the shortest time-out', async (_, call) => {
    requests = 0;
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    // The SDK's clock runs twenty times as fast as the sockets' clock.
    let elapsedMs = 0;
    const clock = setInterval(() => {
      vi.advanceTimersByTime(20);
      elapsedMs += 20;
      if (elapsedMs > 20_000) server.closeAllConnections();
    }, 1);
    onTestFinished(() => clearInterval(clock));
    await expect(call()).rejects.toMatchObject({ name: 'TimeoutError' });
    expect(elapsedMs).toBeLessThan(20_000);
    expect(requests).toBe(3);
  });
});
