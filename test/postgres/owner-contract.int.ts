import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { CommitOptions } from '../../adapters/own/owner.ts';
import { createOwner } from '../../adapters/own/owner-table.ts';
import { createPostgresOwner } from '../../adapters/postgres/owner.ts';
import { createOutboxRelay } from '../../adapters/postgres/relay.ts';
import { streamChange } from '../../adapters/relay/stream.ts';
import { EPOCH_SIZE } from '../../core/entity.ts';
import { parseEvent } from '../../core/event.ts';
import type { CommitResult, OwnedEntity } from '../../core/own/own.ts';
import { relayBatch } from '../../core/relay/batch.ts';
import type { OutgoingMessage } from '../../core/relay/message.ts';
import { hasPostgres, ownerDatabase, startPostgres } from '../support/postgres.ts';
import { startTables } from '../support/tables.ts';
import { parts } from './boundary.ts';

/** The type `Part` of an owner, wherever its entities are. */
interface OwnerOfParts {
  put(id: string, state: object, options?: Pick<CommitOptions, 'expectedVersion'>): Promise<CommitResult>;
  delete(id: string, options?: Pick<CommitOptions, 'expectedVersion'>): Promise<CommitResult>;
  get(id: string): Promise<OwnedEntity | undefined>;
  resync(id: string, token: string): Promise<'requested' | 'unknown'>;
  /** Lifts as an owner of the same tables in a later epoch. */
  lift(owned: OwnedEntity, epoch: number): Promise<'lifted' | 'unchanged'>;
  bury(id: string, cachedVersion: number): Promise<'buried' | 'known'>;
  beat(): Promise<void>;
  /** What the relay publishes of all that was committed since the last call. */
  published(): Promise<readonly OutgoingMessage[]>;
}

interface Implementation {
  /** Opens an owner without entities, in an epoch. */
  open(epoch?: number): Promise<OwnerOfParts>;
  stop(): Promise<void>;
}

const NOW = Date.parse('2026-11-25T12:00:00.000Z');
const at = '2026-11-25T12:00:00.000Z';

/** A relay's port that collects messages. */
function collecting() {
  const messages: OutgoingMessage[] = [];
  const publish = async (batch: readonly OutgoingMessage[]) => {
    messages.push(...batch);
    return batch.map(() => ({ kind: 'published' }) as const);
  };
  return { messages, publish };
}

async function inDynamoDb(): Promise<Implementation> {
  const tables = await startTables();
  return {
    stop: () => tables.stop(),
    async open(epoch = 0) {
      const tableName = await tables.create('Geography');
      const boundary = { ...parts, epoch };
      const owner = createOwner({ boundary, tableName, client: tables.client, now: () => NOW });
      let seen = 0;
      return {
        put: (id, state, options) => owner.put('Part', id, state as unknown, options),
        delete: (id, options) => owner.delete('Part', id, options),
        get: (id) => owner.get('Part', id),
        resync: (id, token) => owner.resync('Part', id, token),
        lift: (owned, later) =>
          createOwner({ boundary: { ...parts, epoch: later }, tableName, client: tables.client }).lift(owned),
        bury: (id, cachedVersion) => owner.bury('Part', id, cachedVersion),
        beat: () => owner.beat('Part'),
        async published() {
          const { messages, publish } = collecting();
          const all = (await tables.changes(tableName)).map((record, index) => ({
            ...streamChange(record as Parameters<typeof streamChange>[0]),
            sequenceNumber: String(index),
          }));
          await relayBatch(boundary, all.slice(seen), at, { publish, divert: unexpected });
          seen = all.length;
          return messages;
        },
      };
    },
  };
}

async function inPostgres(): Promise<Implementation> {
  const server = await startPostgres();
  const ends: (() => Promise<void>)[] = [];
  return {
    async stop() {
      for (const end of ends) await end();
      await server.stop();
    },
    async open(epoch = 0) {
      const database = await ownerDatabase(server);
      // The roles of the migration, so that a missing right fails a test.
      const writer = await server.connect(database, `${database}_writer`);
      const reader = await server.connect(database, `${database}_relay`);
      ends.push(
        () => writer.end(),
        () => reader.end(),
      );
      const boundary = { ...parts, epoch };
      const owner = createPostgresOwner({ boundary, now: () => NOW });
      const inTransaction = async <T>(work: () => Promise<T>): Promise<T> => {
        await writer.query('BEGIN');
        try {
          const result = await work();
          await writer.query('COMMIT');
          return result;
        } catch (error) {
          await writer.query('ROLLBACK');
          throw error;
        }
      };
      return {
        put: (id, state, options) => inTransaction(() => owner.put(writer, 'Part', id, state as unknown, options)),
        delete: (id, options) => inTransaction(() => owner.delete(writer, 'Part', id, options)),
        get: (id) => owner.get(writer, 'Part', id),
        resync: (id, token) => inTransaction(() => owner.resync(writer, 'Part', id, token)),
        lift: (owned, later) =>
          inTransaction(() => createPostgresOwner({ boundary: { ...parts, epoch: later } }).lift(writer, owned)),
        bury: (id, cachedVersion) => inTransaction(() => owner.bury(writer, 'Part', id, cachedVersion)),
        beat: () => inTransaction(() => owner.beat(writer, 'Part')),
        async published() {
          const { messages, publish } = collecting();
          const ports = { publish, publishFacts: publish, divert: unexpected };
          const relay = createOutboxRelay({ boundary, schema: 'freshet', client: reader, ports });
          for (const lane of await relay.lanes()) await relay.relayLane(lane);
          return messages;
        },
      };
    },
  };
}

async function unexpected(): Promise<never> {
  throw new Error('nothing is to be set aside');
}

const implementations: readonly [string, () => Promise<Implementation>, boolean][] = [
  ['DynamoDB', inDynamoDb, true],
  ['PostgreSQL', inPostgres, hasPostgres],
];

for (const [name, start, isInstalled] of implementations) {
  describe.skipIf(!isInstalled)(`an owner in ${name}`, () => {
    let implementation: Implementation;
    let owner: OwnerOfParts;
    beforeAll(async () => {
      implementation = await start();
    });
    afterAll(() => implementation.stop());
    beforeEach(async () => {
      owner = await implementation.open();
    });

    const entity = (id: string) => ({ type: 'Part', id });
    const kinds = (messages: readonly OutgoingMessage[]) =>
      messages.map(({ body }) => {
        const event = parseEvent(body);
        return 'reason' in event ? event.reason : `${event.kind} ${event.entity.id}@${event.version}`;
      });

    test('a new entity is version 1, and each change raises it by one', async () => {
      expect(await owner.put('a', { name: 'A' })).toEqual({
        ...{ outcome: 'created', entity: entity('a'), version: 1 },
        changedAt: at,
      });
      expect(await owner.put('a', { name: 'B' })).toMatchObject({ outcome: 'changed', version: 2 });
      expect(await owner.delete('a')).toMatchObject({ outcome: 'deleted', version: 3 });
      expect(await owner.put('a', { name: 'B' })).toMatchObject({ outcome: 'created', version: 4 });
    });

    test('the stored state is what the schema makes of it, and a put of an equal state makes no event', async () => {
      await owner.put('a', { name: 'A' });
      expect(await owner.put('a', { price: 1, name: 'A' })).toMatchObject({ outcome: 'unchanged', version: 1 });
      expect(await owner.get('a')).toMatchObject({ version: 1, stateJson: '{"name":"A","price":1}', schemaVersion: 1 });
      expect(kinds(await owner.published())).toEqual(['state a@1']);
      expect(await owner.published()).toEqual([]);
    });

    test('deleting what never existed is unknown, and deleting twice is unchanged', async () => {
      expect(await owner.delete('a')).toEqual({ outcome: 'unknown', entity: entity('a'), version: 0 });
      await owner.put('a', { name: 'A' });
      await owner.delete('a');
      expect(await owner.delete('a')).toMatchObject({ outcome: 'unchanged', version: 2 });
      expect(kinds(await owner.published())).toEqual(['state a@1', 'tombstone a@2']);
      expect(await owner.get('b')).toBeUndefined();
    });

    test('an expected version is compared with the current one', async () => {
      await owner.put('a', { name: 'A' }, { expectedVersion: 0 });
      await owner.put('a', { name: 'B' }, { expectedVersion: 1 });
      await expect(owner.put('a', { name: 'C' }, { expectedVersion: 1 })).rejects.toMatchObject({
        ...{ code: 'VersionConflict', expectedVersion: 1, currentVersion: 2 },
      });
      // The answer to the first attempt may have been lost.
      expect(await owner.put('a', { name: 'B' }, { expectedVersion: 1 })).toMatchObject({ outcome: 'unchanged' });
      await expect(owner.put('b', { name: 'B' }, { expectedVersion: 4 })).rejects.toMatchObject({
        code: 'VersionConflict',
      });
      await expect(owner.delete('a', { expectedVersion: 0 })).rejects.toMatchObject({ code: 'VersionConflict' });
    });

    test('a state that does not meet the schema is refused, and nothing is written', async () => {
      await expect(owner.put('a', { name: 1 })).rejects.toMatchObject({ code: 'InvalidState' });
      await expect(owner.put('', { name: 'A' })).rejects.toMatchObject({ code: 'InvalidEntityId' });
      await expect(owner.put('freshet:heartbeat', { name: 'A' })).rejects.toMatchObject({ code: 'InvalidEntityId' });
      expect(await owner.get('a')).toBeUndefined();
    });

    test('every version is published, in order, and a small change as a delta', async () => {
      const name = 'a long name '.repeat(20);
      for (let price = 1; price <= 3; price += 1) await owner.put('a', { name, price });
      expect(kinds(await owner.published())).toEqual(['state a@1', 'delta a@2', 'delta a@3']);
    });

    test('a resync publishes the current version again, as a whole', async () => {
      expect(await owner.resync('a', 'token')).toBe('unknown');
      await owner.put('a', { name: 'A' });
      await owner.published();
      expect(await owner.resync('a', 'token')).toBe('requested');
      const messages = await owner.published();
      expect(kinds(messages)).toEqual(['state a@1']);
      expect(messages.map(({ deduplicationId }) => deduplicationId)).toEqual(['Part/a@1~rtoken']);
    });

    test('a state of nasty text is kept exactly', async () => {
      const name = 'Ünïcødé \u0000 \u2028 "quoted" \\ 😀';
      await owner.put('ü/😀 %', { name, price: 1e21 });
      expect(JSON.parse((await owner.get('ü/😀 %'))?.stateJson ?? '')).toEqual({ name, price: 1e21 });
      expect(kinds(await owner.published())).toEqual(['state ü/😀 %@1']);
    });

    test('a large state is published compressed', async () => {
      await owner.put('a', { name: 'long '.repeat(100_000) });
      const [message] = await owner.published();
      expect(message?.body.length).toBeLessThan(10_000);
      const event = parseEvent(message?.body ?? '');
      expect(event).toMatchObject({ kind: 'state', version: 1 });
    });

    test('in a new epoch, the next version is above every version of the old one', async () => {
      const restored = await implementation.open(2);
      expect(await restored.put('a', { name: 'A' })).toMatchObject({ version: 2 * EPOCH_SIZE + 1 });
      expect(kinds(await restored.published())).toEqual([`state a@${2 * EPOCH_SIZE + 1}`]);
    });

    test('a lift raises a version of an older epoch and publishes it, once', async () => {
      await owner.put('a', { name: 'A' });
      await owner.published();
      const old = await owner.get('a');
      if (old === undefined) throw new Error('the entity was put');
      expect(await owner.lift(old, 0)).toBe('unchanged');
      expect(await owner.lift(old, 3)).toBe('lifted');
      expect(await owner.lift(old, 3)).toBe('unchanged');
      expect(await owner.get('a')).toMatchObject({ version: 3 * EPOCH_SIZE + 1, digest: old.digest });
      expect(kinds(await owner.published())).toEqual([`state a@${3 * EPOCH_SIZE + 1}`]);
    });

    test('a burial is the deletion of what the owner has never had, above the version that a cache has', async () => {
      expect(await owner.bury('lost', 7)).toBe('buried');
      expect(await owner.bury('lost', 7)).toBe('known');
      await owner.put('here', { name: 'A' });
      expect(await owner.bury('here', 7)).toBe('known');
      expect(await owner.get('lost')).toMatchObject({ version: 8, stateJson: undefined });
      expect(kinds(await owner.published()).sort()).toEqual(['state here@1', 'tombstone lost@8']);
    });

    test('a heartbeat is published after the change that was committed before it', async () => {
      await owner.put('a', { name: 'A' });
      await owner.beat();
      expect(kinds(await owner.published())).toEqual(['state a@1', 'state freshet:heartbeat@1']);
    });
  });
}
