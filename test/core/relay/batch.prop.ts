import fc from 'fast-check';
import { expect, test } from 'vitest';
import { HEARTBEAT_ID, isHeartbeat } from '../../../core/entity.ts';
import {
  MAX_BATCH_ENTRIES,
  type PublishResult,
  type RelayedMessage,
  type RelayPorts,
  relayBatch,
} from '../../../core/relay/batch.ts';
import { MAX_BATCH_BYTES, type StreamChange } from '../../../core/relay/message.ts';
import { catalogue } from '../../support/boundaries.ts';
import { deleted, owned, PUBLISHED_AT, product } from '../../support/events.ts';

type Relay = typeof relayBatch;

/** A stream of interleaved commits of a few entities, some of them large, with heartbeats and direct removals. */
const streams = fc
  .array(
    fc.record({
      entity: fc.integer({ min: 0, max: 14 }),
      what: fc.constantFrom('put', 'put', 'large', 'delete', 'remove', 'beat'),
    }),
    {
      minLength: 1,
      maxLength: 40,
    },
  )
  .map((changes) => {
    const versions = new Map<string, number>();
    return changes.map(({ entity, what }, index): StreamChange => {
      const sequenceNumber = String(index);
      if (what === 'remove') return { sequenceNumber, kind: 'unpublishable', reason: 'removed', message: 'by hand' };
      const ref = product(what === 'beat' ? HEARTBEAT_ID : `p${entity}`);
      const version = (versions.get(ref.id) ?? 0) + 1;
      versions.set(ref.id, version);
      if (what === 'delete') return { sequenceNumber, kind: 'committed', owned: deleted(ref, version) };
      const name = what === 'large' ? 'x'.repeat(100_000) : 'bolt';
      return { sequenceNumber, kind: 'committed', owned: owned(ref, version, { name, price: version }) };
    });
  });

const results = fc.array(fc.constantFrom('published', 'failed', 'refused'), { maxLength: 60 });
const diverts = fc.array(fc.boolean(), { maxLength: 20 });
const batchSizes = fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 10 });

/** Runs the stream as an event source mapping does: batch by batch, each repeated from the first failed record. */
function everyVersionIsPublishedInOrder(relay: Relay) {
  return fc.asyncProperty(
    fc.scheduler(),
    streams,
    results,
    diverts,
    batchSizes,
    async (scheduler, changes, answers, divertable, sizes) => {
      const settled = new Set<string>();
      const violations: string[] = [];
      const ports: RelayPorts = {
        publish: scheduler.scheduleFunction(async (messages: readonly RelayedMessage[]) => {
          if (messages.length > MAX_BATCH_ENTRIES) violations.push(`${messages.length} entries in a call`);
          if (messages.reduce((sum, { bytes }) => sum + bytes, 0) > MAX_BATCH_BYTES) violations.push('too many bytes');
          if (new Set(messages.map(({ groupId }) => groupId)).size < messages.length) violations.push('a group twice');
          return messages.map(({ sequenceNumber }) => {
            // After the planned results, every message is published.
            const kind = answers.shift() ?? 'published';
            if (kind === 'published') {
              const overtaken = predecessors(changes, sequenceNumber).filter((one) => !settled.has(one));
              violations.push(...overtaken.map((one) => `${sequenceNumber} overtakes ${one}`));
              settled.add(sequenceNumber);
            }
            return { kind, message: '' } as PublishResult;
          });
        }),
        async divert(sequenceNumber) {
          if (divertable.shift() === false) throw new Error('no queue');
          settled.add(sequenceNumber);
        },
      };
      for (let [from, round] = [0, 0]; from < changes.length; round += 1) {
        const batch = changes.slice(from, from + (sizes[round % sizes.length] ?? 1));
        const { failed } = await scheduler.waitFor(relay(catalogue, batch, PUBLISHED_AT, ports));
        const first = batch.findIndex(({ sequenceNumber }) => failed.includes(sequenceNumber));
        from += first === -1 ? batch.length : first;
      }
      expect(violations).toEqual([]);
      expect(changes.filter(({ sequenceNumber }) => !settled.has(sequenceNumber))).toEqual([]);
    },
  );
}

/** The earlier records of the same entity; for a heartbeat, all earlier records. */
function predecessors(changes: readonly StreamChange[], sequenceNumber: string): string[] {
  const own = changes[Number(sequenceNumber)];
  if (own?.kind !== 'committed') return [];
  const { entity } = own.owned;
  return changes.slice(0, Number(sequenceNumber)).flatMap((change) => {
    const isOfEntity = change.kind === 'committed' && change.owned.entity.id === entity.id;
    return isOfEntity || isHeartbeat(entity) ? [change.sequenceNumber] : [];
  });
}

test('every version is published or diverted, in order within its entity, for any failures and timing', async () => {
  await fc.assert(everyVersionIsPublishedInOrder(relayBatch), { numRuns: 150 });
});

const NOTHING = {
  published: 0,
  heartbeats: 0,
  conflated: 0,
  expired: 0,
  beforeEpoch: 0,
  diverted: 0,
  oldestChangedAt: undefined,
};

test.each<[string, Relay]>([
  [
    'publishes a version although the previous one failed',
    async (boundary, changes, publishedAt, ports) => {
      const reports = [];
      for (const change of changes) reports.push(await relayBatch(boundary, [change], publishedAt, ports));
      return { ...NOTHING, failed: reports.flatMap(({ failed }) => failed) };
    },
  ],
  [
    'publishes all versions at once',
    async (boundary, changes, publishedAt, ports) => {
      const reports = await Promise.all(changes.map((change) => relayBatch(boundary, [change], publishedAt, ports)));
      return { ...NOTHING, failed: reports.flatMap(({ failed }) => failed) };
    },
  ],
  ['does not report failed records', async (...args) => ({ ...(await relayBatch(...args)), failed: [] })],
  [
    'publishes heartbeats first',
    async (boundary, changes, publishedAt, ports) => {
      const beats = changes.filter((change) => change.kind === 'committed' && isHeartbeat(change.owned.entity));
      await relayBatch(boundary, beats, publishedAt, ports);
      return relayBatch(boundary, changes, publishedAt, ports);
    },
  ],
  [
    'counts a refusal as a success',
    (boundary, changes, publishedAt, ports) =>
      relayBatch(boundary, changes, publishedAt, { ...ports, divert: async () => undefined }),
  ],
])('mutant: the property fails for a relay that %s', async (_, mutant) => {
  const found = await fc.check(everyVersionIsPublishedInOrder(mutant), { numRuns: 300, endOnFailure: true });
  expect(found.failed).toBe(true);
});
