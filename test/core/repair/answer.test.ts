import { beforeEach, describe, expect, test } from 'vitest';
import { answerPage } from '../../../core/repair/answer.ts';
import { isPageGroup, PAGE_TYPE, type PageRequest, pageMessage, parsePage } from '../../../core/repair/pages.ts';
import { catalogue } from '../../support/boundaries.ts';
import { deleted, owned, product } from '../../support/events.ts';
import { createRepairWorld } from '../../support/self-repair.ts';

let repair: ReturnType<typeof createRepairWorld>;
const request: PageRequest = { purpose: 'inventory', type: 'Product', cache: 'shop', run: 'run', index: 0 };

beforeEach(() => {
  repair = createRepairWorld();
});

describe('an owner answers its caches', () => {
  test('with the whole state of an entity, addressed to the cache that asked', async () => {
    repair.own(owned(product('a'), 3), deleted(product('b'), 2));
    expect(await repair.answerEntity(product('a'))).toEqual({ kind: 'answered' });
    expect(await repair.answerEntity(product('b'))).toEqual({ kind: 'answered' });
    expect(repair.published.map(({ to, body }) => [to, JSON.parse(body).kind])).toEqual([
      ['shop', 'state'],
      ['shop', 'tombstone'],
    ]);
    expect(await repair.answerEntity(product('never'))).toEqual({ kind: 'unknown' });
  });

  test('a request that is delivered again gives the messages of the first time', async () => {
    repair.own(owned(product('a'), 3));
    const ids = async () => {
      await answerPage(catalogue, { ...request, purpose: 'backfill' }, 'same', repair.owner);
      return repair.published.splice(0).map(({ deduplicationId }) => deduplicationId);
    };
    expect(await ids()).toEqual(await ids());
  });

  test('a request for a type that the boundary does not own is refused', async () => {
    await expect(answerPage(catalogue, { ...request, type: 'Other' }, 'id', repair.owner)).rejects.toMatchObject({
      code: 'UnknownEntityType',
    });
  });

  test('a message that the topic does not take is tried again with the whole request', async () => {
    repair.own(owned(product('a'), 1));
    repair.owner.publish = async (messages) => messages.map(() => ({ kind: 'failed', message: 'busy' }));
    await expect(answerPage(catalogue, { ...request, purpose: 'backfill' }, 'id', repair.owner)).rejects.toThrow(
      'busy',
    );
  });

  test('a page of an inventory ends where its message would become too large', async () => {
    repair.owner.pageSize = 1_000;
    repair.own(
      ...Array.from({ length: 400 }, (_, n) => owned(product(`${String(n).padStart(4, '0')}${'x'.repeat(900)}`), 1)),
    );
    const seen: string[] = [];
    let cursor: string | undefined;
    do {
      await answerPage(catalogue, { ...request, cursor }, `id-${seen.length}`, repair.owner);
      const message = repair.published.at(-1);
      const page = parsePage(message?.body ?? '');
      expect(message?.bytes).toBeLessThan(256 * 1024);
      seen.push(...(page?.entries.map(([id]) => id) ?? []));
      cursor = page?.next;
    } while (cursor !== undefined);
    expect(seen).toEqual([...repair.owned.keys()]);
  });

  test('an entity that cannot be sent is named once, also where a page of an inventory is cut', async () => {
    const isWrong = (n: number) => n % 100 === 0 || n === 399;
    const ids = Array.from({ length: 400 }, (_, n) => `${String(n).padStart(4, '0')}${'x'.repeat(900)}`);
    const all = ids.map((id, n) =>
      isWrong(n) ? { id, why: 'wrong' } : { ...owned(product(id), 1), stateJson: undefined },
    );
    repair.owner.list = async (_, cursor) => ({
      entities: all.filter((_, n) => cursor === undefined || (ids[n] ?? '') > cursor),
      next: undefined,
    });
    const pages = [];
    let cursor: string | undefined;
    do {
      await answerPage(catalogue, { ...request, cursor }, `id-${pages.length}`, repair.owner);
      const page = parsePage(repair.published.at(-1)?.body ?? '');
      pages.push(page);
      cursor = page?.next;
    } while (cursor !== undefined);
    expect(pages.length).toBeGreaterThan(1);
    expect(pages.flatMap((page) => page?.unsendable ?? []).map(({ id }) => id)).toEqual(
      ids.filter((_, n) => isWrong(n)),
    );
    expect(pages.flatMap((page) => page?.entries ?? []).map(([id]) => id)).toEqual(ids.filter((_, n) => !isWrong(n)));
  });

  test('an entity that cannot be sent gets no answer, and a page of states without it', async () => {
    repair.own(owned(product('a'), 1), owned(product('b'), 1));
    const wrong = { id: 'b', why: 'wrong' };
    const { get, list } = repair.owner;
    repair.owner.get = async (entity) => (entity.id === 'b' ? wrong : get(entity));
    repair.owner.list = async (...args) => {
      const listed = await list(...args);
      return {
        ...listed,
        entities: listed.entities.map((one) => ('entity' in one && one.entity.id === 'b' ? wrong : one)),
      };
    };
    expect(await repair.answerEntity(product('b'))).toEqual({ kind: 'unsendable', why: 'wrong' });
    await answerPage(catalogue, { ...request, purpose: 'backfill' }, 'id', repair.owner);
    expect(repair.sent()).toEqual(['Product/a to shop']);
    expect(parsePage(repair.published.at(-1)?.body ?? '')).toMatchObject({
      sent: 1,
      unsendableCount: 1,
      unsendable: [wrong],
    });
  });

  test('the message of a page is no event: neither its group nor its type can be that of an entity', async () => {
    await answerPage(catalogue, request, 'id', repair.owner);
    const [message] = repair.published;
    expect(message).toMatchObject({ type: PAGE_TYPE, to: 'shop' });
    expect(isPageGroup(message?.groupId ?? '')).toBe(true);
    expect(isPageGroup('Product/a')).toBe(false);
    const long = pageMessage('c'.repeat(30), parsePage(message?.body ?? '') as never, 'x');
    expect('deduplicationId' in long && long.deduplicationId.length).toBeLessThanOrEqual(128);
  });
});
