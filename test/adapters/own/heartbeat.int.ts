import type { StandardSchemaV1 } from '@standard-schema/spec';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { Owner } from '../../../adapters/own/owner.ts';
import { createOwner } from '../../../adapters/own/owner-table.ts';
import { createCacheWriter } from '../../../adapters/project/cache-writer.ts';
import { createReader } from '../../../adapters/read/cache-table.ts';
import { streamChange } from '../../../adapters/relay/stream.ts';
import type { Boundary } from '../../../core/contract/contract.ts';
import { defineBoundary, keep } from '../../../core/contract/define-boundary.ts';
import { EPOCH_SIZE, HEARTBEAT_ID } from '../../../core/entity.ts';
import { parseEvent } from '../../../core/event.ts';
import { projectBatch } from '../../../core/project/batch.ts';
import type { ReceivedMessage } from '../../../core/project/ports.ts';
import { relayBatch } from '../../../core/relay/batch.ts';
import type { OutgoingMessage } from '../../../core/relay/message.ts';
import { redrive } from '../../../core/repair/redrive.ts';
import { schemaOf } from '../../support/boundaries.ts';
import { inMemoryCache, projectionOf } from '../../support/in-memory-cache.ts';
import { startTables, type TestTables } from '../../support/tables.ts';

type Town = { readonly name: string; readonly region: string };

/** Refuses every value that isn't a town. A heartbeat that was validated would thus be parked. */
const towns: StandardSchemaV1<unknown, Town> = schemaOf((value) => {
  const { name, region } = value as Record<string, unknown>;
  return typeof name === 'string' && typeof region === 'string'
    ? { value: { name, region } }
    : { issues: [{ message: 'not a town' }] };
});

const owning = (schemaVersion: number, epoch = 0) =>
  defineBoundary('file:///atlas.ts', {
    name: 'atlas',
    epoch,
    owns: { Town: { schema: towns, schemaVersion, deltas: true, upcasts: upcasts(schemaVersion) } },
  });

/** Upcasts that fail for every value that isn't a town. */
function upcasts(schemaVersion: number) {
  const toTheNext = ({ name, region }: Record<string, unknown>) => ({
    name: String(name).trim(),
    region: (region as string).toLowerCase(),
  });
  return Object.fromEntries(Array.from({ length: schemaVersion - 1 }, (_, index) => [index + 1, toTheNext]));
}

const atlas = owning(3);

let tables: TestTables;
let tableName: string;
let nowMs: number;
let owner: Owner;

beforeAll(async () => {
  tables = await startTables();
});
afterAll(() => tables.stop());
beforeEach(async () => {
  tableName = await tables.create('Geography');
  nowMs = Date.parse('2026-11-25T12:00:00.000Z');
  owner = opened(atlas);
});

const opened = (boundary: Boundary) => createOwner({ boundary, tableName, client: tables.client, now: () => nowMs });

const at = () => new Date(nowMs).toISOString();

/** Commits heartbeats a minute apart. */
async function beats(count: number, by = owner): Promise<void> {
  for (let beat = 0; beat < count; beat += 1) {
    nowMs += 60_000;
    await by.beat('Town');
  }
}

/** The messages that the relay publishes from the owner table's stream. */
async function published(boundary = atlas, conflate = false): Promise<readonly OutgoingMessage[]> {
  const out: OutgoingMessage[] = [];
  const changes = (await tables.changes(tableName)).map((record, index) => ({
    ...streamChange(record as Parameters<typeof streamChange>[0]),
    sequenceNumber: String(index),
  }));
  const ports = {
    publish: async (messages: readonly OutgoingMessage[]) => {
      out.push(...messages);
      return messages.map(() => ({ kind: 'published' as const }));
    },
    divert: (_: string, reason: string) => Promise.reject(new Error(reason)),
  };
  expect(await relayBatch(boundary, changes, at(), ports, { conflate })).toMatchObject({ diverted: 0, failed: [] });
  return out;
}

const received = ({ groupId, body }: OutgoingMessage, index: number): ReceivedMessage => ({
  messageId: `m${index}`,
  groupId,
  body,
  receiveCount: 1,
  sequenceNumber: String(index).padStart(20, '0'),
  sentAtMs: nowMs,
  firstReceivedAtMs: nowMs,
});

describe("the owner's heartbeat", () => {
  test("each of an owner's heartbeats is a new version with a new state", async () => {
    await beats(3);
    const told = (await tables.changes(tableName)).map(({ dynamodb: { NewImage } }) => [
      NewImage?.pk?.S,
      NewImage?.version?.N,
      NewImage?.state?.S,
    ]);
    expect(told).toEqual([1, 2, 3].map((n) => ['Town#heartbeat', String(n), `{"at":"2026-11-25T12:0${n}:00.000Z"}`]));
    expect(await owner.get('Town', HEARTBEAT_ID)).toMatchObject({ version: 3, changedAt: at() });
  });

  test("an owner's lists and counts leave out its heartbeats", async () => {
    await owner.put('Town', 'a', { name: 'A', region: 'north' });
    await beats(2);
    expect((await owner.list('Town')).items.map(({ entity }) => entity.id)).toEqual(['a']);
    expect(await owner.count('Town')).toBe(1);
  });

  test('puts and deletes of a heartbeat are refused as reserved, with a valid or an invalid state', async () => {
    const refusal = {
      code: 'InvalidEntityId',
      field: 'id',
      message:
        'id: reserved: "freshet:heartbeat" is the heartbeat of Town, which only Freshet writes. Choose another id.',
    };
    await expect(owner.put('Town', HEARTBEAT_ID, 'nothing')).rejects.toMatchObject(refusal);
    await expect(owner.put('Town', HEARTBEAT_ID, { name: 'A', region: 'a' })).rejects.toMatchObject(refusal);
    await expect(owner.delete('Town', HEARTBEAT_ID)).rejects.toMatchObject(refusal);
    expect(await owner.get('Town', HEARTBEAT_ID)).toBeUndefined();
  });

  test('a heartbeat of a type that the boundary does not own is refused', async () => {
    await expect(owner.beat('Village')).rejects.toMatchObject({ code: 'UnknownEntityType' });
  });

  test('a heartbeat after a restore has a version above all versions from before it', async () => {
    await beats(2);
    const restored = opened(owning(3, 1));
    await beats(1, restored);
    expect(await restored.get('Town', HEARTBEAT_ID)).toMatchObject({ version: EPOCH_SIZE + 3 });
    await beats(1, restored);
    expect(await restored.get('Town', HEARTBEAT_ID)).toMatchObject({ version: EPOCH_SIZE + 4 });
    expect((await restored.list('Town')).items).toEqual([]);
  });

  test('the first heartbeat of a restored table starts in its epoch', async () => {
    const restored = opened(owning(3, 2));
    await beats(1, restored);
    expect(await restored.get('Town', HEARTBEAT_ID)).toMatchObject({ version: 2 * EPOCH_SIZE + 1 });
  });
});

describe("a heartbeat's event", () => {
  test('a heartbeat is published as a whole state with its type, also with deltas and with conflation', async () => {
    await beats(2);
    const each = await published();
    expect(each.map(({ type, deduplicationId }) => [type, deduplicationId])).toEqual([
      ['Town', 'Town/freshet:heartbeat@1'],
      ['Town', 'Town/freshet:heartbeat@2'],
    ]);
    expect(each.map(({ body }) => parseEvent(body))).toMatchObject([{ kind: 'state' }, { kind: 'state' }]);
    expect((await published(atlas, true)).map(({ deduplicationId }) => deduplicationId)).toEqual([
      'Town/freshet:heartbeat@2',
    ]);
  });

  test.each<[string, Boundary]>([
    ['keeps the whole state', cacheOf(keep(atlas.owns.Town))],
    ['keeps few fields', cacheOf(keep(atlas.owns.Town, { fields: ['name'], fieldsRevision: 7 }))],
    ['has an index', cacheOf(keep(atlas.owns.Town, { indexes: { region: 'region' } }))],
    ["knows only the owner's first schema version", cacheOf(keep(owning(1).owns.Town))],
    ['knows a newer schema version than the owner', cacheOf(keep(owning(5).owns.Town))],
  ])('a cache that %s applies heartbeats and leaves them out of its lists', async (_, boundary) => {
    await owner.put('Town', 'a', { name: 'A', region: 'north' });
    await beats(2);
    const cacheTable = await tables.create('Ordering');
    const { ports, everParked } = inMemoryCache();
    const projection = projectionOf(
      boundary,
      { ...ports, ...createCacheWriter({ client: tables.client, tableName: cacheTable }) },
      nowMs,
    );
    const messages = (await published()).map(received).filter(({ groupId }) => groupId.includes('heartbeat'));
    const { settled, returned } = await projectBatch(projection, messages);
    expect([settled.map(({ outcome }) => outcome).sort(), returned, everParked]).toEqual([
      ['applied', 'superseded'],
      [],
      [],
    ]);

    const reader = createReader({ boundary, tableName: cacheTable, client: tables.client });
    expect(await reader.get('Town', HEARTBEAT_ID)).toEqual({
      status: 'found',
      id: HEARTBEAT_ID,
      version: 2,
      changedAt: at(),
      value: { at: at() },
      stalenessMs: Number.POSITIVE_INFINITY,
    });
    expect((await reader.list('Town')).items).toEqual([]);
    expect((await reader.listWithDeleted('Town')).items).toEqual([]);
    expect(await reader.count('Town')).toBe(0);
    if (boundary.caches.Town?.indexes.region !== undefined) {
      expect((await reader.listBy('Town', 'region', 'north')).items).toEqual([]);
    }
  });

  test('a heartbeat whose state does not have its digest is parked', async () => {
    await beats(1);
    const { ports, everParked } = inMemoryCache();
    const forged = (await published()).map(({ body, ...rest }) => ({
      ...rest,
      body: body.replace('{"at":"2026', '{"at":"2027'),
    }));
    const { settled } = await projectBatch(
      projectionOf(cacheOf(keep(atlas.owns.Town)), ports, nowMs),
      forged.map(received),
    );
    expect(settled).toMatchObject([{ outcome: 'parked', reason: 'invalid' }]);
    expect(everParked).toHaveLength(1);
  });

  test('a redriven heartbeat is applied, unless a newer one was applied before', async () => {
    await beats(2);
    const { ports, repair, stored, parked } = inMemoryCache();
    const projection = projectionOf(cacheOf(keep(atlas.owns.Town)), ports, nowMs);
    const [first, second] = (await published()).map(received);
    if (first === undefined || second === undefined) throw new Error('two heartbeats were published');
    for (const message of [first, second]) {
      await ports.park({
        status: 'parked',
        message,
        reason: 'unstorable',
        explanation: '',
        entity: undefined,
        version: undefined,
        parkedAtMs: nowMs,
      });
    }
    const redriven = (message: ReceivedMessage) =>
      redrive(
        projection,
        repair,
        [...parked.values()].filter((one) => one.message === message),
      );
    expect(await redriven(second)).toMatchObject([{ outcome: 'applied' }]);
    expect(await redriven(first)).toMatchObject([{ outcome: 'outdated' }]);
    expect(stored.get('Town/freshet:heartbeat')?.version).toBe(2);
  });
});

function cacheOf(town: ReturnType<typeof keep>): Boundary {
  return defineBoundary('file:///tours.ts', { name: 'tours', caches: { Town: town } });
}
