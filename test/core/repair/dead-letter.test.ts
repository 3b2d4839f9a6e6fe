import { expect, test } from 'vitest';
import { deadLetter } from '../../../core/repair/dead-letter.ts';
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
