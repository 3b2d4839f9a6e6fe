import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Owner } from '../../../../adapters/own/owner.ts';
import { type Exported, exportedFromCache, written } from '../../../../cli/commands/export.ts';
import { importRows } from '../../../../cli/commands/import/import-rows.ts';
import { toEntity } from '../../../../cli/commands/import/state.ts';
import { FORMATS, type Format, readRows } from '../../../../cli/files/rows.ts';
import { defineBoundary, keep, ownedContract } from '../../../../core/contract/define-boundary.ts';
import { checkedState } from '../../../../core/contract/validate.ts';
import { canonicalState, type State } from '../../../../core/state.ts';
import { inMemoryReader } from '../../../../local/in-memory-reader.ts';
import { schemaOf } from '../../../support/boundaries.ts';
import { imitations } from '../../../support/nasty-ids.ts';

/** A schema that accepts every object. */
const everyState = schemaOf((value) => ({ value: value as State }));
const source = defineBoundary('file:///source.ts', {
  name: 'source',
  owns: { Thing: { schema: everyState }, Other: { schema: everyState } },
});
const cache = defineBoundary('file:///cache.ts', {
  name: 'cache',
  caches: { Thing: keep(source.owns.Thing), Other: keep(source.owns.Other, { fields: ['a'] }) },
});

const isWellFormed = (value: unknown) =>
  JSON.stringify(value).isWellFormed() && !JSON.stringify(value).includes('\\ud');
const state = fc
  .dictionary(fc.string(), fc.jsonValue({ maxDepth: 3 }), { maxKeys: 5 })
  .filter(isWellFormed) as fc.Arbitrary<State>;
/** One of several ids that look like each other. */
const nastyId = imitations.chain((ids) => fc.constantFrom(...ids)).filter((id) => id.isWellFormed());
const entities = fc.array(
  fc.record({
    type: fc.constantFrom('Thing' as const),
    id: nastyId,
    version: fc.integer({ min: 1, max: 9 }),
    state: fc.option(state, { nil: undefined }),
  }),
  { maxLength: 20 },
);

/** Puts the records of an export at an owner in memory. */
async function imported(records: AsyncIterable<Exported>, type = 'Thing', format: Format = 'ndjson') {
  const stored = new Map<string, string>();
  const problems: string[] = [];
  const contract = ownedContract(source, type);
  const owner = {
    async put(_: string, id: string, given: unknown) {
      const entity = { type, id };
      const outcome = stored.has(id) ? ('changed' as const) : ('created' as const);
      stored.set(id, canonicalState(entity, await checkedState(contract, entity, given)).json);
      return { outcome };
    },
  } as unknown as Owner;
  const bytes = async function* () {
    for await (const text of written(records, format)) yield Buffer.from(text);
  };
  const result = await importRows({
    owner,
    contract,
    rows: readRows(bytes(), { format }),
    mapping: 'export',
    writers: 3,
    maxWaitMs: 0,
    signal: new AbortController().signal,
    onReject: (place, problem) => problems.push(`${place}: ${problem}`),
    onProgress: () => {},
  });
  return { stored, problems, result };
}

describe('freshet export and freshet import', () => {
  test.each(
    FORMATS,
  )('an import of an export as %s puts every entity with its state, whatever its id and its state are', async (format) => {
    await fc.assert(
      fc.asyncProperty(entities, async (given) => {
        const reader = await inMemoryReader(cache, given);
        const { stored, problems, result } = await imported(exportedFromCache(cache, reader, 'Thing'), 'Thing', format);
        expect(problems).toEqual([]);
        const expected = new Map<string, string>();
        let deleted = 0;
        for (const { id } of new Map(given.map((one) => [one.id, one])).values()) {
          const found = await reader.get('Thing', id);
          if (found.status === 'found') expected.set(id, canonicalState({ type: 'Thing', id }, found.value).json);
          else deleted += 1;
        }
        expect(new Map([...stored].sort())).toEqual(new Map([...expected].sort()));
        expect(result).toMatchObject({ created: expected.size, leftOut: deleted, rejected: 0 });
      }),
      { numRuns: 200 },
    );
  });

  test('an import of an export finds every difference that a cache of other states has', async () => {
    const reader = await inMemoryReader(cache, [{ type: 'Thing', id: 'a', state: { n: 1 } }]);
    const { stored } = await imported(exportedFromCache(cache, reader, 'Thing'));
    expect([...stored]).not.toEqual([['a', '{"n":2}']]);
  });

  test.each(
    FORMATS,
  )('the export of a cache that keeps some fields is refused as %s: the other fields would be lost', async (format) => {
    const reader = await inMemoryReader(cache, [{ type: 'Other', id: 'a', state: { a: 1, b: 2 } }]);
    const { stored, problems } = await imported(exportedFromCache(cache, reader, 'Other'), 'Other', format);
    expect(stored.size).toBe(0);
    expect(problems).toEqual([expect.stringMatching(/: the cache keeps only the fields .*a.* of Other\./)]);
  });

  test('a line of another type is refused', async () => {
    const reader = await inMemoryReader(cache, [{ type: 'Thing', id: 'a', state: {} }]);
    const { problems } = await imported(exportedFromCache(cache, reader, 'Thing'), 'Other');
    expect(problems).toEqual(['line 1 (byte 0): an entity of type Thing. Expected: Other']);
  });

  test('a row that is no line of an export is refused, with the option that names its id', async () => {
    const row = { place: { line: 1, byte: 0 }, fields: { code: 'EUR', name: 'Euro' }, cells: false };
    expect(await toEntity(ownedContract(source, 'Thing'), row, 'export')).toEqual({
      place: row.place,
      problem: 'not from freshet export (no field id). For other rows, pass --id with the field of the id',
      isUnmapped: true,
    });
  });
});
