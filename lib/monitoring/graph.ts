import {
  AlarmStatusWidget,
  GraphWidget,
  type HorizontalAnnotation,
  type IAlarm,
  type IMetric,
  type IWidget,
  TextWidget,
} from 'aws-cdk-lib/aws-cloudwatch';
import { PERIOD } from './metrics.ts';

/** The width of a graph: three graphs fill the 24 columns of a dashboard. */
const WIDTH = 8;
const HEIGHT = 6;

/** The beginning of a part of the dashboard: its title and the states of its alarms. */
export function heading(title: string, alarms: readonly IAlarm[]): IWidget[] {
  return [
    new TextWidget({ markdown: `## ${title}`, width: 24, height: 1 }),
    new AlarmStatusWidget({ title: 'Alarms', alarms: [...alarms], width: 24, height: 3 }),
  ];
}

/** One side of a graph, with its own axis. */
export interface Side {
  readonly metrics: readonly IMetric[];
  readonly unit: string;
  /** A horizontal line, such as an objective. */
  readonly line?: HorizontalAnnotation;
}

/** A graph with one datapoint per minute and axes that start at 0. */
export function graph(title: string, left: Side, right?: Side, stacked = false): GraphWidget {
  return new GraphWidget({
    title,
    width: WIDTH,
    height: HEIGHT,
    period: PERIOD,
    stacked,
    left: [...left.metrics],
    leftYAxis: { label: left.unit, min: 0, showUnits: false },
    leftAnnotations: left.line === undefined ? [] : [left.line],
    ...(right && {
      right: [...right.metrics],
      rightYAxis: { label: right.unit, min: 0, showUnits: false },
      rightAnnotations: right.line === undefined ? [] : [right.line],
    }),
  });
}
