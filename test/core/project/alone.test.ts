import { describe, expect, test } from 'vitest';
import { projectBatch } from '../../../core/project/batch.ts';
import type { ReceivedMessage } from '../../../core/project/ports.ts';
import type { ProjectReport } from '../../../core/project/report.ts';
import { MAX_CRASHES_ALONE, SUSPECT_RECEIVES } from '../../../core/project/suspects.ts';
import { shop } from '../../support/boundaries.ts';
import { message, owned, product } from '../../support/events.ts';
import { inMemoryCache, projectionOf } from '../../support/in-memory-cache.ts';

type Cache = ReturnType<typeof inMemoryCache>;

const suspect = (id: string, version = 1) => message(owned(product(id), version), { receiveCount: SUSPECT_RECEIVES });

const outcomes = (report: ProjectReport, messages: readonly ReceivedMessage[]) =>
  messages.map((one) => report.settled.find(({ message }) => message === one)?.outcome);

/**
 * Ports whose writes for one entity never return, as in a process that crashed. `underWay` resolves when the first
 * write begins.
 */
function dying(cache: Cache, id: string) {
  let begun = (): void => {};
  const underWay = new Promise<void>((resolve) => {
    begun = resolve;
  });
  const write: Cache['ports']['write'] = (item, expectation) => {
    if (item.entity.id !== id) return cache.ports.write(item, expectation);
    begun();
    return new Promise(() => {});
  };
  return { ports: { ...cache.ports, write }, underWay };
}

/** Projects until the process would have crashed: there is no report of the batch. */
async function crash(cache: Cache, messages: readonly ReceivedMessage[], id: string): Promise<void> {
  const { ports, underWay } = dying(cache, id);
  void projectBatch(projectionOf(shop, ports), messages);
  await underWay;
}

describe('messages that may crash the projector', () => {
  test('suspect messages are tried one after the other, after all others, and their notes are removed', async () => {
    const cache = inMemoryCache();
    const messages = [suspect('a'), message(owned(product('b'), 1)), suspect('a', 2), suspect('c')];
    const report = await projectBatch(projectionOf(shop, cache.ports), messages);
    expect(outcomes(report, messages)).toEqual(['applied', 'applied', 'applied', 'applied']);
    expect(cache.writes.map(({ entity, version }) => `${entity.id}@${version}`)).toEqual(['b@1', 'a@1', 'a@2', 'c@1']);
    expect(cache.alone.size).toBe(0);
  });

  test('a message that crashes the projector leaves a note, and the messages before it are stored', async () => {
    const cache = inMemoryCache();
    const messages = [suspect('a'), suspect('deadly'), message(owned(product('b'), 1))];
    await crash(cache, messages, 'deadly');
    expect([...cache.stored.keys()].sort()).toEqual(['Product/a', 'Product/b']);
    expect([...cache.alone]).toEqual([[messages[1]?.messageId, 1]]);
  });

  test('a message that crashed the projector three times is parked unread, and its group goes on', async () => {
    const cache = inMemoryCache();
    const deadly = suspect('deadly');
    for (let time = 0; time < MAX_CRASHES_ALONE; time += 1) await crash(cache, [deadly], 'deadly');
    const messages = [deadly, suspect('deadly', 2)];
    const report = await projectBatch(projectionOf(shop, cache.ports), messages);
    expect(outcomes(report, messages)).toEqual(['parked', 'applied']);
    expect(cache.everParked).toMatchObject([{ reason: 'crashed', entity: product('deadly'), version: undefined }]);
    // The notes stay, in case this batch ends in another crash.
    expect([...cache.alone]).toEqual([[deadly.messageId, MAX_CRASHES_ALONE]]);
  });

  test('a message that only fails is no crash, and is returned with the messages behind it', async () => {
    const cache = inMemoryCache({ fail: (port) => port === 'write' });
    const messages = [suspect('a'), suspect('a', 2), suspect('b')];
    for (let time = 0; time <= MAX_CRASHES_ALONE; time += 1) {
      const report = await projectBatch(projectionOf(shop, cache.ports), messages);
      expect([report.settled.length, report.returned.length]).toEqual([0, 3]);
    }
    expect([cache.alone.size, cache.everParked.length]).toEqual([0, 0]);
  });
});

describe('a batch whose time runs out', () => {
  test('when the time runs out, finished messages are settled and the others are returned at once', async () => {
    const cache = inMemoryCache();
    const { ports, underWay } = dying(cache, 'slow');
    const messages = [message(owned(product('slow'), 1)), message(owned(product('quick'), 1))];
    // By then, everything that needs no further I/O is done.
    const outOfTime = underWay.then(() => new Promise<void>((resolve) => setImmediate(resolve)));
    const report = await projectBatch(projectionOf(shop, ports), messages, outOfTime);
    expect(outcomes(report, messages)).toEqual([undefined, 'applied']);
    expect(report.returned.map(({ message }) => message)).toEqual([messages[0]]);
    expect(cache.postponed).toEqual([{ messages: [messages[0]], seconds: 0 }]);
  });

  test('a message that is being tried alone when the time runs out is no crash', async () => {
    const cache = inMemoryCache();
    const { ports, underWay } = dying(cache, 'slow');
    const messages = [suspect('slow'), suspect('behind')];
    const report = await projectBatch(projectionOf(shop, ports), messages, underWay);
    expect(report.returned.map(({ message }) => message)).toEqual(messages);
    expect(cache.alone.size).toBe(0);
  });

  test('a message that ends after the report is neither counted nor settled', async () => {
    const cache = inMemoryCache();
    let release = (): void => {};
    let begun = (): void => {};
    const underWay = new Promise<void>((resolve) => {
      begun = resolve;
    });
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    const write: Cache['ports']['write'] = async (...args) => {
      begun();
      await held;
      return cache.ports.write(...args);
    };
    const messages = [message(owned(product(), 1))];
    const report = await projectBatch(projectionOf(shop, { ...cache.ports, write }), messages, underWay);
    release();
    await held;
    expect([report.settled.length, report.returned.length]).toEqual([0, 1]);
    const again = await projectBatch(projectionOf(shop, cache.ports), messages);
    expect(outcomes(again, messages)).toEqual(['duplicate']);
  });
});
