import { Agent, createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import { MAX_INDEX_CHANGES } from 'freshet-aws/internal/core/index-changes';
import * as z from 'zod/mini';
import { deniedRequest, type Guard } from '../iam/check-request.ts';
import { dynamoDbNeeds } from '../iam/needs/dynamodb.ts';
import { askedForCapacity, dynamoDbRequest } from '../ledger/dynamodb-request.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { dynamoDbDenial, tooManyIndexChanges } from './denials.ts';
import type { Answer } from './errors.ts';
import { closeAtOnce, listen } from './listen.ts';

/** The address at which functions reach DynamoDB. It refuses forbidden requests and passes the others to the engine. */
export interface DynamoDbGateway {
  readonly url: string;
  close(): Promise<void>;
}

type Note = Pick<Ledger, 'note'>;
type Forward = (
  incoming: IncomingMessage,
  body: Buffer,
  response: ServerResponse,
  onAnswer?: (status: number, answer: Buffer) => void,
) => void;

/**
 * Starts a gateway on a free port of 127.0.0.1.
 * @param ledger receives each request. The gateway then asks the engine for the consumed capacity, which clients see
 * too
 */
export async function startDynamoDbGateway(engineUrl: string, guard: Guard, ledger?: Note): Promise<DynamoDbGateway> {
  const agent = new Agent({ keepAlive: true, noDelay: true });
  const forward = createForward(engineUrl, agent);
  const server = createServer({ keepAliveTimeout: 60_000, noDelay: true }, (incoming, response) => {
    const chunks: Buffer[] = [];
    incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
    incoming.once('error', () => response.destroy());
    incoming.once('end', () => {
      const body = whole(chunks);
      const refused = refusal(incoming, body, guard);
      if (refused) response.writeHead(refused.status, refused.headers).end(refused.body);
      else if (ledger === undefined) forward(incoming, body, response);
      else forwardCounted(forward, incoming, body, response, guard, ledger);
    });
  });
  return {
    url: await listen(server),
    async close() {
      await closeAtOnce(server);
      agent.destroy();
    },
  };
}

/**
 * Passes headers and bodies in both directions unchanged. If a connection breaks on one side, the other side is closed.
 */
function createForward(engineUrl: string, agent: Agent): Forward {
  const { hostname, port } = new URL(engineUrl);
  return ({ method, url: path, headers }, body, response, onAnswer = () => {}) => {
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
  };
}

function forwardCounted(
  forward: Forward,
  incoming: IncomingMessage,
  body: Buffer,
  response: ServerResponse,
  guard: Guard,
  { note }: Note,
): void {
  const operation = operationOf(incoming);
  const caller = guard.signerOf(incoming.headers.authorization)?.functionName ?? 'client';
  const asked = askedForCapacity(operation, body);
  incoming.headers['content-length'] = String(asked.length);
  forward(incoming, asked, response, (status, answer) => {
    const request = dynamoDbRequest(operation, caller, body, status, answer);
    if (request) note(request);
  });
}

function whole(chunks: readonly Buffer[]): Buffer {
  const [first = Buffer.alloc(0), ...rest] = chunks;
  return rest.length === 0 ? first : Buffer.concat(chunks);
}

function operationOf({ headers }: IncomingMessage): string {
  const target = String(headers['x-amz-target']);
  return target.slice(target.indexOf('.') + 1);
}

/** The answer to a request that is forbidden or that AWS refuses; undefined if the engine must answer the request. */
function refusal(incoming: IncomingMessage, body: Buffer, guard: Guard): Answer | undefined {
  const { headers } = incoming;
  const operation = operationOf(incoming);
  try {
    const needs = (place: Guard['place']) => dynamoDbNeeds(operation, JSON.parse(body.toString()), place);
    const denial = deniedRequest(guard, headers.authorization, needs);
    if (denial) return dynamoDbDenial(denial);
    return operation === 'UpdateTable' && changesOf(body) > MAX_INDEX_CHANGES ? tooManyIndexChanges() : undefined;
  } catch (error) {
    // A request that can't be read is refused, never allowed.
    const reason = error instanceof Error ? error.message : String(error);
    return dynamoDbDenial({ message: `The permissions that this request needs can't be determined: ${reason}` });
  }
}

const indexUpdates = z.object({
  GlobalSecondaryIndexUpdates: z._default(z.array(z.looseObject({ Update: z.optional(z.unknown()) })), []),
});

/** How many indexes an UpdateTable request creates and deletes. A change of an index's throughput doesn't count. */
function changesOf(body: Buffer): number {
  const { GlobalSecondaryIndexUpdates: updates } = indexUpdates.parse(JSON.parse(body.toString()));
  return updates.filter(({ Update }) => Update === undefined).length;
}
