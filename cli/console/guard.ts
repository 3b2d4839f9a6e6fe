import { timingSafeEqual } from 'node:crypto';
import { MAX_STATE_BYTES } from 'freshet-aws/internal/core/state';
import type { Context, MiddlewareHandler } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import type { ContentfulStatusCode } from 'hono/utils/http-status';
import type { ErrorDocument } from './api/documents.ts';

/** The header with the token, which every request needs that changes something. */
export const TOKEN_HEADER = 'x-freshet-token';

/**
 * The longest body: a state of the largest size as JSON within JSON. Escaping makes a text at most twice as long. The
 * rest is for a state with indentation, and for the other fields.
 */
export const MAX_BODY_BYTES = 4 * MAX_STATE_BYTES;

const HEADERS: Readonly<Record<string, string>> = {
  'Content-Security-Policy': [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self' data:",
    "connect-src 'self'",
    "font-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join('; '),
  'X-Content-Type-Options': 'nosniff',
  'Referrer-Policy': 'no-referrer',
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Cross-Origin-Opener-Policy': 'same-origin',
};

/** Sets the security headers of every answer. An answer that names no other rule isn't stored. */
export const securityHeaders: MiddlewareHandler = async (c, next) => {
  await next();
  for (const [name, value] of Object.entries(HEADERS)) c.res.headers.set(name, value);
  if (!c.res.headers.has('Cache-Control') || isApi(c)) c.res.headers.set('Cache-Control', 'no-store');
};

/**
 * Lets a request through only if it comes from the console's own page, or from a program on this machine. Other pages
 * in the same browser can send requests to 127.0.0.1 too, and can give their own host name this address.
 *
 * @param port the port that the console listens on
 */
export function ownOrigin(port: () => number): MiddlewareHandler {
  return async (c, next) => {
    const hosts = [`127.0.0.1:${port()}`, `localhost:${port()}`];
    const host = c.req.header('host') ?? '';
    if (!hosts.includes(host))
      return refused(c, 421, `Host: the console does not answer for this host. Allowed: ${hosts.join(' or ')}.`);
    const origin = c.req.header('origin');
    if (origin !== undefined && !hosts.some((one) => origin === `http://${one}`))
      return refused(c, 403, 'Origin: the request comes from a page that is not the console. Open the console itself.');
    if (isForeign(c))
      return refused(
        c,
        403,
        `Sec-Fetch-Site: a page of another site sent the request. Open http://${hosts[0]} itself.`,
      );
    return next();
  };
}

/** Another server on this machine is the same site. A link of its pages may open the console, but not read the API. */
function isForeign(c: Context): boolean {
  const site = c.req.header('sec-fetch-site');
  return site === 'cross-site' || (site === 'same-site' && isApi(c));
}

function isApi(c: Context): boolean {
  return c.req.path.startsWith('/api/');
}

/** Lets a request that may change something through only with the token of this start, and with JSON as its body. */
export function ownChange(token: string): MiddlewareHandler {
  return async (c, next) => {
    if (c.req.method === 'GET' || c.req.method === 'HEAD') return next();
    if (!isSame(c.req.header(TOKEN_HEADER) ?? '', token))
      return refused(c, 403, `${TOKEN_HEADER}: not the token of this console. Load the page again.`);
    if (!/^application\/json\s*(?:;|$)/i.test(c.req.header('content-type') ?? ''))
      return refused(c, 415, 'Content-Type: Allowed: application/json.');
    return limited(c, next);
  };
}

const limited = bodyLimit({
  maxSize: MAX_BODY_BYTES,
  onError: (c) => refused(c, 413, `body: too long. Allowed: at most ${MAX_BODY_BYTES} bytes.`),
});

/** Compares in a time that doesn't depend on where the texts differ. */
function isSame(given: string, wanted: string): boolean {
  const [one, other] = [Buffer.from(given), Buffer.from(wanted)];
  return one.length === other.length && timingSafeEqual(one, other);
}

/** An answer that refuses a request. */
export function refused(c: Context, status: ContentfulStatusCode, error: string): Response {
  return c.json({ error } satisfies ErrorDocument, status);
}
