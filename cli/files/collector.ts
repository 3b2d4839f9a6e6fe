/** Collects the bytes of one part of an input, such as a line. If the part is too long, none of its bytes are kept. */
export interface Collector {
  add(bytes: Uint8Array): void;
  /** Whether the part has no bytes. */
  isEmpty(): boolean;
  /** Returns the bytes, or undefined if the part was longer than allowed, and begins the next part. */
  take(): Uint8Array | undefined;
}

export function createCollector(maxBytes: number): Collector {
  let parts: Uint8Array[] = [];
  let length = 0;
  return {
    add(bytes) {
      length += bytes.length;
      if (length > maxBytes) parts = [];
      else if (bytes.length > 0) parts.push(bytes);
    },
    isEmpty: () => length === 0,
    take() {
      const bytes = length > maxBytes ? undefined : Buffer.concat(parts);
      parts = [];
      length = 0;
      return bytes;
    },
  };
}
