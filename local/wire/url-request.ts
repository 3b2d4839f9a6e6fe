import type { IncomingMessage, ServerResponse } from 'node:http';
import type { UrlRequest } from '../lambda/url-event.ts';
import type { UrlResponse } from '../lambda/url-response.ts';

/** Largest event: the request and its context (lam/gettingstarted-limits, 2026-12-01). */
export const MAX_EVENT_BYTES = 6 * 1_048_576;

/** A request as a function's event describes it. */
export function urlRequest(request: IncomingMessage, id: string, body: Buffer): UrlRequest {
  return {
    id,
    receivedAtMs: Date.now(),
    body,
    headers: request.headersDistinct,
    method: request.method ?? 'GET',
    target: targetOf(request),
    protocol: `HTTP/${request.httpVersion}`,
    sourceIp: request.socket.remoteAddress ?? '127.0.0.1',
  };
}

/** Sends a function's answer. @param added further headers, such as the request's id */
export function sendAnswer(
  response: ServerResponse,
  { status, headers, body }: UrlResponse,
  added: Readonly<Record<string, string>>,
): void {
  for (const [name, value] of Object.entries({ ...headers, ...added })) response.setHeader(name, value);
  const mayHaveBody = status !== 204 && status !== 304;
  if (mayHaveBody) response.setHeader('content-length', body.length);
  response.writeHead(status).end(mayHaveBody ? body : undefined);
}

/** Path and query. A client may also send the whole URL, or `*` with OPTIONS. */
function targetOf({ url = '/' }: IncomingMessage): string {
  if (url.startsWith('/')) return url;
  if (!URL.canParse(url)) return '/';
  const { pathname, search } = new URL(url);
  return pathname + search;
}
