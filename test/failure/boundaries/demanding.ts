import * as z from 'zod/mini';
import catalogue, { Device, Item } from './catalogue.ts';

/** The consumers' Item: its price must not be below zero. */
export const strictItem = {
  ...catalogue.owns.Item,
  schema: Item.check(z.refine(({ price }) => price >= 0, { error: 'below zero', path: ['price'] })),
};

/**
 * A Device whose validation takes the time and the memory that its state says. It crashes a function with less of
 * either.
 */
export const demandingDevice = {
  ...catalogue.owns.Device,
  schema: Device.check(z.refine(({ blockMs, allocateMb }) => block(blockMs) && allocate(allocateMb))),
};

/** Blocks the event loop. */
function block(ms: number): boolean {
  const until = Date.now() + ms;
  while (Date.now() < until);
  return true;
}

const CHUNK_MB = 16;
const NUMBERS_PER_CHUNK = (CHUNK_MB * 2 ** 20) / 8;

/** Allocates few large pieces. With many small ones, garbage collections would take longer than the time-out. */
function allocate(megabytes: number): boolean {
  const length = Math.ceil(megabytes / CHUNK_MB);
  const held = Array.from({ length }, (_, one) => new Array<number>(NUMBERS_PER_CHUNK).fill(one));
  return held.length === length;
}
