import { PutItemCommand } from '@aws-sdk/client-dynamodb';
import { ListEventSourceMappingsCommand, UpdateEventSourceMappingCommand } from '@aws-sdk/client-lambda';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { keyItem } from '../../../../adapters/aws/items.ts';
import { startFunction, stopFunction } from '../../../../cli/clients/functions.ts';
import type { ParkedRow } from '../../../../cli/console/api/documents.ts';
import { createReads } from '../../../../cli/console/api/reads.ts';
import type { Clients } from '../../../../cli/deployment/clients.ts';
import type { Deployment } from '../../../../cli/deployment/deployment.ts';
import { sideBySide } from '../../../../core/side-by-side.ts';
import { startWorld, type World } from './world.ts';

let world: World;
beforeAll(async () => {
  world = await startWorld();
}, 180_000);
afterAll(() => world?.stop());

const slow = { timeout: 60_000 };
const patience = { timeout: 30_000, interval: 250 };
const put = (id: string, state: Parameters<World['owner']['owner']['put']>[2]) =>
  world.owner.owner.put('Place', id, state);
const flow = () => world.reads.flow();

describe('the document of the deployment', slow, () => {
  test('has the owners of caches, the facts of sagas and the boundaries of queues', async () => {
    expect(await world.reads.deployment()).toMatchObject({
      isLocal: true,
      stacks: [],
      owners: [{ name: 'atlas', stack: 'Atlas', types: ['Place'] }],
      caches: [
        { name: 'maps', owners: ['atlas'], types: ['Place'] },
        { name: 'names', owners: ['atlas'], types: ['Place'] },
      ],
      factTopics: [{ boundary: 'sales' }, { boundary: 'billing' }],
      factQueues: [{ name: 'audit', boundaries: ['sales'] }],
      sagas: [
        {
          name: 'shipping',
          needs: [
            { type: 'OrderPlaced', owner: 'sales' },
            { type: 'OrderBilled', owner: 'billing' },
          ],
          cancelledBy: [{ type: 'OrderCancelled', owner: 'sales' }],
          deadlineSeconds: 172_800,
        },
      ],
      types: [{ type: 'Place', owner: 'atlas', isOwnedHere: true, caches: ['maps', 'names'] }],
    });
  });

  test('has null for what the outputs of an earlier version and missing contracts do not say', async () => {
    const old = world.withOutputs(({ needs, cancelledBy, deadlineSeconds, boundaries, stack, ...output }) => ({
      ...output,
      ...(output.role === 'owner' || output.role === 'cache' ? { stack } : {}),
      ...('contracts' in output && { contracts: 'no/such/contracts.ts' }),
    }));
    const reads = createReads(old);
    expect(await reads.deployment()).toMatchObject({
      owners: [{ types: null }],
      caches: [
        { owners: null, types: null },
        { owners: null, types: null },
      ],
      factQueues: [{ boundaries: null }],
      sagas: [{ needs: null, cancelledBy: null, deadlineSeconds: null }],
      types: [],
    });
    const { missing, boundaries } = await reads.contracts();
    expect(boundaries).toEqual([]);
    expect(missing.map(({ boundary }) => boundary)).toEqual(['atlas', 'billing', 'maps', 'names', 'sales']);
    expect(missing[0]?.reason).toContain('no/such/contracts.ts');
    await put('without-contracts', { name: 'W' });
    await world.cloud.idle();
    expect(await reads.entity({ type: 'Place', id: 'without-contracts' })).toMatchObject({
      ownerName: 'atlas',
      owner: { version: 1 },
      caches: [{ verdict: 'current' }, { verdict: 'current' }],
    });
    old.close();
  });
});

describe('the flow', slow, () => {
  test('shows rates, lead times, the high water of the owner’s decision and the backlog of a queue without a handler', async () => {
    for (let n = 0; n < 5; n += 1) await put(`flowing-${n}`, { name: 'F' });
    await world.placed('flowing');
    await world.cloud.idle();
    await vi.waitFor(async () => {
      const { owners, caches, factQueues, sagas, unread } = await flow();
      expect(unread).toEqual([]);
      expect(owners).toMatchObject([
        { name: 'atlas', flow: { state: 'normal' }, relay: { state: 'running' }, parked: 0 },
      ]);
      expect(caches).toMatchObject([
        { name: 'maps', highWater: 1_234, readiness: { Place: 'ready' }, projector: { state: 'running' } },
        { name: 'names', highWater: null, deadLetters: 0 },
      ]);
      for (const { consumptionRate, leadTimeP50Ms } of caches) {
        expect(consumptionRate).toEqual(expect.any(Number));
        expect(leadTimeP50Ms).toEqual(expect.any(Number));
      }
      expect(owners[0]?.publishedRate).toEqual(expect.any(Number));
      expect(factQueues).toMatchObject([{ name: 'audit', backlog: 1 }]);
      expect(sagas).toMatchObject([{ name: 'shipping', waiting: 1, decider: { state: 'running' } }]);
    }, patience);
  });

  test('shows a stopped projector and a paused mapping, and that they run again', async () => {
    const { functions } = world.deployment.clients;
    const [maps, names] = ['maps', 'names'].map((name) => world.deployment.findCache(name).deployed.projector);
    if (maps === undefined || names === undefined) throw new Error('no projectors');
    const { EventSourceMappings = [] } = await functions.send(
      new ListEventSourceMappingsCommand({ FunctionName: names }),
    );
    const switched = (Enabled: boolean) =>
      functions.send(new UpdateEventSourceMappingCommand({ UUID: EventSourceMappings[0]?.UUID, Enabled }));
    const states = async () => (await flow()).caches.map(({ projector }) => projector.state);
    await stopFunction(functions, maps);
    await switched(false);
    await vi.waitFor(async () => expect(await states()).toEqual(['stopped', 'paused']), patience);
    expect((await flow()).stoppedFunctions).toEqual([maps]);
    await put('held-up', { name: 'H' });
    await vi.waitFor(async () => {
      expect((await flow()).caches.map(({ backlog }) => backlog > 0)).toEqual([true, true]);
    }, patience);
    expect(await world.reads.why({ cache: 'maps', type: 'Place', id: 'held-up' })).toMatchObject({
      verdict: 'projector-stopped',
      steps: expect.arrayContaining([
        { name: 'owner atlas', state: 'fine', text: expect.stringContaining('version 1') },
        { name: 'projector', state: 'wrong', text: 'STOPPED' },
      ]),
    });
    await startFunction(functions, maps);
    await switched(true);
    await vi.waitFor(async () => expect(await states()).toEqual(['running', 'running']), patience);
    await world.cloud.idle();
    const { caches } = await world.reads.entity({ type: 'Place', id: 'held-up' });
    expect(caches.map(({ verdict }) => verdict)).toEqual(['current', 'current']);
  });

  test('of 50 caches is read in their order, with their figures', async () => {
    const { caches } = world.deployment;
    const many = Array.from({ length: 50 }, (_, n) => caches[n % caches.length]).filter((one) => one !== undefined);
    const reads = createReads({ ...world.deployment, caches: many });
    const found = await reads.flow();
    expect(found.unread).toEqual([]);
    expect(found.caches.map(({ name }) => name)).toEqual(many.map(({ name }) => name));
    for (const { highWater, name } of found.caches) expect(highWater).toBe(name === 'maps' ? 1_234 : null);
    const { parts } = await reads.numbers({ minutes: 15 });
    expect(parts.filter(({ title }) => title.startsWith('Cache '))).toHaveLength(50);
  });

  test('names what it can not read in unread, and rejects only if nothing can be read', async () => {
    const denied = Object.assign(new Error('no permission'), { name: 'AccessDenied', $metadata: {} });
    const without = (...names: readonly (keyof Clients)[]): Deployment => {
      const { clients } = world.deployment;
      const broken = (name: keyof Clients) =>
        Object.defineProperty(Object.create(clients[name]), 'send', { value: () => Promise.reject(denied) });
      const properties = Object.fromEntries(names.map((name) => [name, { value: broken(name) }]));
      return { ...world.deployment, clients: Object.create(clients, properties) as Clients };
    };
    const found = await createReads(without('metrics')).flow();
    expect(found.unread).toEqual(
      expect.arrayContaining([
        'metrics of caches: AccessDenied',
        'metrics of owners: AccessDenied',
        'alarms: AccessDenied',
      ]),
    );
    expect(found.alarms).toBeNull();
    expect(found.caches).toMatchObject([{ consumptionRate: null, leadTimeP50Ms: null, highWater: 1_234 }, {}]);
    expect(found.owners).toMatchObject([{ publishedRate: null, relayDelayMs: null, flow: { state: 'normal' } }]);
    const blind = await createReads(without('functions')).flow();
    expect(blind.caches[0]?.projector.state).toBe('unknown');
    await expect(createReads(without('metrics', 'functions', 'tables', 'queues')).flow()).rejects.toBe(denied);
  });
});

describe('entities', slow, () => {
  const ids = ['__proto__', '\u202Eevil', '<script>alert(1)</script>', "it's #1/2", 'constructor'];

  test('are listed by type and prefix, at most 100 a page, with deleted ones', async () => {
    const numbers = Array.from({ length: 130 }, (_, n) => n);
    await sideBySide(numbers, 10, (n) => put(`page-${n}`, { name: 'P' }));
    await world.owner.owner.delete('Place', 'page-7');
    const first = await world.reads.entities({ type: 'Place', prefix: 'page-' });
    const second = await world.reads.entities({ type: 'Place', prefix: 'page-', cursor: first.cursor ?? '' });
    expect(first).toMatchObject({ listedAt: { role: 'owner', name: 'atlas' } });
    expect([first.entities.length, second.entities.length, second.cursor]).toEqual([100, 30, null]);
    const all = [...first.entities, ...second.entities];
    expect(new Set(all.map(({ id }) => id)).size).toBe(130);
    expect(all.find(({ id }) => id === 'page-7')).toMatchObject({ version: 2, isDeleted: true });
    expect((await world.reads.entities({ type: 'Place', prefix: 'none-' })).entities).toEqual([]);
    await expect(world.reads.entities({ type: 'Planet' })).rejects.toMatchObject({ code: 'UnknownEntityType' });
  });

  test('are listed in a cache if the owner is not in the deployment', async () => {
    await world.cloud.idle();
    const reads = createReads({ ...world.deployment, owners: [] });
    const { listedAt, entities } = await reads.entities({ type: 'Place', prefix: 'page-7' });
    expect(listedAt).toEqual({ role: 'cache', name: 'maps' });
    expect(entities.map(({ id }) => id).sort()).toEqual([
      'page-7',
      ...Array.from({ length: 10 }, (_, n) => `page-7${n}`),
    ]);
    expect(await reads.entity({ type: 'Place', id: 'page-70' })).toMatchObject({
      ownerName: 'atlas',
      owner: null,
      caches: [{ verdict: 'owner-elsewhere' }, { verdict: 'owner-elsewhere' }],
    });
  });

  test('pass through exactly, whatever their ids and states are', async () => {
    const hostile = { name: '<img src=x onerror=alert(1)>', rtl: '\u202E\u2066', big: 'é'.repeat(100_000), n: 1e21 };
    for (const id of ids) await put(id, hostile);
    await world.cloud.idle();
    const listed = await world.reads.entities({ type: 'Place', prefix: '__pro' });
    expect(listed.entities.map(({ id }) => id)).toEqual(['__proto__']);
    for (const id of ids) {
      const found = await world.reads.entity({ type: 'Place', id });
      expect(found.id).toBe(id);
      expect(JSON.parse(found.owner?.stateJson ?? '')).toEqual(hostile);
      expect(found.caches.map(({ copy }) => JSON.parse(copy?.stateJson ?? ''))).toEqual([
        hostile,
        { name: hostile.name },
      ]);
      expect(JSON.parse(JSON.stringify(found))).toEqual(found);
    }
  });

  test('have the verdict of freshet why for each cache, and a command that mends what is wrong', async () => {
    await put('lost', { name: 'L' });
    await world.cloud.idle();
    const { table } = world.deployment.findCache('names').deployed;
    const wrong = { ...keyItem({ type: 'Place', id: 'lost' }), version: { N: '1' }, digest: { S: 'other' } };
    const rest = { changedAt: { S: new Date().toISOString() }, schemaVersion: { N: '1' }, data: { S: '{"name":"X"}' } };
    await world.deployment.clients.tables.send(new PutItemCommand({ TableName: table, Item: { ...wrong, ...rest } }));
    const { caches } = await world.reads.entity({ type: 'Place', id: 'lost' });
    expect(caches).toMatchObject([
      { cache: 'maps', verdict: 'current', fields: null },
      { cache: 'names', verdict: 'different', fields: ['name'], copy: { stateJson: '{"name":"X"}' } },
    ]);
    const reads = createReads(world.deployment, { stack: ['Atlas'], region: 'eu-central-1' });
    const why = await reads.why({ cache: 'names', type: 'Place', id: 'lost' });
    expect(why).toMatchObject({ verdict: 'different', isCertain: true });
    expect(why.mend).toContainEqual({
      command: expect.stringMatching(/ reconcile --stack Atlas --region eu-central-1 names Place$/),
    });
    expect(why.steps.filter(({ state }) => state === 'wrong').map(({ name }) => name)).toEqual(['cache names']);
    await expect(reads.why({ cache: 'none', type: 'Place', id: 'x' })).rejects.toMatchObject({ code: 'UnknownCache' });
  });
});

describe('an entity in several caches', slow, () => {
  test('is looked up once at its owner, and while Lambda throttles the reads, only the states are unknown', async () => {
    await put('shared', { name: 'S' });
    await world.cloud.idle();
    const { owners, clients } = world.deployment;
    let reads = 0;
    const counting = owners.map((owner) => ({
      ...owner,
      parked: {
        ...owner.parked,
        ofGroup(group: string) {
          reads += 1;
          return owner.parked.ofGroup(group);
        },
      },
    }));
    const throttled = Object.assign(new Error('Rate exceeded'), { name: 'TooManyRequestsException', $metadata: {} });
    const functions = Object.defineProperty(Object.create(clients.functions), 'send', {
      value: () => Promise.reject(throttled),
    });
    const deployment = {
      ...world.deployment,
      owners: counting,
      clients: Object.create(clients, { functions: { value: functions } }) as Clients,
    };
    expect(await createReads(deployment).entity({ type: 'Place', id: 'shared' })).toMatchObject({
      owner: { version: 1 },
      caches: [{ verdict: 'current' }, { verdict: 'current' }],
    });
    expect(reads).toBe(1);
  });
});

describe('parked events', slow, () => {
  let rows: readonly ParkedRow[];

  beforeAll(async () => {
    await world.send('names', 'p1', 'not JSON <script>');
    await world.send('names', 'p2', JSON.stringify({ specversion: '1.0', ['__proto__']: 1, entityversion: 'x' }));
    await put('p3', { name: 'three' });
    await world.cloud.idle();
    await world.placed('audit-parked');
    await vi.waitFor(async () => {
      rows = (await world.reads.parked({})).events;
      expect(rows.length).toBeGreaterThanOrEqual(2);
    }, patience);
  }, 60_000);

  test('are listed over all places with their reasons, the oldest first', () => {
    expect(rows).toMatchObject([
      { role: 'cache', name: 'names', status: 'parked', reason: 'malformed' },
      { role: 'cache', name: 'names', status: 'parked', reason: 'malformed' },
    ]);
    expect([...rows].sort((a, b) => (a.parkedAt < b.parkedAt ? -1 : 1))).toEqual(rows);
  });

  test('are shown with their message, its error and the attempts', async () => {
    const [first, second] = rows;
    if (first === undefined || second === undefined) throw new Error('no rows');
    const { role, name, key } = first;
    expect(await world.reads.parkedEvent({ role, name, key })).toMatchObject({
      ...first,
      body: 'not JSON <script>',
      bodyLength: 17,
      attempts: 1,
      errorPath: null,
      cachedVersion: null,
      isOutdated: false,
    });
    const other = await world.reads.parkedEvent({ role, name, key: second.key });
    expect(other.errorPath).toEqual(['id']);
    expect(Object.keys(JSON.parse(other.body))).toContain('__proto__');
    const absent = { role, name, key: 'Place/none/1' };
    await expect(world.reads.parkedEvent(absent)).rejects.toMatchObject({ name: 'NotFound' });
    await expect(world.reads.parkedEvent({ ...absent, name: 'nobody' })).rejects.toMatchObject({ name: 'NotFound' });
    await expect(world.reads.parked({ cursor: 'nonsense' })).rejects.toMatchObject({ code: 'InvalidCursor' });
  });

  test('are counted in the flow', async () => {
    await vi.waitFor(async () => {
      expect((await flow()).caches.map(({ parked }) => parked)).toEqual([0, 2]);
    }, patience);
  });
});

describe('the figures', slow, () => {
  interface Widget {
    readonly properties: {
      readonly title?: string;
      readonly markdown?: string;
      readonly metrics?: readonly unknown[][];
    };
  }

  /** The titles of the dashboard's graphs, and the labels of their series, by the part. */
  function dashboard(): [string, [string, string[]][]][] {
    const text = JSON.stringify(world.template('Watch'));
    const { DashboardBody } = JSON.parse(text).Resources[/"(MonitoringDashboard\w*)"/.exec(text)?.[1] ?? ''].Properties;
    const parts: (string | object)[] = DashboardBody['Fn::Join'][1];
    const body = parts.map((part) => (typeof part === 'string' ? part : 'x')).join('');
    const found: [string, [string, string[]][]][] = [];
    for (const { properties } of (JSON.parse(body) as { widgets: Widget[] }).widgets) {
      const { markdown, title, metrics } = properties;
      if (markdown !== undefined) found.push([markdown.slice(3), []]);
      if (title === undefined || metrics === undefined) continue;
      const drawn = metrics.filter((metric) => !JSON.stringify(metric).includes('"visible":false'));
      const labels = drawn.map((metric) => {
        const last = metric.at(-1) as { label?: string } | string;
        return typeof last === 'object' && last.label !== undefined ? last.label : String(metric[1]);
      });
      found.at(-1)?.[1].push([title, labels]);
    }
    return found;
  }

  test('are the parts, graphs and series of the dashboard, by the same names', async () => {
    const { parts, periodSeconds, fromMs, toMs } = await world.reads.numbers({ minutes: 15 });
    expect([periodSeconds, toMs - fromMs]).toEqual([5, 900_000]);
    const names = parts.map(({ title, graphs }) => [
      title,
      graphs.map(({ title, left, right }) => [
        title,
        [...left.series, ...(right?.series ?? [])].map(({ label }) => label),
      ]),
    ]);
    // The local cloud has no series of Contributor Insights rules.
    const local = dashboard().map(([title, graphs]) => [
      title,
      graphs.map(([graph, labels]) => [graph, labels.filter((one) => !/^(hottest|number of) group/.test(one))]),
    ]);
    expect(names).toEqual(local);
  });

  test('have the values of the metrics, at most about 300 a series', async () => {
    const { parts, fromMs } = await world.reads.numbers({ minutes: 180 });
    const [cache] = parts;
    const series = cache?.graphs.flatMap(({ left }) => left.series) ?? [];
    const points = (label: string) => series.find((one) => one.label === label)?.points ?? [];
    expect(points('Applied').reduce((sum, [, value]) => sum + value, 0)).toBeGreaterThan(100);
    expect(points('lead time p99').length).toBeGreaterThan(0);
    for (const [atMs] of points('Applied')) expect(atMs).toBeGreaterThanOrEqual(fromMs);
    expect(Math.max(...series.map((one) => one.points.length))).toBeLessThanOrEqual(300);
  });
});

describe('contracts', slow, () => {
  test('have fields with their classes, keepers and facts', async () => {
    const { boundaries, missing } = await world.reads.contracts();
    expect(missing).toEqual([]);
    expect(boundaries.map(({ name }) => name)).toEqual(['atlas', 'billing', 'maps', 'names', 'sales']);
    const [atlas, billing, maps] = boundaries;
    expect(atlas?.owns[0]).toMatchObject({
      type: 'Place',
      classification: 'reference',
      keptBy: [
        { cache: 'maps', fields: null },
        { cache: 'names', fields: ['name'] },
      ],
    });
    const fields = new Map(atlas?.owns[0]?.fields.map((field) => [field.path, field]));
    expect(fields.get('position.east')).toMatchObject({
      type: 'number',
      isRequired: true,
      description: 'Degrees east of Greenwich.',
    });
    expect(fields.get('tags')).toMatchObject({ type: 'array of string', isRequired: false });
    expect(fields.get('guide')).toMatchObject({
      classification: 'personal',
      publishedBecause: 'The visitors call the guide of a place.',
    });
    expect(maps?.keeps).toMatchObject([{ type: 'Place', owner: 'atlas', onPoison: 'stop' }]);
    expect(billing?.publishes).toEqual([{ type: 'OrderBilled', about: 'orderId', ids: ['orderId', 'paymentId'] }]);
  });

  test('can be downloaded as AsyncAPI and JSON Schema', async () => {
    expect(await world.reads.asyncapi('sales')).toMatchObject({ asyncapi: '3.0.0', info: { title: 'sales' } });
    expect(await world.reads.schema('Place')).toMatchObject({ type: 'object', required: ['name'] });
    await expect(world.reads.asyncapi('nobody')).rejects.toMatchObject({ name: 'NotFound' });
    await expect(world.reads.schema('Planet')).rejects.toMatchObject({ name: 'NotFound' });
  });
});

describe('sagas', slow, () => {
  test('have their instances by status and prefix, with what they wait for', async () => {
    await Promise.all([world.placed('saga-waits'), world.placed('saga-done')]);
    await world.billed('saga-done');
    await world.cloud.idle();
    const list = (input: object) => world.reads.sagaInstances({ saga: 'shipping', prefix: 'saga-', ...input });
    await vi.waitFor(async () => expect((await list({ status: 'decided' })).instances).toHaveLength(1), patience);
    expect((await list({})).instances.map(({ key }) => key).sort()).toEqual(['saga-done', 'saga-waits']);
    expect((await list({ status: 'waiting' })).instances).toMatchObject([
      {
        key: 'saga-waits',
        facts: [{ type: 'OrderPlaced', id: 'OrderPlaced/saga-waits' }],
        missing: ['OrderBilled'],
        dueAt: expect.any(String),
        effects: [],
      },
    ]);
    expect((await list({ status: 'decided' })).instances).toMatchObject([
      { key: 'saga-done', missing: [], dueAt: null, effects: ['CreateShippingLabel'] },
    ]);
    expect(await list({ status: 'cancelled' })).toMatchObject({ instances: [], cursor: null });
    const { sagas } = await world.reads.sagas();
    expect(sagas).toMatchObject([{ name: 'shipping', deadlineSeconds: 172_800, effectFailures: 0 }]);
    await expect(world.reads.sagaInstances({ saga: 'none' })).rejects.toMatchObject({ name: 'NotFound' });
  });
});
