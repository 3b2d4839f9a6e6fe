import type { ComponentChildren } from 'preact';
import type { AlarmDocument, FunctionDocument } from '../../api/documents.ts';
import { run, useMay } from '../live/actions.ts';
import { live } from '../live/live.ts';
import { useStore } from '../live/store.ts';
import { Badge } from '../parts/badge.tsx';
import { Command } from '../parts/copy.tsx';
import { Icon } from '../parts/icon.tsx';
import { enableMappingCommands } from '../pure/enable-mapping.ts';
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
  const isStopped = state === 'stopped';
  return (
    <div class="function">
      {sign !== undefined && (
        <Badge tone={sign.tone} icon={sign.icon}>
          {sign.text}
        </Badge>
      )}
      <code class="physical">{name}</code>
      {state === 'paused' && <Paused name={name} />}
      {may && state !== 'paused' && (
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

/** How to enable the event source mapping of a function. `start` sets the concurrency, and would not enable it. */
function Paused({ name }: { readonly name: string }) {
  const isLocal = useStore(live, ({ deployment }) => deployment?.isLocal ?? false);
  return (
    <div class="mend">
      <p>Its event source mapping is disabled. To enable it, look up the UUID of the mapping and use it for ID:</p>
      <ol>
        {enableMappingCommands(name, isLocal).map((command) => (
          <li key={command}>
            <Command text={command} />
          </li>
        ))}
      </ol>
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

interface PanelAlarmsProps {
  /** Null if they could not be read. */
  readonly alarms: readonly AlarmDocument[] | null;
  readonly name: string;
}

/** The alarms of a boundary. */
export function PanelAlarms({ alarms, name }: PanelAlarmsProps) {
  if (alarms === null)
    return (
      <PanelPart part="alarms" title="Alarms">
        <p class="tone-text-warn">The alarms could not be read.</p>
      </PanelPart>
    );
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
