import { isAdoptReason } from 'freshet-aws/internal/core/adopt/map';
import type { Findings, Parked } from './findings.ts';
import { because, certain, command, type FoundOwner, likely, type Verdict } from './verdict-parts.ts';

/** The verdict on an adopted entity that may differ from its item in the existing table; undefined otherwise. */
export function adoptedVerdict(findings: Findings, owner: FoundOwner): Verdict | undefined {
  if (owner.adopter === undefined) return undefined;
  const later = laterChange(owner);
  if (later !== undefined) return setAsideVerdict(owner, later);
  return owner.adopter.isStopped ? adopterStopped(findings, owner) : undefined;
}

/** A change of an existing table's item that was set aside and is not older than the entity's copy. */
function laterChange({ owned, parked }: FoundOwner): Parked | undefined {
  const copiedAtMs = Date.parse(owned?.changedAt ?? '') || 0;
  return parked.findLast(({ reason, changedAtMs }) => isAdoptReason(reason) && changedAtMs >= copiedAtMs);
}

function setAsideVerdict({ name, owned }: FoundOwner, parked: Parked): Verdict {
  const text = `${name} set aside a change of the entity's item in the existing table${because(parked)}`;
  const mend = [
    {
      text: 'correct the item in the existing table and raise its version (the entry not-published of docs/runbook.md)',
    },
    command('parked discard', name, parked.key),
  ];
  // The stream tells times by the second, so the order of two changes in one second isn't known.
  const isLater = owned === undefined || parked.changedAtMs > Date.parse(owned.changedAt);
  return (isLater ? certain : likely)('not-published', text, mend);
}

function adopterStopped({ cache }: Findings, { name, owned }: FoundOwner): Verdict {
  const has = owned === undefined ? 'has no copy of the entity either' : `has the same version as ${cache.name}`;
  return likely(
    'adopter-stopped',
    `The adopter of ${name} is stopped, so later changes of the existing table are not copied. ${name} ${has}.`,
    [{ text: 'start the adopter before a change is 24 hours old: only a survey finds what the stream has lost' }],
  );
}
