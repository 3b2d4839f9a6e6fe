import { asInput, type Input } from './input.ts';

type Tree = { [key: string]: Tree | string };

/**
 * Reads the AWS Query protocol's form fields: `a.member.1.b=x` becomes `{ a: [{ b: 'x' }] }`, and `a.entry.1.key=k`,
 * `a.entry.1.value=v` (or `Name`, `Value`) become `{ a: { k: 'v' } }`
 * (smithy.io/2.0/aws/protocols/aws-query-protocol.html).
 */
export function parseQuery(body: string): Input {
  const root: Tree = Object.create(null);
  for (const [path, value] of new URLSearchParams(body)) {
    const keys = path.split('.');
    const last = keys.pop() ?? '';
    let node = root;
    for (const key of keys) {
      const next = node[key];
      const child: Tree = typeof next === 'object' ? next : Object.create(null);
      node[key] = child;
      node = child;
    }
    node[last] = value;
  }
  return asInput(toValue(root));
}

function toValue(node: Tree | string): unknown {
  if (typeof node === 'string') return node;
  const { member, entry } = node;
  if (typeof member === 'object') return inOrder(member).map(toValue);
  if (typeof entry === 'object') return Object.fromEntries(inOrder(entry).map(toEntry));
  return Object.fromEntries(Object.entries(node).map(([key, value]) => [key, toValue(value)]));
}

function toEntry(node: Tree | string): [string, unknown] {
  if (typeof node === 'string') return [node, undefined];
  return [String(node.key ?? node.Name ?? ''), toValue(node.value ?? node.Value ?? '')];
}

function inOrder(items: Tree): (Tree | string)[] {
  const entries = Object.entries(items).sort(([a], [b]) => Number(a) - Number(b));
  return entries.map(([, item]) => item);
}
