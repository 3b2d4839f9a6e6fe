import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { projectBatch } from '../../../core/project/batch.ts';
import type { ReceivedMessage } from '../../../core/project/ports.ts';
import type { Settled } from '../../../core/project/report.ts';
import { shop } from '../../support/boundaries.ts';
import { deleted, message, owned, product, stateAt } from '../../support/events.ts';
import { ifNewer, inMemoryCache, projectionOf, type WriteCondition } from '../../support/in-memory-cache.ts';

/** The versions of one entity, from 1 up: for each, whether it is a deletion. */
const histories = fc.array(fc.boolean(), { minLength: 1, maxLength: 7 });

/** The events of a history in any order, each at least once and some several times. */
const deliveries = histories.chain((deletions) => {
  const versions = deletions.map((_, index) => index + 1);
  return fc.record({
    deletions: fc.constant(deletions),
    order: fc
      .array(fc.constantFrom(...versions), { maxLength: 8 })
      .chain((again) => fc.shuffledSubarray([...versions, ...again], { minLength: versions.length + again.length })),
    sizes: fc.array(fc.integer({ min: 1, max: 10 }), { minLength: 1, maxLength: 6 }),
    failures: fc.array(fc.boolean(), { maxLength: 10 }),
  });
});

/**
 * Projects the queue's messages, batch after batch. Returned messages go back to the head of the queue, as in a FIFO
 * queue.
 */
async function drain(
  queue: readonly ReceivedMessage[],
  sizes: readonly number[],
  cache: ReturnType<typeof inMemoryCache>,
): Promise<Settled[]> {
  const settled: Settled[] = [];
  let waiting = [...queue];
  for (let round = 0; waiting.length > 0; round += 1) {
    const batch = waiting.slice(0, sizes[round % sizes.length]);
    const report = await projectBatch(projectionOf(shop, cache.ports), batch);
    settled.push(...report.settled);
    waiting = [...report.returned.map((one) => one.message), ...waiting.slice(batch.length)];
  }
  return settled;
}

function theHighestVersionStays(condition: WriteCondition) {
  return fc.asyncProperty(deliveries, async ({ deletions, order, sizes, failures }) => {
    const messages = order.map((version) =>
      message(deletions[version - 1] ? deleted(product(), version) : owned(product(), version)),
    );
    // After the planned failures, every write succeeds.
    const cache = inMemoryCache({ condition, fail: (port) => port === 'write' && failures.shift() === true });
    const settled = await drain(messages, sizes, cache);

    const highest = deletions.length;
    const kept = cache.stored.get('Product/p1');
    expect(kept?.version).toBe(highest);
    expect(kept?.dataJson).toBe(deletions[highest - 1] ? undefined : JSON.stringify(stateAt(highest)));

    const applied = settled.flatMap(({ outcome, version }) => (outcome === 'applied' ? [version] : []));
    expect(applied).toEqual([...new Set(applied)].sort((a = 0, b = 0) => a - b));
    expect(applied.at(-1)).toBe(highest);
    expect(settled.map((one) => one.message.messageId).sort()).toEqual(messages.map((one) => one.messageId).sort());
    expect(cache.everParked).toEqual([]);
  });
}

describe('events in any order, with copies, batches and failures', () => {
  test('an entity is left at its highest version, each event ends once, and the cache never goes back', async () => {
    await fc.assert(theHighestVersionStays(ifNewer), { numRuns: 500 });
  });

  test.each<[string, WriteCondition]>([
    ['an unconditional put', () => true],
    ['a put that accepts the same version again', (item, stored) => stored.version <= item.version],
    ['a put that never replaces the first item', () => false],
    ['a put that accepts every deletion', (item, stored) => ifNewer(item, stored) || item.dataJson === undefined],
  ])('the mutant %s is found', async (_, condition) => {
    expect((await fc.check(theHighestVersionStays(condition), { numRuns: 500, endOnFailure: true })).failed).toBe(true);
  });
});

/** All different orders of items, of which some may be the same. */
function orders<T>(items: readonly T[]): T[][] {
  if (items.length === 0) return [[]];
  return [...new Set(items)].flatMap((item) => {
    const at = items.indexOf(item);
    return orders([...items.slice(0, at), ...items.slice(at + 1)]).map((rest) => [item, ...rest]);
  });
}

test('each of the 90 orders of three versions delivered twice, in any batches, leaves the highest', async () => {
  const events = [owned(product(), 1), deleted(product(), 2), owned(product(), 3)];
  const all = orders([...events, ...events]);
  expect(all).toHaveLength(90);
  for (const order of all) {
    for (let size = 1; size <= order.length; size += 1) {
      const cache = inMemoryCache();
      await drain(
        order.map((one) => message(one)),
        [size],
        cache,
      );
      expect(cache.stored.get('Product/p1')).toMatchObject({ version: 3, dataJson: '{"name":"bolt","price":3}' });
    }
  }
});

/** Interleaved messages of several entities. Any message may be poison, and the writes of some entities fail. */
const mixtures = fc.record({
  messages: fc.array(
    fc.record({
      entity: fc.integer({ min: 0, max: 4 }),
      version: fc.integer({ min: 1, max: 3 }),
      poison: fc.constantFrom('none', 'none', 'none', 'malformed', 'conflict'),
      receiveCount: fc.integer({ min: 1, max: 5 }),
    }),
    { maxLength: 10 },
  ),
  failing: fc.subarray([0, 1, 2, 3, 4]),
  unstorable: fc.subarray([1, 2, 3]),
});

function failuresStayInTheirGroup(project: typeof projectBatch) {
  return fc.asyncProperty(mixtures, async ({ messages, failing, unstorable }) => {
    const failingGroups = failing.map((entity) => `Product/p${entity}`);
    const cache = inMemoryCache({
      fail: (_, groupId) => failingGroups.includes(groupId),
      unstorable: ({ version }) => unstorable.includes(version),
    });
    const batch = messages.map(({ entity, version, poison, receiveCount }) => {
      const state = { name: poison === 'conflict' ? 'nut' : 'bolt', price: version };
      const body = poison === 'malformed' ? { body: '{' } : {};
      return message(owned(product(`p${entity}`), version, state), { receiveCount, ...body });
    });
    const report = await project(projectionOf(shop, cache.ports), batch);
    const ids = (some: readonly ReceivedMessage[]) => some.map(({ messageId }) => messageId).sort();
    const inFailing = (one: ReceivedMessage) => failingGroups.includes(one.groupId);
    expect(ids(report.returned.map((one) => one.message))).toEqual(ids(batch.filter(inFailing)));
    expect(ids(report.settled.map((one) => one.message))).toEqual(ids(batch.filter((one) => !inFailing(one))));
    const parked = report.settled.filter(({ outcome }) => outcome === 'parked').map((one) => one.message);
    expect(ids(parked)).toEqual(ids(cache.everParked.map((one) => one.message)));
    expect(report.settled.filter(({ outcome, reason }) => (outcome === 'parked') !== (reason !== undefined))).toEqual(
      [],
    );
  });
}

test('of any mix of poison and failures, only failing groups are returned, and all else is settled once', async () => {
  await fc.assert(failuresStayInTheirGroup(projectBatch), { numRuns: 500 });
});

test.each<[string, typeof projectBatch]>([
  [
    'returns the whole batch when one group fails',
    async (...args) => {
      const report = await projectBatch(...args);
      const error = report.returned[0]?.error;
      return error ? { settled: [], returned: args[1].map((one) => ({ message: one, error })) } : report;
    },
  ],
  [
    'returns only the first message of a failing group',
    async (...args) => {
      const report = await projectBatch(...args);
      const seen = new Set<string>();
      const first = (group: string) => !seen.has(group) && seen.add(group).size > 0;
      return { ...report, returned: report.returned.filter((one) => first(one.message.groupId)) };
    },
  ],
  [
    'leaves superseded events out of the report',
    async (...args) => {
      const report = await projectBatch(...args);
      return { ...report, settled: report.settled.filter(({ outcome }) => outcome !== 'superseded') };
    },
  ],
])('a mutant projector that %s is found', async (_, mutant) => {
  expect((await fc.check(failuresStayInTheirGroup(mutant), { numRuns: 500, endOnFailure: true })).failed).toBe(true);
});
