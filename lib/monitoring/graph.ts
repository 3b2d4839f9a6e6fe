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

/** Graphs in a row, of the 24 columns that a dashboard has. */
const WIDTH = 8;
const HEIGHT = 6;

/** What a part of the dashboard begins with: what it is about, and how its alarms stand. */
export function heading(title: string, alarms: readonly IAlarm[]): IWidget[] {
  return [
    new TextWidget({ markdown: `## ${title}`, width: 24, height: 1 }),
    new AlarmStatusWidget({ title: 'Alarms', alarms: [...alarms], width: 24, height: 3 }),
  ];
}

/** One side of a graph, with an axis of its own. */
export interface Side {
  readonly metrics: readonly IMetric[];
  readonly unit: string;
  /** A line, such as an objective. */
  readonly line?: HorizontalAnnotation;
}

/** A graph of minutes, its axes from 0. */
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
