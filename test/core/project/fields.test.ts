import { describe, expect, test } from 'vitest';
import { sha256 } from '../../../core/entity.ts';
import { indexValue } from '../../../core/project/fields.ts';

describe('the index value of an entity', () => {
  test.each<[string, Parameters<typeof indexValue>[1], string | undefined]>([
    ['a text is the text', 'Europe', 'Product=Europe'],
    ['an empty text is empty', '', 'Product='],
    ['a text of 1,024 bytes is the text', 'é'.repeat(512), `Product=${'é'.repeat(512)}`],
    ['a longer text is a hash', `${'é'.repeat(512)}x`, `Product#${sha256(`${'é'.repeat(512)}x`)}`],
    ['a number is the number', 1.5, 'Product=1.5'],
    ['a boolean is the boolean', false, 'Product=false'],
    ['null is undefined', null, undefined],
    ['a missing field is undefined', undefined, undefined],
    ['an array is undefined', ['Europe'], undefined],
    ['an object is undefined', {}, undefined],
    ['NaN is undefined', Number.NaN, undefined],
    ['an infinite number is undefined', Number.POSITIVE_INFINITY, undefined],
  ])('the index value of %s', (_, value, key) => {
    expect(indexValue('Product', value)).toBe(key);
  });
});
