import { invalid } from '../errors.ts';
import { FUNCTIONS, type FunctionContext, fill } from './functions.ts';
import { choose, operate } from './operations.ts';
import { type Expression, namesIn } from './parse.ts';
import { isList, isNumber, mapPoints, type TimeSeries, type Value } from './values.ts';

/** The metrics and results that an expression can use. */
export interface MathContext extends FunctionContext {
  /** The metric or the expression's result with this id; undefined if there is none. */
  find(id: string): Value | undefined;
  /** All metrics of the request, without the results of expressions. */
  metrics(): readonly TimeSeries[];
}

const SPECIAL = ['IF', 'FILL', 'METRICS', 'TIME_SERIES'];

/** Throws if the expression calls a function that is not emulated. The message names the function. */
export function checkFunctions(expression: Expression): void {
  for (const name of namesIn(expression).functions) {
    if (Object.hasOwn(FUNCTIONS, name) || SPECIAL.includes(name)) continue;
    const supported = [...Object.keys(FUNCTIONS), ...SPECIAL].sort().join(', ');
    throw invalid(`The function ${name} is not supported. Supported are: ${supported}.`);
  }
}

/** The value of an expression. */
export function evaluate(expression: Expression, context: MathContext): Value {
  switch (expression.kind) {
    case 'number':
      return expression.value;
    case 'text':
      throw invalid(`The text '${expression.value}' is not supported here`);
    case 'name': {
      const found = context.find(expression.name);
      if (found === undefined) throw invalid(`There is no metric or expression with the id ${expression.name}`);
      return found;
    }
    case 'list':
      return expression.elements.flatMap((element) => {
        const value = evaluate(element, context);
        if (isNumber(value)) throw invalid('An array may contain time series only, not numbers');
        return value;
      });
    case 'negation':
      return operate('-', 0, evaluate(expression.of, context));
    case 'operation':
      return operate(expression.operator, evaluate(expression.left, context), evaluate(expression.right, context));
    case 'call':
      return call(expression, context);
  }
}

function call(expression: Expression & { kind: 'call' }, context: MathContext): Value {
  const { function: name, arguments: given } = expression;
  checkFunctions(expression);
  const [first, second, third] = given;
  const counts: Readonly<Record<string, readonly number[]>> = { IF: [2, 3], FILL: [2], METRICS: [0, 1] };
  const allowed = counts[name] ?? [1];
  if (!allowed.includes(given.length))
    throw invalid(`${name} takes ${allowed.join(' or ')} arguments. Given: ${given.length}.`);
  if (name === 'METRICS') return metricsWith(first, context);
  if (!first) throw invalid(`${name} needs an argument`);
  const value = evaluate(first, context);
  const apply = FUNCTIONS[name];
  if (apply) return apply(value, context);
  if (name === 'TIME_SERIES') return timeSeries(value, context);
  if (!second) throw invalid(`${name} needs a second argument`);
  if (name === 'FILL') return fill(value, fillerOf(second, context), context);
  return choose(value, evaluate(second, context), third && evaluate(third, context));
}

function metricsWith(part: Expression | undefined, context: MathContext): readonly TimeSeries[] {
  if (!part) return context.metrics();
  if (part.kind !== 'text') throw invalid('METRICS takes a text in quotation marks');
  return context.metrics().filter(({ id }) => id.includes(part.value));
}

function fillerOf(by: Expression, context: MathContext): number | TimeSeries | 'REPEAT' | 'LINEAR' {
  if (by.kind === 'name' && (by.name === 'REPEAT' || by.name === 'LINEAR')) return by.name;
  const value = evaluate(by, context);
  if (isList(value)) throw invalid('FILL takes a number, a time series, REPEAT or LINEAR');
  return value;
}

/** A series that has the same number at each time of the request's metrics. */
function timeSeries(value: Value, context: MathContext): TimeSeries {
  const [metric] = context.metrics();
  if (!isNumber(value)) throw invalid('TIME_SERIES takes a number');
  if (!metric) throw invalid('TIME_SERIES needs a metric in the request, because it uses the period of the metric');
  const points = context.times(metric.periodMs).map((atMs) => [atMs, value] as const);
  return mapPoints({ ...metric, points: new Map(points) }, (each) => each);
}
