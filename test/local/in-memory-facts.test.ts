import { describe, expect, expectTypeOf, test } from 'vitest';
import { inMemoryFacts } from '../../local/in-memory-facts.ts';
import { createFacts, dynamoDbClient, type Facts } from '../../package/index.ts';
import { sales } from '../support/sagas.ts';

const AT = '2026-01-01T00:00:00.000Z';
const ids = { orderId: 'o1', shoppingCartId: 'c1' };

/** A function of a service, such as a reader of Freshet tests it. */
async function placeOrder(facts: Facts<typeof sales.publishes>, send: (items: readonly object[]) => void) {
  send([{ Put: { TableName: 'orders' } }, facts.put('OrderPlaced', ids)]);
  return facts.commit('OrderCancelled', { orderId: 'o1' });
}

describe('facts in memory', () => {
  test('facts in memory hold what a function published, in order', async () => {
    const facts = inMemoryFacts(sales);
    await placeOrder(facts, () => {});
    expect(facts.published).toEqual([
      { type: 'OrderPlaced', id: 'OrderPlaced/o1', owner: 'sales', occurredAt: AT, data: ids },
      { type: 'OrderCancelled', id: 'OrderCancelled/o1', owner: 'sales', occurredAt: AT, data: { orderId: 'o1' } },
    ]);
  });

  test('a fact in memory is published once, unless it has another key', async () => {
    const facts = inMemoryFacts(sales);
    facts.put('OrderPlaced', ids);
    expect(await facts.commit('OrderPlaced', ids)).toBe('known');
    expect(await facts.commit('OrderPlaced', ids, { key: 'again' })).toBe('committed');
    expect(facts.published).toHaveLength(2);
  });

  test('the transaction item of a fact in memory is the one that a table of facts gets', () => {
    const now = () => Date.parse(AT);
    const client = dynamoDbClient({ endpoint: 'http://127.0.0.1:1' });
    const deployed = createFacts({ boundary: sales, tableName: 'sales-facts', client, now });
    expect(inMemoryFacts(sales, { now }).put('OrderPlaced', ids)).toEqual(deployed.put('OrderPlaced', ids));
  });

  test('facts in memory refuse what a table of facts refuses, and publish none of it', async () => {
    const facts = inMemoryFacts(sales);
    // @ts-expect-error: a misspelt fact
    expect(() => facts.put('OrderPlacd', ids)).toThrowError(expect.objectContaining({ code: 'UnknownFact' }));
    // @ts-expect-error: an id is missing
    expect(() => facts.put('OrderPlaced', { orderId: 'o1' })).toThrowError(
      expect.objectContaining({ code: 'InvalidFact' }),
    );
    const amount = { orderId: 'o1', amount: '3' };
    await expect(facts.commit('OrderCancelled', amount)).rejects.toMatchObject({ code: 'InvalidFact' });
    await expect(facts.commit('OrderCancelled', { orderId: '' })).rejects.toMatchObject({ code: 'InvalidFact' });
    expect(facts.published).toEqual([]);
  });

  test('the published facts are typed', () => {
    const [first] = inMemoryFacts(sales).published;
    if (first?.type === 'OrderPlaced') expectTypeOf(first.data.shoppingCartId).toEqualTypeOf<string>();
    expectTypeOf(first?.type).toEqualTypeOf<'OrderPlaced' | 'OrderCancelled' | undefined>();
  });
});
