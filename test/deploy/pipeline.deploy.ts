import { randomUUID } from 'node:crypto';
import { SetAlarmStateCommand } from '@aws-sdk/client-cloudwatch';
import { DeleteItemCommand } from '@aws-sdk/client-dynamodb';
import { InvokeCommand } from '@aws-sdk/client-lambda';
import { afterAll, describe, expect, test } from 'vitest';
import * as z from 'zod';
import { keyItem } from '../../adapters/aws/items.ts';
import { readDecision } from '../../adapters/govern/flow-table.ts';
import { createGapNotice } from '../../adapters/repair/gap-notices.ts';
import { resyncToken } from '../../cli/clients/resync-token.ts';
import { statusReport } from '../../cli/commands/status/document.ts';
import { compareCaches } from '../../cli/compare/compare-caches.ts';
import { entityRef, HEARTBEAT_ID } from '../../core/entity.ts';
import { canonicalState } from '../../core/state.ts';
import { countries, currencies } from '../../examples/shop/geography/releases.ts';
import { root, runFreshet } from '../support/command-line.ts';
import { gapsOfEndpoint, isKnownGap } from './gaps/gaps.ts';
import { differenceLine, differences, isReadable } from './settings.ts';
import { ARRIVAL, bodyOf, currency, groupOf, keysOf, openShop, parkedEventsOf, SCHEDULE, STACKS } from './shop.ts';

const gaps = await gapsOfEndpoint();
const shop = await openShop(process.env.DEPLOYED_ASSEMBLY ?? '');
const { clients, deployment, resources, geography, ordering, warehouse } = shop;
const { importAll, putAndWait, publish, sendDeadLetter, redrive, removeFromCache, queuedMessages, listen } = shop;

afterAll(() => shop.close());

describe('the deployed resources', () => {
  test('every property of a deployed resource has the value in its template', async () => {
    const found = await differences(clients, resources);
    const unknown = found.filter((one) => !isKnownGap(gaps, one));
    expect(unknown.map(differenceLine)).toEqual([]);
    const unread = new Set(resources.filter((one) => !isReadable(one)).map(({ type }) => type));
    console.log(`resource types that the suite can't read back: ${[...unread].sort().join(', ')}`);
  });
});

describe('changes', () => {
  test('a change reaches every cache that keeps the type, and each cache keeps its own fields', async () => {
    const [first] = countries().filter(({ id }) => id === 'CH');
    expect(await geography.owner.put('Country', 'CH', first?.state)).toMatchObject({ outcome: 'created', version: 1 });
    await expect
      .poll(() => ordering.reader.get('Country', 'CH'), ARRIVAL)
      .toMatchObject({ status: 'found', version: 1 });
    await expect.poll(() => warehouse.reader.get('Country', 'CH'), ARRIVAL).toMatchObject({ status: 'found' });
    expect(await ordering.reader.get('Country', 'CH')).toMatchObject({ value: first?.state });
    const kept = await warehouse.reader.get('Country', 'CH');
    expect(Object.keys('value' in kept ? kept.value : {}).sort()).toEqual([
      'alpha3',
      'borders',
      'landlocked',
      'region',
    ]);
  });

  test('a deletion reaches every cache that keeps the type', async () => {
    expect(await geography.owner.delete('Country', 'CH')).toMatchObject({ outcome: 'deleted', version: 2 });
    for (const { reader } of [ordering, warehouse]) {
      await expect.poll(() => reader.get('Country', 'CH'), ARRIVAL).toMatchObject({ status: 'deleted', version: 2 });
    }
  });

  test('after an import of 429 rows, every cache becomes equal to its owner', async () => {
    expect(await importAll('Country', countries())).toMatchObject({
      created: 250,
      changed: 0,
      unchanged: 0,
      rejected: 0,
      leftOut: 0,
    });
    expect(await importAll('Currency', currencies('2.1.0'))).toMatchObject({ created: 179, rejected: 0 });
    await expect
      .poll(() => compareCaches(deployment), ARRIVAL)
      .toEqual([
        { cache: 'ordering', equal: 429, differing: [] },
        { cache: 'warehouse', equal: 250, differing: [] },
      ]);
  });

  test('a cache lists entities by the index that it declares', async () => {
    const { items } = await warehouse.reader.listBy('Country', 'region', 'Oceania', { limit: 100 });
    const expected = countries().filter(({ state }) => state.region === 'Oceania');
    expect(items.map(({ id }) => id).sort()).toEqual(expected.map(({ id }) => id).sort());
  });

  test('the changes of one entity stay in order, across a deletion and a re-creation', async () => {
    for (let change = 1; change <= 20; change += 1) {
      await geography.owner.put('Currency', 'TST', currency(`Test ${change}`));
    }
    await geography.owner.delete('Currency', 'TST');
    expect(await geography.owner.put('Currency', 'TST', currency('again'))).toMatchObject({ version: 22 });
    const { reader } = ordering;
    await expect
      .poll(() => reader.get('Currency', 'TST'), ARRIVAL)
      .toMatchObject({ version: 22, value: currency('again') });
  });
});

describe('events', () => {
  test('an old event ends as outdated, and the cache keeps the newer version', async () => {
    const old = await putAndWait('OLD', 'first');
    await geography.owner.put('Currency', 'OLD', currency('second'));
    await publish('OLD', bodyOf(geography, old));
    // This change is in the same group. Once it is in the cache, the old event has been processed.
    await geography.owner.put('Currency', 'OLD', currency('third'));
    const third = { status: 'found', version: 3, value: currency('third') };
    await expect.poll(() => ordering.reader.get('Currency', 'OLD'), ARRIVAL).toMatchObject(third);
    expect(await parkedEventsOf(ordering, 'OLD')).toEqual([]);
    await sendDeadLetter('OLD', bodyOf(geography, old));
    expect(await redrive('OLD')).toMatchObject([{ outcome: 'outdated' }]);
    expect(await ordering.reader.get('Currency', 'OLD')).toMatchObject(third);
  });

  test('a poison event is parked with its reason, and the next event of its group is applied', async () => {
    await publish('PSN', 'not JSON');
    await geography.owner.put('Currency', 'PSN', currency('behind'));
    const parked = { status: 'parked', reason: 'malformed', message: { body: 'not JSON' } };
    await expect.poll(() => parkedEventsOf(ordering, 'PSN'), ARRIVAL).toMatchObject([parked]);
    await expect.poll(() => ordering.reader.get('Currency', 'PSN'), ARRIVAL).toMatchObject({ status: 'found' });
  });

  test('a parked event that is still poison is parked again after a redrive, and is gone after a discard', async () => {
    // Sent to the queue without the topic, as a backfill does. On MiniStack, the deliveries of a topic have no sequence
    // number, and a redrive needs one.
    await ordering.send([{ groupId: groupOf('DSC'), deduplicationId: randomUUID(), body: '{}' }]);
    await expect.poll(() => parkedEventsOf(ordering, 'DSC'), ARRIVAL).toMatchObject([{ reason: 'malformed' }]);
    expect(await redrive('DSC')).toMatchObject([{ outcome: 'parked', reason: 'malformed' }]);
    await ordering.parked.remove(await keysOf(ordering, 'DSC'));
    expect(await parkedEventsOf(ordering, 'DSC')).toEqual([]);
  });

  test('an event with another state for a stored version is parked as a conflict', async () => {
    const owned = await putAndWait('CNF', 'as it is');
    const { json, digest } = canonicalState(owned.entity, currency('as it never was'));
    await publish('CNF', bodyOf(geography, { ...owned, digest, stateJson: json }));
    await expect
      .poll(() => parkedEventsOf(ordering, 'CNF'), ARRIVAL)
      .toMatchObject([{ reason: 'conflict', version: 1 }]);
    expect(await ordering.reader.get('Currency', 'CNF')).toMatchObject({ value: currency('as it is') });
  });

  test('an event that crashed the projector is parked from the dead-letter queue and can be redriven', async () => {
    const crashed = await putAndWait('CRS', 'crashed');
    await removeFromCache(ordering, crashed.entity);
    await sendDeadLetter('CRS', bodyOf(geography, crashed));
    expect(await redrive('CRS')).toMatchObject([{ outcome: 'applied' }]);
    expect(await ordering.reader.get('Currency', 'CRS')).toMatchObject({ status: 'found', version: 1 });
    expect(await parkedEventsOf(ordering, 'CRS')).toEqual([]);
  });

  test('a change that the relay can never publish is parked at the owner', async () => {
    await putAndWait('RMV', 'to be removed');
    await clients.dynamoDb.send(
      new DeleteItemCommand({ TableName: geography.deployed.table, Key: keyItem(entityRef('Currency', 'RMV')) }),
    );
    await expect
      .poll(() => parkedEventsOf(geography, 'RMV'), ARRIVAL)
      .toMatchObject([{ status: 'parked', reason: 'removed' }]);
  });
});

describe('a cache that lost an entity', () => {
  test('a resync restores a lost entity at its version', async () => {
    const { version } = await putAndWait('RSY', 'lost');
    await removeFromCache(ordering, entityRef('Currency', 'RSY'));
    expect(await geography.owner.resync('Currency', 'RSY', resyncToken())).toBe('requested');
    await expect
      .poll(() => ordering.reader.get('Currency', 'RSY'), ARRIVAL)
      .toMatchObject({ status: 'found', version });
  });

  test('a gap that a cache reports is healed by the owner without a command', async () => {
    const { version } = await putAndWait('GAP', 'missed');
    await removeFromCache(ordering, entityRef('Currency', 'GAP'));
    const notify = createGapNotice({ client: clients.sqs, queueUrl: ordering.deployed.gapQueueUrl });
    await notify(entityRef('Currency', 'GAP'), version);
    await expect
      .poll(() => ordering.reader.get('Currency', 'GAP'), ARRIVAL)
      .toMatchObject({ status: 'found', version });
  });

  test('a backfill fills an empty cache from its owner, and the cache is then ready', async () => {
    for (const { id } of countries()) await removeFromCache(warehouse, entityRef('Country', id));
    expect(await warehouse.reader.count('Country')).toBe(0);
    await warehouse.repair.backfill('Country', { restart: true });
    await expect
      .poll(() => warehouse.reader.readiness('Country'), SCHEDULE)
      .toMatchObject({ status: 'ready', sent: 250 });
    expect(await warehouse.reader.count('Country')).toBe(250);
  });
});

describe('the command line', () => {
  test('freshet status --stack shows the owner and the caches of the stacks', async () => {
    const { code, out, err } = await runFreshet(['status', '--stack', STACKS.join(','), '--count', '--json'], root);
    // Exit code 1, because the events that these tests parked need attention.
    expect(code, err).toBe(1);
    const status = statusReport.parse(JSON.parse(out));
    expect(status.owners).toMatchObject([{ owner: 'geography', relay: 'running', setAside: 1 }]);
    const [kept] = status.caches.filter(({ cache }) => cache === 'warehouse');
    expect(kept).toMatchObject({ readiness: { Country: 'ready' }, entities: 250, setAside: 0, deadLetters: 0 });
  });
});

describe('alarms', () => {
  test('an alarm that goes off sends a message to the topic of the alarms', async () => {
    const [alarm] = resources.filter(({ type }) => type === 'AWS::CloudWatch::Alarm');
    const AlarmName = alarm?.physicalId;
    const [topicArn = ''] = z.array(z.string()).parse(alarm?.properties.AlarmActions);
    const heard = await listen(topicArn);
    try {
      for (const StateValue of ['OK', 'ALARM'] as const) {
        await clients.cloudWatch.send(new SetAlarmStateCommand({ AlarmName, StateValue, StateReason: 'a test' }));
      }
      await expect.poll(heard.next, ARRIVAL).toMatchObject({ AlarmName, NewStateValue: 'ALARM' });
    } finally {
      await heard.stop();
    }
  });
});

describe('flow control', () => {
  test('a report of a cache leads to a new decision of the governor in the flow table', async () => {
    const since = Date.now();
    const { FunctionError } = await clients.lambda.send(new InvokeCommand({ FunctionName: ordering.deployed.report }));
    expect(FunctionError).toBeUndefined();
    const table = { client: clients.dynamoDb, tableName: geography.deployed.flowTable };
    const heard = async () => {
      const decision = await readDecision(table);
      return { isNew: (decision?.decidedAtMs ?? 0) > since, state: decision?.state, missing: decision?.missing };
    };
    await expect.poll(heard, ARRIVAL).toEqual({ isNew: true, state: 'normal', missing: [] });
  });

  test('heartbeats are committed on their schedule and reach every cache', async () => {
    for (const { reader } of [ordering, warehouse]) {
      await expect.poll(() => reader.get('Country', HEARTBEAT_ID), SCHEDULE).toMatchObject({ status: 'found' });
    }
  });
});

describe('the deployed shop at the end', () => {
  test('after all deploy tests, every cache equals its owner and every queue is empty', async () => {
    const settled = async () => ({
      differing: (await compareCaches(deployment)).flatMap(({ differing }) => differing),
      queued: await queuedMessages(),
    });
    // An earlier test deleted this item from the owner's table without an event, so the cache still holds it.
    await geography.owner.bury('Currency', 'RMV', 1);
    await expect.poll(settled, ARRIVAL).toEqual({ differing: [], queued: 0 });
  });
});
