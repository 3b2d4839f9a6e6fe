import { quoted } from 'freshet-aws/internal/core/errors';
import { roundedNumber } from 'freshet-aws/internal/core/exact-number';
import { MAX_STATE_DEPTH } from 'freshet-aws/internal/core/state';

/** A value in a JSON text that `JSON.parse` would change without an error. */
export interface JsonLoss {
  /** The path of the value, such as `size.width` or `tags[0]`; empty for the whole text. */
  readonly path: string;
  readonly problem: string;
}

/** An object or a list that contains the current token. */
type Level = { readonly keys: Set<string>; key: string; atKey: boolean } | { readonly keys: undefined; index: number };

/** A text, a number, or a mark of an object or a list. */
const TOKEN = /"(?:[^"\\]+|\\.)*"|-?[0-9][0-9.eE+-]*|[{}[\],:]/g;

/** How deep a text may be nested: a state inside a record of an export. Deeper text takes much memory to follow. */
const MAX_DEPTH = MAX_STATE_DEPTH + 2;

/**
 * Returns the first value that `JSON.parse` would change without an error: a number that it would round, or a value
 * that a second value with the same key would replace. A text that is nested too deeply to follow counts as one.
 * Undefined if there is none.
 *
 * @param text valid JSON
 */
export function jsonLoss(text: string): JsonLoss | undefined {
  const levels: Level[] = [];
  for (const [token] of text.matchAll(TOKEN)) {
    const level = levels.at(-1);
    if (levels.length > MAX_DEPTH) return { path: '', problem: `nested deeper than ${MAX_DEPTH} levels` };
    if (token === '{') levels.push({ keys: new Set(), key: '', atKey: true });
    else if (token === '[') levels.push({ keys: undefined, index: 0 });
    else if (token === '}' || token === ']') levels.pop();
    else if (token === ',') nextValue(level);
    else if (level?.keys !== undefined && level.atKey) {
      if (token === ':') level.atKey = false;
      else if (isRepeated(level, JSON.parse(token) as string)) return { path: pathOf(levels), problem: 'given twice' };
    } else if (!token.startsWith('"') && token !== ':') {
      const rounded = roundedNumber(token);
      if (rounded !== undefined) return { path: pathOf(levels), problem: roundingProblem(token, rounded) };
    }
  }
  return undefined;
}

function nextValue(level: Level | undefined): void {
  if (level?.keys !== undefined) level.atKey = true;
  else if (level !== undefined) level.index += 1;
}

/** Notes a key. Returns whether its object had the key before. */
function isRepeated(level: Extract<Level, { key: string }>, key: string): boolean {
  const isKnown = level.keys.has(key);
  level.keys.add(key);
  level.key = key;
  return isKnown;
}

function pathOf(levels: readonly Level[]): string {
  const path = levels.map((level) => (level.keys === undefined ? `[${level.index}]` : `.${level.key}`)).join('');
  return path.startsWith('.') ? path.slice(1) : path;
}

function roundingProblem(text: string, rounded: number): string {
  return (
    `the number ${quoted(text).slice(1, -1)} can't be stored exactly: it would become ${rounded}. ` +
    'Allowed: numbers that a 64-bit floating-point number holds exactly. Write a longer number as text, in quotes'
  );
}
