import { beforeEach, describe, expect, test } from 'vitest';
import * as z from 'zod';
import { defineBoundary } from '../../../core/contract/define-boundary.ts';
import { sha256 } from '../../../core/entity.ts';
import { type SourceEntity, type SourcePorts, sourcePorts } from '../../../core/repair/answer-source.ts';
import { canonicalState } from '../../../core/state.ts';
import { answerPortsContract } from '../../adapters/repair/answer-ports-contract.ts';
import { CHANGED_AT } from '../../support/events.ts';
import { lab } from '../../support/lab.ts';
import { binaryOrder, createSourceTable, type IdOrder, type SourceTable } from '../../support/source-table.ts';

const byHash: IdOrder = (a, b) => binaryOrder(sha256(a), sha256(b));

describe.each([
  ['in binary order', binaryOrder],
  ['in the order of a hash', byHash],
])("an owner's own table %s", (_, order) => {
  answerPortsContract(async () => {
    const table = createSourceTable(order);
    return {
      ports: sourcePorts(lab, table.source),
      commit: async ({ type, id }, state) => table.put(type, id, state),
    };
  });
});

const rates = defineBoundary(import.meta.url, {
  name: 'rates',
  owns: {
    Rate: {
      schema: z.strictObject({ percent: z.number(), currency: z.string().default('EUR') }),
      schemaVersion: 2,
      upcasts: { 1: (state) => state },
    },
  },
});

let table: SourceTable;
let ports: SourcePorts;
beforeEach(() => {
  table = createSourceTable();
  ports = sourcePorts(rates, table.source);
});

/** Plants a row that may be wrong in any way. */
function plant(row: { readonly id: unknown } & Partial<Record<keyof SourceEntity, unknown>>): void {
  const rows = table.rows.get('Rate') ?? new Map<string, SourceEntity>();
  table.rows.set('Rate', rows);
  const whole = { version: 1, state: { percent: 1 }, changedAt: CHANGED_AT, ...row };
  rows.set(String(row.id), whole as SourceEntity);
}
const get = (id: string) => ports.get({ type: 'Rate', id });
const list = (cursor?: string, { limit = 250, withStates = true } = {}) =>
  ports.list('Rate', cursor, { limit, withStates });

describe("a version of an owner's own table", () => {
  test('a state has the form and the digest with which the publisher sends it', async () => {
    table.put('Rate', 'r', { percent: 3 });
    const { json, digest } = canonicalState({ type: 'Rate', id: 'r' }, { currency: 'EUR', percent: 3 });
    expect(await get('r')).toEqual({
      entity: { type: 'Rate', id: 'r' },
      version: 1,
      digest,
      stateJson: json,
      schemaVersion: 2,
      changedAt: CHANGED_AT,
    });
  });

  test('a state of an earlier schema version is sent as it is', async () => {
    plant({ id: 'old', state: { percentage: '3 %' }, schemaVersion: 1 });
    expect(await get('old')).toMatchObject({ schemaVersion: 1, stateJson: '{"percentage":"3 %"}' });
  });

  test.each<[string, Partial<Record<keyof SourceEntity, unknown>>, string]>([
    ['a state that does not meet the schema', { state: { percent: 'secret' } }, 'InvalidState: state.percent'],
    [
      'a state with a field that the schema does not have',
      { state: { percent: 1, a: 'secret' } },
      'InvalidState: state',
    ],
    ['a state that is no object', { state: 'secret' }, 'InvalidState: state'],
    ['null as a state', { state: null }, 'state: null. Allowed: a JSON object, or undefined for a deleted entity'],
    [
      'a number as a text',
      { version: '7' },
      'version: not a version: "7". Allowed: an integer from 1 to 9007199254740991',
    ],
    ['version 0', { version: 0 }, 'version: not a version: 0. Allowed: an integer from 1 to 9007199254740991'],
    ['a big integer', { version: 7n }, 'version: not a version: 7n. Allowed: an integer from 1 to 9007199254740991'],
    [
      'a newer schema version',
      { schemaVersion: 3 },
      'schemaVersion: not a schema version: 3. Allowed: an integer from 1 to 2',
    ],
    [
      'schema version 0',
      { schemaVersion: 0 },
      'schemaVersion: not a schema version: 0. Allowed: an integer from 1 to 2',
    ],
    ['a Date in an earlier state', { schemaVersion: 1, state: { at: new Date(0) } }, 'InvalidState: state.at'],
  ])('%s is unsendable, with a reason that quotes no state', async (_, wrong, why) => {
    plant({ id: 'wrong', ...wrong });
    table.put('Rate', 'z', { percent: 3 });
    expect(await get('wrong')).toEqual({ id: 'wrong', why });
    for (const withStates of [true, false]) {
      const { entities } = await list(undefined, { withStates });
      expect(entities).toMatchObject([{ id: 'wrong', why }, { entity: { id: 'z' } }]);
    }
  });

  test('the id of a heartbeat is unknown, and unsendable in a list', async () => {
    plant({ id: 'freshet:heartbeat' });
    expect(await get('freshet:heartbeat')).toBeUndefined();
    expect(await list()).toEqual({
      entities: [{ id: 'freshet:heartbeat', why: 'InvalidEntityId: id' }],
      next: 'after:freshet:heartbeat',
    });
  });
});

describe("the lists of an owner's own table", () => {
  test('a list that is shorter than asked for is a page of a backfill, and a part of a page of an inventory', async () => {
    const ids = Array.from({ length: 10 }, (_, n) => `r${n}`);
    for (const id of ids) table.put('Rate', id, { percent: 1 });
    const asked: number[] = [];
    const short = sourcePorts(rates, {
      ...table.source,
      list(type, options) {
        asked.push(options.limit);
        return table.source.list(type, { ...options, limit: 3 });
      },
    });
    expect(await short.list('Rate', undefined, { limit: 250, withStates: true })).toMatchObject({
      entities: [{}, {}, {}],
      next: 'after:r2',
    });
    const inventory = await short.list('Rate', 'after:r2', { limit: 1000, withStates: false });
    expect(inventory).toMatchObject({ next: undefined });
    expect(inventory.entities).toHaveLength(7);
    expect(new Set(asked)).toEqual(new Set([250]));
  });

  test('a list that ends with an id that is not valid goes on, because no request can begin after it', async () => {
    const long = 'x'.repeat(2000);
    plant({ id: 'a' });
    plant({ id: long });
    plant({ id: 'z' });
    const { entities, next } = await list(undefined, { limit: 2 });
    expect(entities).toMatchObject([
      { entity: { id: 'a' } },
      { id: expect.stringMatching(/^x{77}\.\.\. \(2000 characters\)$/), why: 'InvalidEntityId: id' },
      { entity: { id: 'z' } },
    ]);
    expect(next).toBe('after:z');
  });

  test.each<[string, (listed: readonly SourceEntity[]) => unknown[], string]>([
    ['with a number as an id', (listed) => listed.map((one) => ({ ...one, id: 7 })), "list: an id isn't a text: 7"],
    ['that ignores where to begin', (listed) => [...listed], 'list: contains the entity of afterId: "b"'],
  ])('a list %s is refused as a fault of the source', async (_, change, message) => {
    for (const id of ['a', 'b']) table.put('Rate', id, { percent: 1 });
    const wrong = sourcePorts(rates, {
      ...table.source,
      list: async (type, { limit }) =>
        change(await table.source.list(type, { afterId: undefined, limit })) as SourceEntity[],
    });
    const listed = wrong.list('Rate', 'after:b', { limit: 2, withStates: true });
    await expect(listed).rejects.toMatchObject({ name: 'InvalidSource', message: expect.stringContaining(message) });
  });

  test('an error of the database is thrown', async () => {
    const broken = sourcePorts(rates, {
      get: () => Promise.reject(new Error('no connection')),
      list: () => Promise.reject(new Error('no connection')),
    });
    await expect(broken.get({ type: 'Rate', id: 'a' })).rejects.toThrow('no connection');
    await expect(broken.list('Rate', undefined, { limit: 1, withStates: true })).rejects.toThrow('no connection');
  });
});
