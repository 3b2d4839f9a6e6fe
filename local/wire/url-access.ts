import type { IncomingHttpHeaders } from 'node:http';
import type { Access } from '../iam/access.ts';
import { accountOf, sessionArn } from '../iam/caller.ts';
import { functionUrlNeeds, type UrlAuthType } from '../iam/needs/function-url.ts';
import type { UrlSigner } from '../lambda/url-event.ts';

/** What requests to functions' URLs are checked by. */
export type UrlGuard = Pick<Access, 'isChecked' | 'signerOf' | 'check' | 'place'>;

/** A function that is called by its URL. */
export interface Called {
  readonly functionArn: string;
  readonly authType: UrlAuthType;
}

/** Key, date, region, service (iam/create-signed-request). */
const SIGNED = /^AWS4-HMAC-SHA256 .*Credential=([^/,\s]+)\/\d{8}\/[^/,\s]+\/([^/,\s]+)\/aws4_request/;

/** What AWS says to whoever may not call, whatever the reason. */
const FORBIDDEN =
  'Forbidden. For troubleshooting Function URL authorization issues, see: https://docs.aws.amazon.com/lambda/latest/dg/urls-auth.html';

/**
 * What is said to a request that may not call a function by its URL, in AWS's words and with what would help; undefined if it may. A URL that
 * asks for a signature takes that of every key, as all of the local cloud does: a function's is checked, any other is the developer's. One
 * that asks for none is for those that the function's policy lets, whoever they are (lam/urls-auth).
 */
export function forbidden(
  { authorization }: IncomingHttpHeaders,
  { functionArn, authType }: Called,
  guard: UrlGuard,
): string | undefined {
  if (!guard.isChecked) return undefined;
  const [, , service] = SIGNED.exec(authorization ?? '') ?? [];
  if (authType === 'AWS_IAM' && service === undefined)
    return `${FORBIDDEN}\nA request to this URL must be signed, as by: curl --aws-sigv4 aws:amz:${guard.place.region}:lambda --user local:local`;
  if (authType === 'AWS_IAM' && service !== 'lambda')
    return `Credential should be scoped to correct service: 'lambda'. Given: '${service}'`;
  const caller = authType === 'NONE' ? ({ kind: 'anonymous' } as const) : guard.signerOf(authorization);
  if (caller === undefined) return undefined;
  // Both, so that both are told when both are missing.
  const denials = functionUrlNeeds(functionArn, authType).flatMap((need) => guard.check({ caller, ...need }) ?? []);
  return denials.length > 0 ? [FORBIDDEN, ...denials.map(({ message }) => message)].join('\n') : undefined;
}

/** Who a request's event says has signed it: a function in its role, else the developer, who is like the account's root. */
export function urlSigner({ authorization }: IncomingHttpHeaders, guard: UrlGuard): UrlSigner | undefined {
  const [, accessKey] = SIGNED.exec(authorization ?? '') ?? [];
  if (accessKey === undefined) return undefined;
  const caller = guard.signerOf(authorization);
  if (caller === undefined) {
    const { accountId } = guard.place;
    return { accessKey, accountId, userArn: `arn:aws:iam::${accountId}:root`, userId: accountId };
  }
  const { roleArn, functionName } = caller;
  const roleName = roleArn.slice(roleArn.lastIndexOf('/') + 1);
  const userId = `AROA-${roleName}:${functionName}`;
  return { accessKey, accountId: accountOf(roleArn), userArn: sessionArn(caller), userId };
}
