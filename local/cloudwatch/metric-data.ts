import * as z from 'zod/mini';
import { invalid } from './errors.ts';
import { checkFunctions, evaluate } from './math/evaluate.ts';
import { type Expression, namesIn, parseExpression } from './math/parse.ts';
import { isList, isNumber, type TimeSeries, type Value } from './math/values.ts';
import type { MetricStore } from './metric-store.ts';
import { readStatistic, STATISTICS } from './statistics.ts';

/** In a template, numbers and booleans may be strings. */
const number = z.coerce.number();
const flag = z.union([z.boolean(), z.stringbool()]);

export const dimensionList = z.array(z.object({ Name: z.string(), Value: z.string() }));

/** cloudwatch/latest/APIReference/API_MetricDataQuery. Templates use the same form. */
export const metricDataQuery = z.object({
  Id: z.string().check(z.regex(/^[a-z][a-zA-Z0-9_]{0,254}$/, 'An Id begins with a lower-case letter')),
  Label: z.optional(z.string()),
  ReturnData: z._default(flag, true),
  Expression: z.optional(z.string()),
  Period: z.optional(number),
  MetricStat: z.optional(
    z.object({
      Metric: z.object({
        Namespace: z.string(),
        MetricName: z.string(),
        Dimensions: z._default(dimensionList, []),
      }),
      Period: number,
      Stat: z.string(),
    }),
  ),
});

/** A metric, or an expression over other queries. */
export type MetricDataQuery = z.infer<typeof metricDataQuery>;

/** The periods of a request. */
export interface Range {
  /** The start of the first period, for periods of the given length. */
  startOf(periodMs: number): number;
  readonly endMs: number;
  /** The local length of a period in milliseconds. @default - the given seconds */
  readonly scale?: (periodSeconds: number) => number;
}

/** Checks queries without data: form, functions, statistics, ids, circular references. Throws for the first problem. */
export function checkQueries(queries: readonly MetricDataQuery[]): void {
  const seen = new Set<string>();
  for (const { Id, Expression: text, MetricStat: stat } of queries) {
    if (seen.has(Id)) throw invalid(`The Id ${Id} is given twice`);
    seen.add(Id);
    if ((text === undefined) === (stat === undefined))
      throw invalid(`The query ${Id} needs either MetricStat or Expression`);
    if (text !== undefined) checkFunctions(parseExpression(text));
    if (stat && !readStatistic(stat.Stat))
      throw invalid(`The statistic ${stat.Stat} is not supported. Supported are: ${STATISTICS}.`);
    if (stat && !isPeriod(stat.Period))
      throw invalid(`The period ${stat.Period} is invalid. Allowed: 1, 5, 10, 20, 30 and multiples of 60 seconds.`);
  }
  checkOrder(queries);
}

function isPeriod(seconds: number): boolean {
  return [1, 5, 10, 20, 30].includes(seconds) || (Number.isInteger(seconds) && seconds > 0 && seconds % 60 === 0);
}

/** Expressions may use each other, but not in a circle. */
function checkOrder(queries: readonly MetricDataQuery[]): void {
  const expressions = new Map(queries.flatMap(({ Id, Expression: text }) => (text === undefined ? [] : [[Id, text]])));
  const done = new Set<string>();
  function visit(id: string, from: readonly string[]): void {
    const text = expressions.get(id);
    if (text === undefined || done.has(id)) return;
    if (from.includes(id)) throw invalid(`Expressions refer to each other in a circle: ${[...from, id].join(' → ')}`);
    for (const name of namesIn(parseExpression(text)).names) visit(name, [...from, id]);
    done.add(id);
  }
  for (const id of expressions.keys()) visit(id, []);
}

/** The result of a query: one series, or several series of an expression that returns an array. */
export interface QueryResult {
  readonly query: MetricDataQuery;
  readonly series: readonly TimeSeries[];
}

/** Answers the queries that return data. Call `checkQueries` first. Throws if the data doesn't fit an expression. */
export function metricData(queries: readonly MetricDataQuery[], store: MetricStore, range: Range): QueryResult[] {
  const values = new Map<string, Value>();
  const metrics = queries.flatMap((query) => (query.MetricStat ? [metricOf(query, store, range)] : []));
  for (const metric of metrics) values.set(metric.id, metric);
  const expressions = new Map<string, Expression>();
  for (const { Id, Expression: text } of queries) if (text !== undefined) expressions.set(Id, parseExpression(text));

  const context = {
    metrics: () => metrics,
    times: (periodMs: number) => times(range.startOf(periodMs), range.endMs, periodMs),
    find(id: string): Value | undefined {
      const known = values.get(id);
      const expression = expressions.get(id);
      if (known !== undefined || !expression) return known;
      const value = evaluate(expression, context);
      values.set(id, value);
      return value;
    },
  };
  return queries
    .filter(({ ReturnData }) => ReturnData)
    .map((query) => {
      const value = context.find(query.Id) ?? [];
      if (isNumber(value))
        throw invalid(`Error in expression '${query.Id}': its result is a number, but must be a time series`);
      const named = (series: TimeSeries) => ({ ...series, id: query.Id, label: query.Label ?? labelOf(query, series) });
      return { query, series: isList(value) ? value.map(named) : [named(value)] };
    });
}

function labelOf(query: MetricDataQuery, series: TimeSeries): string {
  return query.MetricStat ? series.label : query.Id;
}

function metricOf({ Id, MetricStat }: MetricDataQuery, store: MetricStore, range: Range): TimeSeries {
  const statistic = readStatistic(MetricStat?.Stat ?? '');
  if (!MetricStat || !statistic) throw invalid(`The query ${Id} has no metric`);
  const { Namespace: namespace, MetricName: metric, Dimensions } = MetricStat.Metric;
  const periodMs = range.scale ? range.scale(MetricStat.Period) : MetricStat.Period * 1000;
  const dimensions = Object.fromEntries(Dimensions.map(({ Name, Value: value }) => [Name, value]));
  const periods = { startMs: range.startOf(periodMs), endMs: range.endMs, periodMs };
  const datapoints = store.datapoints({ namespace, metric, dimensions }, statistic, periods);
  const points = new Map(datapoints.map(({ atMs, value }) => [atMs, value]));
  return { id: Id, label: metric, periodMs, points };
}

function times(startMs: number, endMs: number, periodMs: number): number[] {
  const found: number[] = [];
  for (let atMs = startMs; atMs < endMs; atMs += periodMs) found.push(atMs);
  return found;
}
