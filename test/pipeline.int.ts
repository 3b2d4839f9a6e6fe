import { DeleteItemCommand } from '@aws-sdk/client-dynamodb';
import { PublishCommand } from '@aws-sdk/client-sns';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { dynamoDbClient, snsClient } from '../adapters/aws/clients.ts';
import { keyItem } from '../adapters/aws/items.ts';
import { createAsideReader } from '../adapters/repair/parked-events.ts';
import { compareCaches } from '../cli/compare-caches.ts';
import { cacheNamed, connectTo, ownerOf, type Session } from '../cli/session.ts';
import type { CacheStatus } from '../cli/status/document.ts';
import { gatherStatus } from '../cli/status/gather.ts';
import { messageGroupId } from '../core/entity.ts';
import type { SetAside } from '../core/project/ports.ts';
import { countries, currencies } from '../examples/shop/geography/releases.ts';
import { type LocalCloud, startLocalCloud } from '../local/cloud.ts';

let cloud: LocalCloud;
let session: Session;

beforeAll(async () => {
  cloud = await startLocalCloud({ assembly: inject('assembly') });
  const deployed = Object.values(cloud.outputs).flatMap((outputs) => Object.values(outputs));
  const file = {
    pid: process.pid,
    startedAt: '',
    url: cloud.endpoints.sqs,
    dynamodbUrl: cloud.endpoints.dynamodb,
    deployed,
  };
  session = await connectTo({ file, projectFolder: process.cwd() });
});

afterAll(async () => {
  session?.close();
  await cloud?.stop();
});

describe('the pipeline, from the synthesised templates and bundles', () => {
  test('carries every entity to every cache that keeps its type', async () => {
    const { owner } = ownerOf(session, 'Country');
    await Promise.all(countries().map(({ id, state }) => owner.put('Country', id, state)));
    await Promise.all(currencies('2.1.0').map(({ id, state }) => owner.put('Currency', id, state)));
    await cloud.idle();
    expect(await compareCaches(session)).toEqual([
      { cache: 'ordering', equal: 429, differing: [] },
      { cache: 'warehouse', equal: 250, differing: [] },
    ]);
    const swiss = await cacheNamed(session, 'warehouse').reader.get('Country', 'CH');
    expect(swiss).toMatchObject({ status: 'found', version: 1 });
    expect(Object.keys('value' in swiss ? swiss.value : {}).sort()).toEqual([
      'alpha3',
      'borders',
      'landlocked',
      'region',
    ]);
  });

  test('keeps the order of one entity under many changes, its deletion and its return', async () => {
    const { owner } = ownerOf(session, 'Currency');
    const state = { name: 'Test', number: '963', digits: 2, countries: [] as string[] };
    for (let change = 1; change <= 30; change += 1)
      await owner.put('Currency', 'TST', { ...state, name: `Test ${change}` });
    await owner.delete('Currency', 'TST');
    await cloud.idle();
    const { reader } = cacheNamed(session, 'ordering');
    expect(await reader.get('Currency', 'TST')).toMatchObject({ status: 'deleted', version: 31 });
    expect(await owner.put('Currency', 'TST', state)).toMatchObject({ outcome: 'created', version: 32 });
    await cloud.idle();
    expect(await reader.get('Currency', 'TST')).toMatchObject({ status: 'found', version: 32, value: state });
  });

  test('parks malformed and foreign messages with the reason, and applies what surrounds them', async () => {
    const { owner, deployed } = ownerOf(session, 'Currency');
    const topic = snsClient({ endpoint: session.url });
    const before = await cacheStatus('ordering');
    const bodies = [
      'not JSON',
      '{"specversion":"1.0","__proto__":{"x":1}}',
      '[]',
      'null',
      `{"a":${'['.repeat(5_000)}${']'.repeat(5_000)}}`,
    ];
    const state = { name: 'Between', number: '965', digits: 2, countries: [] as string[] };
    for (const [index, body] of bodies.entries()) {
      await topic.send(
        new PublishCommand({
          TopicArn: deployed.topicArn,
          Message: body,
          MessageGroupId: messageGroupId({ type: 'Currency', id: 'TST' }),
          MessageDeduplicationId: `hostile-${index}`,
          MessageAttributes: { type: { DataType: 'String', StringValue: 'Currency' } },
        }),
      );
      await owner.put('Currency', `between-${index}`, state);
    }
    topic.destroy();
    await cloud.idle();
    const after = await cacheStatus('ordering');
    expect(after.parked - before.parked).toBe(bodies.length);
    const reader = cacheNamed(session, 'ordering').reader;
    const between = await reader.getMany(
      'Currency',
      bodies.map((_, index) => `between-${index}`),
    );
    expect(between.map(({ status }) => status)).toEqual(bodies.map(() => 'found'));

    const parked = await setAsideIn(cacheNamed(session, 'ordering').deployed.parkingTable);
    expect(parked.map(({ message }) => message.body).sort()).toEqual([...bodies].sort());
    expect(new Set(parked.map(({ reason, status }) => `${status}: ${reason}`))).toEqual(new Set(['parked: malformed']));
  });

  test("diverts an item that was removed past its owner, and goes on with the owner's other changes", async () => {
    const { owner, deployed } = ownerOf(session, 'Currency');
    const client = dynamoDbClient({ endpoint: cloud.endpoints.dynamodb });
    await client.send(
      new DeleteItemCommand({ TableName: deployed.table, Key: keyItem({ type: 'Currency', id: 'ZAR' }) }),
    );
    client.destroy();
    await owner.put('Currency', 'after', { name: 'After', number: '966', digits: 2, countries: [] });
    await cloud.idle();
    expect(await cacheNamed(session, 'ordering').reader.get('Currency', 'after')).toMatchObject({ status: 'found' });
    expect(await setAsideIn(deployed.parkingTable)).toMatchObject([
      { status: 'parked', reason: 'removed', entity: { type: 'Currency', id: 'ZAR' } },
    ]);
  });

  test('counts each event of a cache as exactly one outcome', async () => {
    const { owners, caches } = await gatherStatus(session.watched, COUNTED);
    const ordering = caches.find(({ cache }) => cache === 'ordering');
    const counted =
      ordering && ordering.applied + ordering.superseded + ordering.duplicate + ordering.outdated + ordering.parked;
    expect(counted).toBe((owners[0]?.published ?? 0) + 5);
  });

  test('is refused nothing for want of a permission', () => {
    expect(cloud.access.denials).toEqual([]);
  });
});

/** What is counted is all that these tests did. */
const COUNTED = { sinceMs: 3_600_000, countEntities: false };

async function cacheStatus(name: string): Promise<CacheStatus> {
  const { caches } = await gatherStatus(session.watched, COUNTED);
  const status = caches.find(({ cache }) => cache === name);
  if (status === undefined) throw new Error(`no status of ${name}`);
  return status;
}

/** Everything that is set aside in a parking table. */
async function setAsideIn(parkingTable: string): Promise<readonly SetAside[]> {
  const client = dynamoDbClient({ endpoint: cloud.endpoints.dynamodb });
  const { items } = await createAsideReader({ client, parkingTable }).list();
  client.destroy();
  return items;
}
