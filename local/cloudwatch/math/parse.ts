import jsep from 'jsep';
import { invalid } from '../errors.ts';

/** A parsed metric math expression. */
export type Expression =
  | { readonly kind: 'number'; readonly value: number }
  | { readonly kind: 'text'; readonly value: string }
  /** An id of a query, or a keyword such as REPEAT. */
  | { readonly kind: 'name'; readonly name: string }
  | { readonly kind: 'list'; readonly elements: readonly Expression[] }
  | { readonly kind: 'negation'; readonly of: Expression }
  | { readonly kind: 'operation'; readonly operator: Operator; readonly left: Expression; readonly right: Expression }
  | { readonly kind: 'call'; readonly function: string; readonly arguments: readonly Expression[] };

export type Operator = '+' | '-' | '*' | '/' | '^' | '<' | '<=' | '>' | '>=' | '==' | '!=' | 'AND' | 'OR';

const OPERATORS: Readonly<Record<string, Operator>> = {
  '+': '+',
  '-': '-',
  '*': '*',
  '/': '/',
  '^': '^',
  '<': '<',
  '<=': '<=',
  '>': '>',
  '>=': '>=',
  '==': '==',
  '!=': '!=',
  AND: 'AND',
  '&&': 'AND',
  OR: 'OR',
  '||': 'OR',
};

// AND and OR bind like && and ||. In metric math, ^ is the power and binds more strongly than * and /.
jsep.addBinaryOp('OR', 1);
jsep.addBinaryOp('AND', 2);
jsep.addBinaryOp('^', 11, true);

/**
 * Parses a metric math expression (cw/using-metric-math). Throws for a malformed expression and for unsupported syntax.
 * `checkFunctions` checks the names of the functions.
 */
export function parseExpression(text: string): Expression {
  if (/^\s*SELECT\s/i.test(text)) throw invalid(`Metrics Insights queries are not emulated: ${text}`);
  let parsed: jsep.Expression;
  try {
    parsed = jsep(text);
  } catch (error) {
    throw invalid(`Error in expression '${text}': ${error instanceof Error ? error.message : String(error)}`);
  }
  return convert(parsed as jsep.CoreExpression, text);
}

function convert(node: jsep.CoreExpression, text: string): Expression {
  const inside = (each: jsep.Expression | null | undefined): Expression => {
    if (!each) throw invalid(`Error in expression '${text}': an operand is missing`);
    return convert(each as jsep.CoreExpression, text);
  };
  switch (node.type) {
    case 'Literal':
      if (typeof node.value === 'number') return { kind: 'number', value: node.value };
      if (typeof node.value === 'string') return { kind: 'text', value: node.value };
      break;
    case 'Identifier':
      return { kind: 'name', name: node.name };
    case 'ArrayExpression':
      return { kind: 'list', elements: node.elements.map(inside) };
    case 'UnaryExpression':
      if (node.operator === '-') return { kind: 'negation', of: inside(node.argument) };
      break;
    case 'BinaryExpression': {
      const operator = OPERATORS[node.operator];
      if (operator) return { kind: 'operation', operator, left: inside(node.left), right: inside(node.right) };
      throw invalid(`Error in expression '${text}': the operator ${node.operator} is not supported`);
    }
    case 'CallExpression':
      if (node.callee.type === 'Identifier')
        return { kind: 'call', function: String(node.callee.name), arguments: node.arguments.map(inside) };
      break;
    default:
  }
  throw invalid(`Error in expression '${text}': it is malformed or uses unsupported syntax`);
}

/** The functions that an expression calls, and the other names in it. */
export function namesIn(expression: Expression): {
  readonly functions: ReadonlySet<string>;
  readonly names: ReadonlySet<string>;
} {
  const found = { functions: new Set<string>(), names: new Set<string>() };
  const visit = (each: Expression): void => {
    if (each.kind === 'name') found.names.add(each.name);
    if (each.kind === 'list') each.elements.forEach(visit);
    if (each.kind === 'negation') visit(each.of);
    if (each.kind === 'operation') [each.left, each.right].forEach(visit);
    if (each.kind === 'call') {
      found.functions.add(each.function);
      each.arguments.forEach(visit);
    }
  };
  visit(expression);
  return found;
}
