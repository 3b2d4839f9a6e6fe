import { describe, expect, test } from 'vitest';
import {
  byParkedKey,
  isSameKey,
  type ParkedKey,
  parkedKey,
  parkedKeyText,
  parseParkedKey,
} from '../../../core/repair/parked-key.ts';

const key = (groupId: string, sequenceNumber: string): ParkedKey => ({ groupId, sequenceNumber });

describe('the key of a parked event', () => {
  test.each([
    'Product/p1',
    'Product/a/b',
    'Product#hash',
    '/',
  ])('the text of a key of group %s is parsed to the same key', (groupId) => {
    expect(parseParkedKey(parkedKeyText(key(groupId, '00012')))).toEqual(key(groupId, '00012'));
  });

  test('the text of a key is its group, a slash and its sequence number', () => {
    expect(parkedKeyText(key('Product/p1', '00012'))).toBe('Product/p1/00012');
  });

  test.each(['', '/', 'x', 'Product/', '/1'])('the text "%s" is no key', (text) => {
    expect(parseParkedKey(text)).toBeUndefined();
  });

  test('the key of a message is its group and its sequence number, and nothing else of it', () => {
    const message = { ...key('Product/p1', '00012'), body: '{}' };
    expect(parkedKey(message)).toEqual(key('Product/p1', '00012'));
  });

  test('two keys are the same when both the group and the sequence number are', () => {
    expect(isSameKey(key('a', '1'), key('a', '1'))).toBe(true);
    expect(isSameKey(key('a', '1'), key('a', '2'))).toBe(false);
    expect(isSameKey(key('a', '1'), key('b', '1'))).toBe(false);
  });

  test('keys are sorted by group first and then by sequence number', () => {
    const sorted = [key('a', '1'), key('a', '2'), key('a', '2'), key('b', '0')];
    expect([...sorted].reverse().sort(byParkedKey)).toEqual(sorted);
  });
});
