import { setImmediate } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { compressed } from '../../../core/compression.ts';
import { defineBoundary, keep } from '../../../core/contract/define-boundary.ts';
import { serialiseEvent } from '../../../core/event.ts';
import type { OwnedEntity } from '../../../core/own/own.ts';
import { projectBatch } from '../../../core/project/batch.ts';
import { MAX_OPEN_BYTES } from '../../../core/project/open-bytes.ts';
import type { ReceivedMessage } from '../../../core/project/ports.ts';
import { outgoingMessage } from '../../../core/relay/message.ts';
import { MAX_STATE_BYTES, type State } from '../../../core/state.ts';
import { message, owned, PUBLISHED_AT } from '../../support/events.ts';
import { inMemoryCache, projectionOf } from '../../support/in-memory-cache.ts';

/** A cache of lists. Its schema takes a turn of the event loop, and counts what is validated at the same time. */
function countingCache() {
  const seen = { now: 0, most: 0, states: 0, mostStates: 0 };
  const schema = {
    '~standard': {
      version: 1 as const,
      vendor: 'test',
      async validate(value: unknown) {
        const bytes = JSON.stringify(value).length;
        seen.now += bytes;
        seen.states += 1;
        seen.most = Math.max(seen.most, seen.now);
        seen.mostStates = Math.max(seen.mostStates, seen.states);
        await setImmediate();
        seen.now -= bytes;
        seen.states -= 1;
        return { value: value as State };
      },
    },
  };
  const owner = defineBoundary('file:///lists.ts', { name: 'lists', owns: { List: { schema, deltas: true } } });
  const boundary = defineBoundary('file:///reader.ts', { name: 'reader', caches: { List: keep(owner.owns.List) } });
  return { owner, boundary, seen };
}

const large = (version: number) => ({ text: 'a'.repeat(MAX_STATE_BYTES - 100), version });
const small = (version: number) => ({ text: 'a'.repeat(3_000), version });
const list = (id: string, version: number, state: State) => owned({ type: 'List', id }, version, state);
const ten = Array.from({ length: 10 }, (_, n) => n + 1);

/** The message of a state whose data is compressed. */
function received(one: OwnedEntity): ReceivedMessage {
  const times = { changedAt: PUBLISHED_AT, publishedAt: PUBLISHED_AT };
  const event = { ...one, ...times, owner: 'lists', kind: 'state' as const };
  return message(one, { body: serialiseEvent(event, compressed(one.stateJson ?? '')) });
}

function paused() {
  let pauses = 0;
  const pause = async () => {
    pauses += 1;
    await setImmediate();
  };
  return { pause, pauses: () => pauses };
}

describe('a batch of ten of the largest states', () => {
  test.each([
    ['of ten entities', ten.map((n) => list(`l${n}`, 1, large(1)))],
    ['of one entity', ten.map((n) => list('l', n, large(n)))],
  ])('%s has no more open at once than allowed, and pauses between them', async (_, lists) => {
    const { boundary, seen } = countingCache();
    const cache = inMemoryCache();
    const { pause, pauses } = paused();
    const report = await projectBatch({ ...projectionOf(boundary, cache.ports), pause }, lists.map(received));
    expect(report.settled).toHaveLength(10);
    expect(report.returned).toEqual([]);
    expect(seen.most).toBeLessThanOrEqual(MAX_OPEN_BYTES);
    expect(pauses()).toBeGreaterThan(3);
  });

  test('that small deltas change has no more open at once than allowed', async () => {
    const { owner, boundary, seen } = countingCache();
    const cache = inMemoryCache();
    const one = (n: number) => list(`l${n}`, 1, large(1));
    await projectBatch(projectionOf(boundary, cache.ports), ten.map(one).map(received));
    const deltas = ten.map((n) => {
      const two = list(`l${n}`, 2, large(2));
      const sent = outgoingMessage(owner, two, { publishedAt: PUBLISHED_AT, readsCompressed: true, previous: one(n) });
      if ('reason' in sent) throw new Error(sent.message);
      expect(JSON.parse(sent.body).kind).toBe('delta');
      return message(two, { body: sent.body });
    });
    seen.most = 0;
    const report = await projectBatch(projectionOf(boundary, cache.ports), deltas);
    expect(report.settled.map(({ outcome }) => outcome)).toEqual(ten.map(() => 'applied'));
    expect(seen.most).toBeGreaterThan(MAX_STATE_BYTES / 2);
    expect(seen.most).toBeLessThanOrEqual(MAX_OPEN_BYTES);
  });

  test('opens no further state once its time has run out', async () => {
    const { boundary, seen } = countingCache();
    const cache = inMemoryCache();
    let end = () => {};
    const outOfTime = new Promise<void>((resolve) => {
      end = resolve;
    });
    const pause = async () => {
      end();
      await setImmediate();
    };
    const messages = ten.map((n) => received(list(`l${n}`, 1, large(1))));
    const report = await projectBatch({ ...projectionOf(boundary, cache.ports), pause }, messages, outOfTime);
    expect(report.returned.length).toBeGreaterThan(5);
    const before = cache.writes.length;
    for (const _ of ten) await setImmediate();
    expect(cache.writes.length - before).toBeLessThanOrEqual(2);
    expect(seen.states).toBe(0);
  });
});

test('ten small states are validated side by side, without a pause', async () => {
  const { boundary, seen } = countingCache();
  const { pause, pauses } = paused();
  const messages = ten.map((n) => received(list(`l${n}`, 1, small(1))));
  const report = await projectBatch({ ...projectionOf(boundary, inMemoryCache().ports), pause }, messages);
  expect(report.settled).toHaveLength(10);
  expect([seen.mostStates, pauses()]).toEqual([10, 0]);
});

test('a state that cannot be read gives its room back', async () => {
  const { boundary } = countingCache();
  const cache = inMemoryCache();
  const one = list('l1', 1, large(1));
  const broken = ten.map((n) => {
    const { body } = received({ ...one, entity: { type: 'List', id: `l${n}` } });
    return message(
      { ...one, entity: { type: 'List', id: `l${n}` } },
      { body: body.replace('"data_base64":"', '$&AAAA') },
    );
  });
  const report = await projectBatch(projectionOf(boundary, cache.ports), [...broken, received(list('m', 1, large(1)))]);
  expect(report.settled.map(({ outcome }) => outcome).sort()).toEqual(['applied', ...ten.map(() => 'parked')]);
});
