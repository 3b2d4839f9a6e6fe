import { createHash, randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { type UrlPlace, urlEvent } from '../lambda/url-event.ts';
import { type UrlResponse, urlResponse } from '../lambda/url-response.ts';
import type { Invokable } from './lambda-request.ts';
import { closeAtOnce, listen } from './listen.ts';
import { namesThisMachine, readBytes } from './request.ts';
import { type Called, forbidden, type UrlGuard, urlSigner } from './url-access.ts';
import { MAX_EVENT_BYTES, sendAnswer, urlRequest } from './url-request.ts';

/**
 * The URLs of functions. Each URL has a port of its own, so that paths, cookies and the origin belong to one function,
 * as on AWS.
 */
export interface FunctionUrls {
  /**
   * Serves a function under a URL, which ends with a slash. Rejects if the function isn't deployed or already has a
   * URL.
   */
  add(options: Pick<Called, 'authType'> & { readonly functionName: string }): Promise<ServedUrl>;
  /** Stops all servers and closes their connections. */
  close(): Promise<void>;
}

/** A function and its URL. */
export interface ServedUrl {
  readonly functionArn: string;
  readonly url: string;
}

export interface FunctionUrlsOptions {
  readonly functions: Invokable;
  readonly guard: UrlGuard;
  /** Called for each new URL. */
  readonly onProgress: (message: string) => void;
  /** Called with the reason why a function's answer was not passed on. */
  readonly onFailure: (functionName: string, reason: string) => void;
}

interface Served extends Called {
  readonly functionName: string;
  readonly place: UrlPlace;
}

export function createFunctionUrls(options: FunctionUrlsOptions): FunctionUrls {
  const servers = new Map<string, Server>();
  return {
    async add({ functionName, authType }) {
      const found = options.functions.functions().find(({ name }) => name === functionName);
      if (!found) throw new Error(`there is no function ${functionName}`);
      if (servers.has(functionName)) throw new Error(`the function ${functionName} already has a URL`);
      const server = createServer({ keepAliveTimeout: 60_000 });
      servers.set(functionName, server);
      const { href: url, host: domainName, port } = new URL(await listen(server));
      const place = { id: idOf(functionName), domainName, port };
      const served = { functionName, functionArn: found.arn, authType, place };
      server.on('request', (request, response) => void handle(request, response, served, options));
      options.onProgress(`${functionName} at ${url} (${authType})`);
      return { functionArn: found.arn, url };
    },
    async close() {
      await Promise.all([...servers.values()].map(closeAtOnce));
    },
  };
}

/** An id as long as AWS's. A function always has the same id. */
function idOf(functionName: string): string {
  return createHash('sha256').update(functionName).digest('hex').slice(0, 32);
}

/** Never throws. */
async function handle(
  request: IncomingMessage,
  response: ServerResponse,
  served: Served,
  options: FunctionUrlsOptions,
): Promise<void> {
  const id = randomUUID();
  const answer = await answerTo(request, id, served, options).catch((error: unknown) =>
    refusal(500, 'ServiceException', `Bug in the emulator: ${String(error)}`),
  );
  if (answer === undefined) return;
  if (answer.problem !== undefined) options.onFailure(served.functionName, `[function URL] ${answer.problem}`);
  if (response.destroyed) return;
  sendAnswer(response, answer, { 'x-amzn-requestid': id });
}

/** Undefined if the client disconnected before the whole request was read. */
async function answerTo(
  request: IncomingMessage,
  id: string,
  served: Served,
  { functions, guard }: FunctionUrlsOptions,
): Promise<UrlResponse | undefined> {
  const { headers } = request;
  if (!namesThisMachine(request))
    return refusal(403, 'AccessDeniedException', 'Only requests to the host 127.0.0.1 or localhost are served.');
  const body = await readBytes(request, MAX_EVENT_BYTES);
  if (body === 'aborted') return undefined;
  const message = forbidden(headers, served, guard);
  if (message !== undefined) return refusal(403, 'AccessDeniedException', message);
  if (body === 'tooLong') return tooLarge();
  const signer = served.authType === 'AWS_IAM' ? urlSigner(headers, guard) : undefined;
  const event = urlEvent(urlRequest(request, id, body), served.place, signer);
  if (Buffer.byteLength(JSON.stringify(event)) > MAX_EVENT_BYTES) return tooLarge();
  return urlResponse(await functions.invoke(served.functionName, event));
}

/** The error of Invoke (lambda/latest/api/API_Invoke). */
function tooLarge(): UrlResponse {
  return refusal(
    413,
    'RequestTooLargeException',
    `Request must be smaller than ${MAX_EVENT_BYTES} bytes for the InvokeFunction operation`,
  );
}

function refusal(status: number, type: string, Message: string): UrlResponse {
  const headers = { 'content-type': 'application/json', 'x-amzn-errortype': type };
  return { status, headers, body: Buffer.from(JSON.stringify({ Message })) };
}
