import { afterAll, beforeAll } from 'vitest';
import { createOwnerPages } from '../../../adapters/own/owner-pages.ts';
import { createOwnerRecords } from '../../../adapters/own/owner-records.ts';
import { createOwner } from '../../../adapters/own/owner-table.ts';
import type { Boundary } from '../../../core/contract/contract.ts';
import { lab } from '../../support/lab.ts';
import { startTables, type TestTables } from '../../support/tables.ts';
import { answerPortsContract } from './answer-ports-contract.ts';

let tables: TestTables;
beforeAll(async () => {
  tables = await startTables();
});
afterAll(() => tables.stop());

answerPortsContract(async () => {
  const table = { client: tables.client, tableName: await tables.create('Geography') };
  const owner = createOwner<Boundary>({ boundary: lab, ...table });
  await Promise.all(['Thing', 'Other'].map((type) => owner.beat(type)));
  return {
    ports: { ...createOwnerPages(table), get: createOwnerRecords(table).get },
    async commit({ type, id }, state) {
      await (state === undefined ? owner.delete(type, id) : owner.put(type, id, state));
    },
  };
});
