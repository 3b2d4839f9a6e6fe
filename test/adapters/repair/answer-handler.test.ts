import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { createAnswerHandler } from '../../../adapters/repair/answer-handler.ts';
import type { PublishResult } from '../../../core/relay/batch.ts';
import type { OutgoingMessage } from '../../../core/relay/message.ts';
import type { AnswerSource } from '../../../core/repair/answer-source.ts';
import { PAGE_TYPE, type PageRequest, parsePage } from '../../../core/repair/pages.ts';
import { canonicalState, TOMBSTONE_DIGEST } from '../../../core/state.ts';
import { catalogue } from '../../support/boundaries.ts';
import { stateAt } from '../../support/events.ts';
import { createSourceTable, type SourceTable } from '../../support/source-table.ts';

const NOW = Date.parse('2026-11-30T12:00:00Z');

let table: SourceTable;
let lines: string[];
let sent: OutgoingMessage[];
/** The topic's result for each message; a test may change it. */
let result: (message: OutgoingMessage) => PublishResult;

beforeEach(() => {
  table = createSourceTable();
  lines = [];
  sent = [];
  result = () => ({ kind: 'published' });
  for (const stream of [process.stdout, process.stderr]) {
    vi.spyOn(stream, 'write').mockImplementation((line) => lines.push(String(line)) > 0);
  }
});
afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

/** Handles one batch of requests in a new execution environment. Returns the ids of the requests that failed. */
async function answer(
  requests: readonly unknown[],
  source: AnswerSource = table.source,
  ratePerSecond = 1500,
  sentAtMs?: number,
) {
  const handler = createAnswerHandler({
    boundary: catalogue,
    source,
    ratePerSecond,
    now: () => NOW,
    async send(messages) {
      sent.push(...messages);
      return messages.map(result);
    },
  });
  const body = (request: unknown) => (typeof request === 'string' ? request : JSON.stringify(request));
  const attributes = sentAtMs === undefined ? {} : { SentTimestamp: String(sentAtMs) };
  const Records = requests.map((request, index) => ({ messageId: `m${index}`, body: body(request), attributes }));
  const { batchItemFailures } = await handler({ Records });
  return batchItemFailures.map(({ itemIdentifier }) => itemIdentifier);
}

const entity = (id: string, type = 'Product') => ({ entity: { type, id }, wantedVersion: 1, cache: 'shop' });
const page = (purpose: PageRequest['purpose'], changes: Partial<PageRequest> = {}) => ({
  ...{ purpose, type: 'Product', run: 'run', index: 0, cache: 'shop' },
  ...changes,
});
const pages = () => sent.flatMap(({ type, body }) => (type === PAGE_TYPE ? [parsePage(body)] : []));
const events = () => sent.flatMap(({ type, to, body }) => (type === PAGE_TYPE ? [] : [{ to, ...JSON.parse(body) }]));
const logged = () => lines.map((line) => JSON.parse(line)).map(({ message, why, cause }) => ({ message, why, cause }));

describe('an owner with a database of its own', () => {
  test('answers the request for an entity with its current state, or its deletion, to this cache alone', async () => {
    table.put('Product', 'a', stateAt(1));
    table.put('Product', 'a', stateAt(2));
    table.put('Product', 'b', stateAt(1));
    table.put('Product', 'b', undefined);
    expect(await answer([entity('a'), entity('b')])).toEqual([]);
    expect(events().sort((a, b) => a.subject.localeCompare(b.subject))).toMatchObject([
      { to: 'shop', kind: 'state', subject: 'a', data: stateAt(2) },
      { to: 'shop', kind: 'tombstone', subject: 'b' },
    ]);
    expect(lines).toEqual([]);
  });

  test('answers the request for a page of states with the states and then the page', async () => {
    for (const id of ['a', 'b', 'c']) table.put('Product', id, stateAt(1));
    expect(await answer([page('backfill')])).toEqual([]);
    expect(events().map(({ to, subject }) => [to, subject])).toEqual(['a', 'b', 'c'].map((id) => ['shop', id]));
    const next = 'after:c';
    expect(pages()).toEqual([
      expect.objectContaining({ owner: 'catalogue', sent: 3, next, isTableRange: false, readAtMs: NOW, entries: [] }),
    ]);
    expect(await answer([page('backfill', { index: 1, cursor: next })])).toEqual([]);
    expect(pages()[1]).toMatchObject({ index: 1, cursor: next, sent: 0 });
    expect(pages()[1]?.next).toBeUndefined();
  });

  test('leaves an old request for a page without an answer, because the cache has asked again', async () => {
    const minutes = (count: number) => NOW - count * 60_000;
    expect(await answer([page('backfill')], table.source, 1500, minutes(6))).toEqual([]);
    expect(pages()).toHaveLength(1);
    expect(await answer([page('backfill')], table.source, 1500, minutes(6) - 1)).toEqual([]);
    expect(pages()).toHaveLength(1);
    expect(logged()).toMatchObject([{ message: 'ignored', why: 'too old: the cache asks again' }]);
  });

  test('answers the request for a page of an inventory with the versions and digests that were published', async () => {
    table.put('Product', 'a', stateAt(1));
    table.put('Product', 'b', stateAt(1));
    table.put('Product', 'b', undefined);
    expect(await answer([page('inventory')])).toEqual([]);
    const { digest } = canonicalState({ type: 'Product', id: 'a' }, stateAt(1));
    expect(pages()).toEqual([
      expect.objectContaining({
        isTableRange: false,
        sent: 0,
        entries: [
          ['a', 1, digest],
          ['b', 2, TOMBSTONE_DIGEST],
        ],
      }),
    ]);
    expect(pages()[0]?.next).toBeUndefined();
    expect(events()).toEqual([]);
  });

  test('a request that is delivered again gives the messages of the first time', async () => {
    table.put('Product', 'a', stateAt(1));
    const ids = async () => {
      await answer([page('backfill'), entity('a')]);
      return sent
        .splice(0)
        .map(({ deduplicationId }) => deduplicationId)
        .sort();
    };
    expect(await ids()).toEqual(await ids());
  });

  test.each([
    'backfill',
    'inventory',
  ] as const)('names what it cannot send in a page for the purpose %s, and sends the rest', async (purpose) => {
    table.put('Product', 'a', stateAt(1));
    table.put('Product', 'b', { name: 'secret' });
    table.put('Product', 'c', stateAt(1));
    expect(await answer([page(purpose)])).toEqual([]);
    expect(pages()).toMatchObject([
      { unsendableCount: 1, unsendable: [{ id: 'b', why: 'InvalidState: state.price' }] },
    ]);
    expect(purpose === 'backfill' ? pages()[0]?.sent : pages()[0]?.entries.length).toBe(2);
    expect(JSON.parse(lines[0] ?? '')).toMatchObject({
      message: 'unsendable',
      type: 'Product',
      count: 1,
      first: [{ id: 'b', why: 'InvalidState: state.price' }],
    });
    expect(lines.join()).not.toContain('secret');
  });
});

describe('a request that cannot be answered', () => {
  const deep = `${'['.repeat(100_000)}${']'.repeat(100_000)}`;
  const NOT_A_REQUEST = 'not a request of a cache';

  test.each<[string, unknown, string]>([
    ['no JSON', 'request', NOT_A_REQUEST],
    ['an empty body', '', NOT_A_REQUEST],
    ['deeply nested JSON', deep, NOT_A_REQUEST],
    ['a megabyte of text', 'x'.repeat(1024 * 1024), NOT_A_REQUEST],
    ['null', null, NOT_A_REQUEST],
    ['an entity without an id', { entity: { type: 'Product' }, wantedVersion: 1, cache: 'shop' }, NOT_A_REQUEST],
    ['a cache that no boundary can be', { ...entity('a'), cache: `${'x'.repeat(300_000)}` }, NOT_A_REQUEST],
    ['a page for a cache that no boundary can be', { ...page('backfill'), cache: 'Shop' }, NOT_A_REQUEST],
    ['a type that the boundary does not own', entity('a', 'Country'), 'UnknownEntityType'],
    ["a name of an object's own", entity('a', '__proto__'), 'UnknownEntityType'],
    ['a page of another type', page('inventory', { type: 'Country' }), 'UnknownEntityType'],
    ['an empty id', entity(''), 'InvalidEntityId'],
    ['an id of a megabyte', entity('x'.repeat(1024 * 1024)), 'InvalidEntityId'],
    ['half a character', entity('\uD800'), 'InvalidEntityId'],
    ['the heartbeat', entity('freshet:heartbeat'), 'the owner has no such entity'],
    ['an entity that never existed', entity('never'), 'the owner has no such entity'],
    ['a cursor of a table', page('backfill', { cursor: 'WzAsImEiXQ' }), 'InvalidCursor'],
    ['a cursor of a megabyte', page('inventory', { cursor: `after:${'x'.repeat(1024 * 1024)}` }), 'InvalidCursor'],
  ])('%s is ignored with a line in the log, and nothing is sent', async (_, request, why) => {
    table.put('Product', 'a', stateAt(1));
    expect(await answer([request])).toEqual([]);
    expect(sent).toEqual([]);
    expect(logged()).toEqual([{ message: 'ignored', why, cause: undefined }]);
    expect(lines.join().length).toBeLessThan(1_000);
  });

  test('an entity that does not meet the schema is ignored with the field', async () => {
    table.put('Product', 'a', { name: 'secret' });
    expect(await answer([entity('a')])).toEqual([]);
    expect(logged()).toMatchObject([{ message: 'ignored', why: 'InvalidState: state.price' }]);
  });

  test('an entity whose commit time is not valid is ignored with the reason', async () => {
    const row = { id: 'a', version: 1, state: stateAt(1), changedAt: '2026-11-30 12:00:00' };
    table.rows.set('Product', new Map([['a', row]]));
    expect(await answer([entity('a')])).toEqual([]);
    expect(logged()).toMatchObject([{ why: "unreadable: changedAt isn't an ISO 8601 time in UTC" }]);
  });

  test('a request on which the database fails is returned alone, with the name of the error', async () => {
    table.put('Product', 'a', stateAt(1));
    const source: AnswerSource = {
      ...table.source,
      get: (type, id) => (id === 'a' ? table.source.get(type, id) : Promise.reject(new RangeError('secret'))),
    };
    expect(await answer([entity('x'), entity('a')], source)).toEqual(['m0']);
    expect(events()).toMatchObject([{ subject: 'a' }]);
    expect(logged()).toEqual([{ message: 'returned', why: undefined, cause: 'RangeError' }]);
    expect(lines.join()).not.toContain('secret');
  });

  test('a request whose messages the topic does not take is returned', async () => {
    table.put('Product', 'a', stateAt(1));
    result = () => ({ kind: 'failed', message: 'throttled' });
    expect(await answer([entity('a'), page('backfill'), page('inventory')])).toEqual(['m0', 'm1', 'm2']);
  });

  test('a fault of the source is returned with the reason', async () => {
    table.put('Product', 'a', stateAt(1));
    const source: AnswerSource = {
      ...table.source,
      list: (type, { limit }) => table.source.list(type, { afterId: undefined, limit }),
    };
    expect(await answer([page('backfill', { cursor: 'after:a' })], source)).toEqual(['m0']);
    expect(logged()).toMatchObject([
      { message: 'returned', cause: 'InvalidSource', why: expect.stringContaining('contains the entity of afterId') },
    ]);
  });
});

describe('the rate of answers', () => {
  test.each([0, 49, 50.5, 1501, Number.NaN])('a rate of %d messages a second is refused', (ratePerSecond) => {
    const create = () =>
      createAnswerHandler({ boundary: catalogue, source: table.source, send: async () => [], ratePerSecond });
    expect(create).toThrow(RangeError);
    expect(create).toThrow(`ratePerSecond: out of range: ${ratePerSecond}. Allowed: an integer from 50 to 1,500`);
  });

  test('all requests of a batch together are answered at the given rate', async () => {
    vi.useFakeTimers({ now: NOW });
    for (let n = 0; n < 100; n += 1) table.put('Product', `p${n}`, stateAt(1));
    const at: number[] = [];
    const handler = createAnswerHandler({
      boundary: catalogue,
      source: table.source,
      ratePerSecond: 50,
      async send(messages) {
        for (const _ of messages) at.push(Date.now() - NOW);
        return messages.map(() => ({ kind: 'published' }));
      },
    });
    const Records = ['shop', 'desk'].map((cache) => ({
      messageId: cache,
      body: JSON.stringify({ ...page('backfill'), cache }),
    }));
    const done = handler({ Records });
    await vi.runAllTimersAsync();
    expect(await done).toEqual({ batchItemFailures: [] });
    // 200 states and two pages. The first ten messages don't wait.
    expect(at).toHaveLength(202);
    expect(at.at(-1)).toBeGreaterThanOrEqual(4_000);
    expect(at.at(-1)).toBeLessThan(4_200);
  });
});
