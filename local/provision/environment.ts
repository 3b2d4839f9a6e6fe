import type { Stack } from './assembly.ts';
import type { ProvisionTarget } from './resource.ts';

/** The start of an ARN: partition and service, region, account. */
const ARN = /\b(arn:[\w-]+:[\w-]+):([\w-]*):(\d{12}):/g;

/** The address of an HTTP API on AWS, which templates put together from its id. */
const API_URL = /https:\/\/([a-z0-9]{10})\.execute-api\.[a-z0-9-]+\.amazonaws\.com/g;

/**
 * Makes a function that replaces the accounts and regions that an app gives its stacks with the local account and
 * region, so that all stacks are in one account and region. The function changes ARNs, and texts that are an account id
 * and nothing else. It also replaces the address of an HTTP API on AWS with the API's local address.
 */
export function localPlaces(
  stacks: readonly Stack[],
  { accountId, region, httpApis }: Pick<ProvisionTarget, 'accountId' | 'region' | 'httpApis'>,
): <T>(value: T) => T {
  const given = stacks.flatMap(({ environment }) => environment ?? []);
  const accounts = new Set(given.map((one) => one.account));
  const regions = new Set(given.map((one) => one.region));
  const text = (value: string) =>
    accounts.has(value)
      ? accountId
      : value
          .replaceAll(API_URL, (url, id: string) => httpApis.urlOf(id) ?? url)
          .replaceAll(ARN, (_, start: string, inRegion: string, inAccount: string) => {
            const local = accounts.has(inAccount) ? accountId : inAccount;
            return `${start}:${regions.has(inRegion) ? region : inRegion}:${local}:`;
          });
  const each = (value: unknown): unknown => {
    if (typeof value === 'string') return text(value);
    if (Array.isArray(value)) return value.map(each);
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, each(inner)]));
  };
  return (value) => each(value) as typeof value;
}
