import { randomUUID } from 'node:crypto';
import { SetAlarmStateCommand } from '@aws-sdk/client-cloudwatch';
import { DeleteItemCommand } from '@aws-sdk/client-dynamodb';
import { InvokeCommand } from '@aws-sdk/client-lambda';
import { afterAll, describe, expect, test } from 'vitest';
import * as z from 'zod';
import { keyItem } from '../../adapters/aws/items.ts';
import { readDecision } from '../../adapters/govern/flow-table.ts';
import { createGapNotice } from '../../adapters/repair/gaps.ts';
import { beginning, sendAll } from '../../cli/backfill/fill.ts';
import { compareCaches } from '../../cli/compare-caches.ts';
import { resyncToken } from '../../cli/resync.ts';
import { statusReport } from '../../cli/status/document.ts';
import { entityRef, HEARTBEAT_ID } from '../../core/entity.ts';
import { canonicalState } from '../../core/state.ts';
import { countries, currencies } from '../../examples/shop/geography/releases.ts';
import { root, runFreshet } from '../support/command-line.ts';
import { differences, describe as inWords, isReadable } from './settings.ts';
import { ARRIVAL, bodyOf, currency, groupOf, keysOf, openShop, setAsideOf } from './shop.ts';

/** A rule's shortest interval is a minute, and its first minute begins when the rule is deployed. */
const SCHEDULE = { timeout: 150_000, interval: 1_000 };

const shop = await openShop(process.env.DEPLOYED_ASSEMBLY ?? '');
const { clients, session, resources, geography, ordering, warehouse } = shop;
const { imported, published, publish, die, redriven, lose, waiting, listen } = shop;

afterAll(() => shop.close());

describe('what was deployed', () => {
  test('has every property as the template says it', async () => {
    const found = await differences(clients, resources);
    expect(found.map(inWords)).toEqual([]);
    const unread = new Set(resources.filter((one) => !isReadable(one)).map(({ type }) => type));
    console.log(`not read back: ${[...unread].sort().join(', ')}`);
  });
});

describe('changes', () => {
  test('reach every cache that keeps the type, each with the fields that it keeps', async () => {
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

  test('that are deletions reach them as such', async () => {
    expect(await geography.owner.delete('Country', 'CH')).toMatchObject({ outcome: 'deleted', version: 2 });
    for (const { reader } of [ordering, warehouse]) {
      await expect.poll(() => reader.get('Country', 'CH'), ARRIVAL).toMatchObject({ status: 'deleted', version: 2 });
    }
  });

  test('are imported by the hundred, and every cache comes to equal its owner', async () => {
    expect(await imported('Country', countries())).toEqual({ created: 250, changed: 0, unchanged: 0, rejected: 0 });
    expect(await imported('Currency', currencies('2.1.0'))).toMatchObject({ created: 179, rejected: 0 });
    await expect
      .poll(() => compareCaches(session), ARRIVAL)
      .toEqual([
        { cache: 'ordering', equal: 429, differing: [] },
        { cache: 'warehouse', equal: 250, differing: [] },
      ]);
  });

  test('are found by the index that a cache declares', async () => {
    const { items } = await warehouse.reader.listBy('Country', 'region', 'Oceania', { limit: 100 });
    const expected = countries().filter(({ state }) => state.region === 'Oceania');
    expect(items.map(({ id }) => id).sort()).toEqual(expected.map(({ id }) => id).sort());
  });

  test('of one entity keep their order, with a deletion and a return among them', async () => {
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
  test('that are old end outdated: the cache never goes back', async () => {
    const old = await published('OLD', 'first');
    await geography.owner.put('Currency', 'OLD', currency('second'));
    await publish('OLD', bodyOf(geography, old));
    // In the same group behind it: once this one is there, the old one has been through.
    await geography.owner.put('Currency', 'OLD', currency('third'));
    const third = { status: 'found', version: 3, value: currency('third') };
    await expect.poll(() => ordering.reader.get('Currency', 'OLD'), ARRIVAL).toMatchObject(third);
    expect(await setAsideOf(ordering, 'OLD')).toEqual([]);
    await die('OLD', bodyOf(geography, old));
    expect(await redriven('OLD')).toMatchObject([{ outcome: 'outdated' }]);
    expect(await ordering.reader.get('Currency', 'OLD')).toMatchObject(third);
  });

  test('that are poison are parked with the reason, and what is behind them goes on', async () => {
    await publish('PSN', 'not JSON');
    await geography.owner.put('Currency', 'PSN', currency('behind'));
    const parked = { status: 'parked', reason: 'malformed', message: { body: 'not JSON' } };
    await expect.poll(() => setAsideOf(ordering, 'PSN'), ARRIVAL).toMatchObject([parked]);
    await expect.poll(() => ordering.reader.get('Currency', 'PSN'), ARRIVAL).toMatchObject({ status: 'found' });
  });

  test('that are poison still are parked again when they are redriven, and go when they are discarded', async () => {
    // Past the topic, as a backfill goes: MiniStack gives what a topic delivers no sequence number, which a redrive names it by.
    await ordering.send([
      { groupId: groupOf('DSC'), deduplicationId: randomUUID(), type: 'Currency', body: '{}', bytes: 2 },
    ]);
    await expect.poll(() => setAsideOf(ordering, 'DSC'), ARRIVAL).toMatchObject([{ reason: 'malformed' }]);
    expect(await redriven('DSC')).toMatchObject([{ outcome: 'parked', reason: 'malformed' }]);
    await ordering.aside.remove(await keysOf(ordering, 'DSC'));
    expect(await setAsideOf(ordering, 'DSC')).toEqual([]);
  });

  test('that say something else of a version that is stored are parked as conflicts', async () => {
    const owned = await published('CNF', 'as it is');
    const { json, digest } = canonicalState(owned.entity, currency('as it never was'));
    await publish('CNF', bodyOf(geography, { ...owned, digest, stateJson: json }));
    await expect.poll(() => setAsideOf(ordering, 'CNF'), ARRIVAL).toMatchObject([{ reason: 'conflict', version: 1 }]);
    expect(await ordering.reader.get('Currency', 'CNF')).toMatchObject({ value: currency('as it is') });
  });

  test('that crashed the projector are parked from its dead-letter queue, and applied once they are redriven', async () => {
    const crashed = await published('CRS', 'crashed');
    await lose(ordering, crashed.entity);
    await die('CRS', bodyOf(geography, crashed));
    expect(await redriven('CRS')).toMatchObject([{ outcome: 'applied' }]);
    expect(await ordering.reader.get('Currency', 'CRS')).toMatchObject({ status: 'found', version: 1 });
    expect(await setAsideOf(ordering, 'CRS')).toEqual([]);
  });

  test('that the relay can never publish are set aside at the owner', async () => {
    await published('RMV', 'to be removed');
    await clients.dynamoDb.send(
      new DeleteItemCommand({ TableName: geography.deployed.table, Key: keyItem(entityRef('Currency', 'RMV')) }),
    );
    await expect
      .poll(() => setAsideOf(geography, 'RMV'), ARRIVAL)
      .toMatchObject([{ status: 'parked', reason: 'removed' }]);
  });
});

describe('a cache that lost an entity', () => {
  test('gets it by a resync, with its version', async () => {
    const { version } = await published('RSY', 'lost');
    await lose(ordering, entityRef('Currency', 'RSY'));
    expect(await geography.owner.resync('Currency', 'RSY', resyncToken())).toBe('requested');
    await expect
      .poll(() => ordering.reader.get('Currency', 'RSY'), ARRIVAL)
      .toMatchObject({ status: 'found', version });
  });

  test('asks its owner by itself when it notices the gap', async () => {
    const { version } = await published('GAP', 'missed');
    await lose(ordering, entityRef('Currency', 'GAP'));
    const notify = createGapNotice({ client: clients.sqs, queueUrl: ordering.deployed.gapQueueUrl });
    await notify(entityRef('Currency', 'GAP'), version);
    await expect
      .poll(() => ordering.reader.get('Currency', 'GAP'), ARRIVAL)
      .toMatchObject({ status: 'found', version });
  });

  test('is filled from its owner by a backfill, and says that it is ready', async () => {
    for (const { id } of countries()) await lose(warehouse, entityRef('Country', id));
    expect(await warehouse.reader.count('Country')).toBe(0);
    const begin = beginning({ status: 'empty' }, true, new Date().toISOString());
    await warehouse.repair.noteReadiness('Country', begin);
    expect(await warehouse.reader.readiness('Country')).toMatchObject({ status: 'filling' });
    const unsendable: string[] = [];
    const filled = await sendAll(
      {
        ...{ source: geography, cache: warehouse, type: 'Country', rate: 1_000 },
        signal: new AbortController().signal,
        onProgress: () => undefined,
        onUnsendable: (entity) => unsendable.push(entity),
      },
      begin,
    );
    expect({ sent: filled.sent, unsendable }).toEqual({ sent: 250, unsendable: [] });
    await expect.poll(() => warehouse.reader.count('Country'), ARRIVAL).toBe(250);
    await warehouse.repair.noteReadiness('Country', {
      status: 'ready',
      readyAt: new Date().toISOString(),
      sent: filled.sent,
    });
    expect(await warehouse.reader.readiness('Country')).toMatchObject({ status: 'ready' });
  });
});

describe('the command line', () => {
  test('shows what the stacks deployed', async () => {
    const stacks = ['Geography', 'Ordering', 'Warehouse'].join(',');
    const { code, out, err } = await runFreshet(['status', '--stack', stacks, '--count', '--json'], root);
    // Something needs a person: what these tests have parked.
    expect(code, err).toBe(1);
    const status = statusReport.parse(JSON.parse(out));
    expect(status.owners).toMatchObject([{ owner: 'geography', relay: 'running', setAside: 1 }]);
    const [kept] = status.caches.filter(({ cache }) => cache === 'warehouse');
    expect(kept).toMatchObject({ readiness: { Country: 'ready' }, entities: 250, setAside: 0, deadLetters: 0 });
  });
});

describe('alarms', () => {
  test('tell their topic when they go off', async () => {
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
  test('a report reaches the governor, whose decision stands in the flow table', async () => {
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

  test('heartbeats are committed on their schedule and come through', async () => {
    for (const { reader } of [ordering, warehouse]) {
      await expect.poll(() => reader.get('Country', HEARTBEAT_ID), SCHEDULE).toMatchObject({ status: 'found' });
    }
  });
});

describe('in the end', () => {
  test('every cache equals its owner, and no queue holds anything', async () => {
    const settled = async () => ({
      differing: (await compareCaches(session)).flatMap(({ differing }) => differing),
      waiting: await waiting(),
    });
    // The item that was removed past its owner is left in the cache.
    await geography.owner.bury('Currency', 'RMV', 1);
    await expect.poll(settled, ARRIVAL).toEqual({ differing: [], waiting: 0 });
  });
});
