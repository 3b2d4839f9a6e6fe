import { PublishCommand, type SNSClient } from '@aws-sdk/client-sns';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { dynamoDbClient, snsClient } from '../../adapters/aws/clients.ts';
import { removeParked } from '../../adapters/repair/parked-events.ts';
import { compareCaches } from '../../cli/compare/compare-caches.ts';
import { messageGroupId } from '../../core/entity.ts';
import type { PoisonReason } from '../../core/outcome.ts';
import { type CacheName, type Lab, labAssembly, startLab } from './lab.ts';
import { keepLedger, type Ledger } from './ledger.ts';
import { item, itemState } from './messages.ts';

const ENTITIES = 20;
/** Versions that each entity gets before the poison, and after it. */
const BEFORE = 3;
const AFTER = 4;
const CACHES: readonly CacheName[] = ['parking', 'stopping', 'discarding'];

let lab: Lab;
let ledger: Ledger;
let topic: SNSClient;

beforeAll(async () => {
  lab = await startLab({ assembly: await labAssembly() });
  ledger = keepLedger(lab.cloud);
  topic = snsClient({ endpoint: lab.cloud.endpoints.sns });
});

afterAll(async () => {
  topic?.destroy();
  await lab?.close();
});

/** The kinds of poison, each with the version that it is, if it is one. */
const kinds: readonly {
  readonly kind: string;
  readonly reason: PoisonReason;
  readonly version: number | undefined;
  readonly poison: (id: string) => Promise<unknown>;
}[] = [
  {
    kind: 'a text that is no event',
    reason: 'malformed',
    version: undefined,
    poison: (id) =>
      topic.send(
        new PublishCommand({
          TopicArn: lab.topicArn,
          Message: 'no event',
          MessageGroupId: messageGroupId(item(id)),
          MessageDeduplicationId: `poison-${id}`,
          MessageAttributes: { type: { DataType: 'String', StringValue: 'Item' } },
        }),
      ),
  },
  {
    kind: 'a version that the consumers refuse',
    reason: 'invalid',
    version: BEFORE + 1,
    poison: (id) => lab.owner.put('Item', id, { ...itemState(BEFORE + 1), price: -1 }),
  },
];

describe.each(kinds)('20 entities with $kind', ({ kind, reason, version, poison }) => {
  const idOf = (entity: number) => `${reason}-${entity}`;
  const poisoned = idOf(7);
  /** The last version of the poisoned entity. */
  const last = BEFORE + AFTER + (version === undefined ? 0 : 1);
  /** The versions after the poison. */
  const later = Array.from({ length: AFTER }, (_, index) => last - AFTER + 1 + index);
  const ownParked = async (name: CacheName) =>
    (await lab.parked(name)).filter(({ message }) => message.groupId === messageGroupId(item(poisoned)));

  beforeAll(async () => {
    const ids = Array.from({ length: ENTITIES }, (_, entity) => idOf(entity));
    const putAll = async (from: number, to: number) => {
      for (let version = from; version <= to; version += 1) {
        await Promise.all(ids.map((id) => lab.owner.put('Item', id, itemState(version))));
      }
    };
    await putAll(1, BEFORE);
    await lab.cloud.idle();
    await poison(poisoned);
    await putAll(BEFORE + 1, BEFORE + AFTER);
    await lab.cloud.idle();
  });

  test.each(CACHES)('%s: every message of 20 entities with one poison message is delivered once', (name) => {
    const { projector } = lab.cache(name).deployed;
    const deliveries = ledger.of(projector).filter(({ group }) => group.startsWith(`Item/${reason}-`));
    expect(new Set(deliveries.map(({ group }) => group)).size).toBe(ENTITIES);
    expect(deliveries.length).toBe(ENTITIES * (BEFORE + AFTER) + 1);
    expect(deliveries.filter(({ receiveCount, isSettled }) => receiveCount > 1 || !isSettled)).toEqual([]);
  });

  test.each([
    'parking',
    'discarding',
  ] as const)('%s: the entity with the poison message goes on, and the cache equals its owner', async (name) => {
    expect(await lab.cache(name).reader.get('Item', poisoned)).toMatchObject({ status: 'found', version: last });
    expect((await compareCaches(lab.deployment)).find(({ cache }) => cache === name)).toMatchObject({ differing: [] });
    const parked = name === 'parking' ? [{ status: 'parked', reason, version }] : [];
    expect(await ownParked(name)).toMatchObject(parked);
  });

  test('stopping: the entity keeps the version before the poison, and later events are held in order', async () => {
    expect(await lab.cache('stopping').reader.get('Item', poisoned)).toMatchObject({ version: BEFORE });
    const held = later.map((version) => ({ status: 'held', reason: 'stopped', version }));
    expect(await ownParked('stopping')).toMatchObject([{ status: 'parked', reason, version }, ...held]);
    const { differing } = (await compareCaches(lab.deployment)).find(({ cache }) => cache === 'stopping') ?? {};
    expect(differing).toEqual([expect.stringContaining(`Item/${poisoned} is behind`)]);
  });

  test('stopping: a release changes nothing while the poison is parked', async () => {
    const result = await lab.repair('stopping', { operation: 'release', type: 'Item', id: poisoned, drop: false });
    expect(result).toMatchObject({ status: 'still-stopped' });
    expect(await lab.cache('stopping').reader.get('Item', poisoned)).toMatchObject({ version: BEFORE });
    expect((await ownParked('stopping')).map(({ status }) => status)).toEqual(['parked', ...later.map(() => 'held')]);
  });

  test(`stopping: a release replays the held events once ${kind} is removed, and the entity goes on`, async () => {
    const [first] = await ownParked('stopping');
    if (first === undefined) throw new Error('nothing is parked');
    const client = dynamoDbClient({ endpoint: lab.cloud.endpoints.dynamodb });
    await removeParked(client, lab.cache('stopping').deployed.parkingTable, [first.message]);
    client.destroy();
    const result = await lab.repair('stopping', { operation: 'release', type: 'Item', id: poisoned, drop: false });
    const superseded = later.slice(1).map(() => 'superseded');
    expect(result).toMatchObject({ status: 'released' });
    const outcomes = 'redriven' in result ? result.redriven.map(({ outcome }) => outcome) : [];
    expect(outcomes).toEqual([...superseded, 'applied']);
    await expectGoesOn();
  });

  test('stopping: a release with drop removes all parked events, and the entity goes on', async () => {
    const before = (await lab.owner.get('Item', poisoned))?.version ?? 0;
    await lab.owner.put('Item', poisoned, { ...itemState(0), price: -2 });
    await lab.owner.put('Item', poisoned, itemState(1_000));
    await lab.cloud.idle();
    expect(await lab.cache('stopping').reader.get('Item', poisoned)).toMatchObject({ version: before });
    const result = await lab.repair('stopping', { operation: 'release', type: 'Item', id: poisoned, drop: true });
    expect(result).toMatchObject({
      status: 'released',
      redriven: [{ outcome: 'discarded' }, { outcome: 'discarded' }],
    });
    await expectGoesOn();
  });

  async function expectGoesOn(): Promise<void> {
    await lab.owner.put('Item', poisoned, { ...itemState(0), name: `after ${Math.random()}` });
    await lab.cloud.idle();
    expect(await ownParked('stopping')).toEqual([]);
    expect((await compareCaches(lab.deployment)).find(({ cache }) => cache === 'stopping')).toMatchObject({
      differing: [],
    });
  }
});

test('the tests of policies need no permission that a function lacks', () => {
  expect(lab.cloud.access.denials).toEqual([]);
});
