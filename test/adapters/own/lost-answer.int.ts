import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { dynamoDbClient, requestHandler } from '../../../adapters/aws/clients.ts';
import type { Owner } from '../../../adapters/own/owner.ts';
import { createOwner } from '../../../adapters/own/owner-table.ts';
import { type AnswerProxy, startAnswerProxy } from '../../kills/answer-proxy.ts';
import { lab } from '../../support/lab.ts';
import { startTables, type TestTables } from '../../support/tables.ts';

/** The proxy withholds the answers to so many of the next writes, after the engine has committed them. */
let lost = 0;
/** Runs once, after the engine has committed a write whose answer is withheld. */
let meanwhile: () => void;
let tables: TestTables;
let proxy: AnswerProxy;
let client: TestTables['client'];
let tableName: string;
/** Its answers may be lost. */
let owner: Owner;
let other: Owner;

beforeAll(async () => {
  tables = await startTables();
  proxy = await startAnswerProxy(
    ({ target }) => {
      if (lost === 0 || !target?.endsWith('UpdateItem')) return 'pass';
      lost -= 1;
      return 'withholdAnswer';
    },
    () => meanwhile(),
  );
  proxy.forwardTo(tables.url);
  client = dynamoDbClient(
    { endpoint: proxy.url },
    { requestHandler: { ...requestHandler, requestTimeout: 150 }, maxAttempts: 4 },
  );
});
afterAll(async () => {
  client.destroy();
  await proxy.stop();
  await tables.stop();
});
beforeEach(async () => {
  meanwhile = () => undefined;
  tableName = await tables.create('Geography');
  owner = createOwner({ boundary: lab, tableName, client });
  other = createOwner({ boundary: lab, tableName, client: tables.client });
});
afterEach(() => expect(lost).toBe(0));

const writes = async (): Promise<number> => (await tables.changes(tableName)).length;

describe('a write whose answer is lost and that the SDK tries again', () => {
  test.each([
    undefined,
    0,
  ])('is created if it committed a new entity (expected version %s)', async (expectedVersion) => {
    lost = 1;
    const result = await owner.put('Thing', 'a', { n: 1 }, { expectedVersion });
    expect(result).toMatchObject({ outcome: 'created', version: 1 });
    expect(await owner.get('Thing', 'a')).toMatchObject({ version: 1, changedAt: changedAtOf(result) });
    expect(await writes()).toBe(1);
  });

  test('is created if the answers to two attempts are lost', async () => {
    lost = 2;
    expect(await owner.put('Thing', 'a', { n: 1 })).toMatchObject({ outcome: 'created', version: 1 });
    expect(await writes()).toBe(1);
  });

  test.each([undefined, 1])('is changed if it committed a change (expected version %s)', async (expectedVersion) => {
    await owner.put('Thing', 'a', { n: 1 });
    lost = 1;
    const result = await owner.put('Thing', 'a', { n: 2 }, { expectedVersion });
    expect(result).toMatchObject({ outcome: 'changed', version: 2 });
    expect(await writes()).toBe(2);
  });

  test('is deleted if it committed a deletion, and created if it committed the state after that', async () => {
    await owner.put('Thing', 'a', { n: 1 });
    lost = 1;
    expect(await owner.delete('Thing', 'a')).toMatchObject({ outcome: 'deleted', version: 2 });
    lost = 1;
    expect(await owner.put('Thing', 'a', { n: 1 })).toMatchObject({ outcome: 'created', version: 3 });
    lost = 1;
    expect(await owner.put('Thing', 'a', { n: 2 })).toMatchObject({ outcome: 'changed', version: 4 });
    expect(await writes()).toBe(4);
  });

  test('has the outcome of its commit in a new epoch after a restore', async () => {
    await owner.put('Thing', 'changed', { n: 1 });
    await owner.put('Thing', 'deleted', { n: 1 });
    await owner.delete('Thing', 'deleted');
    const restored = createOwner({ boundary: { ...lab, epoch: 1 }, tableName, client });
    lost = 1;
    const changed = await restored.put('Thing', 'changed', { n: 2 });
    lost = 1;
    const created = await restored.put('Thing', 'deleted', { n: 2 });
    expect(changed.outcome).toBe('changed');
    expect(created.outcome).toBe('created');
    expect(await writes()).toBe(5);
  });

  test('is unchanged if the entity had the state before', async () => {
    await other.put('Thing', 'a', { n: 1 });
    // The engine answers a refused condition with an error, so the proxy has no commit whose answer it could withhold.
    expect(await owner.put('Thing', 'a', { n: 1 })).toMatchObject({ outcome: 'unchanged', version: 1 });
    expect(await writes()).toBe(1);
  });

  test('is a conflict if another write followed the commit and a version was expected', async () => {
    let following: Promise<unknown> = Promise.resolve();
    meanwhile = () => {
      following = other.put('Thing', 'a', { n: 2 });
    };
    lost = 1;
    await expect(owner.put('Thing', 'a', { n: 1 }, { expectedVersion: 0 })).rejects.toMatchObject({
      code: 'VersionConflict',
      currentVersion: 2,
    });
    await following;
  });
});

function changedAtOf(result: object): unknown {
  return 'changedAt' in result ? result.changedAt : undefined;
}
