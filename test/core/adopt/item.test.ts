import { describe, expect, test } from 'vitest';
import { adoptedItem, type WireValue } from '../../../core/adopt/item.ts';
import { decimalText } from '../../../core/exact-number.ts';

const read = (value: WireValue, exact: string[] = []) => adoptedItem({ a: value }, exact).a;
const BIG = '12345678901234567890';

describe("an existing table's attributes", () => {
  test.each<[string, WireValue, unknown]>([
    ['a text', { S: 'bolt' }, 'bolt'],
    ['an empty text', { S: '' }, ''],
    ['a boolean', { BOOL: false }, false],
    ['NULL', { NULL: true }, null],
    ['an integer', { N: '7' }, 7],
    ['a decimal', { N: '0.1' }, 0.1],
    ['the largest safe integer', { N: '9007199254740991' }, 9007199254740991],
    ['a power of ten', { N: '1000000000000000000000000000000' }, 1e30],
    ['bytes of the SDK', { B: new Uint8Array([0, 255]) }, 'AP8='],
    ['bytes of a stream record', { B: 'AP8=' }, 'AP8='],
    ['a set of texts', { SS: ['b', 'a', 'B'] }, ['B', 'a', 'b']],
    ['a set of numbers', { NS: ['10', '9', '-1', '0.5'] }, [-1, 0.5, 9, 10]],
    ['a set of bytes', { BS: ['Ag==', 'AQ=='] }, ['AQ==', 'Ag==']],
    ['a list', { L: [{ N: '1' }, { NULL: true }, { S: '' }] }, [1, null, '']],
    ['a map', { M: { b: { L: [] }, c: { M: {} } } }, { b: [], c: {} }],
  ])('%s is read as it is', (_, value, expected) => {
    expect(read(value)).toEqual(expected);
  });

  test('a missing attribute is undefined, and a map may have a key like __proto__', () => {
    expect(adoptedItem({}).a).toBeUndefined();
    const map = read({ M: JSON.parse('{"__proto__":{"S":"x"}}') as Record<string, WireValue> });
    expect(JSON.stringify(map)).toBe('{"__proto__":"x"}');
  });

  test.each<[string, WireValue]>([
    ['above 2^53', { N: BIG }],
    ['with more digits than a JavaScript number', { N: '0.1234567890123456789' }],
    ['in a set', { NS: ['1', BIG] }],
  ])('a number %s is never rounded: reading it throws with its path', (_, value) => {
    const item = adoptedItem({ a: { M: { b: value } }, c: { S: 'ok' } });
    expect(item.c).toBe('ok');
    const inner = item.a as { b: unknown };
    expect(() => inner.b).toThrow(expect.objectContaining({ code: 'InexactNumber', field: 'a.b' }));
    expect(() => JSON.stringify(item)).toThrow(/a\.b: the number .* Add "a\.b" to the mapping's exactNumbers/);
  });

  test('numbers of a declared path are decimal texts, small ones too, in lists as well', () => {
    const list = { L: [{ M: { amount: { N: BIG } } }, { M: { amount: { N: '1' } } }] };
    expect(adoptedItem({ prices: list, ids: { NS: ['10', '9', BIG] } }, ['prices.amount', 'ids'])).toEqual({
      prices: [{ amount: BIG }, { amount: '1' }],
      ids: ['9', '10', BIG],
    });
  });

  test.each([
    ['1E+2', '100'],
    ['1.50', '1.5'],
    ['-0.050', '-0.05'],
    ['1.25e1', '12.5'],
    ['1e-3', '0.001'],
    ['0.0', '0'],
    ['007', '7'],
    ['text', 'text'],
  ])('the decimal text of %s is %s', (given, expected) => {
    expect(decimalText(given)).toBe(expected);
  });
});
