import type { LambdaFunctionURLEvent, LambdaFunctionURLResult } from 'aws-lambda';
import type * as z from 'zod/mini';
import { assertEntityId } from '../../../core/entity.ts';
import { FreshetError, type FreshetErrorCode } from '../../../core/errors.ts';
import { BackpressureError } from '../../../core/govern/admit.ts';

/** What a route is told of a request. */
export interface Request {
  /** What stands where the route's pattern has a `:name`, decoded: 1 to 1,024 bytes. */
  readonly path: Readonly<Record<string, string>>;
  readonly query: Readonly<Record<string, string | undefined>>;
  /** The body's JSON; undefined for none. */
  readonly body: unknown;
}

/** An answer with its status; a route that returns anything else answers it with 200. */
export class Answer {
  readonly status: number;
  readonly body: unknown;

  constructor(status: number, body: unknown) {
    this.status = status;
    this.body = body;
  }
}

/** `'GET /products/:id'` to what answers it. */
export type Routes = Readonly<Record<string, (request: Request) => Promise<unknown>>>;

/** What a refusal of Freshet's means by HTTP; a bug is none of them, and throws. */
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
  // The caller said what the answer must be like, and it can't be had.
  TooStale: 412,
  VersionNotReached: 412,
};

/** A handler of a function URL: the route that fits answers, in JSON. */
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

/** How stale an answer may be, as its query asks: `?maxStalenessMs=5000&atLeastVersion=3`. */
export function freshness({ query }: Request): { maxStalenessMs?: number; atLeastVersion?: number } {
  return numbersIn(query, 'maxStalenessMs', 'atLeastVersion');
}

/** The numbers that a query gives under these names; NaN for a text that is none, such as an empty one: whoever takes it refuses it with 400. */
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
    // What is no id of ours is refused here, before a table or a fact is asked to take it.
    assertEntityId(id);
    found[name.slice(1)] = id;
  }
  return found;
}

/** Thrown for a body that isn't JSON. */
class NoJson extends Error {}

/** Thrown for what was given and isn't as it must be. */
class Invalid extends Error {}

/** Reads what a caller has given; what isn't as the schema says is refused with 400. */
export function parsed<T>(schema: z.ZodMiniType<T>, given: unknown): T {
  const { data, error } = schema.safeParse(given);
  if (error === undefined) return data;
  // Zod's message may quote what was given: the paths alone say enough, and hold no data.
  throw new Invalid(error.issues.map(({ path, code }) => `${path.join('.')}: ${code}`).join('; '));
}

function bodyOf({ body, isBase64Encoded }: LambdaFunctionURLEvent): unknown {
  if (body === undefined || body === '') return undefined;
  try {
    return JSON.parse(isBase64Encoded ? Buffer.from(body, 'base64').toString() : body);
  } catch {
    throw new NoJson();
  }
}

function refusal(error: unknown): LambdaFunctionURLResult {
  if (error instanceof NoJson || error instanceof URIError) {
    return json(400, { code: 'Unreadable', message: 'The body must be JSON, and the path a URL.' });
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
