import { request } from 'node:http';
import { GetQueueUrlCommand, ReceiveMessageCommand } from '@aws-sdk/client-sqs';
import { describe, expect, it } from 'vitest';
import { serveEachTest } from './clients.ts';

const served = serveEachTest();
const LIST_QUEUES = { 'x-amz-target': 'AmazonSQS.ListQueues' };

/** Sends a raw request, because `fetch` can't set Host or Origin. */
function call(
  path: string,
  headers: Record<string, string> = {},
  body = '',
): Promise<{ status: number; text: string }> {
  return new Promise((resolve, reject) => {
    const method = body === '' ? 'GET' : 'POST';
    const outgoing = request(`${served().wire.url}${path}`, { method, headers }, async (response) => {
      const chunks = await response.toArray();
      resolve({ status: response.statusCode ?? 0, text: Buffer.concat(chunks).toString() });
    });
    outgoing.on('error', reject);
    outgoing.end(body);
  });
}

describe('the server', () => {
  it('the server refuses requests to other hosts and requests from web pages', async () => {
    const from = (headers: Record<string, string>) => call('/', { ...LIST_QUEUES, ...headers }, '{}');
    expect(await from({ host: 'evil.example' })).toMatchObject({ status: 403 });
    expect(await from({ origin: 'http://evil.example' })).toMatchObject({ status: 403 });
    expect(await from({ host: 'localhost:80' })).toMatchObject({ status: 200 });
    const form = { 'content-type': 'application/x-www-form-urlencoded', origin: 'http://evil.example' };
    expect(await call('/', form, 'Action=ListTopics')).toMatchObject({ status: 403 });
  });

  it('the server refuses a body that is too long and a body that is not JSON', async () => {
    expect(await call('/', LIST_QUEUES, '{')).toMatchObject({
      status: 400,
      text: expect.stringContaining('SerializationException'),
    });
    expect(await call('/', LIST_QUEUES, 'x'.repeat(9_000_000))).toMatchObject({ status: 413 });
  });

  it('the server names the service that it does not emulate', async () => {
    const answer = await call('/', { 'x-amz-target': 'DynamoDB_20120810.ListTables' }, '{}');
    expect(answer).toMatchObject({ status: 400, text: expect.stringContaining('DynamoDB_20120810.ListTables') });
  });

  it('the server ends open long polls when it closes', async () => {
    const { sqs, wire, fifoQueue } = served();
    fifoQueue('q.fifo');
    const QueueUrl = `${wire.url}/000000000000/q.fifo`;
    const poll = sqs.send(new ReceiveMessageCommand({ QueueUrl, WaitTimeSeconds: 20 }));
    const ended = expect(poll).rejects.toMatchObject({ code: expect.stringContaining('ECONN') });
    await sqs.send(new GetQueueUrlCommand({ QueueName: 'q.fifo' }));
    await wire.close();
    await ended;
  });
});
