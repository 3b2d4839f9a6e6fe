import { expect, test } from 'vitest';
import { projectBatch } from '../../../core/project/batch.ts';
import type { ReceivedMessage } from '../../../core/project/ports.ts';
import { MAX_CRASHES_ALONE, SUSPECT_RECEIVES } from '../../../core/project/suspects.ts';
import { shop } from '../../support/boundaries.ts';
import { message, owned, product } from '../../support/events.ts';
import { inMemoryCache, projectionOf } from '../../support/in-memory-cache.ts';

type Cache = ReturnType<typeof inMemoryCache>;

const suspect = (id: string, version = 1, receiveCount = SUSPECT_RECEIVES) =>
  message(owned(product(id), version), { receiveCount });

/** Projects as a process that crashes on each entity that is named deadly. Then there is no report. */
async function project(cache: Cache, messages: readonly ReceivedMessage[]) {
  let die = (): void => {};
  const death = new Promise<'dead'>((resolve) => {
    die = () => resolve('dead');
  });
  const write: Cache['ports']['write'] = (item, expectation) => {
    if (!item.entity.id.startsWith('deadly')) return cache.ports.write(item, expectation);
    die();
    return new Promise(() => {});
  };
  return Promise.race([projectBatch(projectionOf(shop, { ...cache.ports, write }), messages), death]);
}

test('a message that crashed the projector before is returned with its group, and others are settled', async () => {
  const cache = inMemoryCache();
  const batch = [suspect('before'), suspect('deadly'), suspect('deadly', 2), suspect('behind')];
  expect(await project(cache, batch)).toBe('dead');
  const report = await project(cache, batch);
  expect(report).toMatchObject({
    settled: [
      { message: batch[0], outcome: 'duplicate' },
      { message: batch[3], outcome: 'applied' },
    ],
    returned: [{ message: batch[1] }, { message: batch[2] }],
  });
  expect(cache.postponed).toEqual([{ messages: [batch[1], batch[2]], seconds: 1 }]);
  expect([...cache.alone]).toEqual([[batch[1]?.messageId, 1]]);
});

test('of several messages that crashed the projector before, one is tried, without other messages', async () => {
  const cache = inMemoryCache();
  const crashers = ['a', 'b', 'c'].map((name) => suspect(`deadly ${name}`));
  for (const crasher of crashers) expect(await project(cache, [crasher])).toBe('dead');
  expect(await project(cache, crashers)).toBe('dead');
  expect([...cache.alone.values()]).toEqual([2, 1, 1]);
  expect(cache.postponed.flatMap(({ messages }) => messages)).toEqual(crashers.slice(1));
});

test('each message that crashes the projector is tried three times, however many are in the batch', async () => {
  const cache = inMemoryCache();
  const crashers = ['a', 'b', 'c', 'd'].map((name) => suspect(`deadly ${name}`));
  let left = crashers;
  let deaths = 0;
  while (left.length > 0) {
    const report = await project(cache, left);
    if (report === 'dead') deaths += 1;
    else left = left.filter((one) => report.returned.some(({ message }) => message === one));
  }
  expect(deaths).toBe(MAX_CRASHES_ALONE * crashers.length);
  expect(cache.everParked.map(({ reason }) => reason)).toEqual(crashers.map(() => 'crashed'));
});

test('a message that crashed the projector and never arrives alone is tried after the others in the end', async () => {
  const cache = inMemoryCache();
  const patient = suspect('deadly', 1, 12);
  expect(await project(cache, [patient])).toBe('dead');
  expect(await project(cache, [patient, suspect('other')])).toBe('dead');
  expect([...cache.stored.keys()]).toEqual(['Product/other']);
  expect([...cache.alone.values()]).toEqual([2]);
});
