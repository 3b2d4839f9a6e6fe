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
  ])('decoding the cursor after id %j returns the same position', (afterId) => {
    const position = { partition: PARTITIONS_PER_TYPE - 1, afterId };
    expect(decodeCursor(encodeCursor(position))).toEqual(position);
  });

  test('a cursor contains only characters that need no escaping in a shell or a URL', () => {
    expect(encodeCursor({ partition: 3, afterId: 'ÿþý?>~' })).toMatch(/^[A-Za-z0-9_-]+$/);
  });

  test('decoding no cursor returns the beginning of the list', () => {
    expect(decodeCursor(undefined)).toEqual({ partition: 0, afterId: undefined });
  });

  test.each([
    ['empty', ''],
    ['not base64', '!!!'],
    ['unencoded JSON', '[0,"p1"]'],
    ['not JSON', Buffer.from('[0').toString('base64url')],
    ['null', cursorOf(null)],
    ['a text', cursorOf('0a')],
    ['an object', cursorOf({ partition: 0 })],
    ['an empty list', cursorOf([])],
    ['a list with a text as partition', cursorOf(['0'])],
    ['a list with a negative partition', cursorOf([-1])],
    ['a list with a partition past the last', cursorOf([PARTITIONS_PER_TYPE])],
    ['a list with a fractional partition', cursorOf([0.5])],
    ['a list with an empty id', cursorOf([0, ''])],
    ['a list with null as id', cursorOf([0, null])],
    ['a list with a number as id', cursorOf([0, 7])],
    ['a list with an object as id', cursorOf([0, { id: 'p1' }])],
    ['a list with an id that is too long', cursorOf([0, 'x'.repeat(1025)])],
    ['a list with an id with a lone surrogate', cursorOf([0, '\ud800'])],
    ['a list of three', cursorOf([0, 'p1', 1])],
    ['huge', 'W'.repeat(1_000_000)],
    ['not a text', 5 as unknown as string],
  ])('a cursor is refused with a short message if it is %s', (_, cursor) => {
    expect(() => decodeCursor(cursor)).toThrowError(
      expect.objectContaining({
        code: 'InvalidCursor',
        field: 'cursor',
        message: expect.stringMatching(/^cursor: .{1,250} Leave it out to start from the first page\.$/),
      }),
    );
  });
});

describe('a page size', () => {
  test('the page size is the default if no limit is given', () => {
    expect(checkedLimit(undefined)).toBe(DEFAULT_PAGE_SIZE);
  });

  test.each([1, MAX_PAGE_SIZE])('the page size may be %s', (limit) => {
    expect(checkedLimit(limit)).toBe(limit);
  });

  test.each([
    0,
    -1,
    1.5,
    Number.NaN,
    Number.POSITIVE_INFINITY,
    MAX_PAGE_SIZE + 1,
  ])('a page size of %s is refused', (limit) => {
    expect(() => checkedLimit(limit)).toThrowError(
      expect.objectContaining({ code: 'InvalidLimit', message: expect.stringContaining(`not a page size: ${limit}.`) }),
    );
  });
});
