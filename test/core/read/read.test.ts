import { describe, expect, test } from 'vitest';
import { PARTITIONS_PER_TYPE } from '../../../core/entity.ts';
import { checkedLimit, DEFAULT_PAGE_SIZE, decodeCursor, encodeCursor, MAX_PAGE_SIZE } from '../../../core/read/read.ts';
import { WORST_ID } from '../../support/nasty-ids.ts';

const cursorOf = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');

describe('a cursor', () => {
  test.each([
    undefined,
    'p1',
    '漢',
    '😀',
    '__proto__',
    '","',
    WORST_ID,
  ])('reads back as it was written after id %j', (afterId) => {
    const position = { partition: PARTITIONS_PER_TYPE - 1, afterId };
    expect(decodeCursor(encodeCursor(position))).toEqual(position);
  });

  test('may be typed in a shell and a URL as it is', () => {
    expect(encodeCursor({ partition: 3, afterId: 'ÿþý?>~' })).toMatch(/^[A-Za-z0-9_-]+$/);
  });

  test('that is left out is the beginning', () => {
    expect(decodeCursor(undefined)).toEqual({ partition: 0, afterId: undefined });
  });

  test.each([
    ['empty', ''],
    ['no base64', '!!!'],
    ['the JSON itself', '[0,"p1"]'],
    ['not JSON', Buffer.from('[0').toString('base64url')],
    ['null', cursorOf(null)],
    ['a text', cursorOf('0a')],
    ['an object', cursorOf({ partition: 0 })],
    ['without a partition', cursorOf([])],
    ['of a partition that is a text', cursorOf(['0'])],
    ['of a negative partition', cursorOf([-1])],
    ['of a partition past the last', cursorOf([PARTITIONS_PER_TYPE])],
    ['of half a partition', cursorOf([0.5])],
    ['after an id that is empty', cursorOf([0, ''])],
    ['after an id that is null', cursorOf([0, null])],
    ['after an id that is a number', cursorOf([0, 7])],
    ['after an id that is an object', cursorOf([0, { id: 'p1' }])],
    ['after an id longer than any', cursorOf([0, 'x'.repeat(1025)])],
    ['after an id with a lone surrogate', cursorOf([0, '\ud800'])],
    ['longer than two', cursorOf([0, 'p1', 1])],
    ['huge', 'W'.repeat(1_000_000)],
    ['not a text', 5 as unknown as string],
  ])('is refused in a short message when it is %s', (_, cursor) => {
    expect(() => decodeCursor(cursor)).toThrowError(
      expect.objectContaining({
        code: 'InvalidCursor',
        field: 'cursor',
        message: expect.stringMatching(/^cursor: .{1,250} Leave it out to begin anew\.$/),
      }),
    );
  });
});

describe('a page size', () => {
  test('is the default when nothing is asked for', () => {
    expect(checkedLimit(undefined)).toBe(DEFAULT_PAGE_SIZE);
  });

  test.each([1, MAX_PAGE_SIZE])('may be %s', (limit) => {
    expect(checkedLimit(limit)).toBe(limit);
  });

  test.each([0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, MAX_PAGE_SIZE + 1])('may not be %s', (limit) => {
    expect(() => checkedLimit(limit)).toThrowError(
      expect.objectContaining({ code: 'InvalidLimit', message: expect.stringContaining(`not a page size: ${limit}.`) }),
    );
  });
});
