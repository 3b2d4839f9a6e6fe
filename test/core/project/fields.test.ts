import { describe, expect, test } from 'vitest';
import { sha256 } from '../../../core/entity.ts';
import { indexValue } from '../../../core/project/fields.ts';

describe('the value that an index lists an entity under', () => {
  test.each<[string, Parameters<typeof indexValue>[1], string | undefined]>([
    ['a text', 'Europe', 'Product=Europe'],
    ['an empty text', '', 'Product='],
    ['a text of 1,024 bytes', 'é'.repeat(512), `Product=${'é'.repeat(512)}`],
    ['a longer text by its hash', `${'é'.repeat(512)}x`, `Product#${sha256(`${'é'.repeat(512)}x`)}`],
    ['a number', 1.5, 'Product=1.5'],
    ['a boolean', false, 'Product=false'],
    ['nothing for null', null, undefined],
    ['nothing for a missing field', undefined, undefined],
    ['nothing for an array', ['Europe'], undefined],
    ['nothing for an object', {}, undefined],
    ['nothing for what is not a number', Number.NaN, undefined],
    ['nothing for an infinite number', Number.POSITIVE_INFINITY, undefined],
  ])('is, of %s', (_, value, key) => {
    expect(indexValue('Product', value)).toBe(key);
  });
});
