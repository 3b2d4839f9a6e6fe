import type { GraphDocument, GraphSide, NumbersDocument } from '../../api/documents.ts';

/** A curve of a chart. */
export interface Curve {
  readonly label: string;
  readonly unit: string;
  readonly side: 'left' | 'right';
  /** Whether it is a horizontal line, such as an objective. */
  readonly isLine: boolean;
  /** The values that are drawn: sums if the graph is stacked. */
  readonly drawn: readonly (number | null)[];
  /** The values themselves. */
  readonly values: readonly (number | null)[];
}

/** The data of a chart: times in seconds, and for each curve a value or null for each time. */
export interface ChartData {
  readonly times: readonly number[];
  readonly curves: readonly Curve[];
}

/** Aligns the curves of a graph to common times and stacks them if the graph is stacked. */
export function chartData({ left, right, isStacked }: GraphDocument): ChartData {
  const sides = [
    { side: 'left' as const, of: left },
    ...(right === null ? [] : [{ side: 'right' as const, of: right }]),
  ];
  const times = [...new Set(sides.flatMap(({ of }) => of.series.flatMap(({ points }) => points.map(([at]) => at))))];
  times.sort((a, b) => a - b);
  return {
    times: times.map((ms) => ms / 1000),
    curves: sides.flatMap(({ side, of }) => [
      ...curvesOf(of, side, times, isStacked && side === 'left'),
      ...lineOf(of, side, times),
    ]),
  };
}

function curvesOf(
  { unit, series }: GraphSide,
  side: Curve['side'],
  times: readonly number[],
  isStacked: boolean,
): Curve[] {
  const sums = times.map(() => 0);
  return series.map(({ label, points }) => {
    const at = new Map(points);
    const values = times.map((ms) => at.get(ms) ?? null);
    if (!isStacked) return { label, unit, side, isLine: false, drawn: values, values };
    values.forEach((value, index) => {
      sums[index] = (sums[index] ?? 0) + (value ?? 0);
    });
    return { label, unit, side, isLine: false, drawn: [...sums], values };
  });
}

function lineOf({ unit, line }: GraphSide, side: Curve['side'], times: readonly number[]): Curve[] {
  if (line === null) return [];
  const values = times.map(() => line.value);
  return [{ label: line.label, unit, side, isLine: true, drawn: values, values }];
}

/** The shortest time that charts show. */
const SHORTEST_MS = 60_000;

/** Where the charts begin: with the first value of a young deployment, otherwise with the range. Epoch milliseconds. */
export function firstShownMs({ fromMs, toMs, parts }: Pick<NumbersDocument, 'fromMs' | 'toMs' | 'parts'>): number {
  let firstMs = Number.POSITIVE_INFINITY;
  for (const { left, right } of parts.flatMap(({ graphs }) => graphs))
    for (const { points } of [...left.series, ...(right?.series ?? [])])
      firstMs = Math.min(firstMs, points[0]?.[0] ?? firstMs);
  return Number.isFinite(firstMs) ? Math.max(fromMs, Math.min(firstMs, toMs - SHORTEST_MS)) : fromMs;
}

/** The newest value of a curve; undefined if it has none. */
export function newest({ values }: Pick<Curve, 'values'>): number | undefined {
  return values.findLast((value) => value !== null) ?? undefined;
}

/** A value of a chart as text: 12, 1,240, 0.35. */
export function chartNumber(value: number): string {
  return value.toLocaleString('en-US', {
    maximumFractionDigits: Math.abs(value) < 10 ? 2 : Math.abs(value) < 100 ? 1 : 0,
  });
}
