import type { ParkedEvent } from 'freshet-aws/internal/core/project/ports';

type Path = readonly (string | number)[];

/** The attribute of the envelope that a reason is about, if the explanation doesn't begin with a path. */
const ATTRIBUTES: Partial<Record<ParkedEvent['reason'], Path>> = {
  'newer-schema': ['schemaversion'],
  'wrong-owner': ['source'],
  'unknown-type': ['type'],
  'too-old': ['publishedat'],
};

/** The deepest path that is followed. A body that nests deeper can't exhaust the stack. */
const MAX_DEPTH = 64;

/**
 * The path of the part of a message that is wrong. Explanations begin with it as text, such as
 * `data.cities[2].name: …`. Field names may contain dots, so the path is looked up in the message.
 *
 * @returns null if that isn't known
 */
export function errorPathOf(
  { reason, explanation }: Pick<ParkedEvent, 'reason' | 'explanation'>,
  body: string,
): Path | null {
  const attribute = ATTRIBUTES[reason];
  if (attribute !== undefined) return attribute;
  if (reason !== 'invalid' && reason !== 'malformed') return null;
  const message = parsed(body);
  if (!isObject(message)) return null;
  if (explanation.startsWith('envelope: ')) return [];
  return inDelta(message, explanation) ?? pathIn(message, explanation, 0) ?? null;
}

/** In a delta, a changed field is one level deeper than the explanation says. */
function inDelta(message: Readonly<Record<string, unknown>>, explanation: string): Path | undefined {
  const { kind, data } = message;
  if (kind !== 'delta' || !isObject(data) || !isObject(data.changed) || !explanation.startsWith('data.'))
    return undefined;
  const path = pathIn(data.changed, explanation.slice('data.'.length), 1);
  return path && ['data', 'changed', ...path];
}

/** The path that a text begins with; undefined if the value has no such path. */
function pathIn(value: unknown, text: string, depth: number): Path | undefined {
  if (depth > MAX_DEPTH) return undefined;
  if (Array.isArray(value)) {
    const [written = '', index = ''] = /^\[(\d+)\]/.exec(text) ?? [];
    return written === '' ? undefined : after(value[Number(index)], Number(index), text.slice(written.length), depth);
  }
  if (!isObject(value)) return undefined;
  // A longer name first: `a.b` may be one field, or a field in another one.
  const names = Object.keys(value).filter((name) => text.startsWith(name));
  for (const name of names.sort((a, b) => b.length - a.length)) {
    const path = after(value[name], name, text.slice(name.length), depth);
    if (path !== undefined) return path;
  }
  const missing = /^([^.:[\]]+): /.exec(text)?.[1];
  // The attributes of the envelope are lower-case letters. Any other text may be the beginning of a sentence.
  return missing === undefined || (depth === 0 && !/^[a-z]+$/.test(missing)) ? undefined : [missing];
}

/** The path of a part and of what the rest of the text names inside it. */
function after(value: unknown, name: string | number, rest: string, depth: number): Path | undefined {
  if (rest.startsWith(': ')) return [name];
  if (!rest.startsWith('.') && !rest.startsWith('[')) return undefined;
  const inside = pathIn(value, rest.startsWith('.') ? rest.slice(1) : rest, depth + 1);
  return inside && [name, ...inside];
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
