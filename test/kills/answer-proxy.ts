import { Agent, createServer, type IncomingHttpHeaders, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer, text } from 'node:stream/consumers';

/** A request of a function's SDK. */
export interface PassingRequest {
  /** DynamoDB's operation, `DynamoDB_20120810.PutItem`; undefined for SNS, which speaks the Query protocol. */
  readonly target: string | undefined;
  readonly body: string;
}

/**
 * What happens to a request: it is passed on, or never forwarded, or forwarded with its answer withheld if it
 * succeeded.
 */
export type Fate = 'pass' | 'withholdRequest' | 'withholdAnswer';

/** A request that the proxy didn't forward, or whose answer it withheld. */
export interface Withheld {
  readonly request: PassingRequest;
  readonly fate: Exclude<Fate, 'pass'>;
  /**
   * When the service answered with success, by the process's monotonic clock; undefined before that, or if the request
   * was never forwarded.
   */
  answeredAtMs: number | undefined;
  /** When the function's connection ended without an answer. */
  endedAtMs: number | undefined;
}

/** A proxy between functions and one service. */
export interface AnswerProxy {
  readonly url: string;
  readonly withheld: readonly Withheld[];
  /** The service to forward to. */
  forwardTo(url: string): void;
  stop(): Promise<void>;
}

/**
 * Starts a proxy that withholds requests or answers as `decide` says, and reports when that is certain. The proxy
 * writes nothing to such a connection, so the service's answer can't have reached the function.
 */
export async function startAnswerProxy(
  decide: (request: PassingRequest) => Fate,
  onWithheld: (request: PassingRequest) => void,
): Promise<AnswerProxy> {
  const agent = new Agent({ keepAlive: true, noDelay: true });
  const withheld: Withheld[] = [];
  let service = new URL('http://127.0.0.1');

  const server = createServer(async (incoming, response) => {
    const target = incoming.headers['x-amz-target'];
    const body = await text(incoming).catch(() => undefined);
    if (body === undefined) return;
    const passing = { target: typeof target === 'string' ? target : undefined, body };
    const fate = decide(passing);
    const held: Withheld | undefined =
      fate === 'pass' ? undefined : { request: passing, fate, answeredAtMs: undefined, endedAtMs: undefined };
    if (held) {
      withheld.push(held);
      response.once('close', () => {
        if (!response.headersSent) held.endedAtMs = performance.now();
      });
      if (fate === 'withholdRequest') return onWithheld(passing);
    }
    try {
      const answer = await forward(agent, service, incoming.headers, body);
      if (held && answer.status === 200) {
        held.answeredAtMs = performance.now();
        return onWithheld(passing);
      }
      // The service refused the write, so there is no time between a write and its answer.
      if (held) withheld.splice(withheld.indexOf(held), 1);
      response.writeHead(answer.status, answer.headers).end(answer.body);
    } catch {
      response.destroy();
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    withheld,
    forwardTo(url) {
      service = new URL(url);
    },
    async stop() {
      agent.destroy();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

function forward(agent: Agent, { hostname, port }: URL, headers: IncomingHttpHeaders, body: string): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const outgoing = request({ agent, hostname, port, method: 'POST', path: '/', headers }, (answer) => {
      buffer(answer).then(
        (read) => resolve({ status: answer.statusCode ?? 0, headers: answer.headers, body: read }),
        reject,
      );
    });
    outgoing.once('error', reject);
    outgoing.end(body);
  });
}
