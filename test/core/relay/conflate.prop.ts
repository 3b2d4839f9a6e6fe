import fc from 'fast-check';
import { expect, test } from 'vitest';
import { defineBoundary, keep } from '../../../core/contract/define-boundary.ts';
import { parseEvent, type ReadEvent } from '../../../core/event.ts';
import type { OwnedEntity } from '../../../core/own/own.ts';
import { projectBatch } from '../../../core/project/batch.ts';
import { type PublishResult, type RelayedMessage, type RelayPorts, relayBatch } from '../../../core/relay/batch.ts';
import type { StreamChange } from '../../../core/relay/message.ts';
import { productSchema } from '../../support/boundaries.ts';
import { deleted, owned, PUBLISHED_AT, product } from '../../support/events.ts';
import { inMemoryCache, projectionOf } from '../../support/in-memory-cache.ts';

type Relay = typeof relayBatch;

const catalogue = defineBoundary('file:///catalogue.ts', {
  name: 'catalogue',
  owns: { Product: { schema: productSchema, deltas: true } },
});
const shop = defineBoundary('file:///shop.ts', { name: 'shop', caches: { Product: keep(catalogue.owns.Product) } });

/** A name so long that a changed price is shorter as a delta. */
const LONG_NAME = 'bolt '.repeat(60);

/** A stream of interleaved commits of a few entities, with resyncs, direct removals and expired items. */
const streams = fc
  .array(
    fc.record({
      entity: fc.integer({ min: 0, max: 3 }),
      what: fc.constantFrom('put', 'put', 'put', 'delete', 'resync', 'remove', 'expire'),
    }),
    { minLength: 1, maxLength: 40 },
  )
  .map((changes) => {
    const newest = new Map<number, OwnedEntity>();
    return changes.map(({ entity, what }, index): StreamChange => {
      const sequenceNumber = String(index);
      if (what === 'expire') return { sequenceNumber, kind: 'expired' };
      if (what === 'remove') return { sequenceNumber, kind: 'unpublishable', reason: 'removed', message: 'by hand' };
      const previous = newest.get(entity);
      if (what === 'resync' && previous !== undefined) {
        return { sequenceNumber, kind: 'committed', owned: previous, previous, resync: `t${index}` };
      }
      const version = (previous?.version ?? 0) + 1;
      const ref = product(`p${entity}`);
      const now = what === 'delete' ? deleted(ref, version) : owned(ref, version, { name: LONG_NAME, price: version });
      newest.set(entity, now);
      return { sequenceNumber, kind: 'committed', owned: now, previous };
    });
  });

const plays = fc.record({
  changes: streams,
  /** The topic's results in order; after them, every message is published. */
  answers: fc.array(fc.constantFrom('published', 'failed', 'refused'), { maxLength: 40 }),
  divertable: fc.array(fc.boolean(), { maxLength: 20 }),
  sizes: fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 10 }),
});

interface Played {
  /** The topic's output in order, with each deduplication id once. */
  readonly out: readonly { readonly message: RelayedMessage; readonly event: ReadEvent; readonly round: number }[];
  readonly diverted: ReadonlySet<string>;
  /** Batches whose counts don't add up to their records. */
  readonly miscounted: readonly string[];
}

/** Runs a stream as an event source mapping does: batch by batch, each repeated from the first failed record. */
async function play(
  relay: Relay,
  scheduler: fc.Scheduler,
  { changes, answers, divertable, sizes }: typeof plays extends fc.Arbitrary<infer P> ? P : never,
  conflate: (round: number) => boolean,
): Promise<Played> {
  const [left, canDivert] = [[...answers], [...divertable]];
  const out: { message: RelayedMessage; event: ReadEvent; round: number }[] = [];
  let round = 0;
  const diverted = new Set<string>();
  const miscounted: string[] = [];
  const seen = new Set<string>();
  const ports: RelayPorts = {
    publish: scheduler.scheduleFunction(async (messages: readonly RelayedMessage[]) =>
      messages.map((message): PublishResult => {
        const kind = left.shift() ?? 'published';
        if (kind !== 'published') return { kind, message: '' };
        const event = parseEvent(message.body);
        if ('reason' in event) throw new Error(event.message);
        if (!seen.has(message.deduplicationId)) out.push({ message, event, round });
        seen.add(message.deduplicationId);
        return { kind };
      }),
    ),
    async divert(sequenceNumber) {
      if (canDivert.shift() === false) throw new Error('no queue');
      diverted.add(sequenceNumber);
    },
  };
  for (let from = 0; from < changes.length; round += 1) {
    const batch = changes.slice(from, from + (sizes[round % sizes.length] ?? 1));
    const report = await scheduler.waitFor(relay(catalogue, batch, PUBLISHED_AT, ports, { conflate: conflate(round) }));
    const { failed, oldestChangedAt: _, ...counts } = report;
    const counted = Object.values(counts).reduce((sum, count) => sum + count, failed.length);
    if (counted !== batch.length) miscounted.push(`${counted} of ${batch.length} records: ${JSON.stringify(report)}`);
    const first = batch.findIndex(({ sequenceNumber }) => failed.includes(sequenceNumber));
    from += first === -1 ? batch.length : first;
  }
  return { out, diverted, miscounted };
}

const commits = (changes: readonly StreamChange[]) =>
  changes.flatMap((change) => (change.kind === 'committed' ? [change] : []));

/** With conflation all the time. */
function everyVersionIsCovered(relay: Relay) {
  return fc.asyncProperty(fc.scheduler(), plays, async (scheduler, plan) => {
    const { out, diverted, miscounted } = await play(relay, scheduler, plan, () => true);
    expect(miscounted).toEqual([]);
    const uncovered = commits(plan.changes).filter(
      ({ owned: { entity, version }, sequenceNumber }) =>
        !diverted.has(sequenceNumber) &&
        !out.some(({ event }) => event.entity.id === entity.id && event.version >= version),
    );
    expect(uncovered).toEqual([]);
    for (const [index, { event, round }] of out.entries()) {
      expect(event.kind).not.toBe('delta');
      // A repeated batch may end earlier than the batch before it. An older version then follows a newer one and is
      // outdated.
      const before = out.slice(0, index).filter((one) => one.round === round);
      const newer = before.filter(
        ({ event: { entity, version } }) => entity.id === event.entity.id && version > event.version,
      );
      expect(newer).toEqual([]);
    }
  });
}

/** With conflation that starts and stops between batches. */
function cacheEndsAsItsOwner(relay: Relay) {
  return fc.asyncProperty(
    fc.scheduler(),
    plays,
    fc.array(fc.boolean(), { minLength: 1, maxLength: 12 }),
    async (scheduler, plan, flags) => {
      const { out, diverted } = await play(relay, scheduler, plan, (round) => flags[round % flags.length] ?? true);
      const cache = inMemoryCache();
      for (let from = 0; from < out.length; from += 10) {
        const messages = out.slice(from, from + 10).map(({ message: { groupId, body } }, index) => ({
          messageId: String(from + index),
          groupId,
          body,
          receiveCount: 1,
          sequenceNumber: String(from + index).padStart(20, '0'),
          sentAtMs: Date.parse(PUBLISHED_AT),
          firstReceivedAtMs: Date.parse(PUBLISHED_AT),
        }));
        await projectBatch(projectionOf(shop, cache.ports), messages);
      }
      const newest = new Map(commits(plan.changes).map((change) => [change.owned.entity.id, change.owned]));
      for (const { entity, version, digest } of newest.values()) {
        const all = commits(plan.changes).filter(({ owned }) => owned.entity.id === entity.id);
        // Diverted versions wait for an operator.
        if (all.some(({ sequenceNumber }) => diverted.has(sequenceNumber))) continue;
        expect(cache.stored.get(`Product/${entity.id}`)).toMatchObject({ version, digest });
      }
    },
  );
}

test('with conflation every version is diverted or covered by a whole event, and no batch goes back', async () => {
  await fc.assert(everyVersionIsCovered(relayBatch), { numRuns: 150 });
});

test('a cache ends up equal to its owner if conflation starts and stops at any time', async () => {
  await fc.assert(cacheEndsAsItsOwner(relayBatch), { numRuns: 150 });
});

test.each<[string, Relay]>([
  [
    'publishes the oldest version instead of the newest',
    (boundary, changes, ...rest) => relayBatch(boundary, changes.toReversed(), ...rest),
  ],
  ['does not report failed records', async (...args) => ({ ...(await relayBatch(...args)), failed: [] })],
  [
    'counts a refusal as a success',
    (boundary, changes, at, ports, options) =>
      relayBatch(boundary, changes, at, { ...ports, divert: async () => undefined }, options),
  ],
  [
    'publishes each version separately',
    (boundary, changes, at, ports) => relayBatch(boundary, changes, at, ports, { conflate: false }),
  ],
  ['does not count conflated versions', async (...args) => ({ ...(await relayBatch(...args)), conflated: 0 })],
])('mutant: the property of covered versions fails for a relay that %s', async (_, mutant) => {
  const found = await fc.check(everyVersionIsCovered(mutant), { numRuns: 300, endOnFailure: true });
  expect(found.failed).toBe(true);
});

test.each<[string, Relay]>([
  [
    'publishes the oldest version instead of the newest',
    (boundary, changes, ...rest) => relayBatch(boundary, changes.toReversed(), ...rest),
  ],
  ['does not report failed records', async (...args) => ({ ...(await relayBatch(...args)), failed: [] })],
])('mutant: the property of equal caches fails for a relay that %s', async (_, mutant) => {
  const found = await fc.check(cacheEndsAsItsOwner(mutant), { numRuns: 300, endOnFailure: true });
  expect(found.failed).toBe(true);
});
