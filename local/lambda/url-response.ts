import { validateHeaderName, validateHeaderValue } from 'node:http';
import * as z from 'zod/mini';
import type { InvokeResult } from './invoke-result.ts';

/** The answer to a client of a function URL. */
export interface UrlResponse {
  readonly status: number;
  /** By lower-case name. */
  readonly headers: Readonly<Record<string, string | readonly string[]>>;
  readonly body: Buffer;
  /** Why the function's answer was not passed on; undefined if it was passed on. */
  readonly problem?: string;
}

/** Largest response of a function (lam/gettingstarted-limits, 2026-12-01). */
const MAX_PAYLOAD_BYTES = 6 * 1_048_576;

const value = z.union([z.string(), z.number(), z.boolean()]);
const schema = z.object({
  statusCode: z.coerce.number().check(z.int(), z.gte(200), z.lte(599)),
  headers: z.nullish(z.record(z.string(), value)),
  cookies: z.nullish(z.array(z.string())),
  body: z.nullish(z.string()),
  isBase64Encoded: z.nullish(z.boolean()),
});

/**
 * Headers about the connection, which the server sets. A function's values are passed on under another name, as AWS
 * does with some of them.
 */
const REMAPPED = new Set([
  'connection',
  'content-length',
  'date',
  'keep-alive',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);

/**
 * The HTTP answer for the result of an invocation (lam/urls-invocation, response payload format). A payload without a
 * `statusCode` becomes the body of a 200 answer. Errors and unreadable payloads become a 502 answer; the reason appears
 * in `problem` only.
 */
export function urlResponse(result: InvokeResult): UrlResponse {
  if (!result.ok) return result.error === 'Throttled' ? throttled() : failed(`${result.error}: ${result.message}`);
  const { payload } = result;
  const whole = Buffer.from(JSON.stringify(payload));
  if (whole.length > MAX_PAYLOAD_BYTES)
    return failed(
      `Response payload size (${whole.length} bytes) exceeded maximum allowed (${MAX_PAYLOAD_BYTES} bytes)`,
    );
  const isShaped = typeof payload === 'object' && payload !== null && 'statusCode' in payload;
  return isShaped ? shaped(payload) : { status: 200, headers: { 'content-type': 'application/json' }, body: whole };
}

function shaped(payload: object): UrlResponse {
  const parsed = schema.safeParse(payload);
  if (!parsed.success) return failed(`The function's answer can't be read: ${z.prettifyError(parsed.error)}`);
  const { statusCode: status, headers: given, cookies, body, isBase64Encoded } = parsed.data;
  const headers: Record<string, string | readonly string[]> = { 'content-type': 'application/json' };
  for (const [name, each] of Object.entries(given ?? {})) {
    const lower = name.toLowerCase();
    headers[REMAPPED.has(lower) ? `x-amzn-remapped-${lower}` : lower] = String(each);
  }
  if (cookies && cookies.length > 0) headers['set-cookie'] = [headers['set-cookie'] ?? [], cookies].flat(2);
  const problem = headerProblem(headers);
  if (problem !== undefined) return failed(`The function's answer can't be sent: ${problem}`);
  return { status, headers, body: Buffer.from(body ?? '', isBase64Encoded ? 'base64' : 'utf8') };
}

function headerProblem(headers: UrlResponse['headers']): string | undefined {
  try {
    for (const [name, values] of Object.entries(headers)) {
      validateHeaderName(name);
      for (const each of [values].flat()) validateHeaderValue(name, each);
    }
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

function failed(problem: string): UrlResponse {
  return {
    status: 502,
    headers: { 'content-type': 'application/json' },
    body: Buffer.from('Internal Server Error'),
    problem,
  };
}

/**
 * The status is documented in lam/urls-configuration (throttling function URLs). The body is the same as for Invoke.
 */
function throttled(): UrlResponse {
  const body = {
    Reason: 'ReservedFunctionConcurrentInvocationLimitExceeded',
    Type: 'User',
    message: 'Rate Exceeded.',
  };
  return {
    status: 429,
    headers: { 'content-type': 'application/json', 'x-amzn-errortype': 'TooManyRequestsException' },
    body: Buffer.from(JSON.stringify(body)),
  };
}
