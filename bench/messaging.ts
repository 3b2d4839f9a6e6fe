import { randomUUID } from 'node:crypto';
import { createServer } from 'node:http';
import {
  CreateQueueCommand,
  DeleteMessageCommand,
  ReceiveMessageCommand,
  SendMessageCommand,
  SQSClient,
} from '@aws-sdk/client-sqs';
import { md5 } from '../local/fifo/digests.ts';
import { createMessaging } from '../local/fifo/messaging.ts';
import { closeAtOnce, listen } from '../local/wire/listen.ts';
import { startWire } from '../local/wire/server.ts';
import { type BenchmarkOptions, type BenchmarkResult, ratio, spread } from './support/result.ts';
import { runAlone } from './support/run-alone.ts';

/** Messages of a round, and how many are on their way at once. */
const MESSAGES = 600;
const AT_ONCE = 16;

const BODY = JSON.stringify({ text: 'x'.repeat(700) });

export const messaging = {
  name: 'messaging',
  title: 'Messaging: SQS FIFO by single requests of the SDK, in the local cloud',
  async run({ rounds, onProgress }: BenchmarkOptions): Promise<BenchmarkResult> {
    const sides = [await localCloud(), await echo()];
    const seconds = sides.map((): number[] => []);
    const cpuMs = sides.map((): number[] => []);
    try {
      for (let round = 0; round <= rounds; round += 1) {
        onProgress(round === 0 ? 'warming up' : `round ${round} of ${rounds}`);
        for (const [index, side] of sides.entries()) {
          const took = await measure(side, round);
          if (round === 0) continue;
          seconds[index]?.push(took.seconds);
          cpuMs[index]?.push(took.cpuMs);
        }
      }
    } finally {
      for (const side of sides) await side.stop();
    }
    const [ours = [], floor = []] = seconds;
    return {
      ratios: [ratio('an HTTP server that answers without a queue, FIFO send, receive and delete', ours, floor)],
      charts: [],
      tables: [
        {
          title: 'One SendMessage, ReceiveMessage and DeleteMessage for each message',
          note:
            `${AT_ONCE} clients in one process with the server send a message of ${BODY.length} bytes, receive one and ` +
            'delete it. The second line is the floor: a server that answers each request at once, so the time is ' +
            "that of the SDK's client and of Node's HTTP.",
          columns: ['server', 'messages/s', 'CPU ms/message'],
          rows: sides.map(({ name }, index) => [
            name,
            spread((seconds[index] ?? []).map((one) => MESSAGES / one)),
            spread((cpuMs[index] ?? []).map((one) => one / MESSAGES)),
          ]),
        },
      ],
    };
  },
};

interface Side {
  readonly name: string;
  readonly client: SQSClient;
  readonly queueUrl: string;
  stop(): Promise<void>;
}

function clientOf(endpoint: string): SQSClient {
  const credentials = { accessKeyId: 'local', secretAccessKey: 'local' };
  return new SQSClient({ endpoint, region: 'us-east-1', credentials });
}

async function localCloud(): Promise<Side> {
  const account = createMessaging({
    now: Date.now,
    newId: randomUUID,
    region: 'us-east-1',
    accountId: '000000000000',
  });
  const wire = await startWire({ messaging: account });
  const client = clientOf(wire.url);
  const Attributes = { FifoQueue: 'true', VisibilityTimeout: '30' };
  const { QueueUrl = '' } = await client.send(new CreateQueueCommand({ QueueName: 'bench.fifo', Attributes }));
  return {
    name: 'local cloud',
    client,
    queueUrl: QueueUrl,
    async stop() {
      client.destroy();
      await wire.close();
    },
  };
}

/** A server that answers each operation with the same text. */
async function echo(): Promise<Side> {
  const digest = md5(BODY);
  const message = { MessageId: randomUUID(), ReceiptHandle: randomUUID(), MD5OfBody: digest, Body: BODY };
  const answers: Readonly<Record<string, string>> = {
    'AmazonSQS.SendMessage': JSON.stringify({ MessageId: randomUUID(), MD5OfMessageBody: digest }),
    'AmazonSQS.ReceiveMessage': JSON.stringify({ Messages: [message] }),
    'AmazonSQS.DeleteMessage': '{}',
  };
  const server = createServer({ keepAliveTimeout: 60_000 }, (request, response) => {
    request.resume().once('end', () => {
      const body = answers[String(request.headers['x-amz-target'])] ?? '{}';
      const headers = { 'content-type': 'application/x-amz-json-1.0', 'content-length': Buffer.byteLength(body) };
      response.writeHead(200, headers).end(body);
    });
  });
  const url = await listen(server);
  const client = clientOf(url);
  return {
    name: 'server without a queue',
    client,
    queueUrl: `${url}/000000000000/bench.fifo`,
    async stop() {
      client.destroy();
      await closeAtOnce(server);
    },
  };
}

async function measure(side: Side, round: number): Promise<{ readonly seconds: number; readonly cpuMs: number }> {
  const waiting = Array.from({ length: MESSAGES }, (_, index) => index).values();
  const cpu = process.cpuUsage();
  const begin = performance.now();
  const work = async () => {
    for (const index of waiting) await oneMessage(side, `${round}-${index}`);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  const { user, system } = process.cpuUsage(cpu);
  return { seconds: (performance.now() - begin) / 1000, cpuMs: (user + system) / 1000 };
}

async function oneMessage({ client, queueUrl: QueueUrl }: Side, id: string): Promise<void> {
  const ids = { MessageGroupId: id, MessageDeduplicationId: id };
  await client.send(new SendMessageCommand({ QueueUrl, MessageBody: BODY, ...ids }));
  const { Messages: [message] = [] } = await client.send(new ReceiveMessageCommand({ QueueUrl }));
  if (message?.Body !== BODY) throw new Error('the queue gave no message');
  await client.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle: message.ReceiptHandle }));
}

await runAlone(import.meta.url, messaging);
