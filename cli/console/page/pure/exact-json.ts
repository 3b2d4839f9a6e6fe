import { quotedVisibly } from './visible.ts';

/**
 * A JSON value as it was written. Numbers keep their text, because JavaScript would round some; keys such as
 * `__proto__` are texts in a list and never names of properties.
 */
export type JsonNode =
  | { readonly kind: 'object'; readonly entries: readonly (readonly [string, JsonNode])[] }
  | { readonly kind: 'list'; readonly items: readonly JsonNode[] }
  | { readonly kind: 'string'; readonly value: string }
  /** A number, `true`, `false` or `null`. */
  | { readonly kind: 'plain'; readonly source: string };

/** Values that are nested deeper are shown as text. */
export const MAX_DEPTH = 200;

/** An object or a list that isn't complete yet. */
interface Open {
  readonly entries: [string, JsonNode][] | undefined;
  readonly items: JsonNode[];
  key: string | undefined;
}

const PLAIN = /[^\s,:\]}]+/y;
const SPACE = /[\s,:]*/y;

/** Reads a JSON text; undefined if it isn't valid JSON, or if it is nested too deep. */
export function parseExact(text: string): JsonNode | undefined {
  if (!isJson(text)) return undefined;
  const open: Open[] = [];
  let at = 0;
  for (;;) {
    at = after(SPACE, text, at);
    const mark = text[at];
    let node: JsonNode | undefined;
    if (mark === '{' || mark === '[') {
      if (open.length === MAX_DEPTH) return undefined;
      open.push({ entries: mark === '{' ? [] : undefined, items: [], key: undefined });
      at += 1;
    } else if (mark === '}' || mark === ']') {
      node = closed(open.pop());
      at += 1;
    } else {
      const end = mark === '"' ? endOfString(text, at) : after(PLAIN, text, at);
      const source = text.slice(at, end);
      node = mark === '"' ? { kind: 'string', value: JSON.parse(source) as string } : { kind: 'plain', source };
      at = end;
    }
    if (node !== undefined) {
      const level = open.at(-1);
      if (level === undefined) return node;
      add(level, node);
    }
  }
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

function after(pattern: RegExp, text: string, at: number): number {
  pattern.lastIndex = at;
  pattern.exec(text);
  return Math.max(pattern.lastIndex, at);
}

function endOfString(text: string, start: number): number {
  let at = start + 1;
  while (text[at] !== '"') at += text[at] === '\\' ? 2 : 1;
  return at + 1;
}

function closed(level: Open | undefined): JsonNode {
  if (level?.entries !== undefined) return { kind: 'object', entries: level.entries };
  return { kind: 'list', items: level?.items ?? [] };
}

function add(level: Open, node: JsonNode): void {
  if (level.entries === undefined) level.items.push(node);
  else if (level.key === undefined && node.kind === 'string') level.key = node.value;
  else {
    level.entries.push([level.key ?? '', node]);
    level.key = undefined;
  }
}

/** The keys and indexes that lead to a value. */
export type JsonPath = readonly (string | number)[];

/** A path as people write it: `name.common`, `tags[0]`, `["a b"]`. */
export function pathText(path: JsonPath): string {
  const text = path
    .map((part) => {
      if (typeof part === 'number') return `[${part}]`;
      return /^[A-Za-z_$][\w$-]*$/.test(part) ? `.${part}` : `[${JSON.stringify(part)}]`;
    })
    .join('');
  return text.startsWith('.') ? text.slice(1) : text;
}

/** A line of a JSON text. */
export interface JsonLine {
  readonly depth: number;
  readonly path: JsonPath;
  readonly key: string | undefined;
  /** A whole value, the bracket that begins one, or the bracket that ends one. */
  readonly value: JsonNode | string;
  readonly hasComma: boolean;
}

/** The lines of a value, indented. */
export function jsonLines(root: JsonNode): JsonLine[] {
  const lines: JsonLine[] = [];
  const walk = (node: JsonNode, path: JsonPath, key: string | undefined, hasComma: boolean) => {
    const depth = path.length;
    const children = childrenOf(node);
    if (children.length === 0) {
      lines.push({ depth, path, key, value: node, hasComma });
      return;
    }
    lines.push({ depth, path, key, value: node.kind === 'object' ? '{' : '[', hasComma: false });
    children.forEach(([part, child], index) => {
      walk(child, [...path, part], typeof part === 'string' ? part : undefined, index < children.length - 1);
    });
    lines.push({ depth, path, key: undefined, value: node.kind === 'object' ? '}' : ']', hasComma });
  };
  walk(root, [], undefined, false);
  return lines;
}

/** The values in a value, with their keys or indexes. */
export function childrenOf(node: JsonNode): readonly (readonly [string | number, JsonNode])[] {
  if (node.kind === 'object') return node.entries;
  return node.kind === 'list' ? node.items.map((item, index) => [index, item] as const) : [];
}

/** A value as JSON on one line. */
export function compactJson(node: JsonNode): string {
  switch (node.kind) {
    case 'string':
      return JSON.stringify(node.value);
    case 'plain':
      return node.source;
    case 'list':
      return `[${node.items.map(compactJson).join(',')}]`;
    case 'object':
      return `{${node.entries.map(([key, value]) => `${JSON.stringify(key)}:${compactJson(value)}`).join(',')}}`;
  }
}

/** A JSON text without white space between its values, and with its numbers as they are; another text as it is. */
export function compactText(text: string): string {
  const root = parseExact(text);
  return root === undefined ? text : compactJson(root);
}

/** A value as indented JSON, for editing. Numbers are as they were, and hidden characters are escaped. */
export function prettyJson(root: JsonNode): string {
  return jsonLines(root)
    .map(({ depth, key, value, hasComma }) => {
      const name = key === undefined ? '' : `${quotedVisibly(key)}: `;
      const text = typeof value === 'string' ? value : textOf(value);
      return `${'  '.repeat(depth)}${name}${text}${hasComma ? ',' : ''}`;
    })
    .join('\n');
}

function textOf(node: JsonNode): string {
  return node.kind === 'string' ? quotedVisibly(node.value) : compactJson(node);
}

/** Whether a path is another path or leads into its value. */
export function isWithin(path: JsonPath, other: JsonPath): boolean {
  return other.length <= path.length && other.every((part, index) => String(part) === String(path[index]));
}
