import type uPlot from 'uplot';
import type { GraphDocument } from '../../api/documents.ts';
import { type ChartData, chartNumber, newest } from '../pure/series.ts';

const HEIGHT_PX = 170;
const CURVE_COLOURS = 7;

/** The options of uPlot for a graph, with the colours of the current theme. */
export function chartOptions(graph: GraphDocument, data: ChartData, box: HTMLElement): uPlot.Options {
  const colour = (name: string) => colourOf(box, name);
  const axis = { stroke: colour('--dim'), grid: { stroke: colour('--line'), width: 1 }, ticks: { show: false } };
  const values = (_: uPlot, ticks: number[]) => ticks.map((tick) => chartNumber(tick));
  return {
    width: box.clientWidth,
    height: HEIGHT_PX,
    cursor: { sync: { key: 'freshet' }, drag: { x: false, y: false }, points: { size: 7 } },
    legend: { live: true },
    bands: bandsOf(graph, data),
    scales: {
      x: { time: true },
      left: { range: fromZero },
      right: { range: fromZero },
    },
    axes: [
      { ...axis, size: 28, space: 56, values: (_, ticks) => ticks.map(timeText), font: FONT },
      { ...axis, scale: 'left', size: 54, values, font: FONT },
      ...(graph.right === null
        ? []
        : [{ ...axis, scale: 'right', side: 1 as const, size: 54, values, font: FONT, grid: { show: false } }]),
    ],
    series: [
      { label: '', value: (_, at) => (at == null ? 'newest' : timeText(at)) },
      ...data.curves.map((curve, index): uPlot.Series => {
        const stroke = colour(curve.isLine ? '--line-strong' : `--curve-${(index % CURVE_COLOURS) + 1}`);
        return {
          label: curve.label,
          scale: curve.side,
          stroke,
          width: curve.isLine ? 1 : 1.5,
          ...(curve.isLine ? { dash: [5, 4] } : {}),
          ...(graph.isStacked && curve.side === 'left' && !curve.isLine
            ? { fill: `${stroke.replace(/^rgb\(/, 'rgba(').replace(/\)$/, ', 0.25)')}` }
            : {}),
          spanGaps: true,
          // Without a cursor, the legend shows the newest value; a stacked curve shows its own value, not the sum.
          value: (_, __, ___, at) => valueText(curve, at),
        };
      }),
    ],
  };
}

const FONT = '11px system-ui, sans-serif';

function valueText(curve: ChartData['curves'][number], at: number | null): string {
  const value = at === null ? newest(curve) : curve.values[at];
  return value == null ? '-' : chartNumber(value);
}

/** The areas of a stacked graph: each from its curve down to the curve below it. */
function bandsOf({ isStacked }: GraphDocument, { curves }: ChartData): uPlot.Band[] {
  const stacked = curves.filter(({ side, isLine }) => isStacked && side === 'left' && !isLine).length;
  return Array.from({ length: Math.max(0, stacked - 1) }, (_, index) => ({ series: [index + 2, index + 1] }));
}

/** A time of day in the reader's time zone: `18:50`. */
function timeText(atSeconds: number): string {
  return new Date(atSeconds * 1000).toTimeString().slice(0, 5);
}

function fromZero(_: uPlot, __: number, max: number | null): [number, number] {
  return [0, max === null || max <= 0 ? 1 : max * 1.1];
}

/** A colour of the theme as the browser resolved it: a canvas doesn't know `light-dark()`. */
function colourOf(box: HTMLElement, name: string): string {
  const before = box.style.color;
  box.style.color = `var(${name})`;
  const { color } = getComputedStyle(box);
  box.style.color = before;
  return color;
}
