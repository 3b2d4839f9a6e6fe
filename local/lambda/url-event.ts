import { isUtf8 } from 'node:buffer';

/** An HTTP request to a function URL. */
export interface UrlRequest {
  readonly id: string;
  readonly receivedAtMs: number;
  readonly method: string;
  /** Path and query, not decoded, such as `/countries?region=eu`. */
  readonly target: string;
  /** Such as `HTTP/1.1`. */
  readonly protocol: string;
  readonly sourceIp: string;
  /** By lower-case name. */
  readonly headers: Readonly<Partial<Record<string, readonly string[]>>>;
  readonly body: Buffer;
}

/** The function URL that received a request. */
export interface UrlPlace {
  readonly id: string;
  /** Host and port. */
  readonly domainName: string;
  readonly port: string;
}

/** The sender of a signed request. */
export interface UrlSigner {
  readonly accessKey: string;
  readonly accountId: string;
  readonly userArn: string;
  readonly userId: string;
}

/** Headers that a function never sees. The first three concern one connection only, and `cookie` has its own field. */
const LEFT_OUT = new Set(['connection', 'keep-alive', 'transfer-encoding', 'cookie']);

/**
 * The content types whose bodies arrive as text. All other bodies arrive in base64, including forms and bodies without
 * a type. This was observed on AWS, which documents only that binary bodies arrive in base64.
 */
const TEXT = /^(text\/[^;]+|application\/(json|xml|javascript))\s*(;|$)/i;

/**
 * The event for a request, in payload format version 2.0 (lam/urls-invocation). Fields without a value in the request
 * are left out.
 * @param signer undefined if the URL requires no signature
 */
export function urlEvent(request: UrlRequest, place: UrlPlace, signer?: UrlSigner) {
  const { method, protocol, sourceIp, body, headers } = request;
  const [path, query] = splitTarget(request.target);
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

/** The route of an HTTP API that a request takes. */
export interface ApiRoute {
  /** Such as `GET /countries/{id}` or `$default`. */
  readonly routeKey: string;
  /** The values of the variables in the route's path. */
  readonly pathParameters: Readonly<Record<string, string>>;
  readonly stage: string;
  readonly accountId: string;
}

/** The event for a request to an HTTP API, in payload format 2.0 (apigw/http-api-develop-integrations-lambda). */
export function apiEvent(request: UrlRequest, place: UrlPlace, route: ApiRoute): object {
  const { routeKey, pathParameters, stage, accountId } = route;
  const { isBase64Encoded, ...event } = urlEvent(request, place);
  return {
    ...event,
    routeKey,
    requestContext: { ...event.requestContext, accountId, routeKey, stage },
    ...(Object.keys(pathParameters).length > 0 && { pathParameters }),
    isBase64Encoded,
  };
}

/** Path and query stay percent-encoded. */
export function splitTarget(target: string): [path: string, query: string] {
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

/** Values are decoded. Several values of one name are joined by commas. */
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

function bodyOf(body: Buffer, contentType: string): { body?: string; isBase64Encoded: boolean } {
  if (body.length === 0) return { isBase64Encoded: false };
  const isText = TEXT.test(contentType) && isUtf8(body);
  return { body: body.toString(isText ? 'utf8' : 'base64'), isBase64Encoded: !isText };
}
