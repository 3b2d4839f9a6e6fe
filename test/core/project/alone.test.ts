import { describe, expect, test } from 'vitest';
import { MAX_CRASHES_ALONE, type ProjectReport, projectBatch, SUSPECT_RECEIVES } from '../../../core/project/batch.ts';
import type { ReceivedMessage } from '../../../core/project/ports.ts';
import { shop } from '../../support/boundaries.ts';
import { message, owned, product } from '../../support/events.ts';
import { inMemoryCache, projectionOf } from '../../support/in-memory-cache.ts';

type Cache = ReturnType<typeof inMemoryCache>;

const suspect = (id: string, version = 1) => message(owned(product(id), version), { receiveCount: SUSPECT_RECEIVES });

const outcomes = (report: ProjectReport, messages: readonly ReceivedMessage[]) =>
  messages.map((one) => report.settled.find(({ message }) => message === one)?.outcome);

/** Ports on which writes for one entity never come back, as when the process dies of it; tells when the first is under way. */
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

/** Projects until the process would be dead: nothing of the batch is answered. */
async function crash(cache: Cache, messages: readonly ReceivedMessage[], id: string): Promise<void> {
  const { ports, underWay } = dying(cache, id);
  void projectBatch(projectionOf(shop, ports), messages);
  await underWay;
}

describe('messages that may be what the projector does not survive', () => {
  test('are tried one after the other, once all others are done, and forgotten when they are', async () => {
    const cache = inMemoryCache();
    const messages = [suspect('a'), message(owned(product('b'), 1)), suspect('a', 2), suspect('c')];
    const report = await projectBatch(projectionOf(shop, cache.ports), messages);
    expect(outcomes(report, messages)).toEqual(['applied', 'applied', 'applied', 'applied']);
    expect(cache.writes.map(({ entity, version }) => `${entity.id}@${version}`)).toEqual(['b@1', 'a@1', 'a@2', 'c@1']);
    expect(cache.alone.size).toBe(0);
  });

  test('that kill it leave a note, and those that came before them in the batch are stored', async () => {
    const cache = inMemoryCache();
    const messages = [suspect('a'), suspect('deadly'), message(owned(product('b'), 1))];
    await crash(cache, messages, 'deadly');
    expect([...cache.stored.keys()].sort()).toEqual(['Product/a', 'Product/b']);
    expect([...cache.alone]).toEqual([[messages[1]?.messageId, 1]]);
  });

  test('are parked once they have killed it often enough, without being looked at; the group goes on', async () => {
    const cache = inMemoryCache();
    const deadly = suspect('deadly');
    for (let time = 0; time < MAX_CRASHES_ALONE; time += 1) await crash(cache, [deadly], 'deadly');
    const messages = [deadly, suspect('deadly', 2)];
    const report = await projectBatch(projectionOf(shop, cache.ports), messages);
    expect(outcomes(report, messages)).toEqual(['parked', 'applied']);
    expect(cache.parked).toMatchObject([{ reason: 'crashed', entity: product('deadly'), version: undefined }]);
    // The verdict holds, should this batch end in another crash.
    expect([...cache.alone]).toEqual([[deadly.messageId, MAX_CRASHES_ALONE]]);
  });

  test('that only fail are no crash, however often: they are returned with those behind them', async () => {
    const cache = inMemoryCache({ fail: (port) => port === 'write' });
    const messages = [suspect('a'), suspect('a', 2), suspect('b')];
    for (let time = 0; time <= MAX_CRASHES_ALONE; time += 1) {
      const report = await projectBatch(projectionOf(shop, cache.ports), messages);
      expect([report.settled.length, report.returned.length]).toEqual([0, 3]);
    }
    expect([cache.alone.size, cache.parked.length]).toEqual([0, 0]);
  });
});

describe('when the time runs out', () => {
  test('what is done is settled, and the rest is returned untouched and at once', async () => {
    const cache = inMemoryCache();
    const { ports, underWay } = dying(cache, 'slow');
    const messages = [message(owned(product('slow'), 1)), message(owned(product('quick'), 1))];
    // Everything that needs no more than its turn is done by then.
    const outOfTime = underWay.then(() => new Promise<void>((resolve) => setImmediate(resolve)));
    const report = await projectBatch(projectionOf(shop, ports), messages, outOfTime);
    expect(outcomes(report, messages)).toEqual([undefined, 'applied']);
    expect(report.returned.map(({ message }) => message)).toEqual([messages[0]]);
    expect(cache.postponed).toEqual([{ messages: [messages[0]], seconds: 0 }]);
  });

  test('what was being tried alone is no crash', async () => {
    const cache = inMemoryCache();
    const { ports, underWay } = dying(cache, 'slow');
    const messages = [suspect('slow'), suspect('behind')];
    const report = await projectBatch(projectionOf(shop, ports), messages, underWay);
    expect(report.returned.map(({ message }) => message)).toEqual(messages);
    expect(cache.alone.size).toBe(0);
  });

  test('what ends after the answer is neither counted nor parked as settled', async () => {
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
