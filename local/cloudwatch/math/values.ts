import { invalid } from '../errors.ts';

/** A time series: the start of each period in milliseconds to its value, in order. */
export interface TimeSeries {
  readonly id: string;
  readonly label: string;
  readonly periodMs: number;
  readonly points: ReadonlyMap<number, number>;
}

/** The value of a part of an expression (cw/using-metric-math: S, TS, TS[]). */
export type Value = number | TimeSeries | readonly TimeSeries[];

export const isNumber = (value: Value): value is number => typeof value === 'number';
export const isList = (value: Value): value is readonly TimeSeries[] => Array.isArray(value);

/** Applies a function to each point. Points for which it returns undefined are dropped. */
export function mapPoints(series: TimeSeries, map: (value: number, atMs: number) => number | undefined): TimeSeries {
  const points = new Map<number, number>();
  for (const [atMs, value] of series.points) {
    const mapped = map(value, atMs);
    if (mapped !== undefined && Number.isFinite(mapped)) points.set(atMs, mapped);
  }
  return { ...series, points };
}

/** Applies a function to a series, or to each series of a list. */
export function eachSeries(value: Value, apply: (series: TimeSeries) => TimeSeries, where: string): Value {
  if (isNumber(value)) throw invalid(`${where} takes a time series, not a number`);
  return isList(value) ? value.map(apply) : apply(value);
}

/** All times at which at least one of the series has a value, in order. */
export function timesOf(all: readonly TimeSeries[]): number[] {
  const [first, ...others] = all;
  for (const { periodMs } of others) {
    if (first && periodMs !== first.periodMs)
      throw invalid(
        `Series with different periods can not be combined: ${first.periodMs / 1000} and ${periodMs / 1000} s`,
      );
  }
  return [...new Set(all.flatMap(({ points }) => [...points.keys()]))].sort((a, b) => a - b);
}
