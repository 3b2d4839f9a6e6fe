import { useState } from 'preact/hooks';
import type { ParkedEventDocument, ParkedRow } from '../../api/documents.ts';
import { useMay } from '../live/actions.ts';
import { useFetched } from '../live/fetched.ts';
import { Badge, Figure } from '../parts/badge.tsx';
import { Icon } from '../parts/icon.tsx';
import { JsonView } from '../parts/json-view.tsx';
import { Failure } from '../parts/notice.tsx';
import { EventText } from '../parts/text.tsx';
import { apiPath, routeTo } from '../pure/route.ts';
import { clock, count, size } from '../pure/words.ts';
import { ConfirmDiscard, runForEvents, runRelease } from './parked-tools.tsx';

interface ParkedEventProps {
  readonly row: ParkedRow;
  readonly reload: () => void;
}

/** One parked event: why it is parked, what to do, and its message with the wrong part marked. */
export function ParkedEvent({ row, reload }: ParkedEventProps) {
  const { role, name, key } = row;
  const fetched = useFetched<ParkedEventDocument>(apiPath('/api/parked/event', { role, name, key }));
  const { document: event, failure } = fetched;
  return (
    <div class="parked-event">
      <p class="explanation">
        <EventText text={row.explanation} />
      </p>
      <EventActions row={row} isOutdated={event?.isOutdated ?? false} reload={reload} />
      {failure !== undefined && (
        <Failure title="The event could not be read" message={failure} retry={() => void fetched.reload()} />
      )}
      {event === undefined && failure === undefined && <p class="dim">Reading the message …</p>}
      {event !== undefined && (
        <>
          <dl class="figures">
            <Figure name="attempts">{count(event.attempts)}</Figure>
            <Figure name="sent">{clock(event.sentAt, Date.now())}</Figure>
            <Figure name="parked">{clock(event.parkedAt, Date.now())}</Figure>
            <Figure name="version in the cache">{event.cachedVersion ?? 'none'}</Figure>
            <Figure name="message">{size(event.bodyLength)}</Figure>
            <Figure name="key">
              <EventText text={event.key} />
            </Figure>
          </dl>
          {event.body.length < event.bodyLength && (
            <p class="tone-text-warn">
              The message is cut after {count(event.body.length)} of {count(event.bodyLength)} characters, so it is
              shown as text.
            </p>
          )}
          <JsonView text={event.body} label="Message" wrong={event.errorPath} because={event.explanation} />
        </>
      )}
    </div>
  );
}

type EventActionsProps = ParkedEventProps & { readonly isOutdated: boolean };

function EventActions({ row, isOutdated, reload }: EventActionsProps) {
  const [mayRedrive, mayRelease, mayDiscard] = [useMay('redrive'), useMay('release'), useMay('discard')];
  const [isAsked, setAsked] = useState(false);
  const { status, type, id, role } = row;
  return (
    <div class="buttons">
      {mayRedrive && (
        <button type="button" class="button" onClick={() => void runForEvents('redrive', [row]).then(reload)}>
          <Icon name="again" /> Redrive: try it again
        </button>
      )}
      {mayRelease && status === 'held' && (
        <button type="button" class="button" onClick={() => void runRelease([row]).then(reload)}>
          <Icon name="start" /> Release its entity
        </button>
      )}
      {isOutdated && (
        <Badge tone="calm" icon="fine">
          the cache has a newer state, so you can discard it
        </Badge>
      )}
      {mayDiscard && isOutdated && (
        <button type="button" class="button" onClick={() => setAsked(true)}>
          <Icon name="close" /> Discard
        </button>
      )}
      {type !== null && id !== null && role !== 'fact-queue' && (
        <a class="button ghost" href={routeTo('entities', { type, id })}>
          <Icon name="entities" /> Show the entity
        </a>
      )}
      {isAsked && <ConfirmDiscard rows={[row]} close={() => setAsked(false)} reload={reload} />}
    </div>
  );
}
