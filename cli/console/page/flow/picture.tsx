import type { JSX } from 'preact';
import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import { memo } from '../parts/memo.tsx';
import type { FlowGraph } from '../pure/flow-graph.ts';
import { type Box, COMFORTABLE_SINKS, layoutFlow, WIDE_PX } from '../pure/flow-layout.ts';
import type { SinkView, SourceView } from '../pure/stations.ts';
import { End, Origin, Queue, Relay, Topic, Worker } from './stations.tsx';
import { Streams } from './streams.tsx';

interface PictureProps {
  readonly title: string;
  readonly graph: FlowGraph;
  readonly sources: readonly SourceView[];
  readonly sinks: readonly SinkView[];
}

/** A picture of what flows: side by side where there is room for it, else as a list. */
export const Picture = memo(({ title, graph, sources, sinks }: PictureProps) => {
  const ref = useRef<HTMLDivElement>(null);
  const [width, setWidth] = useState(0);
  useEffect(() => {
    const box = ref.current;
    if (box === null) return undefined;
    const observer = new ResizeObserver(() => setWidth(box.clientWidth));
    observer.observe(box);
    setWidth(box.clientWidth);
    return () => observer.disconnect();
  }, []);
  const Layout = width >= WIDE_PX ? Wide : Narrow;
  return (
    <div class="picture" ref={ref}>
      {width > 0 && <Layout title={title} graph={graph} sources={sources} sinks={sinks} width={width} />}
    </div>
  );
});

type LayoutProps = PictureProps & { readonly width: number };

function Wide({ title, graph, sources, sinks, width }: LayoutProps) {
  const layout = useMemo(() => layoutFlow(graph, width), [graph, width]);
  return (
    <div class={`wide ${layout.isCompact ? 'compact' : ''}`} style={{ height: `${layout.height}px` }}>
      <Streams layout={layout} sources={sources} sinks={sinks} />
      <ul aria-label={`${title}: sources`}>
        {layout.sources.map(({ key, origin, relay, topic }, index) => {
          const view = sources[index];
          if (view === undefined) return null;
          return (
            <li key={key}>
              <Placed box={origin} content={<Origin view={view} />} />
              {view.kind !== 'elsewhere' && <Placed box={relay} content={<Relay view={view} />} />}
              {view.kind !== 'elsewhere' && <Placed box={topic} content={<Topic view={view} />} />}
            </li>
          );
        })}
      </ul>
      <ul aria-label={`${title}: destinations`}>
        {layout.sinks.map(({ key, queue, worker, end }, index) => {
          const view = sinks[index];
          if (view === undefined) return null;
          return (
            <li key={key}>
              <Placed box={queue} content={<Queue view={view} isCompact={layout.isCompact} />} />
              <Placed box={worker} content={<Worker view={view} />} />
              <Placed box={end} content={<End view={view} isCompact={layout.isCompact} />} />
            </li>
          );
        })}
      </ul>
    </div>
  );
}

function Placed({ box: { x, y, width, height }, content }: { readonly box: Box; readonly content: JSX.Element }) {
  const style = { left: `${x}px`, top: `${y}px`, width: `${width}px`, height: `${height}px` };
  return (
    <div class="placed" style={style}>
      {content}
    </div>
  );
}

function Narrow({ title, sources, sinks }: LayoutProps) {
  const isCompact = sinks.length > COMFORTABLE_SINKS;
  return (
    <div class={`narrow ${isCompact ? 'compact' : ''}`}>
      <ul class="narrow-sources" aria-label={`${title}: sources`}>
        {sources.map((view) => (
          <li key={view.key}>
            <Origin view={view} />
            {view.kind !== 'elsewhere' && <Relay view={view} />}
            {view.kind !== 'elsewhere' && <Topic view={view} />}
          </li>
        ))}
      </ul>
      <ul class="narrow-sinks" aria-label={`${title}: destinations`}>
        {sinks.map((view) => (
          <li key={view.key}>
            <p class="narrow-from">
              from {view.from.map((key) => key.split('/')[1]).join(', ') || 'a source not known'}
            </p>
            <Queue view={view} isCompact={isCompact} />
            <Worker view={view} />
            <End view={view} isCompact={isCompact} />
          </li>
        ))}
      </ul>
    </div>
  );
}
