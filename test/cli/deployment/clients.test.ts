import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { DescribeStacksCommand } from '@aws-sdk/client-cloudformation';
import { DescribeAlarmsCommand } from '@aws-sdk/client-cloudwatch';
import { FilterLogEventsCommand } from '@aws-sdk/client-cloudwatch-logs';
import { GetItemCommand } from '@aws-sdk/client-dynamodb';
import { GetFunctionConcurrencyCommand } from '@aws-sdk/client-lambda';
import { GetTopicAttributesCommand } from '@aws-sdk/client-sns';
import { GetQueueAttributesCommand } from '@aws-sdk/client-sqs';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest';
import { REQUESTS_AT_ONCE } from '../../../cli/clients/patient.ts';
import { cloudFormationClient } from '../../../cli/clients/stack-outputs.ts';
import { adviceOn } from '../../../cli/deployment/advice.ts';
import { type Clients, createClients } from '../../../cli/deployment/clients.ts';

let server: Server;
let options: { endpoint: string; region: string; credentials: { accessKeyId: string; secretAccessKey: string } };
let clients: Clients;
let requests = 0;
let underWay = 0;
let most = 0;
/** Default: no answer. */
let answer: (response: ServerResponse) => void;

beforeAll(async () => {
  server = createServer((_, response) => {
    requests += 1;
    underWay += 1;
    most = Math.max(most, underWay);
    response.once('close', () => {
      underWay -= 1;
    });
    answer(response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  options = {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    region: 'eu-central-1',
    credentials: { accessKeyId: 'a', secretAccessKey: 'b' },
  };
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});
beforeEach(() => {
  clients = createClients(options);
  answer = () => undefined;
  requests = 0;
  most = 0;
});
afterEach(() => {
  vi.useRealTimers();
  clients.destroy();
});

const item = (table: string) => new GetItemCommand({ TableName: table, Key: { pk: { S: 'a' } } });

/** A call, the requests that are named, and how it is sent. */
const CALLS: readonly (readonly [string, () => Promise<unknown>])[] = [
  ['DynamoDB GetItem of Countries', () => clients.tables.send(item('Countries'))],
  [
    'SQS GetQueueAttributes of ordering.fifo',
    () => clients.queues.send(new GetQueueAttributesCommand({ QueueUrl: 'https://sqs.aws/1/ordering.fifo' })),
  ],
  [
    'SNS GetTopicAttributes of geography.fifo',
    () => clients.topics.send(new GetTopicAttributesCommand({ TopicArn: 'arn:aws:sns:a:1:geography.fifo' })),
  ],
  ['CloudWatch DescribeAlarms', () => clients.metrics.send(new DescribeAlarmsCommand())],
  [
    'Lambda GetFunctionConcurrency of Relay',
    () => clients.functions.send(new GetFunctionConcurrencyCommand({ FunctionName: 'Relay' })),
  ],
  [
    'CloudWatchLogs FilterLogEvents of /aws/lambda/Relay',
    async () => (await clients.logs()).send(new FilterLogEventsCommand({ logGroupName: '/aws/lambda/Relay' })),
  ],
  [
    'CloudFormation DescribeStacks of Geography',
    () => cloudFormationClient(options).send(new DescribeStacksCommand({ StackName: 'Geography' })),
  ],
];

describe('a request of a command', () => {
  test.each(CALLS)('waits 10 s for an answer, four times, and its error names the call: %s', async (call, send) => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    // The SDK's clock runs a hundred times as fast as the sockets' clock.
    let elapsedMs = 0;
    const clock = setInterval(() => {
      vi.advanceTimersByTime(100);
      elapsedMs += 100;
    }, 1);
    onTestFinished(() => clearInterval(clock));
    const error = await send().then(
      () => undefined,
      (thrown: unknown) => thrown,
    );
    expect(error).toMatchObject({ name: 'TimeoutError' });
    expect(requests).toBe(4);
    expect(elapsedMs).toBeGreaterThanOrEqual(40_000);
    expect(elapsedMs).toBeLessThan(60_000);
    const advice = adviceOn({ place: 'AWS', isLocal: false }, error as Error);
    expect(advice).toContain(`AWS: ${call} failed 4 times. TimeoutError: `);
    expect(advice).toContain('Check your network');
  });

  test('is sent when fewer than 16 of its client are under way, and its time-out begins then', async () => {
    const held: ServerResponse[] = [];
    // Requests are answered once as many are under way as may be, and a moment later, when one too many would show.
    answer = (response) => {
      held.push(response);
      if (held.length < REQUESTS_AT_ONCE && requests < 200) return;
      setTimeout(() => {
        for (const one of held.splice(0)) one.end('{}');
      }, 20);
    };
    const reads = Array.from({ length: 200 }, () => clients.tables.send(item('Countries')));
    await Promise.all(reads);
    expect(requests).toBe(200);
    expect(most).toBe(REQUESTS_AT_ONCE);
  });

  test('of one service does not wait for another service', async () => {
    const hung = Array.from({ length: 50 }, () => clients.tables.send(item('Countries')).catch(() => undefined));
    await vi.waitFor(() => expect(underWay).toBe(REQUESTS_AT_ONCE));
    answer = (response) => response.end('{}');
    await clients.functions.send(new GetFunctionConcurrencyCommand({ FunctionName: 'Relay' }));
    server.closeAllConnections();
    await Promise.all(hung);
  });

  test('is not tried again after its client was closed, and a later one is sent', async () => {
    const hung = clients.tables.send(item('Countries'));
    const ended = expect(hung).rejects.toThrow();
    await vi.waitFor(() => expect(requests).toBe(1));
    clients.destroy();
    server.closeAllConnections();
    await ended;
    expect(requests).toBe(1);
    answer = (response) => response.end('{}');
    await clients.tables.send(item('Countries'));
    expect(requests).toBe(2);
  });
});
