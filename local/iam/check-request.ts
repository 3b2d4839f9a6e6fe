import { LOCAL_ACCOUNT_ID, LOCAL_REGION } from '../identity.ts';
import type { Access } from './access.ts';
import type { Denial } from './denial.ts';
import type { Need, Place } from './needs/need.ts';

/** Checks the permissions of requests. */
export type Guard = Pick<Access, 'signerOf' | 'check' | 'place'>;

/** Allows every request. */
export const OPEN: Guard = {
  place: { region: LOCAL_REGION, accountId: LOCAL_ACCOUNT_ID },
  signerOf: () => undefined,
  check: () => undefined,
};

/** The first refusal of a request's needs; undefined if the request is allowed. */
export function deniedRequest(
  { signerOf, check, place }: Guard,
  authorization: string | undefined,
  needs: (place: Place) => readonly Need[],
): Denial | undefined {
  const caller = signerOf(authorization);
  if (caller === undefined) return undefined;
  for (const need of needs(place)) {
    const denial = check({ caller, ...need });
    if (denial) return denial;
  }
  return undefined;
}
