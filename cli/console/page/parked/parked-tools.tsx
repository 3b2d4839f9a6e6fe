import { useState } from 'preact/hooks';
import type { ParkedRow } from '../../api/documents.ts';
import { runAll, useMay } from '../live/actions.ts';
import { Confirm } from '../parts/dialog.tsx';
import { Icon } from '../parts/icon.tsx';
import { actionRequests, heldEntities } from '../pure/group-parked.ts';
import { plural } from '../pure/words.ts';

/** Runs redrive or discard for events: one entry of the log, with a command for each place. */
export async function runForEvents(name: 'redrive' | 'discard', rows: readonly ParkedRow[]): Promise<void> {
  const verb = name === 'redrive' ? 'Redrive' : 'Discard';
  const steps = actionRequests(rows).map((input) => ({
    title: `${verb} ${plural(input.keys.length, 'event')} at ${input.name}`,
    input,
  }));
  const [first, ...more] = steps;
  const places = plural(new Set(steps.map(({ input }) => input.name)).size, 'place');
  const title = `${verb} ${plural(rows.length, 'event')} at ${places}`;
  await runAll(more.length === 0 ? (first?.title ?? title) : title, name, steps);
}

/** Releases the stopped entities of events: one entry of the log, with a command for each entity. */
export async function runRelease(rows: readonly ParkedRow[]): Promise<void> {
  const steps = heldEntities(rows).map((entity) => ({
    title: `Release ${entity.type} ${entity.id} in ${entity.cache}`,
    input: { ...entity, drop: false },
  }));
  const [first, ...more] = steps;
  const title = `Release ${plural(steps.length, 'entity', 'entities')}`;
  await runAll(more.length === 0 ? (first?.title ?? title) : title, 'release', steps);
}

interface ConfirmDiscardProps {
  readonly rows: readonly ParkedRow[];
  readonly close: () => void;
  readonly reload: () => void;
}

/** Asks before events are discarded. */
export function ConfirmDiscard({ rows, close, reload }: ConfirmDiscardProps) {
  return (
    <Confirm
      title={`Discard ${plural(rows.length, 'event')}?`}
      verb="Discard"
      close={close}
      confirm={() => void runForEvents('discard', rows).then(reload)}
    >
      <p>
        {rows.length === 1
          ? 'The event is deleted for good. No cache stores its data, and no handler processes its fact.'
          : 'The events are deleted for good. No cache stores their data, and no handler processes their facts.'}
      </p>
    </Confirm>
  );
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
      {isAsked && <ConfirmDiscard rows={chosen} close={() => setAsked(false)} reload={reload} />}
    </div>
  );
}
