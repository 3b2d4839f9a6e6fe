import { useEffect, useMemo, useRef } from 'preact/hooks';
import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';
import type { GraphDocument } from '../../api/documents.ts';
import { useStore } from '../live/store.ts';
import { colours } from '../live/theme.ts';
import { memo } from '../parts/memo.tsx';
import { type ChartData, chartData, chartNumber, newest } from '../pure/series.ts';
import { chartOptions } from './chart-options.ts';

interface ChartProps {
  readonly graph: GraphDocument;
  readonly fromMs: number;
  readonly toMs: number;
}

/** A graph of the dashboard, drawn by uPlot. */
export const Chart = memo(({ graph, fromMs, toMs }: ChartProps) => {
  const box = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | undefined>(undefined);
  const theme = useStore(colours, (one) => one);
  const data = useMemo(() => chartData(graph), [graph]);
  const shape = JSON.stringify(data.curves.map(({ label, side, isLine }) => [label, side, isLine]));
  const hasPoints = data.times.length > 0;
  useEffect(() => {
    const { current } = box;
    if (current === null || !hasPoints) return undefined;
    const chart = new uPlot(chartOptions(graph, data, current), aligned(data), current);
    plot.current = chart;
    const observer = new ResizeObserver(() => chart.setSize({ width: current.clientWidth, height: chart.height }));
    observer.observe(current);
    return () => {
      observer.disconnect();
      chart.destroy();
      plot.current = undefined;
    };
  }, [shape, theme, hasPoints]);
  useEffect(() => {
    plot.current?.setData(aligned(data), false);
    plot.current?.setScale('x', { min: fromMs / 1000, max: toMs / 1000 });
  }, [data, fromMs, toMs, shape, theme, hasPoints]);
  return (
    <figure class="chart">
      <figcaption>
        <h3>{graph.title}</h3>
        <span class="dim">{units(graph)}</span>
      </figcaption>
      <p class="hidden">{summaryOf(data)}</p>
      {hasPoints ? <div class="plot" ref={box} /> : <p class="no-points">no values in this time</p>}
    </figure>
  );
});

function units({ left, right }: GraphDocument): string {
  return right === null ? left.unit : `${left.unit} · right: ${right.unit}`;
}

function aligned({ times, curves }: ChartData): uPlot.AlignedData {
  return [[...times], ...curves.map(({ drawn }) => [...drawn])];
}

/** The newest values as a sentence, for people who don't see the chart. */
function summaryOf({ curves }: ChartData): string {
  return curves
    .map((curve) => {
      const value = newest(curve);
      return `${curve.label}: ${value === undefined ? 'no value' : `${chartNumber(value)} ${curve.unit}`}`;
    })
    .join('; ');
}
