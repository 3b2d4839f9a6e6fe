import { expect, test } from 'vitest';
import { parkedEventOf, parkedItem } from '../../../adapters/project/parked-items.ts';
import type { ParkedEvent } from '../../../core/project/ports.ts';
import { noise } from '../../support/compressible.ts';
import { message, owned, product } from '../../support/events.ts';

/** A parked event with a body. */
const parked = (body: string): ParkedEvent => ({
  ...{ status: 'parked', reason: 'malformed', explanation: 'not JSON', entity: product(), version: undefined },
  message: { ...message(owned(product(), 1)), body },
  parkedAtMs: 1,
});

const sizeOf = (item: ReturnType<typeof parkedItem>) =>
  Object.values(item).reduce((sum, { S, N, B }) => sum + Buffer.byteLength(S ?? N ?? '') + (B?.length ?? 0), 0);

test.each([
  ['small', '{"a":1}'],
  ['as large as an older release allowed', noise(256 * 1024)],
  ['larger, and compresses well', JSON.stringify({ a: 'x'.repeat(500_000) })],
  ['as large as a message can be', noise(512 * 1024)],
])('a body that is %s is read as it was written', (_, body) => {
  const item = parkedItem(parked(body));
  expect(sizeOf(item)).toBeLessThan(400 * 1024);
  expect(parkedEventOf(item).message.body).toBe(body);
});

test('of a body that fits into no item, and so can be no event, the beginning is kept', () => {
  const item = parkedItem(parked(`beginning ${Buffer.from(noise(600_000), 'base64').toString('latin1')}`));
  expect(sizeOf(item)).toBeLessThan(400 * 1024);
  const { body } = parkedEventOf(item).message;
  expect(body).toMatch(/^beginning .*… \(\d{6} bytes; only the beginning is stored\)$/s);
});
