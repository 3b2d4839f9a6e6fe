import { memo } from '../parts/memo.tsx';
import type { FlowLayout, StreamPath } from '../pure/flow-layout.ts';
import { drawnWidth, isFlowing } from '../pure/pond.ts';
import type { SinkView, SourceView } from '../pure/stations.ts';

interface StreamsProps {
  readonly layout: FlowLayout;
  readonly sources: readonly SourceView[];
  readonly sinks: readonly SinkView[];
}

/** The streams between the stations: a bed for each, and water as wide as its rate. What flows, moves. */
export const Streams = memo(({ layout, sources, sinks }: StreamsProps) => {
  const rates = ratesOf(sources, sinks);
  const drawn = layout.streams.map((stream) => ({ stream, rate: rates(stream) }));
  // Drops on many curves that cross each other would show nothing.
  const moves = ({ part }: StreamPath) => !(layout.isCompact && part === 'fan-out');
  const moving = drawn
    .flatMap(({ stream, stream: { d }, rate }) => (rate !== 'blocked' && isFlowing(rate) && moves(stream) ? [d] : []))
    .join('');
  return (
    <svg class="streams" width={layout.width} height={layout.height} aria-hidden="true" focusable="false">
      <path class="bed" d={layout.streams.map(({ d }) => d).join('')} />
      {drawn.map(({ stream, rate }, index) =>
        rate === 'blocked' ? (
          <path key={index} class="blocked" d={stream.d} />
        ) : rate !== null && rate > 0 ? (
          <path key={index} class="stream" d={stream.d} style={{ strokeWidth: `${widthOf(rate, layout)}px` }} />
        ) : null,
      )}
      {moving !== '' &&
        [0, 1, 2].map((phase) => <path key={`drops-${phase}`} class={`drops drops-${phase}`} d={moving} />)}
    </svg>
  );
});

/** Many streams side by side are drawn thinner. */
const THIN = 0.4;

function widthOf(rate: number, { isCompact }: FlowLayout): number {
  return isCompact ? Math.max(1, THIN * drawnWidth(rate)) : drawnWidth(rate);
}

/** The rate of each stream; `blocked` before a function that is stopped or paused. */
function ratesOf(
  sources: readonly SourceView[],
  sinks: readonly SinkView[],
): (stream: StreamPath) => number | 'blocked' | null {
  const sourceOf = new Map(sources.map((one) => [one.key, one]));
  const sinkOf = new Map(sinks.map((one) => [one.key, one]));
  return ({ part, from, to }) => {
    const [source, sink] = [sourceOf.get(from ?? ''), sinkOf.get(to ?? '')];
    switch (part) {
      case 'before-relay':
        return isHalted(source?.relay?.state) ? 'blocked' : (source?.rate ?? null);
      case 'after-relay':
        return source?.rate ?? null;
      case 'fan-out':
        return sink?.from.length === 1 ? (sink.productionRate ?? null) : least(source?.rate, sink?.productionRate);
      case 'before-worker':
        return isHalted(sink?.worker?.state) ? 'blocked' : (sink?.consumptionRate ?? null);
      case 'after-worker':
        return sink?.consumptionRate ?? null;
    }
  };
}

/** A stream of several into one pond carries no more than its source sends and the pond receives. */
function least(one: number | null | undefined, other: number | null | undefined): number | null {
  if (one == null) return other ?? null;
  return other == null ? one : Math.min(one, other);
}

function isHalted(state: string | undefined): boolean {
  return state === 'stopped' || state === 'paused';
}
