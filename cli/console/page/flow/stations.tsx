import type { ComponentChildren } from 'preact';
import { Badge } from '../parts/badge.tsx';
import { Icon } from '../parts/icon.tsx';
import { memo } from '../parts/memo.tsx';
import { EventText } from '../parts/text.tsx';
import { isFlowing, pondState } from '../pure/pond.ts';
import { routeTo } from '../pure/route.ts';
import { functionSign, type Sign, type SinkView, type SourceView } from '../pure/stations.ts';
import { count, drainWords, rate } from '../pure/words.ts';
import { backlogWords, Pond } from './pond.tsx';

interface StationProps {
  /** The key of the source or sink, and the part of it. */
  readonly at: string;
  readonly part: string;
  readonly label: string;
  readonly kind: string;
  readonly children: ComponentChildren;
}

/** A station of the picture. It is a link to its panel, so that it can be opened in another tab and shared. */
function Station({ at, part, label, kind, children }: StationProps) {
  return (
    <a class={`station station-${kind}`} href={routeTo('flow', { at, part })} data-station={`${at}/${part}`}>
      <span class="hidden">{label}: </span>
      {children}
    </a>
  );
}

/** The signs of a station. */
export function Signs({ signs }: { readonly signs: readonly Sign[] }) {
  if (signs.length === 0) return null;
  return (
    <span class="signs">
      {signs.map(({ icon, tone, text }) => (
        <Badge key={icon + text} tone={tone} icon={icon}>
          {text}
        </Badge>
      ))}
    </span>
  );
}

export const Origin = memo(({ view }: { readonly view: SourceView }) => (
  <Station at={view.key} part="origin" label={view.kind === 'facts' ? 'Facts' : 'Owner'} kind={view.kind}>
    <span class="station-name">{view.name}</span>
    <span class="station-line" title={view.subtitle}>
      {view.subtitle}
    </span>
    <Signs signs={view.signs} />
  </Station>
));

export const Relay = memo(({ view }: { readonly view: SourceView }) => {
  const sign = functionSign(view.relay?.state);
  return (
    <Station at={view.key} part="relay" label={`Relay of ${view.name}`} kind={`small is-${view.relay?.state}`}>
      <span class="station-title">relay</span>
      <span class={`station-line tone-text-${sign?.tone}`}>
        {sign !== undefined && <Icon name={sign.icon} />} {sign?.text}
      </span>
      <span class="station-line">{view.relayNote}</span>
    </Station>
  );
});

export const Topic = memo(({ view }: { readonly view: SourceView }) => (
  <Station at={view.key} part="topic" label={`Topic of ${view.name}`} kind="small">
    <span class="station-title">topic</span>
    <span class="station-line rate">{view.rate === null ? '' : rate(view.rate)}</span>
  </Station>
));

export const Queue = memo(({ view, isCompact }: { readonly view: SinkView; readonly isCompact: boolean }) => {
  const { backlog, highWater, productionRate, consumptionRate, hottest } = view;
  const state = pondState(backlog, highWater);
  const isMoving = isFlowing(productionRate) || isFlowing(consumptionRate);
  const hasRates = productionRate !== null || consumptionRate !== null;
  const drain = view.kind === 'cache' || backlog === 0 ? drainWords(view) : 'messages';
  const over = state === 'over' ? 'above high water, ' : '';
  return (
    <Station at={view.key} part="queue" label={`Queue of ${view.name}`} kind={`queue pond-is-${state}`}>
      <Pond backlog={backlog} highWater={highWater} isFlowing={isMoving} />
      <span class="queue-words">
        <span class="queue-count">
          <strong>{count(backlog)}</strong>
          {highWater !== null && !isCompact && <span class="dim"> of {count(highWater)}</span>}
        </span>
        <span class="station-line drain" title={`${backlogWords(backlog, highWater)} messages, ${over}${drain}`}>
          {state === 'over' && <Icon name="over" />} <span class={isCompact ? 'hidden' : ''}>{over}</span>
          {drain}
        </span>
        {hasRates && (
          <span class="station-line rate">
            <span title="production rate">in {rate(productionRate)}</span>{' '}
            <span title="consumption rate">out {rate(consumptionRate)}</span>
          </span>
        )}
        {!isCompact && hottest !== undefined && (
          <span class="station-line heat" title={`hottest message group: ${hottest}`}>
            <Icon name="heat" /> <EventText text={hottest} />
          </span>
        )}
      </span>
    </Station>
  );
});

export const Worker = memo(({ view }: { readonly view: SinkView }) => {
  const sign = functionSign(view.worker?.state);
  return (
    <Station at={view.key} part="worker" label={`Function of ${view.name}`} kind={`small is-${view.worker?.state}`}>
      <span class="station-title">{view.workerTitle}</span>
      {sign !== undefined && (
        <span class={`station-line tone-text-${sign.tone}`}>
          <Icon name={sign.icon} /> {sign.text}
        </span>
      )}
    </Station>
  );
});

const END_LABELS: Readonly<Record<SinkView['kind'], string>> = {
  cache: 'Cache',
  saga: 'Saga',
  'fact-queue': 'Service',
};

export const End = memo(({ view, isCompact }: { readonly view: SinkView; readonly isCompact: boolean }) => (
  <Station at={view.key} part="end" label={END_LABELS[view.kind]} kind={`end end-${view.kind}`}>
    <span class="station-name">{view.name}</span>
    {(!isCompact || view.signs.length === 0) && <span class="station-line">{view.subtitle}</span>}
    {!isCompact && view.note !== '' && (
      <span class="station-line" title={view.note}>
        {view.note}
      </span>
    )}
    <Signs signs={isCompact ? view.signs.slice(0, 2) : view.signs} />
  </Station>
));
