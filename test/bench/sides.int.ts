import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createCacheWriter } from '../../adapters/project/cache-writer.ts';
import { compare } from '../../bench/projector.ts';
import { assertSameContents, type BenchTables, startTables } from '../../bench/support/account.ts';
import { roundOf } from '../../bench/support/events.ts';
import { createPartiqlWriter } from '../../bench/support/partiql-writer.ts';
import { ours, sequentialLoop } from '../../bench/support/sides.ts';
import type { CachedItem } from '../../core/project/ports.ts';
import { assemblyOf, SHOP } from '../support/assembly.ts';

let tables: BenchTables;

beforeAll(async () => {
  tables = await startTables(await assemblyOf(SHOP), 1);
});

afterAll(() => tables?.stop());

describe('the sides of the projector benchmark', () => {
  test.each(
    (['distinct', 'hot'] as const).flatMap((load) => [1, 5, 10].map((groups) => ({ load, groups }))),
  )('all sides of the projector benchmark leave the same table with $groups groups, $load', async ({
    load,
    groups,
  }) => {
    const { measured, events } = await compare(
      tables,
      { latencyMs: 1, load, groups },
      { assembly: await assemblyOf(SHOP), rounds: 1, batches: 2 },
    );
    expect(measured).toHaveLength(6);
    expect(events).toBe(load === 'hot' ? 20 : 2 * groups);
    for (const { elapsedMs } of measured) expect(elapsedMs).toHaveLength(1);
    // Round 0, for warming up, is applied too.
    expect(await tables.contents('freshet')).toHaveLength(load === 'hot' ? groups : 4 * groups);
  });

  test('mutant: a side that leaves out one event is noticed', async () => {
    const [a, b] = ['whole', 'short'];
    await tables.create('Ordering', a);
    await tables.create('Ordering', b);
    const [batch] = roundOf('distinct', 10, 1, 0);
    if (batch === undefined) throw new Error('no batch');
    await ours({ client: tables.client, tableName: a }).apply(batch);
    await sequentialLoop({ client: tables.client, tableName: b }).apply({ Records: batch.Records.slice(1) });
    await expect(assertSameContents(tables, [a, b])).rejects.toThrow('the table short differs from the table whole');
  });
});

describe('the PartiQL experiment', () => {
  test('the PartiQL writer returns the same results as the real writer and leaves the same item', async () => {
    await tables.create('Ordering', 'put');
    await tables.create('Ordering', 'partiql');
    const writers = [
      createCacheWriter({ client: tables.client, tableName: 'put' }).write,
      createPartiqlWriter({ client: tables.client, tableName: 'partiql' }),
    ];
    const items: CachedItem[] = [
      item(1),
      item(3),
      item(2),
      item(3),
      { ...item(3), fieldsRevision: 2, indexed: {} },
      { ...item(4), dataJson: undefined, indexed: {}, expiresAtSeconds: 1_900_000_000 },
      item(5),
    ];
    const kinds: string[] = [];
    for (const one of items) {
      const [put, partiql] = await Promise.all(
        writers.map((write) => write(one, { stored: { kind: 'newer' }, stopMarker: undefined })),
      );
      expect(partiql).toEqual(put);
      kinds.push(put?.kind ?? '');
      await assertSameContents(tables, ['put', 'partiql']);
    }
    expect(kinds).toEqual(['stored', 'stored', 'refused', 'refused', 'stored', 'stored', 'stored']);
  });
});

function item(version: number): CachedItem {
  return {
    entity: { type: 'Country', id: 'CH' },
    version,
    digest: `digest-${version}`,
    changedAt: '2026-11-23T10:00:00.000Z',
    schemaVersion: 1,
    fieldsRevision: 1,
    dataJson: `{"version":${version}}`,
    indexed: { region: 'Country=Europe' },
    expiresAtSeconds: undefined,
  };
}
