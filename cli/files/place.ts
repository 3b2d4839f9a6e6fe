/** Where a record begins in a file. */
export interface Place {
  /** The physical line, from 1. A line ends with a line feed, a carriage return, or both. */
  readonly line: number;
  /** The byte, from 0. In a file that is compressed, it is the byte of the uncompressed content. */
  readonly byte: number;
  /** The position in a JSON array, from 1. */
  readonly element?: number;
  /** The last line, if the record has several. */
  readonly lastLine?: number;
}

/** A place for people: `line 3 (byte 120)`, `lines 3 to 4 (byte 120)`, `element 2 (line 3, byte 120)`. */
export function placeText({ line, byte, element, lastLine }: Place): string {
  if (element !== undefined) return `element ${element} (line ${line}, byte ${byte})`;
  return lastLine === undefined ? `line ${line} (byte ${byte})` : `lines ${line} to ${lastLine} (byte ${byte})`;
}

/** Where in a file an id is: `line 3`, `element 2`. */
export function ordinalText({ line, element }: Place): string {
  return element === undefined ? `line ${line}` : `element ${element}`;
}
