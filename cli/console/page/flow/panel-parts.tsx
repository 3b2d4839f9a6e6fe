import type { ComponentChildren } from 'preact';
import type { AlarmDocument, FunctionDocument } from '../../api/documents.ts';
import { run, useMay } from '../live/actions.ts';
import { Badge } from '../parts/badge.tsx';
import { Icon } from '../parts/icon.tsx';
import { routeTo } from '../pure/route.ts';
import { functionSign } from '../pure/stations.ts';

/** A part of a panel. */
export function PanelPart({ part, title, children }: { part: string; title: string; children: ComponentChildren }) {
  return (
    <section data-part={part}>
      <h3>{title}</h3>
      {children}
    </section>
  );
}

/** A function with its state, and in the local cloud a button that stops or starts it. */
export function FunctionControl({ of: { name, state } }: { readonly of: FunctionDocument }) {
  const may = useMay('stop');
  const sign = functionSign(state);
  const isStopped = state === 'stopped' || state === 'paused';
  return (
    <div class="function">
      {sign !== undefined && (
        <Badge tone={sign.tone} icon={sign.icon}>
          {sign.text}
        </Badge>
      )}
      <code class="physical">{name}</code>
      {may && (
        <button
          type="button"
          class="button"
          onClick={() =>
            void run(`${isStopped ? 'Start' : 'Stop'} ${name}`, isStopped ? 'start' : 'stop', { function: name })
          }
        >
          <Icon name={isStopped ? 'start' : 'stopped'} /> {isStopped ? 'Start' : 'Stop'}
        </button>
      )}
    </div>
  );
}

/** The physical name of a resource. */
export function Physical({ name, kind }: { readonly name: string; readonly kind: string }) {
  return (
    <p class="physical-line">
      <span class="dim">{kind}</span> <code class="physical">{name}</code>
    </p>
  );
}

/** Links to the entities of types. */
export function TypeLinks({ types }: { readonly types: readonly string[] | null }) {
  if (types === null) return <p class="dim">The types aren't known: the contracts can't be loaded.</p>;
  return (
    <ul class="chips">
      {types.map((type) => (
        <li key={type}>
          <a class="chip" href={routeTo('entities', { type })}>
            {type}
          </a>
        </li>
      ))}
    </ul>
  );
}

/** The alarms of a boundary. */
export function PanelAlarms({ alarms, name }: { readonly alarms: readonly AlarmDocument[]; readonly name: string }) {
  const mine = alarms.filter(({ boundary }) => boundary === name);
  if (mine.length === 0) return null;
  return (
    <PanelPart part="alarms" title="Alarms">
      <ul class="plain">
        {mine.map((alarm) => (
          <li key={alarm.name}>
            <a href={routeTo('numbers', { alarm: alarm.name })}>
              <Icon name="alarm" /> {alarm.name}
            </a>
          </li>
        ))}
      </ul>
    </PanelPart>
  );
}
