import { describe, expect, test } from 'vitest';
import { chooseFunction } from '../../../../cli/commands/functions/choose.ts';

const NAMES = ['Ordering-CacheProjector21226D5A', 'Ordering-CacheRepairAA9DA8EE', 'relay', 'relay-facts'];

describe('the function that a person names', () => {
  test.each([
    ['Ordering-CacheProjector21226D5A', 'Ordering-CacheProjector21226D5A'],
    ['projector', 'Ordering-CacheProjector21226D5A'],
    ['Ordering/Cache/Repair', 'Ordering-CacheRepairAA9DA8EE'],
    ['relay', 'relay'],
  ])('%s chooses %s', (given, chosen) => {
    expect(chooseFunction(NAMES, given)).toBe(chosen);
  });

  test('a text that several names contain is refused, and those names are listed', () => {
    expect(() => chooseFunction(NAMES, 'ordering')).toThrow(
      /part of the names of 2 functions.*:\n {2}Ordering-CacheProjector21226D5A\n {2}Ordering-CacheRepairAA9DA8EE$/,
    );
  });

  test.each([
    'nothing',
    '',
    '/',
  ])('a text that no name contains (%j) is refused, and all functions are listed', (given) => {
    expect(() => chooseFunction(NAMES, given)).toThrow(/^name: no function.*Functions:(\n {2}\S+){4}$/s);
  });
});
