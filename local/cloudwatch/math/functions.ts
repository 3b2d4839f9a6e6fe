import { invalid } from '../errors.ts';
import { eachSeries, isList, isNumber, mapPoints, type TimeSeries, timesOf, type Value } from './values.ts';

/** The data that functions use in addition to their arguments. */
export interface FunctionContext {
  /** The starts of all requested periods, in order. */
  times(periodMs: number): readonly number[];
}

type MathFunction = (argument: Value, context: FunctionContext) => Value;

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);
const mean = (values: readonly number[]): number => sum(values) / values.length;

/** The functions with one argument (cw/using-metric-math, functions supported for metric math). */
export const FUNCTIONS: Readonly<Record<string, MathFunction>> = {
  ABS: pointwise('ABS', Math.abs),
  CEIL: pointwise('CEIL', Math.ceil),
  FLOOR: pointwise('FLOOR', Math.floor),
  SUM: summary('SUM', sum, sum),
  // With several series, a series that has no value at a time counts as 0 at that time.
  AVG: summary('AVG', mean, (values, series) => sum(values) / series),
  MIN: summary(
    'MIN',
    (values) => Math.min(...values),
    (values) => Math.min(...values),
  ),
  MAX: summary(
    'MAX',
    (values) => Math.max(...values),
    (values) => Math.max(...values),
  ),
  RUNNING_SUM: (value) =>
    eachSeries(
      value,
      (series) => {
        let total = 0;
        return mapPoints(series, (each) => {
          total += each;
          return total;
        });
      },
      'RUNNING_SUM',
    ),
  DIFF: withBefore('DIFF', (difference) => difference),
  RATE: withBefore('RATE', (difference, seconds) => difference / seconds),
  PERIOD(value) {
    if (isNumber(value) || isList(value)) throw invalid('PERIOD takes a metric');
    return value.periodMs / 1000;
  },
};

/** FILL: replaces a missing value by a number, by the previous value, or by interpolation between its neighbours. */
export function fill(value: Value, by: number | TimeSeries | 'REPEAT' | 'LINEAR', context: FunctionContext): Value {
  return eachSeries(value, (series) => fillOne(series, by, context.times(series.periodMs)), 'FILL');
}

function fillOne(
  series: TimeSeries,
  by: number | TimeSeries | 'REPEAT' | 'LINEAR',
  times: readonly number[],
): TimeSeries {
  const known = [...series.points.keys()];
  const points = new Map<number, number>();
  let next = 0;
  for (const atMs of times) {
    while (next < known.length && (known[next] ?? atMs) <= atMs) next += 1;
    const [before, after] = [known[next - 1], known[next]];
    const value = series.points.get(atMs) ?? filler(by, atMs, pointAt(series, before), pointAt(series, after));
    if (value !== undefined) points.set(atMs, value);
  }
  return { ...series, points };
}

interface Point {
  readonly atMs: number;
  readonly value: number;
}

function pointAt({ points }: TimeSeries, atMs: number | undefined): Point | undefined {
  const value = atMs === undefined ? undefined : points.get(atMs);
  return atMs === undefined || value === undefined ? undefined : { atMs, value };
}

function filler(
  by: number | TimeSeries | 'REPEAT' | 'LINEAR',
  atMs: number,
  before: Point | undefined,
  after: Point | undefined,
): number | undefined {
  if (typeof by === 'number') return by;
  if (typeof by === 'object') return by.points.get(atMs);
  if (by === 'REPEAT') return before?.value;
  if (!before || !after) return undefined;
  return before.value + ((after.value - before.value) * (atMs - before.atMs)) / (after.atMs - before.atMs);
}

function pointwise(name: string, map: (value: number) => number): MathFunction {
  return (value) => eachSeries(value, (series) => mapPoints(series, map), name);
}

/**
 * Turns one series into a number, and several series into one series.
 * @param ofMany gets the values at one time and the number of series
 */
function summary(
  name: string,
  ofOne: (values: readonly number[]) => number,
  ofMany: (values: readonly number[], series: number) => number,
): MathFunction {
  return (value) => {
    if (isNumber(value)) throw invalid(`${name} takes a time series or an array of them, not a number`);
    if (!isList(value)) return value.points.size === 0 ? Number.NaN : ofOne([...value.points.values()]);
    const [first] = value;
    if (!first) return [];
    const points = timesOf(value).map((atMs) => {
      const values = value.flatMap((series) => series.points.get(atMs) ?? []);
      return [atMs, ofMany(values, value.length)] as const;
    });
    return { ...first, points: new Map(points) };
  };
}

/** Compares each value with the previous one. The first value is dropped. */
function withBefore(name: string, map: (difference: number, seconds: number) => number): MathFunction {
  const apply = (series: TimeSeries): TimeSeries => {
    let before: Point | undefined;
    return mapPoints(series, (value, atMs) => {
      const mapped = before && map(value - before.value, (atMs - before.atMs) / 1000);
      before = { atMs, value };
      return mapped;
    });
  };
  return (value) => eachSeries(value, apply, name);
}
