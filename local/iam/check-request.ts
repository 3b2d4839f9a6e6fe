import type { Access } from './access.ts';
import type { Denial } from './denial.ts';
import type { Need, Place } from './needs/need.ts';

/** What requests are checked by. */
export type Guard = Pick<Access, 'signerOf' | 'check' | 'place'>;

/** Lets everybody do everything. */
export const OPEN: Guard = {
  place: { region: 'us-east-1', accountId: '000000000000' },
  signerOf: () => undefined,
  check: () => undefined,
};

/** The first thing that the signer of a request isn't allowed; undefined if the request may go on. */
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
