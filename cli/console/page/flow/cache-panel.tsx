import { useState } from 'preact/hooks';
import type { AlarmDocument, CacheFlow, CacheNode } from '../../api/documents.ts';
import { run, useMay } from '../live/actions.ts';
import { Badge, Figure } from '../parts/badge.tsx';
import { Confirm } from '../parts/dialog.tsx';
import { EventText } from '../parts/text.tsx';
import { pondState } from '../pure/pond.ts';
import { entityOfGroup, routeTo } from '../pure/route.ts';
import { count, drainWords, plural, rate, span, stalenessWords } from '../pure/words.ts';
import { FunctionControl, PanelAlarms, PanelPart, Physical, TypeLinks } from './panel-parts.tsx';
import { Pond } from './pond.tsx';

interface CachePanelProps {
  readonly node: CacheNode;
  readonly flow: CacheFlow;
  readonly alarms: readonly AlarmDocument[] | null;
}

/** A cache with its queue and projector. */
export function CachePanel({ node, flow, alarms }: CachePanelProps) {
  return (
    <>
      <QueuePart flow={flow} />
      <PanelPart part="worker" title="Projector">
        <FunctionControl of={flow.projector} />
        <dl class="figures">
          <Figure name="lead time p50">{span(flow.leadTimeP50Ms)}</Figure>
          <Figure name="lead time p99">{span(flow.leadTimeP99Ms)}</Figure>
        </dl>
      </PanelPart>
      <PanelPart part="end" title="Cache">
        <p>{stalenessWords(flow.stalenessSeconds)}</p>
        <TypeLinks types={node.types} />
        {flow.parked > 0 && (
          <a href={routeTo('parked', { at: node.name })}>{count(flow.parked)} parked and held events</a>
        )}
        <Readiness cache={node.name} readiness={flow.readiness} />
      </PanelPart>
      <PanelAlarms alarms={alarms} name={node.name} />
      <p>
        <a href={routeTo('numbers', { part: `Cache ${node.name}` })}>Numbers of {node.name}</a>
      </p>
      <PanelPart part="names" title="Physical names">
        <Physical kind="table" name={node.table} />
        <Physical kind="queue" name={node.queue} />
        <Physical kind="repair" name={node.repair} />
        <Physical kind="stack" name={node.stack} />
      </PanelPart>
    </>
  );
}

function QueuePart({ flow }: { readonly flow: CacheFlow }) {
  const { backlog, highWater, productionRate, consumptionRate, hottestGroup, deadLetters } = flow;
  const entity = hottestGroup === null ? undefined : entityOfGroup(hottestGroup.group);
  return (
    <PanelPart part="queue" title="Queue">
      <div class="panel-pond">
        <Pond backlog={backlog} highWater={highWater} isFlowing={false} />
        <p>
          <strong>{plural(backlog, 'message')}</strong>
          <br />
          {highWater === null
            ? 'It may not slow its owner, so it has no high water.'
            : `High water: ${count(highWater)}. There the owner refuses writes.`}
          <br />
          {pondState(backlog, highWater) === 'over' && <strong>Above high water. </strong>}
          {drainWords(flow)}
        </p>
      </div>
      <dl class="figures">
        <Figure name="production">{rate(productionRate)}</Figure>
        <Figure name="consumption">{rate(consumptionRate)}</Figure>
        <Figure name="dead letters">{count(deadLetters)}</Figure>
      </dl>
      {hottestGroup !== null && (
        <p>
          Hottest group:{' '}
          {entity === undefined ? (
            <EventText text={hottestGroup.group} />
          ) : (
            <a href={routeTo('entities', entity)}>
              <EventText text={hottestGroup.group} />
            </a>
          )}
          , {plural(hottestGroup.events, 'event')}
        </p>
      )}
    </PanelPart>
  );
}

function Readiness({ cache, readiness }: { readonly cache: string; readonly readiness: CacheFlow['readiness'] }) {
  const [mayBackfill, mayReconcile] = [useMay('backfill'), useMay('reconcile')];
  return (
    <ul class="plain readiness">
      {Object.entries(readiness).map(([type, state]) => (
        <li key={type}>
          <span>{type}</span>
          <Badge tone={state === 'ready' ? 'good' : 'warn'} icon={state === 'ready' ? 'fine' : 'late'}>
            {state}
          </Badge>
          {mayBackfill && <Backfill cache={cache} type={type} state={state} />}
          {mayReconcile && (
            <button
              type="button"
              class="button small"
              onClick={() => void run(`Reconcile ${type} in ${cache}`, 'reconcile', { cache, type })}
            >
              Reconcile<span class="hidden"> {type}</span>
            </button>
          )}
        </li>
      ))}
    </ul>
  );
}

interface BackfillProps {
  readonly cache: string;
  readonly type: string;
  readonly state: CacheFlow['readiness'][string];
}

/** Starts the backfill of a type. Asks before it begins again, which publishes all entities once more. */
function Backfill({ cache, type, state }: BackfillProps) {
  const [isAsked, setAsked] = useState(false);
  const isRestart = state !== 'empty';
  const begin = () => void run(`Backfill ${cache} with ${type}`, 'backfill', { cache, type, restart: isRestart });
  return (
    <>
      <button type="button" class="button small" onClick={() => (isRestart ? setAsked(true) : begin())}>
        Backfill<span class="hidden"> {type}</span>
      </button>
      {isAsked && (
        <Confirm
          title={`Fill ${cache} with ${type} again?`}
          verb="Backfill"
          close={() => setAsked(false)}
          confirm={begin}
        >
          <p>
            {state === 'ready' ? 'The cache is filled.' : 'A backfill runs.'} It begins again: the owner publishes every{' '}
            {type} to this cache once more, and readers of the cache see it as filling until that is done.
          </p>
        </Confirm>
      )}
    </>
  );
}
