import { dynamicReferences, Placeholder, withTexts } from './placeholder.ts';
import { SUBSTITUTION } from './references.ts';

/** The values that intrinsic functions can use. `undefined` means that a value doesn't exist. */
export interface Scope {
  /** The value of a resource, a parameter or a pseudo parameter. */
  ref(id: string, path: string): unknown;
  attribute(id: string, name: string, path: string): unknown;
  importValue(exportName: string): unknown;
  /** The value of an output of a stack that was created before. */
  stackOutput(stackName: string, outputName: string): unknown;
  /** The value in a mapping of the template. */
  mapped(mapping: string, firstKey: string, secondKey: string): unknown;
  condition(name: string): boolean | undefined;
  /**
   * Makes a placeholder, and notes why the value isn't known locally.
   * @param path where the template uses the value
   */
  unknown(text: string, reason: string, path: string): Placeholder;
}

type Evaluate = (argument: unknown, scope: Scope, path: string) => unknown;

/** Marks a property that is left out. */
const NO_VALUE = Symbol('AWS::NoValue');

/** https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/intrinsic-function-reference.html */
const FUNCTIONS: Readonly<Record<string, Evaluate>> = {
  Ref: (id, scope, path) => found(scope.ref(text(id, path), path), path, `no resource or parameter ${id}`),
  'Fn::GetAtt': (argument, scope, path) => {
    const [id, ...rest] = typeof argument === 'string' ? argument.split('.') : list(argument, scope, path);
    const name = rest.map((part) => text(part, path)).join('.');
    return found(scope.attribute(text(id, path), name, path), path, `no attribute ${name} of a resource ${id}`);
  },
  'Fn::Join': (argument, scope, path) => {
    const [separator, parts] = list(argument, scope, path);
    const joined = list(parts, scope, path);
    return like(joined, joined.map((part) => text(part, path)).join(text(separator, path)), scope, path);
  },
  'Fn::Split': (argument, scope, path) => {
    const [separator, whole] = list(argument, scope, path);
    const parts = text(whole, path).split(text(separator, path));
    return whole instanceof Placeholder ? new Placeholder(whole.text, parts) : parts;
  },
  'Fn::Select': (argument, scope, path) => {
    const [index, from] = list(argument, scope, path);
    const at = Number(text(index, path));
    // A placeholder has fewer parts than the value would have. It stands in for the parts that it lacks.
    if (from instanceof Placeholder) return new Placeholder(from.parts?.[at] ?? from.text);
    return found(list(from, scope, path)[at], path, `no element ${index}`);
  },
  'Fn::Sub': (argument, scope, path) => {
    const [format, own] = typeof argument === 'string' ? [argument, {}] : list(argument, scope, path);
    const variables = new Map(Object.entries(own ?? {}));
    const values: unknown[] = [format];
    const substituted = text(format, path).replaceAll(SUBSTITUTION, (_whole, literal: string, name: string) => {
      if (literal) return `\${${name}}`;
      const intrinsic = name.includes('.') ? { 'Fn::GetAtt': name } : { Ref: name };
      values.push(variables.has(name) ? variables.get(name) : resolveOrOmit(intrinsic, scope, path));
      return text(values.at(-1), path);
    });
    return like(values, substituted, scope, path);
  },
  'Fn::Base64': (argument, scope, path) => {
    const value = resolveOrOmit(argument, scope, path);
    return like([value], Buffer.from(text(value, path)).toString('base64'), scope, path);
  },
  'Fn::GetAZs': (_region, scope, path) => {
    const region = text(scope.ref('AWS::Region', path), path);
    return ['a', 'b', 'c'].map((zone) => region + zone);
  },
  'Fn::ImportValue': (argument, scope, path) => {
    const name = text(resolveOrOmit(argument, scope, path), path);
    return scope.importValue(name) ?? standsIn(name, `no earlier stack exports ${name}`, scope, path);
  },
  'Fn::GetStackOutput': (argument, scope, path) => {
    const { StackName, OutputName } = resolveOrOmit(argument, scope, path) as Record<string, unknown>;
    const [stack, output] = [text(StackName, path), text(OutputName, path)];
    const otherwise = `no earlier stack ${stack} has an output ${output}`;
    return scope.stackOutput(stack, output) ?? standsIn(`${stack}.${output}`, otherwise, scope, path);
  },
  'Fn::FindInMap': (argument, scope, path) => {
    const [mapping, first, second, others] = list(argument, scope, path);
    const [map = '', ...keys] = [mapping, first, second].map((key) => text(key, path));
    const entry = [map, ...keys].join('.');
    const value = scope.mapped(map, keys[0] ?? '', keys[1] ?? '') ?? (others as Record<string, unknown>)?.DefaultValue;
    return value ?? standsIn(entry, `the mappings have no entry ${entry}`, scope, path);
  },
  'Fn::If': (argument, scope, path) => {
    if (!Array.isArray(argument)) throw wrong(path, 'Fn::If takes a list');
    const [condition, ifTrue, ifFalse] = argument;
    return resolveOrOmit(evaluateCondition({ Condition: condition }, scope, path) ? ifTrue : ifFalse, scope, path);
  },
};

/**
 * Replaces all intrinsic functions in a value. Throws for a name that the template doesn't have.
 *
 * @param path the path of the value in its template, for messages
 * @param onPlaceholder receives the text of each placeholder in the value, for a value that isn't known locally
 */
export function resolve(
  value: unknown,
  scope: Scope,
  path: string,
  onPlaceholder: (text: string) => void = () => {},
): unknown {
  const result = resolveOrOmit(value, scope, path);
  return result === NO_VALUE ? undefined : withTexts(result, onPlaceholder);
}

function resolveOrOmit(value: unknown, scope: Scope, path: string): unknown {
  if (Array.isArray(value))
    return value
      .map((each, index) => resolveOrOmit(each, scope, `${path}/${index}`))
      .filter((each) => each !== NO_VALUE);
  if (typeof value === 'string') return resolveText(value, scope, path);
  if (typeof value !== 'object' || value === null || value instanceof Placeholder) return value;
  const entries = Object.entries(value);
  const [name, argument] = entries[0] ?? [''];
  if (entries.length === 1 && (name === 'Ref' || name.startsWith('Fn::'))) {
    if (name === 'Ref' && argument === 'AWS::NoValue') return NO_VALUE;
    const evaluate = FUNCTIONS[name];
    if (!evaluate) return standsIn(name, `${name} is not emulated`, scope, path);
    return evaluate(argument, scope, `${path}/${name}`);
  }
  const resolved = entries.map(([key, each]) => [key, resolveOrOmit(each, scope, `${path}/${key}`)] as const);
  return Object.fromEntries(resolved.filter(([, each]) => each !== NO_VALUE));
}

function resolveText(value: string, scope: Scope, path: string): unknown {
  const [reference] = dynamicReferences(value);
  if (reference === undefined) return value;
  return scope.unknown(value, `${reference} is not resolved locally, and stays as it is`, path);
}

function standsIn(text: string, reason: string, scope: Scope, path: string): Placeholder {
  return scope.unknown(text, `${reason}, so ${text} stands in`, path);
}

/** Whether a condition of a template holds. */
export function evaluateCondition(value: unknown, scope: Scope, path: string): boolean {
  const [name, argument] = Object.entries(value ?? {})[0] ?? [''];
  const all = (): boolean[] => {
    if (!Array.isArray(argument)) throw wrong(path, `${name} takes a list`);
    return argument.map((each) => evaluateCondition(each, scope, `${path}/${name}`));
  };
  switch (name) {
    case 'Condition': {
      const holds = scope.condition(String(argument));
      if (holds === undefined) throw wrong(path, `there is no condition ${argument}`);
      return holds;
    }
    case 'Fn::Equals': {
      const [left, right] = list(argument, scope, path);
      return String(withTexts(left, () => {})) === String(withTexts(right, () => {}));
    }
    case 'Fn::Not':
      return !all()[0];
    case 'Fn::And':
      return all().every(Boolean);
    case 'Fn::Or':
      return all().some(Boolean);
    default:
      throw wrong(path, `${name} is not supported in a condition`);
  }
}

function list(value: unknown, scope: Scope, path: string): readonly unknown[] {
  const resolved = resolveOrOmit(value, scope, path);
  if (resolved instanceof Placeholder) return (resolved.parts ?? [resolved.text]).map((part) => new Placeholder(part));
  if (!Array.isArray(resolved)) throw wrong(path, 'a list is required here');
  return resolved;
}

function text(value: unknown, path: string): string {
  if (value instanceof Placeholder) return value.text;
  if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') return String(value);
  throw wrong(path, `a string is required here, not ${JSON.stringify(value)}`);
}

/** A text that was made of some values: a placeholder if one of them is a placeholder. */
function like(values: readonly unknown[], made: string, scope: Scope, path: string): unknown {
  return values.some((value) => value instanceof Placeholder) ? new Placeholder(made) : resolveText(made, scope, path);
}

function found(value: unknown, path: string, otherwise: string): unknown {
  if (value === undefined) throw wrong(path, `there is ${otherwise}`);
  return value;
}

function wrong(path: string, what: string): Error {
  return new Error(`${path}: ${what}`);
}
