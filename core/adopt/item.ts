import type { AdoptedItem } from '../contract/adopted.ts';
import { FreshetError, quoted } from '../errors.ts';
import { decimalText, roundedNumber } from '../exact-number.ts';
import type { Json } from '../state.ts';

/** A DynamoDB attribute in wire form. A stream record has binary as base64 text, the SDK as bytes. */
export interface WireValue {
  readonly S?: string | undefined;
  readonly N?: string | undefined;
  readonly B?: string | Uint8Array | undefined;
  readonly BOOL?: boolean | undefined;
  readonly NULL?: boolean | undefined;
  readonly SS?: readonly string[] | undefined;
  readonly NS?: readonly string[] | undefined;
  readonly BS?: readonly (string | Uint8Array)[] | undefined;
  readonly L?: readonly WireValue[] | undefined;
  readonly M?: Readonly<Record<string, WireValue>> | undefined;
}

/** A DynamoDB item in wire form. */
export type WireItem = Readonly<Record<string, WireValue>>;

/** A value, or the number that a JavaScript number can't hold. */
type Read = { readonly value: Json } | { readonly inexact: string };

/**
 * Returns an item in the form in which a mapping reads it, see `AdoptedItem`. Use it in the tests of a mapping.
 *
 * @param item the item in DynamoDB's wire form: `{ sku: { S: 'a' }, version: { N: '1' } }`
 * @param exactNumbers see `Adoption.exactNumbers`
 */
export function adoptedItem(item: WireItem, exactNumbers: readonly string[] = []): AdoptedItem {
  return mapOf(item, '', new Set(exactNumbers));
}

/** Like `adoptedItem`, but numbers that a JavaScript number can't hold are texts, so that reading never throws. */
export function readableItem(item: WireItem, exactNumbers: readonly string[] = []): AdoptedItem {
  return mapOf(item, '', new Set(exactNumbers), true);
}

function mapOf(map: WireItem, path: string, exact: ReadonlySet<string>, isLenient = false): { [key: string]: Json } {
  const read = {};
  for (const [name, value] of Object.entries(map)) {
    const inner = path === '' ? name : `${path}.${name}`;
    define(read, name, inner, attribute(value, inner, exact, isLenient), isLenient);
  }
  return read;
}

function attribute(value: WireValue, path: string, exact: ReadonlySet<string>, isLenient: boolean): Read {
  if (value.S !== undefined) return { value: value.S };
  if (value.N !== undefined) return numberOf(value.N, exact.has(path));
  if (value.BOOL !== undefined) return { value: value.BOOL };
  if (value.NULL !== undefined) return { value: null };
  if (value.M !== undefined) return { value: mapOf(value.M, path, exact, isLenient) };
  if (value.L !== undefined) {
    const list: Json[] = [];
    for (const [index, one] of value.L.entries())
      define(list, index, path, attribute(one, path, exact, isLenient), isLenient);
    return { value: list };
  }
  if (value.SS !== undefined) return { value: [...value.SS].sort() };
  if (value.NS !== undefined) return numbersOf(value.NS, exact.has(path));
  if (value.B !== undefined) return { value: base64(value.B) };
  if (value.BS !== undefined) return { value: value.BS.map(base64).sort() };
  throw new Error(`${path}: not a DynamoDB attribute: ${quoted(value)}`);
}

function numberOf(text: string, isExact: boolean): Read {
  if (isExact) return { value: decimalText(text) };
  return roundedNumber(text) === undefined ? { value: Number(text) } : { inexact: text };
}

/** A set of numbers, in numeric order. */
function numbersOf(texts: readonly string[], isExact: boolean): Read {
  const inexact = isExact ? undefined : texts.find((text) => roundedNumber(text) !== undefined);
  if (inexact !== undefined) return { inexact };
  // Two texts that are equal as JavaScript numbers still have one order, so that equal sets have equal lists.
  const sorted = texts.map(decimalText).sort((a, b) => Number(a) - Number(b) || (a < b ? -1 : 1));
  return { value: isExact ? sorted : sorted.map(Number) };
}

function base64(bytes: string | Uint8Array): string {
  return typeof bytes === 'string' ? bytes : Buffer.from(bytes).toString('base64');
}

/** Adds a value. An inexact number throws when it is read, so that a mapping can leave it out. */
function define(to: object, key: string | number, path: string, read: Read, isLenient: boolean): void {
  const common = { enumerable: true, configurable: true };
  const value = 'value' in read ? read.value : isLenient ? read.inexact : undefined;
  if (value !== undefined) Object.defineProperty(to, key, { ...common, writable: true, value });
  else if ('inexact' in read) {
    Object.defineProperty(to, key, { ...common, get: () => refuse(path, read.inexact) });
  }
}

function refuse(path: string, text: string): never {
  throw new FreshetError(
    `${path}: the number ${text} can't be held exactly by a JavaScript number. Allowed: numbers of about 15 digits. ` +
      `Add ${quoted(path)} to the mapping's exactNumbers, which gives its numbers as decimal texts.`,
    { code: 'InexactNumber', field: path },
  );
}
