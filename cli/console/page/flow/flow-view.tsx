import { useMemo, useRef, useState } from 'preact/hooks';
import type { DeploymentDocument, FlowDocument } from '../../api/documents.ts';
import { live } from '../live/live.ts';
import { useStore } from '../live/store.ts';
import { Notice } from '../parts/notice.tsx';
import { SearchBox } from '../parts/search-box.tsx';
import { type Attention, attentionOf } from '../pure/attention.ts';
import { entityGraph, type FlowGraph, factGraph, matching } from '../pure/flow-graph.ts';
import { COMFORTABLE_SINKS } from '../pure/flow-layout.ts';
import type { Route } from '../pure/route.ts';
import { shareUnchanged } from '../pure/share.ts';
import { sinkViews, sourceViews } from '../pure/stations.ts';
import { plural } from '../pure/words.ts';
import { AttentionList } from './attention-list.tsx';
import { Panel } from './panel.tsx';
import { Picture } from './picture.tsx';

/** The live picture of the deployment. */
export function FlowView({ params }: Route) {
  const deployment = useStore(live, (one) => one.deployment);
  const flow = useStore(live, (one) => one.flow);
  const isOld = useStore(live, ({ connection, trouble }) => connection === 'lost' || trouble !== undefined);
  if (deployment === undefined || flow === undefined) {
    return (
      <Notice kind="loading" title="Reading the deployment …">
        <p>The first picture comes within a few seconds.</p>
      </Notice>
    );
  }
  const [at, name] = [params.get('at'), params.get('function')];
  const shown = at ?? (name === undefined ? undefined : `function/${name}`);
  return (
    <div class={`flow-view ${isOld ? 'is-old' : ''}`}>
      <Pictures deployment={deployment} flow={flow} />
      {shown !== undefined && <Panel at={shown} part={params.get('part')} deployment={deployment} flow={flow} />}
    </div>
  );
}

function Pictures({ deployment, flow }: { readonly deployment: DeploymentDocument; readonly flow: FlowDocument }) {
  const attention = useShared(useMemo(() => attentionOf(flow), [flow]));
  const [text, setText] = useState('');
  const [isFiltered, setFiltered] = useState(false);
  const entities = useMemo(() => entityGraph(deployment), [deployment]);
  const facts = useMemo(() => factGraph(deployment), [deployment]);
  const isLarge = deployment.caches.length > COMFORTABLE_SINKS;
  const wanted = isFiltered ? attention : undefined;
  return (
    <>
      <AttentionList all={attention} />
      {isLarge && (
        <div class="tools">
          <SearchBox label="Search caches by name or type" value={text} change={setText} />
          <label class="check">
            <input
              type="checkbox"
              checked={isFiltered}
              onChange={(event) => setFiltered(event.currentTarget.checked)}
            />
            only what needs attention
          </label>
        </div>
      )}
      <Part
        title="Entities"
        about="owner → relay → topic → queue → projector → cache"
        {...{ deployment, flow, text, wanted }}
        graph={entities}
      />
      {(facts.sources.length > 0 || facts.sinks.length > 0) && (
        <Part
          title="Facts and sagas"
          about="boundary → relay → topic → queue → function"
          {...{ deployment, flow, wanted }}
          text=""
          graph={facts}
        />
      )}
    </>
  );
}

interface PartProps {
  readonly title: string;
  readonly about: string;
  readonly graph: FlowGraph;
  readonly deployment: DeploymentDocument;
  readonly flow: FlowDocument;
  readonly text: string;
  /** Only stations with one of these are shown; undefined: all. */
  readonly wanted: readonly Attention[] | undefined;
}

function Part({ title, about, graph, deployment, flow, text, wanted }: PartProps) {
  const shown = useMemo(() => {
    const found = matching(graph.sinks, text);
    const sinks = wanted === undefined ? found : found.filter(({ key }) => wanted.some(({ at }) => at === key));
    return sinks.length === graph.sinks.length ? graph : { sources: graph.sources, sinks };
  }, [graph, text, wanted]);
  const sources = useShared(useMemo(() => sourceViews(shown.sources, deployment, flow), [shown, deployment, flow]));
  const sinks = useShared(useMemo(() => sinkViews(shown.sinks, flow), [shown, flow]));
  const isEmpty = graph.sources.length === 0 && graph.sinks.length === 0;
  return (
    <section class="flow-part">
      <header>
        <h2>{title}</h2>
        <p class="dim">{about}</p>
        {sinks.length < graph.sinks.length && (
          <p>
            {sinks.length} of {plural(graph.sinks.length, 'destination')} shown
          </p>
        )}
      </header>
      {isEmpty ? (
        <Notice kind="empty" title="No owner and no cache is deployed">
          <p>Add an owner or a cache to the CDK app and start it again. docs/first-service.md shows how.</p>
        </Notice>
      ) : (
        <Picture title={title} graph={shown} sources={sources} sinks={sinks} />
      )}
    </section>
  );
}

/** A value of which every part that didn't change is the same object as the last time. */
function useShared<Value>(value: Value): Value {
  const last = useRef(value);
  last.current = shareUnchanged(last.current, value);
  return last.current;
}
