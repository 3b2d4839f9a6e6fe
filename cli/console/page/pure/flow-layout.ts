import type { FlowGraph, Source } from './flow-graph.ts';

/** A rectangle in a picture, in pixels. */
export interface Box {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** The stations of a source: the owner, its relay and its topic. */
export interface SourceBoxes {
  readonly key: string;
  readonly origin: Box;
  readonly relay: Box;
  readonly topic: Box;
}

/** The stations of a sink: its queue, its function, and its cache or saga. */
export interface SinkBoxes {
  readonly key: string;
  readonly queue: Box;
  readonly worker: Box;
  readonly end: Box;
}

/** A stream between two stations. */
export interface StreamPath {
  /** The keys of the source and of the sink that it leads from and to. */
  readonly from: string | undefined;
  readonly to: string | undefined;
  readonly part: 'before-relay' | 'after-relay' | 'fan-out' | 'before-worker' | 'after-worker';
  /** The path in SVG's notation. */
  readonly d: string;
}

/** Where everything is in a wide picture. */
export interface FlowLayout {
  readonly width: number;
  readonly height: number;
  readonly isCompact: boolean;
  readonly sources: readonly SourceBoxes[];
  readonly sinks: readonly SinkBoxes[];
  readonly streams: readonly StreamPath[];
}

/** Below this width, the stations are a list. */
export const WIDE_PX = 1180;
/** More sinks are compact rows. */
export const COMFORTABLE_SINKS = 10;

const GAP_X = 28;
const ORIGIN_WIDTH = 208;
const RELAY_WIDTH = 114;
const TOPIC_WIDTH = 72;
const SOURCE_HEIGHT = 104;
const SOURCE_GAP = 18;
/** A picture that is higher than a screen shows its sources at the top. */
const SCREEN_PX = 760;

/** Widths and heights of a sink's stations. */
const ROOMY = { queue: 244, worker: 112, end: 200, height: 104, gap: 16 };
const COMPACT = { queue: 268, worker: 96, end: 244, height: 46, gap: 6 };

/** Places the stations of a picture from left to right. */
export function layoutFlow({ sources, sinks }: FlowGraph, width: number): FlowLayout {
  const isCompact = sinks.length > COMFORTABLE_SINKS;
  const sizes = isCompact ? COMPACT : ROOMY;
  const sinkHeight = sinks.length * (sizes.height + sizes.gap) - sizes.gap;
  const sourceHeight = sources.length * (SOURCE_HEIGHT + SOURCE_GAP) - SOURCE_GAP;
  const height = Math.max(sinkHeight, sourceHeight, SOURCE_HEIGHT);
  const top = isCompact ? 0 : Math.max(0, (height - sinkHeight) / 2);
  const sinkBoxes = sinks.map(({ key }, index) =>
    placeSink(key, top + index * (sizes.height + sizes.gap), width, sizes),
  );
  const centers = sources.map(({ key }) => {
    const rows = sinks.flatMap(({ from }, index) => (from.includes(key) ? [middle(sinkBoxes[index]?.queue)] : []));
    return height > SCREEN_PX || rows.length === 0 ? 0 : rows.reduce((sum, one) => sum + one, 0) / rows.length;
  });
  const sourceBoxes = spread(centers, height).map((center, index) =>
    placeSource(sources[index], center - SOURCE_HEIGHT / 2),
  );
  const streams = streamsOf({ sources, sinks }, sourceBoxes, sinkBoxes);
  return { width, height, isCompact, sources: sourceBoxes, sinks: sinkBoxes, streams };
}

/** Moves centers apart in their order, so that no two sources overlap and all are in the picture. */
function spread(wanted: readonly number[], height: number): number[] {
  const step = SOURCE_HEIGHT + SOURCE_GAP;
  const order = wanted.map((_, index) => index).sort((a, b) => (wanted[a] ?? 0) - (wanted[b] ?? 0) || a - b);
  const placed = new Array<number>(wanted.length).fill(0);
  let least = SOURCE_HEIGHT / 2;
  order.forEach((index, rank) => {
    const most = height - SOURCE_HEIGHT / 2 - (order.length - 1 - rank) * step;
    const center = Math.max(least, Math.min(most, wanted[index] ?? 0));
    placed[index] = center;
    least = center + step;
  });
  return placed;
}

function placeSource(source: Source | undefined, y: number): SourceBoxes {
  const relayX = ORIGIN_WIDTH + GAP_X;
  const topicX = relayX + RELAY_WIDTH + GAP_X;
  const small = { y: y + SOURCE_HEIGHT / 2 - 32, height: 64 };
  // An owner elsewhere has no stations here. It stands where its stream begins, so that no stream crosses a station.
  const x = source?.kind === 'elsewhere' ? topicX + TOPIC_WIDTH - ORIGIN_WIDTH : 0;
  return {
    key: source?.key ?? '',
    origin: { x, y, width: ORIGIN_WIDTH, height: SOURCE_HEIGHT },
    relay: { x: relayX, width: RELAY_WIDTH, ...small },
    topic: { x: topicX, width: TOPIC_WIDTH, ...small },
  };
}

function placeSink(key: string, y: number, width: number, sizes: typeof ROOMY): SinkBoxes {
  const endX = width - sizes.end;
  const workerX = endX - GAP_X - sizes.worker;
  const inset = sizes.height > 60 ? 14 : 0;
  return {
    key,
    queue: { x: workerX - GAP_X - sizes.queue, y, width: sizes.queue, height: sizes.height },
    worker: { x: workerX, y: y + inset, width: sizes.worker, height: sizes.height - 2 * inset },
    end: { x: endX, y, width: sizes.end, height: sizes.height },
  };
}

function streamsOf(
  { sources, sinks }: FlowGraph,
  sourceBoxes: readonly SourceBoxes[],
  sinkBoxes: readonly SinkBoxes[],
): StreamPath[] {
  const byKey = new Map(sourceBoxes.map((boxes) => [boxes.key, boxes]));
  const isElsewhere = new Set(sources.flatMap(({ kind, key }) => (kind === 'elsewhere' ? [key] : [])));
  return [
    ...sourceBoxes.flatMap(({ key, origin, relay, topic }): StreamPath[] =>
      isElsewhere.has(key)
        ? []
        : [
            { from: key, to: undefined, part: 'before-relay', d: curve(origin, relay) },
            { from: key, to: undefined, part: 'after-relay', d: curve(relay, topic) },
          ],
    ),
    ...sinkBoxes.flatMap(({ key, queue, worker, end }, index): StreamPath[] => [
      ...(sinks[index]?.from ?? []).flatMap((from): StreamPath[] => {
        const boxes = byKey.get(from);
        const start = isElsewhere.has(from) ? boxes?.origin : boxes?.topic;
        return start === undefined ? [] : [{ from, to: key, part: 'fan-out', d: curve(start, queue) }];
      }),
      { from: undefined, to: key, part: 'before-worker', d: curve(queue, worker) },
      { from: undefined, to: key, part: 'after-worker', d: curve(worker, end) },
    ]),
  ];
}

/** A curve from the right side of one station to the left side of another. */
function curve(from: Box, to: Box): string {
  const [x1, y1, x2, y2] = [from.x + from.width, middle(from), to.x, middle(to)].map(Math.round);
  const bend = Math.round(((x2 ?? 0) - (x1 ?? 0)) / 2);
  return y1 === y2
    ? `M${x1} ${y1}H${x2}`
    : `M${x1} ${y1}c${bend} 0 ${bend} ${(y2 ?? 0) - (y1 ?? 0)} ${2 * bend} ${(y2 ?? 0) - (y1 ?? 0)}`;
}

function middle(box: Box | undefined): number {
  return box === undefined ? 0 : box.y + box.height / 2;
}
