import { describe, expect, test } from 'vitest';
import { deadLetter, treatDeadLetter } from '../../../core/repair/dead-letter.ts';
import { message, owned, product } from '../../support/events.ts';

test('a dead letter has another key than a message of its group with the same sequence number in another queue', () => {
  const letter = message(owned(product(), 3));
  const numbers = (['crashed', 'undelivered'] as const).map(
    (reason) => deadLetter(letter, reason, letter.sentAtMs).message.sequenceNumber,
  );
  expect(new Set([letter.sequenceNumber, ...numbers]).size).toBe(3);
  // It still sorts by its number.
  for (const number of numbers) expect(number.startsWith(letter.sequenceNumber)).toBe(true);
});

describe('a message that was received a thousand times and never answered', () => {
  const letter = message(owned(product(), 3));

  async function treat(hasCrashed: boolean) {
    const calls: string[] = [];
    const note = (call: string) => async () => void calls.push(call);
    const ports = { hasCrashed: async () => hasCrashed, sendBack: note('sent back'), park: note('parked') };
    return { treated: await treatDeadLetter(letter, ports, letter.sentAtMs), calls };
  }

  test('it is sent back if the projector never tried it, as when it was throttled for days', async () => {
    expect(await treat(false)).toEqual({ treated: 'sent back', calls: ['sent back'] });
  });

  test('it is parked if a try of it never ended', async () => {
    expect(await treat(true)).toMatchObject({ treated: { reason: 'crashed' }, calls: ['parked'] });
  });
});
