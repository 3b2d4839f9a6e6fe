import { createHash, createHmac } from 'node:crypto';

/** Credentials of the function's role, as Lambda gives them to the process. */
export interface TokenCredentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string | undefined;
}

/** A token can be used for 15 minutes (rds/UsingWithRDS.IAMDBAuth). */
const LIFE_SECONDS = 900;

const EMPTY_SHA256 = createHash('sha256').update('').digest('hex');

/**
 * Returns the password of a database user with IAM authentication: a request to connect, signed with Signature Version
 * 4 in its query (rds/UsingWithRDS.IAMDBAuth.Connecting, iam/reference_sigv-create-signed-request). The SDK's signer
 * would bring every provider of credentials into the function.
 *
 * @param to.nowMs epoch milliseconds
 */
export function iamToken(
  to: { readonly host: string; readonly port: number; readonly user: string; readonly region: string; nowMs: number },
  credentials: TokenCredentials,
): string {
  const { host, port, user, region, nowMs } = to;
  const stamp = new Date(nowMs).toISOString().replace(/[-:]|\.\d{3}/g, '');
  const scope = `${stamp.slice(0, 8)}/${region}/rds-db/aws4_request`;
  const query = Object.entries({
    Action: 'connect',
    DBUser: user,
    'X-Amz-Algorithm': 'AWS4-HMAC-SHA256',
    'X-Amz-Credential': `${credentials.accessKeyId}/${scope}`,
    'X-Amz-Date': stamp,
    'X-Amz-Expires': String(LIFE_SECONDS),
    ...(credentials.sessionToken && { 'X-Amz-Security-Token': credentials.sessionToken }),
    'X-Amz-SignedHeaders': 'host',
  })
    .map(([name, value]) => `${name}=${encoded(value)}`)
    .join('&');
  const request = ['GET', '/', query, `host:${host}:${port}`, '', 'host', EMPTY_SHA256].join('\n');
  const digest = createHash('sha256').update(request).digest('hex');
  const text = ['AWS4-HMAC-SHA256', stamp, scope, digest].join('\n');
  const hmac = (key: string | Buffer, value: string) => createHmac('sha256', key).update(value).digest();
  const key = scope.split('/').reduce<string | Buffer>(hmac, `AWS4${credentials.secretAccessKey}`);
  const signature = createHmac('sha256', key).update(text).digest('hex');
  return `${host}:${port}/?${query}&X-Amz-Signature=${signature}`;
}

/** Signature Version 4 also encodes the characters that `encodeURIComponent` leaves. */
function encoded(value: string): string {
  return encodeURIComponent(value).replace(/[!'()*]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`);
}
