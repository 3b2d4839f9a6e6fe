import { GetItemCommand, UpdateItemCommand } from '@aws-sdk/client-dynamodb';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { ATTRIBUTE, keyItem } from '../../../adapters/aws/items.ts';
import { createCacheWriter } from '../../../adapters/project/cache-writer.ts';
import { createParking } from '../../../adapters/project/parking-table.ts';
import { createReader } from '../../../adapters/read/cache-table.ts';
import { createCrashNotes } from '../../../adapters/repair/dead-letters.ts';
import { createParkedReader, createRepair } from '../../../adapters/repair/parked-events.ts';
import { messageGroupId } from '../../../core/entity.ts';
import type { CachedItem, Expectation, ParkedEvent, ProjectPorts } from '../../../core/project/ports.ts';
import type { RepairPorts } from '../../../core/repair/redrive.ts';
import { MAX_COMPRESSED_STATE_BYTES, TOMBSTONE_DIGEST } from '../../../core/state.ts';
import { noise } from '../../support/compressible.ts';
import { inMemoryCache } from '../../support/in-memory-cache.ts';
import { shelf } from '../../support/lab.ts';
import { startTables, type TestTables } from '../../support/tables.ts';

type Ports = Omit<ProjectPorts, 'requestResync' | 'awaitSchema' | 'postpone'>;

interface Subject {
  readonly ports: Ports;
  readonly repair: RepairPorts;
}

let tables: TestTables;
let cacheTable: string;
let parkingTable: string;

beforeAll(async () => {
  tables = await startTables();
});
afterAll(() => tables.stop());

async function onTheEngine(): Promise<Subject> {
  cacheTable = await tables.create('Ordering');
  parkingTable = await tables.create('OrderingParking');
  const { client } = tables;
  const names = { client, cacheTable, parkingTable };
  return {
    ports: { ...createCacheWriter({ client, tableName: cacheTable }), ...createParking(names) },
    repair: createRepair({ ...names, tombstoneLifeSeconds: 60, nowMs: () => 1_000_000 }),
  };
}

const entity = { type: 'Thing', id: 'a/ü#1' };

function item(version: number, given: Partial<CachedItem> = {}): CachedItem {
  return {
    entity,
    version,
    digest: `digest-${version}`,
    changedAt: '2026-11-25T00:00:00.000Z',
    schemaVersion: 2,
    fieldsRevision: 3,
    dataJson: `{"n":${version}}`,
    indexed: {},
    expiresAtSeconds: undefined,
    ...given,
  };
}

const tombstone = (version: number) =>
  item(version, { digest: TOMBSTONE_DIGEST, dataJson: undefined, expiresAtSeconds: 4_102_444_800 });

/** When everything is parked: the first value of a stop marker. */
const STOPPED_AT = 9_000;

let made = 0;

function parkedEvent(given: Partial<ParkedEvent> = {}, body = '{'): ParkedEvent {
  made += 1;
  return {
    status: 'parked',
    message: {
      messageId: `m${made}`,
      groupId: messageGroupId(entity),
      sequenceNumber: String(made).padStart(20, '0'),
      body,
      receiveCount: 1,
      sentAtMs: 5_000,
      firstReceivedAtMs: STOPPED_AT,
    },
    reason: 'malformed',
    explanation: 'not JSON: \u0000 it ends too early',
    entity,
    version: 4,
    parkedAtMs: STOPPED_AT,
    ...given,
  };
}

const held = () => parkedEvent({ status: 'held', reason: 'stopped' });
const NEWER: Expectation = { stored: { kind: 'newer' }, stopMarker: undefined };

describe.each<[string, () => Promise<Subject>]>([
  ['DynamoDB', onTheEngine],
  ['memory', async () => inMemoryCache()],
])('the ports of a cache, on %s', (_, open) => {
  let ports: Ports;
  let repair: RepairPorts;

  beforeEach(async () => {
    ({ ports, repair } = await open());
  });

  const kept = () => repair.parkedOf(messageGroupId(entity));
  const marker = async () => (await ports.read(entity))?.stopMarker;

  describe('the write of a delta', () => {
    const onto = (base: CachedItem, stopMarker?: number): Expectation => ({
      stored: { kind: 'base', base: { ...base, isIntact: true, stopMarker } },
      stopMarker,
    });

    test('a delta is stored on exactly its base', async () => {
      await ports.write(item(1), NEWER);
      expect(await ports.write(item(2), onto(item(1)))).toEqual({ kind: 'stored' });
      expect(await ports.read(entity)).toMatchObject({
        version: 2,
        digest: 'digest-2',
        schemaVersion: 2,
        fieldsRevision: 3,
        dataJson: '{"n":2}',
        stopMarker: undefined,
      });
    });

    test.each<[string, CachedItem]>([
      ['another version', item(2)],
      ['another digest', item(1, { digest: 'other' })],
      ['another schema version', item(1, { schemaVersion: 1 })],
      ['another selection of fields', item(1, { fieldsRevision: 4 })],
    ])('a delta is refused on %s, and the refusal has the stored item', async (_, stored) => {
      await ports.write(stored, NEWER);
      const { version, digest } = stored;
      expect(await ports.write(item(2), onto(item(1)))).toMatchObject({ kind: 'refused', stored: { version, digest } });
      expect((await ports.read(entity))?.dataJson).toBe(stored.dataJson);
    });

    test('a delta is refused when nothing is stored', async () => {
      expect(await ports.write(item(2), onto(item(1)))).toEqual({ kind: 'refused', stored: undefined });
      expect(await ports.read(entity)).toBeUndefined();
    });
  });

  test('a state is stored again at its version under a newer schema version, and not under an older one', async () => {
    await ports.write(item(1), NEWER);
    expect(await ports.write(item(1, { schemaVersion: 3 }), NEWER)).toEqual({ kind: 'stored' });
    expect(await ports.write(item(1, { schemaVersion: 2 }), NEWER)).toMatchObject({ kind: 'refused' });
  });

  describe('a parked event in the table', () => {
    test('a parked event is read as it was written, with a new budget', async () => {
      const one = parkedEvent({}, `{"deep":"${'x'.repeat(250_000)}"}`);
      await ports.park(one);
      expect(await kept()).toEqual([one]);
    });

    test('an event with the largest compressed state is read as it was written, with the longest explanation', async () => {
      const data = Buffer.from(noise(MAX_COMPRESSED_STATE_BYTES * 2), 'base64').subarray(0, MAX_COMPRESSED_STATE_BYTES);
      const one = {
        ...parkedEvent({}, JSON.stringify({ data_base64: data.toString('base64'), more: 'é'.repeat(6_000) })),
        explanation: '漢'.repeat(1_000),
      };
      await ports.park(one);
      expect(await kept()).toEqual([one]);
      await repair.replaceParked({ ...one, explanation: 'again' });
      expect(await kept()).toEqual([{ ...one, explanation: 'again' }]);
    });

    test('an event that is parked many times is stored once, as it was the first time', async () => {
      const one = parkedEvent();
      await ports.park(one);
      await ports.park({ ...one, explanation: 'again', parkedAtMs: STOPPED_AT + 1 });
      expect(await kept()).toEqual([one]);
    });

    test('a later message with the same key replaces a parked one only if it tells something else', async () => {
      const one = parkedEvent();
      const sent = (ms: number) => ({ message: { ...one.message, sentAtMs: one.message.sentAtMs + ms } });
      await ports.park(one);
      await ports.park({ ...one, ...sent(1_000), parkedAtMs: STOPPED_AT + 1 });
      expect(await kept()).toEqual([one]);
      const later = { ...one, ...sent(2_000), reason: 'wrong-key' as const, explanation: 'another fault' };
      await ports.park(later);
      await ports.park({ ...one, ...sent(1_000) });
      expect(await kept()).toEqual([later]);
    });

    test('a parked event is replaced by the one of a later try', async () => {
      const one = parkedEvent();
      await ports.park(one);
      const now = { ...one, reason: 'invalid' as const, explanation: 'of another reason' };
      await repair.replaceParked(now);
      expect(await kept()).toEqual([now]);
    });

    test('a parked event without entity and version is read as it was written', async () => {
      const { entity: _, version: __, ...rest } = parkedEvent();
      await ports.park({ ...rest, entity: undefined, version: undefined });
      expect(await kept()).toMatchObject([{ entity: undefined, version: undefined }]);
    });

    test('parked events are removed by their keys, many at once and repeatedly', async () => {
      const all = Array.from({ length: 60 }, () => parkedEvent());
      for (const one of all) await ports.park(one);
      const [last] = all.slice(-1);
      const keys = all.slice(0, -1).map(({ message }) => message);
      await repair.removeParked(keys);
      await repair.removeParked(keys);
      await repair.removeParked([]);
      expect(await kept()).toEqual([last]);
    });
  });

  describe('the stop of an entity', () => {
    test('a stop marks the entity and parks the event, and all later writes are refused', async () => {
      await ports.write(item(1), NEWER);
      const poison = parkedEvent();
      expect(await ports.stop(entity, poison)).toBe('done');
      expect(await kept()).toEqual([poison]);
      expect(await ports.write(item(2), NEWER)).toEqual({ kind: 'stopped' });
      expect(await ports.read(entity)).toMatchObject({ version: 1, stopMarker: STOPPED_AT });
    });

    test('the stop of an entity without a version stores no version of it', async () => {
      await ports.stop(entity, parkedEvent());
      expect(await ports.read(entity)).toMatchObject({ version: 0, dataJson: undefined, stopMarker: STOPPED_AT });
      expect(await ports.write(item(1), NEWER)).toEqual({ kind: 'stopped' });
    });

    test('a stop of a stopped entity does nothing', async () => {
      const first = parkedEvent();
      await ports.stop(entity, first);
      expect(await ports.stop(entity, parkedEvent())).toBe('stopped');
      expect([await kept(), await marker()]).toEqual([[first], STOPPED_AT]);
    });

    test('later events of a stopped entity are held and counted once each', async () => {
      const [poison, second] = [parkedEvent(), held()];
      await ports.stop(entity, poison);
      expect(await ports.hold(entity, [second])).toBe('done');
      expect(await ports.hold(entity, [second])).toBe('done');
      expect(await ports.hold(entity, [{ ...poison, status: 'held', reason: 'stopped' }])).toBe('done');
      expect([await kept(), await marker()]).toEqual([[poison, second], STOPPED_AT + 1]);
    });

    test('many events are held at once, and an event that is held already is counted once', async () => {
      const [poison, ...behind] = [parkedEvent(), ...Array.from({ length: 9 }, held)];
      await ports.stop(entity, poison);
      await ports.hold(entity, behind.slice(2, 5));
      expect(await ports.hold(entity, behind)).toBe('done');
      expect(await ports.hold(entity, behind)).toBe('done');
      expect(await kept()).toEqual([poison, ...behind]);
      expect(await marker()).toBe(STOPPED_AT + 9);
    });

    test('more events than one transaction takes are all held', async () => {
      await ports.stop(entity, parkedEvent());
      const many = Array.from({ length: 120 }, held);
      expect(await ports.hold(entity, many)).toBe('done');
      expect((await kept()).slice(1)).toEqual(many);
      expect(await marker()).toBe(STOPPED_AT + 120);
    });

    test('more bytes than one transaction takes are all held', async () => {
      await ports.stop(entity, parkedEvent());
      const many = Array.from({ length: 20 }, () =>
        parkedEvent({ status: 'held', reason: 'stopped' }, 'x'.repeat(250_000)),
      );
      expect(await ports.hold(entity, many)).toBe('done');
      expect(await marker()).toBe(STOPPED_AT + 20);
    });

    test('an entity whose stop was cleared holds no events', async () => {
      await ports.stop(entity, parkedEvent());
      await repair.clearStop(entity, STOPPED_AT);
      expect(await ports.hold(entity, [held()])).toBe('released');
      expect([(await kept()).length, await marker()]).toEqual([1, undefined]);
    });

    test('a release can write with the stop marker, and the marker stays', async () => {
      await ports.write(item(1), NEWER);
      await ports.stop(entity, parkedEvent());
      const behind = { ...NEWER, stopMarker: STOPPED_AT };
      expect(await ports.write(item(2), behind)).toEqual({ kind: 'stored' });
      expect(await ports.write(item(2), behind)).toMatchObject({ kind: 'refused', stored: { version: 2 } });
      await ports.hold(entity, [held()]);
      expect(await ports.write(item(3), behind)).toEqual({ kind: 'stopped' });
      expect(await ports.read(entity)).toMatchObject({ version: 2, stopMarker: STOPPED_AT + 1 });
    });

    test('a stop is cleared only if its marker has not changed', async () => {
      await ports.write(item(1), NEWER);
      await ports.stop(entity, parkedEvent());
      await ports.hold(entity, [held()]);
      expect(await repair.clearStop(entity, STOPPED_AT)).toBe('changed');
      expect(await marker()).toBe(STOPPED_AT + 1);
      expect(await repair.clearStop(entity, STOPPED_AT + 1)).toBe('cleared');
      expect(await repair.clearStop(entity, STOPPED_AT + 1)).toBe('changed');
      expect(await ports.write(item(2), NEWER)).toEqual({ kind: 'stored' });
    });
  });

  test('tries of a message alone are counted until one ends, or only the first if so asked', async () => {
    const { message } = parkedEvent();
    expect(await ports.beginAlone(message, true)).toBe(0);
    expect(await ports.beginAlone(message, false)).toBe(1);
    expect(await ports.beginAlone(message, true)).toBe(2);
    expect(await ports.beginAlone(message, true)).toBe(2);
    await ports.endAlone(message);
    await ports.endAlone(message);
    expect(await ports.beginAlone(message, false)).toBe(0);
    expect(await kept()).toEqual([]);
  });
});

test('a message has crashed the projector while a try of it alone has not ended', async () => {
  const { ports } = await onTheEngine();
  const letters = createCrashNotes({ client: tables.client, parkingTable });
  const { message } = parkedEvent();
  await ports.beginAlone({ ...message, messageId: 'behind it', sequenceNumber: '9' }, false);
  expect(await letters.hasCrashed(message)).toBe(false);
  await ports.beginAlone(message, false);
  // The dead-letter queue has its own sequence numbers.
  expect(await letters.hasCrashed({ ...message, sequenceNumber: '1' })).toBe(true);
  await ports.endAlone(message);
  expect(await letters.hasCrashed(message)).toBe(false);
});

describe('the tables of a cache', () => {
  let subject: Subject;
  const reader = () => createReader({ boundary: shelf, tableName: cacheTable, client: tables.client });

  beforeEach(async () => {
    subject = await onTheEngine();
  });

  test('a stopped entity without a version is unknown to every read', async () => {
    await subject.ports.stop(entity, parkedEvent());
    const unknown = { status: 'unknown', id: entity.id, stalenessMs: Number.POSITIVE_INFINITY };
    expect(await reader().get('Thing', entity.id)).toEqual(unknown);
    expect(await reader().getMany('Thing', [entity.id])).toEqual([unknown]);
    expect((await reader().list('Thing')).items).toEqual([]);
    expect((await reader().listWithDeleted('Thing')).items).toEqual([]);
    expect(await reader().count('Thing')).toBe(0);
  });

  test('a tombstone does not expire while its entity is stopped, and expires after the release', async () => {
    const expires = async () => {
      const { Item } = await subjectItem();
      return Item?.expiresAt?.N;
    };
    await subject.ports.write(tombstone(1), NEWER);
    expect(await expires()).toBe('4102444800');
    await subject.ports.stop(entity, parkedEvent());
    expect(await expires()).toBeUndefined();
    await subject.ports.write(tombstone(2), { ...NEWER, stopMarker: STOPPED_AT });
    expect(await expires()).toBeUndefined();
    await subject.repair.clearStop(entity, STOPPED_AT);
    expect(await expires()).toBe('1060');
  });

  test('an item is intact until its data is changed past the projector, and again after the next write', async () => {
    const isIntact = async () => (await subject.ports.read(entity))?.isIntact;
    await subject.ports.write(item(1), NEWER);
    await subject.ports.stop(entity, parkedEvent());
    await subject.repair.clearStop(entity, STOPPED_AT);
    expect(await isIntact()).toBe(true);
    await tables.client.send(
      new UpdateItemCommand({
        TableName: cacheTable,
        Key: keyItem(entity),
        UpdateExpression: 'SET #data = :data',
        ExpressionAttributeNames: { '#data': ATTRIBUTE.data },
        ExpressionAttributeValues: { ':data': { S: '{"n":99}' } },
      }),
    );
    expect(await isIntact()).toBe(false);
    await subject.ports.write(item(2), NEWER);
    expect(await isIntact()).toBe(true);
  });

  test('all parked events are listed page by page, without the notes of tries', async () => {
    const all = Array.from({ length: 7 }, () => parkedEvent());
    for (const one of all) await subject.ports.park(one);
    await subject.ports.beginAlone(parkedEvent().message, false);
    const listed: ParkedEvent[] = [];
    let cursor: string | undefined;
    do {
      const page = await createParkedReader({ client: tables.client, parkingTable }).list({ limit: 3, cursor });
      listed.push(...page.items);
      cursor = page.cursor;
    } while (cursor !== undefined);
    expect(listed.map(({ message }) => message.messageId).sort()).toEqual(
      all.map(({ message }) => message.messageId).sort(),
    );
  });

  async function subjectItem() {
    return tables.client.send(new GetItemCommand({ TableName: cacheTable, Key: keyItem(entity) }));
  }
});
