import { GetItemCommand } from '@aws-sdk/client-dynamodb';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { keyItem } from '../../../adapters/aws/items.ts';
import { createCacheWriter } from '../../../adapters/project/cache-writer.ts';
import { createParking } from '../../../adapters/project/parking-table.ts';
import { createReader } from '../../../adapters/read/cache-table.ts';
import { createAsideReader, createRepair } from '../../../adapters/repair/parked-events.ts';
import { messageGroupId } from '../../../core/entity.ts';
import type { CachedItem, Expectation, ProjectPorts, SetAside } from '../../../core/project/ports.ts';
import type { RepairPorts } from '../../../core/repair/redrive.ts';
import { TOMBSTONE_DIGEST } from '../../../core/state.ts';
import { inMemoryCache } from '../../support/in-memory-cache.ts';
import { shelf } from '../../support/lab.ts';
import { startTables, type TestTables } from '../../support/tables.ts';

type Ports = Omit<ProjectPorts, 'requestResync' | 'postpone'>;

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

/** When everything is set aside, so where a stop marker begins. */
const STOPPED_AT = 9_000;

let made = 0;

function aside(given: Partial<SetAside> = {}, body = '{'): SetAside {
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
    },
    reason: 'malformed',
    explanation: 'not JSON: \u0000 it ends too early',
    entity,
    version: 4,
    setAsideAtMs: STOPPED_AT,
    ...given,
  };
}

const held = () => aside({ status: 'held', reason: 'stopped' });
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

  const kept = () => repair.asideOf(messageGroupId(entity));
  const marker = async () => (await ports.read(entity))?.stopMarker;

  describe('a delta', () => {
    const onto = (base: CachedItem, stopMarker?: number): Expectation => ({
      stored: { kind: 'base', base: { ...base, stopMarker } },
      stopMarker,
    });

    test('is stored on exactly its base', async () => {
      await ports.write(item(1), NEWER);
      expect(await ports.write(item(2), onto(item(1)))).toEqual({ kind: 'stored' });
      expect(await ports.read(entity)).toMatchObject({
        ...{ version: 2, digest: 'digest-2', schemaVersion: 2, fieldsRevision: 3 },
        ...{ dataJson: '{"n":2}', stopMarker: undefined },
      });
    });

    test.each<[string, CachedItem]>([
      ['another version', item(2)],
      ['another digest', item(1, { digest: 'other' })],
      ['another schema version', item(1, { schemaVersion: 1 })],
      ['another selection of fields', item(1, { fieldsRevision: 4 })],
    ])('is refused where %s is stored, and says what is', async (_, stored) => {
      await ports.write(stored, NEWER);
      const { version, digest } = stored;
      expect(await ports.write(item(2), onto(item(1)))).toMatchObject({ kind: 'refused', stored: { version, digest } });
      expect((await ports.read(entity))?.dataJson).toBe(stored.dataJson);
    });

    test('is refused where nothing is stored', async () => {
      expect(await ports.write(item(2), onto(item(1)))).toEqual({ kind: 'refused', stored: undefined });
      expect(await ports.read(entity)).toBeUndefined();
    });
  });

  test('a state is stored again at its version under a newer schema version, and not under an older one', async () => {
    await ports.write(item(1), NEWER);
    expect(await ports.write(item(1, { schemaVersion: 3 }), NEWER)).toEqual({ kind: 'stored' });
    expect(await ports.write(item(1, { schemaVersion: 2 }), NEWER)).toMatchObject({ kind: 'refused' });
  });

  describe('what is set aside', () => {
    test('reads back as it was, ready to be tried anew', async () => {
      const one = aside({}, `{"deep":"${'x'.repeat(250_000)}"}`);
      await ports.park(one);
      expect(await kept()).toEqual([one]);
    });

    test('is there once, as it was first, however often it is parked', async () => {
      const one = aside();
      await ports.park(one);
      await ports.park({ ...one, explanation: 'again', setAsideAtMs: STOPPED_AT + 1 });
      expect(await kept()).toEqual([one]);
    });

    test('is replaced where an operator has tried it again', async () => {
      const one = aside();
      await ports.park(one);
      const now = { ...one, reason: 'invalid' as const, explanation: 'of another reason' };
      await repair.replaceAside(now);
      expect(await kept()).toEqual([now]);
    });

    test('may have no entity and no version', async () => {
      const { entity: _, version: __, ...rest } = aside();
      await ports.park({ ...rest, entity: undefined, version: undefined });
      expect(await kept()).toMatchObject([{ entity: undefined, version: undefined }]);
    });

    test('is forgotten by its key, many at once, and again', async () => {
      const all = Array.from({ length: 60 }, () => aside());
      for (const one of all) await ports.park(one);
      const [last] = all.slice(-1);
      const keys = all.slice(0, -1).map(({ message }) => message);
      await repair.removeAside(keys);
      await repair.removeAside(keys);
      await repair.removeAside([]);
      expect(await kept()).toEqual([last]);
    });
  });

  describe('a stop', () => {
    test('marks the entity and sets the event aside; no write is taken any more', async () => {
      await ports.write(item(1), NEWER);
      const poison = aside();
      expect(await ports.stop(entity, poison)).toBe('done');
      expect(await kept()).toEqual([poison]);
      expect(await ports.write(item(2), NEWER)).toEqual({ kind: 'stopped' });
      expect(await ports.read(entity)).toMatchObject({ version: 1, stopMarker: STOPPED_AT });
    });

    test('of an entity of which nothing has arrived stores nothing of it', async () => {
      await ports.stop(entity, aside());
      expect(await ports.read(entity)).toMatchObject({ version: 0, dataJson: undefined, stopMarker: STOPPED_AT });
      expect(await ports.write(item(1), NEWER)).toEqual({ kind: 'stopped' });
    });

    test('of a stopped entity does nothing', async () => {
      const first = aside();
      await ports.stop(entity, first);
      expect(await ports.stop(entity, aside())).toBe('stopped');
      expect([await kept(), await marker()]).toEqual([[first], STOPPED_AT]);
    });

    test('holds later events and counts them, each once', async () => {
      const [poison, second] = [aside(), held()];
      await ports.stop(entity, poison);
      expect(await ports.hold(entity, [second])).toBe('done');
      expect(await ports.hold(entity, [second])).toBe('done');
      expect(await ports.hold(entity, [{ ...poison, status: 'held', reason: 'stopped' }])).toBe('done');
      expect([await kept(), await marker()]).toEqual([[poison, second], STOPPED_AT + 1]);
    });

    test('holds many at once, those that are there already only once', async () => {
      const [poison, ...behind] = [aside(), ...Array.from({ length: 9 }, held)];
      await ports.stop(entity, poison);
      await ports.hold(entity, behind.slice(2, 5));
      expect(await ports.hold(entity, behind)).toBe('done');
      expect(await ports.hold(entity, behind)).toBe('done');
      expect(await kept()).toEqual([poison, ...behind]);
      expect(await marker()).toBe(STOPPED_AT + 9);
    });

    test('holds more than one transaction takes', async () => {
      await ports.stop(entity, aside());
      const many = Array.from({ length: 120 }, held);
      expect(await ports.hold(entity, many)).toBe('done');
      expect((await kept()).slice(1)).toEqual(many);
      expect(await marker()).toBe(STOPPED_AT + 120);
    });

    test('holds more bytes than one transaction takes', async () => {
      await ports.stop(entity, aside());
      const many = Array.from({ length: 20 }, () => aside({ status: 'held', reason: 'stopped' }, 'x'.repeat(250_000)));
      expect(await ports.hold(entity, many)).toBe('done');
      expect(await marker()).toBe(STOPPED_AT + 20);
    });

    test('that was cleared holds nothing any more', async () => {
      await ports.stop(entity, aside());
      await repair.clearStop(entity, STOPPED_AT);
      expect(await ports.hold(entity, [held()])).toBe('released');
      expect([(await kept()).length, await marker()]).toEqual([1, undefined]);
    });

    test('lets a release write behind its marker, which stays', async () => {
      await ports.write(item(1), NEWER);
      await ports.stop(entity, aside());
      const behind = { ...NEWER, stopMarker: STOPPED_AT };
      expect(await ports.write(item(2), behind)).toEqual({ kind: 'stored' });
      expect(await ports.write(item(2), behind)).toMatchObject({ kind: 'refused', stored: { version: 2 } });
      await ports.hold(entity, [held()]);
      expect(await ports.write(item(3), behind)).toEqual({ kind: 'stopped' });
      expect(await ports.read(entity)).toMatchObject({ version: 2, stopMarker: STOPPED_AT + 1 });
    });

    test('is cleared only at the marker that was seen', async () => {
      await ports.write(item(1), NEWER);
      await ports.stop(entity, aside());
      await ports.hold(entity, [held()]);
      expect(await repair.clearStop(entity, STOPPED_AT)).toBe('changed');
      expect(await marker()).toBe(STOPPED_AT + 1);
      expect(await repair.clearStop(entity, STOPPED_AT + 1)).toBe('cleared');
      expect(await repair.clearStop(entity, STOPPED_AT + 1)).toBe('changed');
      expect(await ports.write(item(2), NEWER)).toEqual({ kind: 'stored' });
    });
  });

  test('a try alone is counted until it ends, or only if it is the first', async () => {
    const { message } = aside();
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

describe('the tables themselves', () => {
  let subject: Subject;
  const reader = () => createReader({ boundary: shelf, tableName: cacheTable, client: tables.client });

  beforeEach(async () => {
    subject = await onTheEngine();
  });

  test('show a stopped entity of which nothing has arrived as unknown, everywhere', async () => {
    await subject.ports.stop(entity, aside());
    const unknown = { status: 'unknown', id: entity.id, stalenessMs: Number.POSITIVE_INFINITY };
    expect(await reader().get('Thing', entity.id)).toEqual(unknown);
    expect(await reader().getMany('Thing', [entity.id])).toEqual([unknown]);
    expect((await reader().list('Thing')).items).toEqual([]);
    expect((await reader().listWithDeleted('Thing')).items).toEqual([]);
    expect(await reader().count('Thing')).toBe(0);
  });

  test('do not let a deletion expire while its entity is stopped, and let it from the release on', async () => {
    const expires = async () => {
      const { Item } = await subjectItem();
      return Item?.expiresAt?.N;
    };
    await subject.ports.write(tombstone(1), NEWER);
    expect(await expires()).toBe('4102444800');
    await subject.ports.stop(entity, aside());
    expect(await expires()).toBeUndefined();
    await subject.ports.write(tombstone(2), { ...NEWER, stopMarker: STOPPED_AT });
    expect(await expires()).toBeUndefined();
    await subject.repair.clearStop(entity, STOPPED_AT);
    expect(await expires()).toBe('1060');
  });

  test('list everything that is set aside page by page, without the notes', async () => {
    const all = Array.from({ length: 7 }, () => aside());
    for (const one of all) await subject.ports.park(one);
    await subject.ports.beginAlone(aside().message, false);
    const listed: SetAside[] = [];
    let cursor: string | undefined;
    do {
      const page = await createAsideReader({ client: tables.client, parkingTable }).list({ limit: 3, cursor });
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
