import { useState } from 'preact/hooks';
import type { ParkedRow } from '../../api/documents.ts';
import { run, useMay } from '../live/actions.ts';
import { Confirm } from '../parts/dialog.tsx';
import { Icon } from '../parts/icon.tsx';
import { actionRequests, heldEntities } from '../pure/group-parked.ts';
import { plural } from '../pure/words.ts';

/** Runs redrive or discard for events, one command for each place. */
export async function runForEvents(name: 'redrive' | 'discard', rows: readonly ParkedRow[]): Promise<void> {
  const verb = name === 'redrive' ? 'Redrive' : 'Discard';
  for (const request of actionRequests(rows)) {
    await run(`${verb} ${plural(request.keys.length, 'event')} at ${request.name}`, name, request);
  }
}

/** Releases the stopped entities of events. */
export async function runRelease(rows: readonly ParkedRow[]): Promise<void> {
  for (const { cache, type, id } of heldEntities(rows)) {
    await run(`Release ${type} ${id} in ${cache}`, 'release', { cache, type, id, drop: false });
  }
}

interface ParkedToolsProps {
  readonly chosen: readonly ParkedRow[];
  readonly shown: readonly ParkedRow[];
  readonly select: (rows: readonly ParkedRow[], isSelected: boolean) => void;
  readonly reload: () => void;
}

/** What can be done with the selected events. */
export function ParkedTools({ chosen, shown, select, reload }: ParkedToolsProps) {
  const [isAsked, setAsked] = useState(false);
  const [mayRedrive, mayRelease, mayDiscard] = [useMay('redrive'), useMay('release'), useMay('discard')];
  const held = heldEntities(chosen);
  const isNone = chosen.length === 0;
  const isAll = shown.length > 0 && chosen.length === shown.length;
  if (!(mayRedrive || mayRelease || mayDiscard) || shown.length === 0) return null;
  return (
    <div class="parked-tools" role="toolbar" aria-label="Selected events">
      <label class="check">
        <input type="checkbox" checked={isAll} onChange={() => select(shown, !isAll)} />
        {isNone ? `select all ${shown.length}` : `${chosen.length} selected`}
      </label>
      {mayRedrive && (
        <button
          type="button"
          class="button"
          disabled={isNone}
          onClick={() => void runForEvents('redrive', chosen).then(reload)}
        >
          <Icon name="again" /> Redrive
        </button>
      )}
      {mayRelease && (
        <button
          type="button"
          class="button"
          disabled={held.length === 0}
          onClick={() => void runRelease(chosen).then(reload)}
        >
          <Icon name="start" /> Release {held.length > 0 && plural(held.length, 'entity', 'entities')}
        </button>
      )}
      {mayDiscard && (
        <button type="button" class="button" disabled={isNone} onClick={() => setAsked(true)}>
          <Icon name="close" /> Discard
        </button>
      )}
      {isAsked && (
        <Confirm
          title={`Discard ${plural(chosen.length, 'event')}?`}
          verb="Discard"
          close={() => setAsked(false)}
          confirm={() => void runForEvents('discard', chosen).then(reload)}
        >
          <p>The events are deleted for good. No cache stores their data, and no handler processes their facts.</p>
        </Confirm>
      )}
    </div>
  );
}
