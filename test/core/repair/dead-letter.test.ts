import { describe, expect, test } from 'vitest';
import { projectBatch } from '../../../core/project/batch.ts';
import type { ReceivedMessage } from '../../../core/project/ports.ts';
import { deadLetter, treatDeadLetters } from '../../../core/repair/dead-letter.ts';
import { shop } from '../../support/boundaries.ts';
import { message, owned, PUBLISHED_AT, product } from '../../support/events.ts';
import { inMemoryCache, projectionOf } from '../../support/in-memory-cache.ts';

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
  const letters = [1, 2, 3].map((version) => message(owned(product(`p${version}`), version)));

  async function treat(hasCrashed: (one: ReceivedMessage) => boolean | undefined) {
    const cache = inMemoryCache();
    const ports = {
      park: cache.ports.park,
      async hasCrashed(one: ReceivedMessage) {
        const known = hasCrashed(one);
        if (known === undefined) throw new Error('down');
        return known;
      },
      project: (messages: readonly ReceivedMessage[]) => projectBatch(projectionOf(shop, cache.ports), messages),
    };
    const treated = await treatDeadLetters(letters, ports, Date.parse(PUBLISHED_AT));
    return { ...treated, cache };
  }

  test('it is projected if the projector never tried it, as when it was throttled for days', async () => {
    const { parked, report, cache } = await treat(() => false);
    expect(report.settled.map(({ message, outcome }) => [message, outcome])).toEqual(
      letters.map((letter) => [letter, 'applied']),
    );
    expect([parked, report.returned, cache.everParked]).toEqual([[], [], []]);
  });

  test('it is parked if a try of it never ended, and the others of its batch are projected', async () => {
    const { parked, report, cache } = await treat((one) => one === letters[1]);
    expect(parked).toMatchObject([{ reason: 'crashed', message: { messageId: letters[1]?.messageId } }]);
    expect(cache.everParked).toEqual(parked);
    expect(report.settled.map(({ message }) => message)).toEqual([letters[0], letters[2]]);
  });

  test('it stays in the dead-letter queue while the notes of its tries can not be read', async () => {
    const { report } = await treat((one) => (one === letters[0] ? undefined : false));
    expect(report.returned.map(({ message }) => message)).toEqual([letters[0]]);
  });
});
