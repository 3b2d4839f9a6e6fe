import { Agent, createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import { deniedRequest, type Guard } from '../iam/check-request.ts';
import { dynamoDbNeeds } from '../iam/needs/dynamodb.ts';
import { askedForCapacity, dynamoDbRequest } from '../ledger/dynamodb-request.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { dynamoDbDenial } from './denials.ts';
import type { Answer } from './errors.ts';
import { closeAtOnce, listen } from './listen.ts';

/** Where functions find DynamoDB: what they may not do is refused, everything else goes to the engine as it came. */
export interface DynamoDbGateway {
  readonly url: string;
  close(): Promise<void>;
}

/**
 * Starts it on a free port of 127.0.0.1.
 *
 * @param ledger is told of each request; the engine is then asked what each consumed, and clients get to see it too
 */
export async function startDynamoDbGateway(
  engineUrl: string,
  guard: Guard,
  ledger?: Pick<Ledger, 'note'>,
): Promise<DynamoDbGateway> {
  const { hostname, port } = new URL(engineUrl);
  const agent = new Agent({ keepAlive: true, noDelay: true });
  const server = createServer({ keepAliveTimeout: 60_000, noDelay: true }, (incoming, response) => {
    const chunks: Buffer[] = [];
    incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
    incoming.once('error', () => response.destroy());
    incoming.once('end', () => {
      const body = whole(chunks);
      const refused = refusal(incoming, body, guard);
      if (refused) response.writeHead(refused.status, refused.headers).end(refused.body);
      else if (ledger === undefined) forward(incoming, body, response);
      else counted(incoming, body, response, ledger);
    });
  });

  function counted(
    incoming: IncomingMessage,
    body: Buffer,
    response: ServerResponse,
    { note }: Pick<Ledger, 'note'>,
  ): void {
    const { authorization } = incoming.headers;
    const operation = operationOf(incoming);
    const caller = guard.signerOf(authorization)?.functionName ?? 'client';
    const asked = askedForCapacity(operation, body);
    incoming.headers['content-length'] = String(asked.length);
    forward(incoming, asked, response, (status, answer) => {
      const request = dynamoDbRequest(operation, caller, body, status, answer);
      if (request) note(request);
    });
  }

  /** Headers and bodies go both ways untouched; a connection that breaks on one side ends on the other. */
  function forward(
    { method, url: path, headers }: IncomingMessage,
    body: Buffer,
    response: ServerResponse,
    onAnswer: (status: number, answer: Buffer) => void = () => {},
  ): void {
    const outgoing = request({ hostname, port, agent, method, path, headers }, (answer) => {
      const chunks: Buffer[] = [];
      answer.on('data', (chunk: Buffer) => chunks.push(chunk));
      answer.once('end', () => {
        const [status, content] = [answer.statusCode ?? 502, whole(chunks)];
        onAnswer(status, content);
        response.writeHead(status, answer.headers).end(content);
      });
      answer.once('error', () => response.destroy());
    });
    outgoing.once('error', () => response.destroy());
    response.once('close', () => {
      if (!response.writableFinished) outgoing.destroy();
    });
    outgoing.end(body);
  }

  const url = await listen(server);
  return {
    url,
    async close() {
      await closeAtOnce(server);
      agent.destroy();
    },
  };
}

function whole(chunks: readonly Buffer[]): Buffer {
  const [first = Buffer.alloc(0), ...rest] = chunks;
  return rest.length === 0 ? first : Buffer.concat(chunks);
}

function operationOf({ headers }: IncomingMessage): string {
  const target = String(headers['x-amz-target']);
  return target.slice(target.indexOf('.') + 1);
}

/** What is answered to a request that may not go on; undefined if it may. */
function refusal(incoming: IncomingMessage, body: Buffer, guard: Guard): Answer | undefined {
  const { headers } = incoming;
  const operation = operationOf(incoming);
  try {
    const needs = (place: Guard['place']) => dynamoDbNeeds(operation, JSON.parse(body.toString()), place);
    const denial = deniedRequest(guard, headers.authorization, needs);
    return denial && dynamoDbDenial(denial);
  } catch (error) {
    // What can't be understood isn't let through.
    const reason = error instanceof Error ? error.message : String(error);
    return dynamoDbDenial({ message: `What this request needs to be allowed can't be told: ${reason}` });
  }
}
