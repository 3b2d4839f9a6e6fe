import { describe, expect, test } from 'vitest';
import * as z from 'zod';
import { toEntity } from '../../../../cli/commands/import/state.ts';
import { defineBoundary } from '../../../../core/contract/define-boundary.ts';

const contract = defineBoundary('file:///owner.ts', {
  name: 'owner',
  owns: {
    Item: {
      schema: z.object({ n: z.number(), list: z.array(z.number()).optional() }),
    },
  },
}).owns.Item;

const place = { line: 2, byte: 8 };
const entityOf = (fields: Readonly<Record<string, unknown>>, cells = false) =>
  toEntity(contract, { place, fields, cells }, { idField: 'id', keepId: false });

describe('the entity of a row', () => {
  test.each([9007199254740994, -9007199254740994, 1e21, 1.5])('the numeric id %d is rejected', async (id) => {
    expect(await entityOf({ id, n: 1 })).toMatchObject({ problem: expect.stringContaining(`id: not an id: ${id}`) });
  });

  test.each([
    [7, '7'],
    [9007199254740991, '9007199254740991'],
    ['1318796827993409899', '1318796827993409899'],
  ])('the id %j is kept as it is given', async (id, text) => {
    expect(await entityOf({ id, n: 1 })).toEqual({ place, id: text, state: { n: 1 } });
  });

  test.each([
    [{ id: '1', n: '12345678901234567890' }, 'n: the number 12345678901234567890 '],
    [{ id: '1', n: '1', list: '[1,0.12345678901234567890]' }, 'list[1]: the number 0.12345678901234567890 '],
  ])('a CSV cell with a number that would be rounded is rejected with its column', async (fields, problem) => {
    expect(await entityOf(fields, true)).toMatchObject({ problem: expect.stringContaining(problem) });
  });

  test('a CSV cell with a number that stays the same is read', async () => {
    expect(await entityOf({ id: '1318796827993409899', n: '2.50', list: '[1e2]' }, true)).toEqual({
      place,
      id: '1318796827993409899',
      state: { n: 2.5, list: [100] },
    });
  });
});
