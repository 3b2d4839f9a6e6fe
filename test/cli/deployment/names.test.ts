import { describe, expect, test } from 'vitest';
import type { FoundOwner } from '../../../cli/deployment/deployment.ts';
import { holderOf } from '../../../cli/deployment/names.ts';
import type { OwnedEntity } from '../../../core/own/own.ts';
import { canonicalState } from '../../../core/state.ts';

const entity = { type: 'Part', id: 'a' };
const { json: stateJson, digest } = canonicalState(entity, { name: 'A' });
const owned: OwnedEntity = {
  entity,
  version: 1,
  digest,
  schemaVersion: 1,
  changedAt: '2026-12-01T00:00:00Z',
  stateJson,
};

type Holder = Pick<FoundOwner, 'name' | 'deployed' | 'records'>;

function ownerOf(name: string, get: () => Promise<OwnedEntity | undefined>, stack = name): Holder {
  const unused = () => Promise.reject(new Error('not called'));
  return {
    name,
    deployed: {
      ...{ role: 'postgres-owner', boundary: name, stack, topicArn: '', relay: '', governor: '', repair: '' },
      ...{ flowTable: '', failureQueueUrl: '', parkingTable: '' },
    },
    records: { get, list: unused, resync: unused },
  };
}

const has = (name: string, stack?: string) => ownerOf(name, async () => owned, stack);
const lacks = (name: string) => ownerOf(name, async () => undefined);
const away = (name: string, stack?: string) =>
  ownerOf(name, () => Promise.reject(new Error('the database is away')), stack);

describe('the owner that has an entity', () => {
  test.each([
    ['is found among others', [lacks('one'), has('two')], 'two'],
    ['is found although another owner can not be read', [away('one'), has('two')], 'two'],
    ['is none if no owner has it', [lacks('one'), lacks('two')], undefined],
  ])('%s', async (_, owners, name) => {
    expect((await holderOf(owners, entity))?.name).toBe(name);
  });

  test.each([
    ['nobody else has it', [away('one'), lacks('two')]],
    ['it is the same owner in another stage', [away('one', 'Test'), has('one', 'Production')]],
  ])('is not known if an owner can not be read and %s', async (_, owners) => {
    await expect(holderOf(owners, entity)).rejects.toThrow('the database is away');
  });

  test('is refused if two stages have it', async () => {
    await expect(holderOf([has('one', 'Test'), has('one', 'Production')], entity)).rejects.toThrow(
      'stack Test, stack Production',
    );
  });
});
