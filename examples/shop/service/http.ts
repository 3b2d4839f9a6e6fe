import type { LambdaFunctionURLEvent, LambdaFunctionURLResult } from 'aws-lambda';
import { assertEntityId, BackpressureError, FreshetError, type FreshetErrorCode } from 'freshet-aws';
import type * as z from 'zod/mini';

/** A request, as a route receives it. */
export interface Request {
  /** The decoded parts of the path at the `:name`s of the route's pattern, each 1 to 1,024 bytes. */
  readonly path: Readonly<Record<string, string>>;
  /** The parameters of the query string. */
  readonly query: Readonly<Record<string, string | undefined>>;
  /** The parsed JSON body; undefined if there is none. */
  readonly body: unknown;
}

/** An answer with its HTTP status. Any other value that a route returns is sent with status 200. */
export class Answer {
  readonly status: number;
  readonly body: unknown;

  constructor(status: number, body: unknown) {
    this.status = status;
    this.body = body;
  }
}

/** Routes such as `'GET /products/:id'`, each with the function that answers it. */
export type Routes = Readonly<Record<string, (request: Request) => Promise<unknown>>>;

/**
 * HTTP statuses of Freshet's error codes that a caller can cause. Every other code is a bug, and the function throws.
 */
const STATUS: Partial<Record<FreshetErrorCode, number>> = {
  Backpressure: 429,
  InvalidState: 400,
  InvalidEntityId: 400,
  InvalidExpectedVersion: 400,
  InvalidMaxStaleness: 400,
  InvalidVersion: 400,
  InvalidCursor: 400,
  InvalidLimit: 400,
  StateTooLarge: 413,
  VersionConflict: 409,
  // The cache doesn't meet the freshness that the caller requires.
  TooStale: 412,
  VersionNotReached: 412,
};

/** Returns a handler for a function URL. The matching route answers in JSON. */
export function serve(routes: Routes): (event: LambdaFunctionURLEvent) => Promise<LambdaFunctionURLResult> {
  return async (event) => {
    const { method } = event.requestContext.http;
    try {
      for (const [route, answer] of Object.entries(routes)) {
        const [ofMethod, pattern = ''] = route.split(' ');
        const path = ofMethod === method ? matched(pattern, event.rawPath) : undefined;
        if (path === undefined) continue;
        const result = await answer({ path, query: event.queryStringParameters ?? {}, body: bodyOf(event) });
        return result instanceof Answer ? json(result.status, result.body) : json(200, result);
      }
    } catch (error) {
      return refusal(error);
    }
    return json(404, { code: 'NoRoute', message: `Routes: ${Object.keys(routes).join(', ')}` });
  };
}

/** Returns the freshness that a query requires, such as `?maxStalenessMs=5000&atLeastVersion=3`. */
export function freshness({ query }: Request): { maxStalenessMs?: number; atLeastVersion?: number } {
  return numbersIn(query, 'maxStalenessMs', 'atLeastVersion');
}

/**
 * Returns the query's numbers with these names. A text that isn't a number, such as an empty one, becomes NaN, which
 * the called function refuses with status 400.
 */
export function numbersIn<Name extends string>(query: Request['query'], ...names: Name[]): { [N in Name]?: number } {
  const numbers: { [N in Name]?: number } = {};
  for (const name of names) {
    const text = query[name];
    if (text !== undefined) numbers[name] = text.trim() === '' ? Number.NaN : Number(text);
  }
  return numbers;
}

function matched(pattern: string, path: string): Record<string, string> | undefined {
  const [names, given] = [pattern.split('/'), path.split('/')];
  if (names.length !== given.length) return undefined;
  const found: Record<string, string> = {};
  for (const [index, name] of names.entries()) {
    const part = given[index] ?? '';
    if (!name.startsWith(':') && name !== part) return undefined;
    if (!name.startsWith(':')) continue;
    const id = decodeURIComponent(part);
    // An invalid id is refused here, before it reaches a table or a fact.
    assertEntityId(id);
    found[name.slice(1)] = id;
  }
  return found;
}

/** Thrown for a body that isn't JSON. */
class InvalidJson extends Error {}

/** Thrown for an input that its schema refuses. */
class Invalid extends Error {}

/** Parses an input by its schema. An invalid input is refused with status 400. */
export function parsed<T>(schema: z.ZodMiniType<T>, given: unknown): T {
  const { data, error } = schema.safeParse(given);
  if (error === undefined) return data;
  // Zod's message may quote the input, which can be personal data. Paths and codes contain none.
  throw new Invalid(error.issues.map(({ path, code }) => `${path.join('.')}: ${code}`).join('; '));
}

function bodyOf({ body, isBase64Encoded }: LambdaFunctionURLEvent): unknown {
  if (body === undefined || body === '') return undefined;
  try {
    return JSON.parse(isBase64Encoded ? Buffer.from(body, 'base64').toString() : body);
  } catch {
    throw new InvalidJson();
  }
}

function refusal(error: unknown): LambdaFunctionURLResult {
  if (error instanceof InvalidJson || error instanceof URIError) {
    return json(400, { code: 'Unreadable', message: 'The body must be JSON, and the path must be a valid URL.' });
  }
  if (error instanceof Invalid) return json(400, { code: 'Invalid', message: error.message });
  const status = error instanceof FreshetError ? STATUS[error.code] : undefined;
  if (!(error instanceof FreshetError) || status === undefined) throw error;
  const { code, message, currentVersion, stalenessMs } = error;
  const retryAfter = error instanceof BackpressureError ? { 'retry-after': String(error.retryAfterSeconds) } : {};
  return json(status, { code, message, currentVersion, stalenessMs }, retryAfter);
}

function json(statusCode: number, body: unknown, headers: Record<string, string> = {}): LambdaFunctionURLResult {
  return { statusCode, headers: { 'content-type': 'application/json', ...headers }, body: JSON.stringify(body) };
}
