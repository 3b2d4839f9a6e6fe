import { expect, test } from 'vitest';
import { deadLetter } from '../../../core/repair/dead-letter.ts';
import { message, owned, product } from '../../support/events.ts';

test('a dead letter never lies where another message of its group does that has the same number in its own queue', () => {
  const letter = message(owned(product(), 3));
  const numbers = (['crashed', 'undelivered'] as const).map(
    (reason) => deadLetter(letter, reason, letter.sentAtMs).message.sequenceNumber,
  );
  expect(new Set([letter.sequenceNumber, ...numbers]).size).toBe(3);
  // Its place among the numbers stays.
  for (const number of numbers) expect(number.startsWith(letter.sequenceNumber)).toBe(true);
});
