/** The values that intrinsic functions can use. `undefined` means that a value doesn't exist. */
export interface Scope {
  /** The value of a resource, a parameter or a pseudo parameter. */
  ref(id: string): unknown;
  attribute(id: string, name: string): unknown;
  importValue(exportName: string): unknown;
  /** The value of an output of a stack that was created before. */
  stackOutput(stackName: string, outputName: string): unknown;
  /** The value in a mapping of the template. */
  mapped(mapping: string, firstKey: string, secondKey: string): unknown;
  condition(name: string): boolean | undefined;
}

type Evaluate = (argument: unknown, scope: Scope, path: string) => unknown;

/** Marks a property that is left out. */
const NO_VALUE = Symbol('AWS::NoValue');

/** The names in a text of Fn::Sub. `${!Literal}` becomes `${Literal}`. */
const SUBSTITUTION = /\$\{(!?)([^}]+)\}/g;

/** https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/intrinsic-function-reference.html */
const FUNCTIONS: Readonly<Record<string, Evaluate>> = {
  Ref: (id, scope, path) => found(scope.ref(text(id, path)), path, `no resource or parameter ${id}`),
  'Fn::GetAtt': (argument, scope, path) => {
    const [id, ...rest] = typeof argument === 'string' ? argument.split('.') : list(argument, scope, path);
    const name = rest.join('.');
    return found(scope.attribute(text(id, path), name), path, `no attribute ${name} of a resource ${id}`);
  },
  'Fn::Join': (argument, scope, path) => {
    const [separator, parts] = list(argument, scope, path);
    return list(parts, scope, path)
      .map((part) => text(part, path))
      .join(text(separator, path));
  },
  'Fn::Split': (argument, scope, path) => {
    const [separator, whole] = list(argument, scope, path);
    return text(whole, path).split(text(separator, path));
  },
  'Fn::Select': (argument, scope, path) => {
    const [index, from] = list(argument, scope, path);
    return found(list(from, scope, path)[Number(index)], path, `no element ${index}`);
  },
  'Fn::Sub': (argument, scope, path) => {
    const [format, own] = typeof argument === 'string' ? [argument, {}] : list(argument, scope, path);
    const variables = new Map(Object.entries(own ?? {}));
    return text(format, path).replaceAll(SUBSTITUTION, (_whole, literal: string, name: string) => {
      if (literal) return `\${${name}}`;
      if (variables.has(name)) return text(variables.get(name), path);
      const intrinsic = name.includes('.') ? { 'Fn::GetAtt': name } : { Ref: name };
      return text(resolve(intrinsic, scope, path), path);
    });
  },
  'Fn::ImportValue': (argument, scope, path) => {
    const name = text(resolve(argument, scope, path), path);
    return found(scope.importValue(name), path, `no earlier stack exports ${name}`);
  },
  'Fn::GetStackOutput': (argument, scope, path) => {
    const { StackName, OutputName } = resolve(argument, scope, path) as Record<string, unknown>;
    const [stack, output] = [text(StackName, path), text(OutputName, path)];
    return found(scope.stackOutput(stack, output), path, `no earlier stack ${stack} has an output ${output}`);
  },
  'Fn::FindInMap': (argument, scope, path) => {
    const keys = list(argument, scope, path).map((key) => text(key, path));
    const [mapping = '', first = '', second = ''] = keys;
    return found(scope.mapped(mapping, first, second), path, `no entry ${keys.join('.')} in the mappings`);
  },
  'Fn::If': (argument, scope, path) => {
    if (!Array.isArray(argument)) throw wrong(path, 'Fn::If takes a list');
    const [condition, ifTrue, ifFalse] = argument;
    return resolveOrOmit(evaluateCondition({ Condition: condition }, scope, path) ? ifTrue : ifFalse, scope, path);
  },
};

/**
 * Replaces all intrinsic functions in a value. Throws for an unsupported function and for an unknown name.
 * @param path the path of the value in its template, for the error
 */
export function resolve(value: unknown, scope: Scope, path: string): unknown {
  const result = resolveOrOmit(value, scope, path);
  return result === NO_VALUE ? undefined : result;
}

function resolveOrOmit(value: unknown, scope: Scope, path: string): unknown {
  if (Array.isArray(value))
    return value
      .map((each, index) => resolveOrOmit(each, scope, `${path}/${index}`))
      .filter((each) => each !== NO_VALUE);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value);
  const [name, argument] = entries[0] ?? [''];
  if (entries.length === 1 && (name === 'Ref' || name.startsWith('Fn::'))) {
    if (name === 'Ref' && argument === 'AWS::NoValue') return NO_VALUE;
    const evaluate = FUNCTIONS[name];
    if (!evaluate) throw wrong(path, `${name} is not supported. Supported: ${Object.keys(FUNCTIONS).join(', ')}`);
    return evaluate(argument, scope, `${path}/${name}`);
  }
  const resolved = entries.map(([key, each]) => [key, resolveOrOmit(each, scope, `${path}/${key}`)] as const);
  return Object.fromEntries(resolved.filter(([, each]) => each !== NO_VALUE));
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
      return String(left) === String(right);
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

/** The names that a value refers to: logical ids, parameters and pseudo parameters. */
export function references(value: unknown): Set<string> {
  const names = new Set<string>();
  const collect = (each: unknown): void => {
    if (Array.isArray(each)) for (const element of each) collect(element);
    if (typeof each !== 'object' || each === null || Array.isArray(each)) return;
    for (const [key, argument] of Object.entries(each)) {
      const first = Array.isArray(argument) ? argument[0] : argument;
      if (key === 'Ref' && typeof argument === 'string') names.add(argument);
      if (key === 'Fn::GetAtt' && typeof first === 'string') names.add(first.split('.')[0] ?? first);
      if (key === 'Fn::Sub' && typeof first === 'string')
        for (const [, literal, name = ''] of first.matchAll(SUBSTITUTION))
          if (!literal) names.add(name.split('.')[0] ?? name);
      collect(argument);
    }
  };
  collect(value);
  return names;
}

function list(value: unknown, scope: Scope, path: string): unknown[] {
  const resolved = resolve(value, scope, path);
  if (!Array.isArray(resolved)) throw wrong(path, 'a list is required here');
  return resolved;
}

function text(value: unknown, path: string): string {
  if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') return String(value);
  throw wrong(path, `a string is required here, not ${JSON.stringify(value)}`);
}

function found(value: unknown, path: string, otherwise: string): unknown {
  if (value === undefined) throw wrong(path, `there is ${otherwise}`);
  return value;
}

function wrong(path: string, what: string): Error {
  return new Error(`${path}: ${what}`);
}
