import { createHash } from 'node:crypto';

/**
 * A number for each id of a file. It keeps 96 bits of an id's hash instead of the id, so a million ids of any length
 * take about 40 MB. Two of a million ids have the same hash with a probability of 10^-17.
 */
export interface IdTable {
  readonly size: number;
  get(id: string): number | undefined;
  /** @param value not NaN */
  set(id: string, value: number): void;
}

/** Unsigned 32-bit integers of a hash that are kept. */
const WORDS = 3;

/** The part of the slots that may be taken. */
const MAX_LOAD = 0.75;

export function createIdTable(): IdTable {
  let slots = 1024;
  let keys = new Uint32Array(slots * WORDS);
  /** NaN marks an empty slot. */
  let values = new Float64Array(slots).fill(Number.NaN);
  let size = 0;

  /** The slot that has the key, or the empty slot that it belongs into. */
  const slotOf = (key: Uint32Array): number => {
    for (let slot = (key[0] as number) % slots; ; slot = (slot + 1) % slots) {
      const at = slot * WORDS;
      if (Number.isNaN(values[slot])) return slot;
      if (keys[at] === key[0] && keys[at + 1] === key[1] && keys[at + 2] === key[2]) return slot;
    }
  };

  const put = (key: Uint32Array, value: number): void => {
    const slot = slotOf(key);
    if (Number.isNaN(values[slot])) size += 1;
    keys.set(key, slot * WORDS);
    values[slot] = value;
  };

  const grow = (): void => {
    const [oldKeys, oldValues] = [keys, values];
    slots *= 2;
    keys = new Uint32Array(slots * WORDS);
    values = new Float64Array(slots).fill(Number.NaN);
    size = 0;
    for (const [slot, value] of oldValues.entries()) {
      if (!Number.isNaN(value)) put(oldKeys.subarray(slot * WORDS, (slot + 1) * WORDS), value);
    }
  };

  return {
    get size() {
      return size;
    },
    get(id) {
      const value = values[slotOf(keyOf(id))] as number;
      return Number.isNaN(value) ? undefined : value;
    },
    set(id, value) {
      if (size >= slots * MAX_LOAD) grow();
      put(keyOf(id), value);
    },
  };
}

function keyOf(id: string): Uint32Array {
  const hash = createHash('sha1').update(id).digest();
  return Uint32Array.of(hash.readUInt32LE(0), hash.readUInt32LE(4), hash.readUInt32LE(8));
}
