import type { IncomingHttpHeaders } from 'node:http';
import type { Access } from '../iam/access.ts';
import { accountOf, sessionArn } from '../iam/caller.ts';
import { functionUrlNeeds, type UrlAuthType } from '../iam/needs/function-url.ts';
import type { UrlSigner } from '../lambda/url-event.ts';

/** Checks the permissions of requests to function URLs. */
export type UrlGuard = Pick<Access, 'isChecked' | 'signerOf' | 'check' | 'place'>;

/** A function that has a URL. */
export interface Called {
  readonly functionArn: string;
  readonly authType: UrlAuthType;
}

/** Key, date, region, service (iam/create-signed-request). */
const SIGNED = /^AWS4-HMAC-SHA256 .*Credential=([^/,\s]+)\/\d{8}\/[^/,\s]+\/([^/,\s]+)\/aws4_request/;

/** AWS's message for every refused call, whatever the reason. */
const FORBIDDEN =
  'Forbidden. For troubleshooting Function URL authorization issues, see: https://docs.aws.amazon.com/lambda/latest/dg/urls-auth.html';

/**
 * The refusal for a request that may not call a function by its URL: AWS's message, and what would allow the request.
 * Undefined if the request is allowed. With the auth type `AWS_IAM`, a request may be signed with any key, as
 * everywhere in the local cloud: for a function's key, the function's permissions are checked, and a request with any
 * other key is the developer's and is allowed. With `NONE`, the function's policy decides about all callers
 * (lam/urls-auth).
 */
export function forbidden(
  { authorization }: IncomingHttpHeaders,
  { functionArn, authType }: Called,
  guard: UrlGuard,
): string | undefined {
  if (!guard.isChecked) return undefined;
  const [, , service] = SIGNED.exec(authorization ?? '') ?? [];
  if (authType === 'AWS_IAM' && service === undefined)
    return `${FORBIDDEN}\nA request to this URL must be signed, for example: curl --aws-sigv4 aws:amz:${guard.place.region}:lambda --user local:local`;
  if (authType === 'AWS_IAM' && service !== 'lambda')
    return `Credential should be scoped to correct service: 'lambda'. Given: '${service}'`;
  const caller = authType === 'NONE' ? ({ kind: 'anonymous' } as const) : guard.signerOf(authorization);
  if (caller === undefined) return undefined;
  // Checks both permissions, so that the message names both if both are missing.
  const denials = functionUrlNeeds(functionArn, authType).flatMap((need) => guard.check({ caller, ...need }) ?? []);
  return denials.length > 0 ? [FORBIDDEN, ...denials.map(({ message }) => message)].join('\n') : undefined;
}

/** The signer in a request's event: a function in its role, or the developer as the account's root. */
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
