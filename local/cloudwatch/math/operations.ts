import { invalid } from '../errors.ts';
import type { Operator } from './parse.ts';
import { isList, isNumber, mapPoints, type TimeSeries, timesOf, type Value } from './values.ts';

const truth = (holds: boolean): number => (holds ? 1 : 0);

const OPERATIONS: Readonly<Record<Operator, (left: number, right: number) => number>> = {
  '+': (left, right) => left + right,
  '-': (left, right) => left - right,
  '*': (left, right) => left * right,
  '/': (left, right) => left / right,
  '^': (left, right) => left ** right,
  '<': (left, right) => truth(left < right),
  '<=': (left, right) => truth(left <= right),
  '>': (left, right) => truth(left > right),
  '>=': (left, right) => truth(left >= right),
  '==': (left, right) => truth(left === right),
  '!=': (left, right) => truth(left !== right),
  AND: (left, right) => truth(left !== 0 && right !== 0),
  OR: (left, right) => truth(left !== 0 || right !== 0),
};

/**
 * Combines two values, point by point if they are series. Where only one of two series has a point, the other series
 * counts as 0. The points of divisions by zero are dropped (cw/using-metric-math, basic arithmetic, comparison and
 * logical operators).
 */
export function operate(operator: Operator, left: Value, right: Value): Value {
  const combine = OPERATIONS[operator];
  if (isList(left) && isList(right)) throw invalid(`${operator} of two arrays of time series is not supported`);
  if (isList(left)) return left.map((each) => operate(operator, each, right)).map(asSeries);
  if (isList(right)) return right.map((each) => operate(operator, left, each)).map(asSeries);
  if (isNumber(left) && isNumber(right)) return combine(left, right);
  if (isNumber(left)) return isNumber(right) ? combine(left, right) : mapPoints(right, (value) => combine(left, value));
  if (isNumber(right)) return mapPoints(left, (value) => combine(value, right));
  const points = new Map<number, number>();
  for (const atMs of timesOf([left, right])) {
    const value = combine(left.points.get(atMs) ?? 0, right.points.get(atMs) ?? 0);
    if (Number.isFinite(value)) points.set(atMs, value);
  }
  return { ...left, points };
}

/** IF(condition, ifTrue, ifFalse) (cw/using-metric-math, using IF expressions). */
export function choose(condition: Value, ifTrue: Value, ifFalse: Value | undefined): Value {
  if (isNumber(condition)) {
    if (condition !== 0) return ifTrue;
    return ifFalse ?? (isNumber(ifTrue) || isList(ifTrue) ? [] : { ...ifTrue, points: new Map() });
  }
  if (isList(condition) || isList(ifTrue) || (ifFalse !== undefined && isList(ifFalse)))
    throw invalid('IF with an array of time series is not supported');
  const at = (value: Value | undefined, atMs: number): number | undefined =>
    value === undefined || isNumber(value) ? value : asSeries(value).points.get(atMs);
  // If the condition holds but `ifTrue` has no value, the result is 0. A missing value of `ifFalse` drops the point.
  return mapPoints(condition, (value, atMs) => (value !== 0 ? (at(ifTrue, atMs) ?? 0) : at(ifFalse, atMs)));
}

function asSeries(value: Value): TimeSeries {
  if (isNumber(value) || isList(value)) throw invalid('a single time series is needed here');
  return value;
}
