import { afterAll, beforeAll } from 'vitest';
import { createReader } from '../../adapters/cache-table.ts';
import { createCacheWriter } from '../../adapters/cache-writer.ts';
import { cachedType } from '../../core/contract.ts';
import { indexedValues, keptFields } from '../../core/project/fields.ts';
import { canonicalState, type State, TOMBSTONE_DIGEST } from '../../core/state.ts';
import { startTables, type TestTables } from '../support/tables.ts';
import { pantry, readerContract, STOCK } from './reader-contract.ts';

let tables: TestTables;

beforeAll(async () => {
  tables = await startTables();
});
afterAll(() => tables.stop());

readerContract(async () => {
  const tableName = await tables.create('Ordering');
  const { client } = tables;
  const writer = createCacheWriter({ tableName, client });
  for (const { type, id, state, version = 1, changedAt = new Date().toISOString() } of STOCK) {
    const cached = cachedType(pantry, type);
    const kept = state === undefined ? undefined : keptFields(state as State, cached);
    const content = kept && canonicalState({ type, id }, kept);
    const item = {
      ...{ entity: { type, id }, version, changedAt, schemaVersion: 1, fieldsRevision: 1, expiresAtSeconds: undefined },
      digest: content?.digest ?? TOMBSTONE_DIGEST,
      dataJson: content?.json,
      indexed: kept ? indexedValues(type, kept, cached) : {},
    };
    await writer.write(item, { stored: { kind: 'newer' }, stopMarker: undefined });
  }
  return createReader({ boundary: pantry, tableName, client });
});
