import { randomUUID } from 'node:crypto';
import { setTimeout as wait } from 'node:timers/promises';
import { SNSClient } from '@aws-sdk/client-sns';
import { SQSClient } from '@aws-sdk/client-sqs';
import { createMessaging } from '../../local/fifo/messaging.ts';
import { startWire } from '../../local/wire/server.ts';

/** The endpoint of the suite: its clients, and how time passes there. */
export interface Endpoint {
  readonly sqs: SQSClient;
  readonly sns: SNSClient;
  /** How long a receive waits for existing messages, and the longest wait for a change to become visible. */
  readonly waitSeconds: number;
  readonly patienceMs: number;
  /** Lets time pass. Returns `tooLong` if the time is too long for a real clock. */
  advance(seconds: number): Promise<'passed' | 'tooLong'>;
  close(): Promise<void>;
}

/** Endpoints that don't check signatures accept any credentials. */
const LOCAL_CREDENTIALS = { accessKeyId: 'local', secretAccessKey: 'local' };

/** The longest wait of a test for a real clock. */
const LONGEST_WAIT_SECONDS = 15;

/**
 * The endpoint of the environment variables, or by default the local endpoint in virtual time:
 * - `FRESHET_CONFORMANCE=aws`: AWS, with the account and region that the SDK finds.
 * - `FRESHET_CONFORMANCE_ENDPOINT=http://…`: this endpoint, with placeholder credentials unless the SDK finds some.
 */
export async function openEndpoint(environment = process.env): Promise<Endpoint> {
  const { FRESHET_CONFORMANCE: place, FRESHET_CONFORMANCE_ENDPOINT: endpoint } = environment;
  if (place === 'aws') return foreign({});
  if (endpoint === undefined) return local();
  const { AWS_REGION: region = 'us-east-1', AWS_ACCESS_KEY_ID, AWS_PROFILE } = environment;
  const isSignedFor = AWS_ACCESS_KEY_ID !== undefined || AWS_PROFILE !== undefined;
  return foreign({ endpoint, region, ...(!isSignedFor && { credentials: LOCAL_CREDENTIALS }) });
}

function foreign(config: { readonly endpoint?: string; readonly region?: string }): Endpoint {
  const clients = { sqs: new SQSClient(config), sns: new SNSClient(config) };
  return {
    ...clients,
    waitSeconds: 2,
    patienceMs: 60_000,
    // The endpoint's clock can't be read, so the wait is slightly longer than the given time.
    async advance(seconds) {
      if (seconds > LONGEST_WAIT_SECONDS) return 'tooLong';
      await wait(seconds * 1000 + 200);
      return 'passed';
    },
    close: async () => destroy(clients),
  };
}

async function local(): Promise<Endpoint> {
  const clock = { ms: Date.parse('2026-11-23T00:00:00Z') };
  const account = { region: 'us-east-1', accountId: '000000000000' };
  const messaging = createMessaging({ now: () => clock.ms, newId: randomUUID, ...account });
  const wire = await startWire({ messaging });
  const config = { endpoint: wire.url, region: account.region, credentials: LOCAL_CREDENTIALS, maxAttempts: 1 };
  const clients = { sqs: new SQSClient(config), sns: new SNSClient(config) };
  return {
    ...clients,
    waitSeconds: 0,
    patienceMs: 1_000,
    async advance(seconds) {
      clock.ms += seconds * 1000;
      // Wakes long polls, because their timers run in real time.
      for (const queue of messaging.queues.list()) queue.counts();
      return 'passed';
    },
    async close() {
      destroy(clients);
      await wire.close();
    },
  };
}

function destroy({ sqs, sns }: Pick<Endpoint, 'sqs' | 'sns'>): void {
  sqs.destroy();
  sns.destroy();
}
