import { defineBoundary } from '../../core/contract/define-boundary.ts';
import type { OwnedEntity } from '../../core/own/own.ts';
import { isLate, type RelayPorts, relayBatch } from '../../core/relay/batch.ts';
import type { StreamChange } from '../../core/relay/message.ts';
import { canonicalState, type State } from '../../core/state.ts';

/** Changes of one entity, and how often a second it changes. */
const CHANGES = 20_000;
const CHANGES_PER_SECOND = 200;
/** Records in a batch of the stream, as the construct sets it. */
const BATCH = 100;
/** Duration of a PublishBatch call, and the time between two batches: typical of SNS and Lambda within a region. */
const CALL_MS = 20;
const POLL_MS = 250;

const entity = { type: 'Product', id: 'hot' };
const boundary = defineBoundary('file:///catalogue.ts', {
  name: 'catalogue',
  owns: {
    Product: {
      schema: {
        '~standard': { version: 1, vendor: 'bench', validate: (value: unknown) => ({ value: value as State }) },
      },
    },
  },
});

/** The commit of a version, at its time. */
function commit(version: number): OwnedEntity {
  const { json, digest } = canonicalState(entity, { price: version });
  const changedAt = new Date((version / CHANGES_PER_SECOND) * 1000).toISOString();
  return { entity, version, digest, schemaVersion: 1, changedAt, stateJson: json };
}

/** Relays the changes in virtual time, as one shard. */
async function run(conflateAfterSeconds: number | undefined) {
  let nowMs = 0;
  let calls = 0;
  let highestDelayMs = 0;
  const ports: RelayPorts = {
    async publish(messages) {
      calls += 1;
      nowMs += CALL_MS;
      return messages.map(() => ({ kind: 'published' as const }));
    },
    async divert() {},
  };
  const commits = Array.from({ length: CHANGES }, (_, index) => commit(index + 1));
  for (let next = 0; next < CHANGES; ) {
    nowMs += POLL_MS;
    const batch = commits.slice(next, next + BATCH).filter(({ changedAt }) => Date.parse(changedAt) <= nowMs);
    const changes = batch.map(
      (owned): StreamChange => ({
        sequenceNumber: String(owned.version),
        kind: 'committed',
        owned,
      }),
    );
    const conflate = isLate(changes, nowMs, conflateAfterSeconds);
    await relayBatch(boundary, changes, new Date(nowMs).toISOString(), ports, { conflate });
    next += batch.length;
    const oldest = batch[0];
    if (oldest !== undefined) highestDelayMs = Math.max(highestDelayMs, nowMs - Date.parse(oldest.changedAt));
  }
  return { changesPerSecond: Math.round(CHANGES / (nowMs / 1000)), delaySeconds: highestDelayMs / 1000, calls };
}

process.stdout.write(
  `one entity with ${CHANGES_PER_SECOND} changes a second, ${CHANGES} changes, calls of ${CALL_MS} ms\n`,
);
for (const [name, seconds] of [
  ['each version by itself', undefined],
  ['as one when late by 10 s', 10],
] as const) {
  const { changesPerSecond, delaySeconds, calls } = await run(seconds);
  process.stdout.write(
    `${name}: ${changesPerSecond} changes/s, at most ${delaySeconds.toFixed(1)} s late, ${calls} calls\n`,
  );
}
