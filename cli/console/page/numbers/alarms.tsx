import type { AlarmDocument, NumbersDocument } from '../../api/documents.ts';
import { live } from '../live/live.ts';
import { useStore } from '../live/store.ts';
import { Badge } from '../parts/badge.tsx';
import { Icon } from '../parts/icon.tsx';
import { EventText } from '../parts/text.tsx';
import { runbookLink } from '../pure/runbook.ts';
import { clock } from '../pure/words.ts';

interface AlarmsProps {
  readonly changes: NumbersDocument['alarmChanges'];
  /** The name of the alarm that the address names. */
  readonly chosen: string | undefined;
}

const NONE: readonly AlarmDocument[] = [];

/** The alarms in the state ALARM with their entries of the runbook, and the changes that the console has seen. */
export function Alarms({ changes, chosen }: AlarmsProps) {
  const alarms = useStore(live, ({ flow }) => flow?.alarms);
  const now = Date.now();
  return (
    <section class="alarms" aria-label="Alarms">
      <h2>Alarms</h2>
      {alarms === null && (
        <p class="tone-text-warn">
          <Icon name="unread" /> The alarms could not be read, so an alarm may be raised.
        </p>
      )}
      {alarms?.length === 0 && (
        <p class="dim">
          <Icon name="fine" /> No alarm is raised.
        </p>
      )}
      <ul class="plain">
        {(alarms ?? NONE).map((alarm) => (
          <li key={alarm.name} class={alarm.name === chosen ? 'chosen' : ''}>
            <Badge tone="bad" icon="alarm">
              ALARM
            </Badge>{' '}
            <strong>{alarm.name}</strong>{' '}
            <span class="dim">{alarm.since === null ? '' : `since ${clock(alarm.since, now)}`}</span>
            <p>
              <EventText text={alarm.description} />
            </p>
            <Runbook alarm={alarm} />
          </li>
        ))}
      </ul>
      {changes.length > 0 && (
        <details>
          <summary>Changes since the console started ({changes.length})</summary>
          <ul class="plain">
            {changes.map(({ at, name, boundary, state }) => (
              <li key={at + name}>
                <Badge tone={state === 'OK' ? 'good' : 'bad'} icon={state === 'OK' ? 'fine' : 'alarm'}>
                  {state}
                </Badge>{' '}
                <time class="dim">{clock(at, now)}</time> {name} <span class="dim">{boundary}</span>
              </li>
            ))}
          </ul>
        </details>
      )}
    </section>
  );
}

function Runbook({ alarm: { runbookEntry, description } }: { readonly alarm: AlarmDocument }) {
  if (runbookEntry === null) return null;
  const link = runbookLink(description);
  if (link === undefined) return <p class="dim">Runbook: entry {runbookEntry} of docs/runbook.md</p>;
  return (
    <p>
      <a href={link} target="_blank" rel="noopener noreferrer">
        Runbook: {runbookEntry}
      </a>
    </p>
  );
}
