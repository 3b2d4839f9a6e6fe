import { Agent, createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { setTimeout as pause } from 'node:timers/promises';

/** A proxy between functions and DynamoDB that slows and throttles requests to one table. */
export interface TableProxy {
  readonly url: string;
  /** Sets the service to forward requests to. */
  forwardTo(url: string): void;
  /** Slows requests to a table by `requestMs`. @param operations which requests; writes of one item by default */
  slow(tableName: string, requestMs: number, operations?: readonly string[]): void;
  /** Limits the slowed requests that the table accepts each second; undefined accepts all. */
  throttle(writesPerSecond: number | undefined): void;
  /** How many requests were throttled since the last call. */
  throttled(): number;
  stop(): Promise<void>;
}

/** DynamoDB's answer to a throttled request (ddb/Programming.Errors). */
const THROTTLED = JSON.stringify({
  __type: 'com.amazonaws.dynamodb.v20120810#ProvisionedThroughputExceededException',
  message: 'The level of configured provisioned throughput for the table was exceeded.',
});

const WRITES: readonly string[] = ['PutItem', 'UpdateItem'];

/** Starts the proxy on a free port of 127.0.0.1. */
export async function startTableProxy(): Promise<TableProxy> {
  const agent = new Agent({ keepAlive: true, noDelay: true });
  let service = new URL('http://127.0.0.1');
  let slowed = { tableName: '', requestMs: 0, operations: WRITES };
  let bucket: { readonly perSecond: number; tokens: number; atMs: number } | undefined;
  let throttledCount = 0;

  /** Takes a token from a bucket that holds the tokens of one second. */
  const isThrottled = (): boolean => {
    if (bucket === undefined) return false;
    const nowMs = performance.now();
    bucket.tokens = Math.min(bucket.perSecond, bucket.tokens + ((nowMs - bucket.atMs) / 1000) * bucket.perSecond);
    bucket.atMs = nowMs;
    if (bucket.tokens < 1) return true;
    bucket.tokens -= 1;
    return false;
  };

  const answer = async (incoming: IncomingMessage, response: ServerResponse): Promise<void> => {
    const body = await text(incoming);
    const operation = String(incoming.headers['x-amz-target']).split('.')[1] ?? '';
    if (slowed.operations.includes(operation) && body.includes(`"${slowed.tableName}"`)) {
      if (isThrottled()) {
        throttledCount += 1;
        response.writeHead(400, { 'content-type': 'application/x-amz-json-1.0' }).end(THROTTLED);
        return;
      }
      await pause(slowed.requestMs);
    }
    const { hostname, port } = service;
    const outgoing = request(
      { agent, hostname, port, method: incoming.method, path: incoming.url, headers: incoming.headers },
      (from) => {
        response.writeHead(from.statusCode ?? 502, from.headers);
        from.pipe(response);
      },
    );
    outgoing.once('error', () => response.destroy());
    outgoing.end(body);
  };

  const server = createServer((incoming, response) => {
    answer(incoming, response).catch(() => response.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    forwardTo(url) {
      service = new URL(url);
    },
    slow(tableName, requestMs, operations = WRITES) {
      slowed = { tableName, requestMs, operations };
    },
    throttle(perSecond) {
      bucket = perSecond === undefined ? undefined : { perSecond, tokens: perSecond, atMs: performance.now() };
    },
    throttled() {
      const count = throttledCount;
      throttledCount = 0;
      return count;
    },
    async stop() {
      agent.destroy();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
