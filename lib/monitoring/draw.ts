import type { IMetric, IWidget, MetricOptions } from 'aws-cdk-lib/aws-cloudwatch';
import type { Graph, Series } from '../../core/graphs/graph.ts';
import type { Emitter } from '../../core/metrics.ts';
import { graph } from './graph.ts';
import { freshetMetric, math, PERIOD } from './metrics.ts';

/** A queue, a function or a table: AWS writes metrics about it. */
export interface Metered {
  metric(metricName: string, options?: MetricOptions): IMetric;
}

/** What a construct's graphs are drawn from. */
export interface Drawn {
  /** The emitter of its metrics. */
  readonly emitter: Emitter;
  /** Its resources, by the names that the graphs have for them. */
  readonly resources: Readonly<Record<string, Metered>>;
  /** The Contributor Insights rule that counts its message groups; undefined if there is none. */
  readonly rule?: string | undefined;
}

/** Draws graphs on a dashboard. @throws Error if a graph needs a resource that `of` lacks */
export function draw(graphs: readonly Graph[], of: Drawn): IWidget[] {
  const sideOf = ({ unit, series, line }: Graph['left']) => ({
    unit,
    metrics: series.map((one) => metricOf(one, of)),
    ...(line && { line }),
  });
  return graphs.map(({ title, left, right, isStacked }) =>
    graph(title, sideOf(left), right && sideOf(right), isStacked ?? false),
  );
}

function metricOf(series: Series, { emitter, resources, rule }: Drawn): IMetric {
  switch (series.kind) {
    case 'own':
      return freshetMetric(emitter, series.metric, series.statistic, series.label);
    case 'contributors':
      return math(series.label, `INSIGHT_RULE_METRIC("${rule}", "${series.metric}")`, {});
    case 'rate': {
      const { name, label } = series;
      const sum = resource(resources, series.of).metric(series.metric, { statistic: 'Sum', period: PERIOD });
      return math(label, `${name} / PERIOD(${name})`, { [name]: sum });
    }
    default: {
      const { statistic, label } = series;
      const options = { statistic, period: PERIOD, ...(label !== undefined && { label }) };
      return resource(resources, series.of).metric(series.metric, options);
    }
  }
}

function resource(resources: Drawn['resources'], name: string): Metered {
  const found = resources[name];
  if (found === undefined) throw new Error(`a graph needs the resource ${name}, which its construct lacks`);
  return found;
}
