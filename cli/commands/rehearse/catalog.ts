import { quoted } from 'freshet-aws/internal/core/errors';
import { UsageError } from '../../errors.ts';
import { ADOPTER_REHEARSALS } from './of-adopters.ts';
import { CACHE_REHEARSALS } from './of-caches.ts';
import { FACT_REHEARSALS } from './of-facts.ts';
import { OWNER_REHEARSALS } from './of-owners.ts';
import { SAGA_REHEARSALS } from './of-sagas.ts';
import type { Impossible, Rehearsal } from './rehearsal.ts';

/** All alarms of docs/runbook.md, by the names of their entries. */
export const REHEARSALS: Readonly<Record<string, Rehearsal | Impossible>> = {
  ...CACHE_REHEARSALS,
  ...OWNER_REHEARSALS,
  ...ADOPTER_REHEARSALS,
  ...FACT_REHEARSALS,
  ...SAGA_REHEARSALS,
};

/** The rehearsal of an alarm. @throws UsageError for an unknown alarm, and for one that can't be provoked */
export function rehearsalOf(alarm: string): Rehearsal {
  const found = Object.hasOwn(REHEARSALS, alarm) ? REHEARSALS[alarm] : undefined;
  if (found === undefined)
    throw new UsageError(`alarm: there is no alarm ${quoted(alarm)}. Alarms: ${Object.keys(REHEARSALS).join(', ')}.`);
  if ('because' in found)
    throw new UsageError(`alarm: ${alarm} can't be provoked in the local cloud: ${found.because}.`);
  return found;
}
