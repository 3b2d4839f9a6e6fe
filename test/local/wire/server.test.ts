import { request } from 'node:http';
import { GetQueueUrlCommand, ReceiveMessageCommand } from '@aws-sdk/client-sqs';
import { describe, expect, it } from 'vitest';
import { serveEachTest } from './clients.ts';

const served = serveEachTest({
  '/_freshet/echo': async (body) => ({ body }),
  '/_freshet/fail': async () => {
    throw new Error('broken');
  },
});

/** A raw request, since `fetch` does not let a test set Host or Origin. */
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
  it("serves the caller's routes in JSON", async () => {
    expect(await call('/_freshet/echo?x=1')).toEqual({ status: 200, text: '{}' });
    expect(await call('/_freshet/echo', {}, '{"a":1}')).toEqual({ status: 200, text: '{"body":{"a":1}}' });
    expect(await call('/_freshet/echo', {}, '{')).toMatchObject({ status: 400 });
    expect(await call('/_freshet/fail')).toEqual({ status: 500, text: '{"message":"broken"}' });
    expect(await call('/_freshet/none')).toMatchObject({ status: 404 });
  });

  it('refuses other hosts and web pages', async () => {
    expect(await call('/_freshet/echo', { host: 'evil.example' })).toMatchObject({ status: 403 });
    expect(await call('/_freshet/echo', { origin: 'http://evil.example' })).toMatchObject({ status: 403 });
    expect(await call('/_freshet/echo', { host: 'localhost:80' })).toMatchObject({ status: 200 });
    const form = { 'content-type': 'application/x-www-form-urlencoded', origin: 'http://evil.example' };
    expect(await call('/', form, 'Action=ListTopics')).toMatchObject({ status: 403 });
  });

  it('refuses a body that is too long and one that is no JSON', async () => {
    const headers = { 'x-amz-target': 'AmazonSQS.ListQueues' };
    expect(await call('/', headers, '{')).toMatchObject({
      status: 400,
      text: expect.stringContaining('SerializationException'),
    });
    expect(await call('/', headers, 'x'.repeat(9_000_000))).toMatchObject({ status: 413 });
  });

  it('names the service that it does not emulate', async () => {
    const answer = await call('/', { 'x-amz-target': 'DynamoDB_20120810.ListTables' }, '{}');
    expect(answer).toMatchObject({ status: 400, text: expect.stringContaining('DynamoDB_20120810.ListTables') });
  });

  it('ends open long polls when it closes', async () => {
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
