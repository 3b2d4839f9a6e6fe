import { beforeEach, describe, expect, test } from 'vitest';
import { defineBoundary, keep } from '../../../core/contract/define-boundary.ts';
import { HEARTBEAT_ID } from '../../../core/entity.ts';
import type { FailurePolicy } from '../../../core/outcome.ts';
import { projectBatch } from '../../../core/project/batch.ts';
import type { ReceivedMessage } from '../../../core/project/ports.ts';
import { redriveKnown } from '../../../core/repair/newer-schema.ts';
import type { ParkedKey } from '../../../core/repair/parked-key.ts';
import { release } from '../../../core/repair/redrive.ts';
import { productSchema } from '../../support/boundaries.ts';
import { eventBody, message, owned, PUBLISHED_AT, product } from '../../support/events.ts';
import { inMemoryCache, projectionOf, SETTINGS } from '../../support/in-memory-cache.ts';

const catalogue = defineBoundary('file:///c.ts', {
  name: 'catalogue',
  owns: { Product: { schema: productSchema, schemaVersion: 3 } },
});
/** The boundary of a cache whose functions know a schema version. */
const boundary = (schemaVersion: number, onPoison: FailurePolicy = 'park') =>
  defineBoundary('file:///s.ts', {
    name: 'shop',
    caches: { Product: keep({ ...catalogue.owns.Product, schemaVersion }, { onPoison }) },
  });

const WAIT_SECONDS = 3_600;
const BEGAN_MS = Date.parse(PUBLISHED_AT);
const LATE_MS = BEGAN_MS + WAIT_SECONDS * 1000;

const version = (number: number, schemaVersion: number, receiveCount = 1) =>
  message(owned(product(), number), {
    body: eventBody(owned(product(), number), { schemaVersion }),
    receiveCount,
  });

let cache: ReturnType<typeof inMemoryCache>;
let checks: ParkedKey[];

beforeEach(() => {
  cache = inMemoryCache();
  checks = [];
});

const settings = { ...SETTINGS, maxEventAgeSeconds: 1e6, newerSchemaWaitSeconds: WAIT_SECONDS };
const projection = (knows: number, nowMs: number, onPoison?: FailurePolicy) => ({
  ...projectionOf(boundary(knows, onPoison), cache.ports, nowMs, settings),
});

const project = (messages: readonly ReceivedMessage[], knows: number, nowMs: number, onPoison?: FailurePolicy) =>
  projectBatch(projection(knows, nowMs, onPoison), messages);

const check = (knows: number, of: ParkedKey, onPoison?: FailurePolicy) =>
  redriveKnown(projection(knows, LATE_MS, onPoison), cache.repair, of, async (key) => void checks.push(key));

const ids = (messages: readonly { readonly message: ReceivedMessage }[]) =>
  messages.map((one) => one.message.messageId);

describe('an event of a newer schema version', () => {
  test.each<FailurePolicy>([
    'discard',
    'park',
    'stop',
  ])('an event of a newer schema version is returned with those behind it, under %s', async (onPoison) => {
    const messages = [version(1, 2), version(2, 3, 900), version(3, 3), version(4, 2)];
    const { settled, returned } = await project(messages, 2, LATE_MS - 1, onPoison);
    expect(settled).toMatchObject([{ outcome: 'applied', version: 1 }]);
    expect(ids(returned)).toEqual(messages.slice(1).map(({ messageId }) => messageId));
    expect([cache.everParked, cache.stopped.size, cache.awaited]).toEqual([[], 0, []]);
  });

  test('an event of a newer schema version is applied if the cache knows it before the wait is over', async () => {
    const messages = [version(1, 2), version(2, 3)];
    const { returned } = await project(messages, 2, BEGAN_MS);
    const again = await project(
      returned.map((one) => ({ ...one.message, receiveCount: 2 })),
      3,
      LATE_MS,
    );
    expect(again.settled).toMatchObject([{ outcome: 'applied', version: 2 }]);
  });

  test('an event of a newer schema version is parked after the wait, and a check is requested', async () => {
    const late = version(2, 3);
    const { settled } = await project([late], 2, LATE_MS);
    expect(settled).toMatchObject([{ outcome: 'parked', reason: 'newer-schema' }]);
    expect(cache.awaited).toEqual([late]);
  });

  test('an event is not parked before its check is requested', async () => {
    cache = inMemoryCache({ fail: (port) => port === 'awaitSchema' });
    expect((await project([version(2, 3)], 2, LATE_MS)).returned).toHaveLength(1);
    expect(cache.everParked).toEqual([]);
  });

  test('a heartbeat of a newer schema version is applied', async () => {
    const beat = owned({ type: 'Product', id: HEARTBEAT_ID }, 1, {});
    const one = message(beat, { body: eventBody(beat, { schemaVersion: 3 }) });
    expect((await project([one], 2, BEGAN_MS)).settled).toMatchObject([{ outcome: 'applied' }]);
  });
});

describe('a check of events that were parked because of a newer schema version', () => {
  test('a check tries the events again once the functions know the version', async () => {
    const messages = [version(2, 3), version(3, 3)];
    await project(messages, 2, LATE_MS);
    const [older, newest] = messages as [ReceivedMessage, ReceivedMessage];
    // The check of the newest event goes on, and the others end.
    expect([await check(2, older), await check(2, newest), checks.length]).toEqual(['ended', 'waiting', 1]);
    expect(await check(3, newest)).toBe('redriven');
    expect([cache.stored.get('Product/p1')?.version, cache.parked.size]).toEqual([3, 0]);
    expect(await check(3, newest)).toBe('ended');
  });

  test('a check releases an entity that such an event stopped, in order', async () => {
    const messages = [version(2, 3), version(3, 2), version(4, 3)];
    await project(messages, 2, LATE_MS, 'stop');
    expect([...cache.parked.values()].map(({ status }) => status)).toEqual(['parked', 'held', 'held']);
    expect(await check(3, messages[2] as ReceivedMessage, 'stop')).toBe('redriven');
    expect([cache.stored.get('Product/p1')?.version, cache.parked.size, cache.stopped.size]).toEqual([4, 0, 0]);
  });

  test.each<[string, readonly ReceivedMessage[]]>([
    ['stopped the entity together', [version(2, 3), version(3, 3), version(4, 3)]],
    ['came with an event of the known version', [version(2, 3), version(3, 2), version(4, 3)]],
  ])('the requested checks release an entity whose events %s', async (_, messages) => {
    await project(messages, 2, LATE_MS, 'stop');
    const results = [];
    const newer = messages.filter(({ body }) => body.includes('"schemaversion":3'));
    expect(cache.awaited).toEqual(newer);
    for (const one of newer) results.push(await check(3, one, 'stop'));
    expect(results.filter((result) => result === 'redriven')).toHaveLength(1);
    expect([cache.stored.get('Product/p1')?.version, cache.parked.size, cache.stopped.size]).toEqual([4, 0, 0]);
  });

  test('an event held behind another one is tried once that one is released and the version is known', async () => {
    const broken = message(owned(product(), 1), { body: '{' });
    const later = version(2, 3);
    await project([broken, later], 2, LATE_MS, 'stop');
    expect(cache.awaited).toEqual([later]);
    // An operator discards the broken event and releases the entity, before the functions know the version.
    await cache.repair.removeParked([broken]);
    expect((await release(projection(2, LATE_MS, 'stop'), cache.repair, product(), false)).status).toBe(
      'still-stopped',
    );
    expect(await check(2, later, 'stop')).toBe('waiting');
    expect(await check(3, later, 'stop')).toBe('redriven');
    expect([cache.stored.get('Product/p1')?.version, cache.parked.size, cache.stopped.size]).toEqual([2, 0, 0]);
  });

  test('a check releases an entity although a dead letter with an earlier key waits there too', async () => {
    const newer = version(2, 3);
    await project([newer], 2, LATE_MS, 'stop');
    const waiting = version(3, 2);
    await project([{ ...waiting, sequenceNumber: `${'0'.repeat(20)}.crashed` }], 2, LATE_MS, 'stop');
    expect([...cache.parked.values()].map(({ reason }) => reason)).toEqual(['newer-schema', 'stopped']);
    expect(await check(3, newer, 'stop')).toBe('redriven');
    expect([cache.stored.get('Product/p1')?.version, cache.parked.size, cache.stopped.size]).toEqual([3, 0, 0]);
  });

  test('an event that arrives behind a stopped entity requests one check', async () => {
    await project([version(2, 3)], 2, LATE_MS, 'stop');
    const later = version(3, 3);
    await project([later], 2, LATE_MS, 'stop');
    expect(cache.awaited.slice(1)).toEqual([later]);
  });

  test('a check leaves an entity stopped that another event stopped', async () => {
    const broken = message(owned(product(), 1), { body: '{' });
    const later = version(2, 3);
    await project([broken, later], 2, LATE_MS, 'stop');
    expect(await check(3, later, 'stop')).toBe('waiting');
    expect([cache.parked.size, cache.stopped.size]).toEqual([2, 1]);
  });

  test('a check ends when the events are still poison for another reason, or were discarded', async () => {
    const invalid = owned(product(), 2, { name: 1 });
    const one = message(invalid, { body: eventBody(invalid, { schemaVersion: 3 }) });
    await project([one], 2, LATE_MS);
    expect(await check(3, one)).toBe('redriven');
    expect([...cache.parked.values()]).toMatchObject([{ reason: 'invalid' }]);
    expect([await check(3, one), checks]).toEqual(['ended', []]);
  });
});
