import { isUtf8 } from 'node:buffer';

/** An HTTP request to a function's URL. */
export interface UrlRequest {
  readonly id: string;
  readonly receivedAtMs: number;
  readonly method: string;
  /** Path and query as they came, such as `/countries?region=eu`. */
  readonly target: string;
  /** Such as `HTTP/1.1`. */
  readonly protocol: string;
  readonly sourceIp: string;
  /** By their names in lower case. */
  readonly headers: Readonly<Partial<Record<string, readonly string[]>>>;
  readonly body: Buffer;
}

/** Where a request came in. */
export interface UrlPlace {
  readonly id: string;
  /** Host and port. */
  readonly domainName: string;
  readonly port: string;
}

/** Who sent a signed request. */
export interface UrlSigner {
  readonly accessKey: string;
  readonly accountId: string;
  readonly userArn: string;
  readonly userId: string;
}

/** Of one connection only, so that a function never sees them; `cookie` has a field of its own. */
const LEFT_OUT = new Set(['connection', 'keep-alive', 'transfer-encoding', 'cookie']);

/**
 * Seen of AWS, which documents only that binary bodies come in base64: these come as text, all others in base64, forms and bodies without
 * a type among them.
 */
const TEXT = /^(text\/[^;]+|application\/(json|xml|javascript))\s*(;|$)/i;

/**
 * A request as its function gets it: payload format version 2.0 (lam/urls-invocation). What a request doesn't have, the event doesn't.
 *
 * @param signer undefined: nobody was asked who they are
 */
export function urlEvent(request: UrlRequest, place: UrlPlace, signer?: UrlSigner): object {
  const { method, protocol, sourceIp, body, headers } = request;
  const [path, query] = split(request.target);
  const cookies = headers.cookie?.flatMap((each) => each.split(';').map((cookie) => cookie.trim()));
  return {
    version: '2.0',
    routeKey: '$default',
    rawPath: path,
    rawQueryString: query,
    ...(cookies && { cookies }),
    headers: headersOf(request, place),
    ...(query !== '' && { queryStringParameters: parametersOf(query) }),
    requestContext: {
      accountId: signer?.accountId ?? 'anonymous',
      apiId: place.id,
      ...(signer && { authorizer: { iam: iamOf(signer) } }),
      domainName: place.domainName,
      domainPrefix: place.id,
      http: { method, path, protocol, sourceIp, userAgent: headers['user-agent']?.join(',') },
      requestId: request.id,
      routeKey: '$default',
      stage: '$default',
      time: timeOf(request.receivedAtMs),
      timeEpoch: request.receivedAtMs,
    },
    ...bodyOf(body, headers['content-type']?.[0] ?? ''),
  };
}

/** Both percent-encoded, as they came. */
function split(target: string): [path: string, query: string] {
  const at = target.indexOf('?');
  return at === -1 ? [target, ''] : [target.slice(0, at), target.slice(at + 1)];
}

function headersOf({ headers, sourceIp }: UrlRequest, { port }: UrlPlace): Record<string, string> {
  const given = Object.entries(headers).flatMap(([name, values]) =>
    LEFT_OUT.has(name) || values === undefined ? [] : [[name, values.join(',')] as const],
  );
  const added = { 'x-forwarded-for': sourceIp, 'x-forwarded-proto': 'http', 'x-forwarded-port': port };
  return { ...Object.fromEntries(given), ...added };
}

/** Decoded; several values of one name are joined. */
function parametersOf(query: string): Record<string, string> {
  const all = new Map<string, string>();
  for (const [name, value] of new URLSearchParams(query)) {
    const before = all.get(name);
    all.set(name, before === undefined ? value : `${before},${value}`);
  }
  return Object.fromEntries(all);
}

function iamOf({ accessKey, accountId, userArn, userId }: UrlSigner): object {
  const unknown = { cognitoIdentity: null, principalOrgId: null };
  return { accessKey, accountId, callerId: userId, ...unknown, userArn, userId };
}

/** Such as `12/Mar/2020:19:03:58 +0000`. */
function timeOf(atMs: number): string {
  const [, day, month, year, time] = new Date(atMs).toUTCString().split(' ');
  return `${day}/${month}/${year}:${time} +0000`;
}

function bodyOf(body: Buffer, contentType: string): object {
  if (body.length === 0) return { isBase64Encoded: false };
  const isText = TEXT.test(contentType) && isUtf8(body);
  return { body: body.toString(isText ? 'utf8' : 'base64'), isBase64Encoded: !isText };
}
