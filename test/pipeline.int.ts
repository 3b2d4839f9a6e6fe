import { DeleteItemCommand } from '@aws-sdk/client-dynamodb';
import { PublishCommand } from '@aws-sdk/client-sns';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { dynamoDbClient, snsClient } from '../adapters/aws/clients.ts';
import { keyItem } from '../adapters/aws/items.ts';
import { createParkedReader } from '../adapters/repair/parked-events.ts';
import type { CacheStatus } from '../cli/commands/status/document.ts';
import { gatherStatus } from '../cli/commands/status/gather.ts';
import { compareCaches } from '../cli/compare/compare-caches.ts';
import type { Deployment } from '../cli/deployment/deployment.ts';
import { openLocalCloud } from '../cli/deployment/local-cloud.ts';
import { localFileOf } from '../cli/deployment/local-file.ts';
import { messageGroupId } from '../core/entity.ts';
import type { ParkedEvent } from '../core/project/ports.ts';
import { countries, currencies } from '../examples/shop/geography/releases.ts';
import { type LocalCloud, startLocalCloud } from '../local/cloud.ts';
import { assemblyOf, SHOP } from './support/assembly.ts';
import { setTestCredentials } from './support/credentials.ts';

let cloud: LocalCloud;
let deployment: Deployment;

beforeAll(async () => {
  setTestCredentials();
  cloud = await startLocalCloud({ assembly: await assemblyOf(SHOP) });
  deployment = openLocalCloud({ file: localFileOf(cloud), projectFolder: process.cwd() });
});

afterAll(async () => {
  deployment?.close();
  await cloud?.stop();
});

describe('the pipeline, from the synthesised templates and bundles', () => {
  test('the pipeline brings every entity to every cache that keeps its type', async () => {
    const { owner } = await deployment.ownerOf('Country');
    await Promise.all(countries().map(({ id, state }) => owner.put('Country', id, state)));
    await Promise.all(currencies('2.1.0').map(({ id, state }) => owner.put('Currency', id, state)));
    await cloud.idle();
    expect(await compareCaches(deployment)).toEqual([
      { cache: 'ordering', equal: 429, differing: [] },
      { cache: 'warehouse', equal: 250, differing: [] },
    ]);
    const swiss = await (await deployment.cacheNamed('warehouse')).reader.get('Country', 'CH');
    expect(swiss).toMatchObject({ status: 'found', version: 1 });
    expect(Object.keys('value' in swiss ? swiss.value : {}).sort()).toEqual([
      'alpha3',
      'borders',
      'landlocked',
      'region',
    ]);
  });

  test('the pipeline keeps the order of an entity through many changes, its deletion and its re-creation', async () => {
    const { owner } = await deployment.ownerOf('Currency');
    const state = { name: 'Test', number: '963', digits: 2, countries: [] as string[] };
    for (let change = 1; change <= 30; change += 1)
      await owner.put('Currency', 'TST', { ...state, name: `Test ${change}` });
    await owner.delete('Currency', 'TST');
    await cloud.idle();
    const { reader } = await deployment.cacheNamed('ordering');
    expect(await reader.get('Currency', 'TST')).toMatchObject({ status: 'deleted', version: 31 });
    expect(await owner.put('Currency', 'TST', state)).toMatchObject({ outcome: 'created', version: 32 });
    await cloud.idle();
    expect(await reader.get('Currency', 'TST')).toMatchObject({ status: 'found', version: 32, value: state });
  });

  test('malformed messages are parked with their reason, and the events between them are applied', async () => {
    const { owner, deployed } = await deployment.ownerOf('Currency');
    const topic = snsClient({ endpoint: cloud.endpoints.sns });
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
    expect((after.parked ?? 0) - (before.parked ?? 0)).toBe(bodies.length);
    const reader = (await deployment.cacheNamed('ordering')).reader;
    const between = await reader.getMany(
      'Currency',
      bodies.map((_, index) => `between-${index}`),
    );
    expect(between.map(({ status }) => status)).toEqual(bodies.map(() => 'found'));

    const parked = await parkedIn((await deployment.cacheNamed('ordering')).deployed.parkingTable);
    expect(parked.map(({ message }) => message.body).sort()).toEqual([...bodies].sort());
    expect(new Set(parked.map(({ reason, status }) => `${status}: ${reason}`))).toEqual(new Set(['parked: malformed']));
  });

  test("an item removed directly in the table is diverted, and the owner's other changes are applied", async () => {
    const { owner, deployed } = await deployment.ownerOf('Currency');
    const client = dynamoDbClient({ endpoint: cloud.endpoints.dynamodb });
    await client.send(
      new DeleteItemCommand({ TableName: deployed.table, Key: keyItem({ type: 'Currency', id: 'ZAR' }) }),
    );
    client.destroy();
    await owner.put('Currency', 'after', { name: 'After', number: '966', digits: 2, countries: [] });
    await cloud.idle();
    expect(await (await deployment.cacheNamed('ordering')).reader.get('Currency', 'after')).toMatchObject({
      status: 'found',
    });
    expect(await parkedIn(deployed.parkingTable)).toMatchObject([
      { status: 'parked', reason: 'removed', entity: { type: 'Currency', id: 'ZAR' } },
    ]);
  });

  test('each event of a cache is counted as exactly one outcome', async () => {
    const { owners, caches } = await gatherStatus(deployment, COUNTED);
    const ordering = caches.find(({ cache }) => cache === 'ordering');
    const counted =
      ordering &&
      (ordering.applied ?? 0) +
        (ordering.superseded ?? 0) +
        (ordering.duplicate ?? 0) +
        (ordering.outdated ?? 0) +
        (ordering.parked ?? 0);
    expect(counted).toBe((owners[0]?.published ?? 0) + 5);
  });

  test('no call of the pipeline is denied for a missing permission', () => {
    expect(cloud.access.denials).toEqual([]);
  });
});

/** Counts all events of these tests. */
const COUNTED = { sinceMs: 3_600_000, countAll: false };

async function cacheStatus(name: string): Promise<CacheStatus> {
  const { caches } = await gatherStatus(deployment, COUNTED);
  const status = caches.find(({ cache }) => cache === name);
  if (status === undefined) throw new Error(`no status of ${name}`);
  return status;
}

/** All parked and held events of a parking table. */
async function parkedIn(parkingTable: string): Promise<readonly ParkedEvent[]> {
  const client = dynamoDbClient({ endpoint: cloud.endpoints.dynamodb });
  const { items } = await createParkedReader({ client, parkingTable }).list();
  client.destroy();
  return items;
}
