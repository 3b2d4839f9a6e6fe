import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { factsFromEnvironment, ownerFromEnvironment, readerFromEnvironment } from '../../adapters/from-environment.ts';
import { defineBoundary, keep } from '../../core/contract/define-boundary.ts';
import { environmentNames } from '../../core/environment.ts';
import { productSchema } from '../support/boundaries.ts';
import { sales } from '../support/sagas.ts';

const catalogue = defineBoundary('file:///c.ts', {
  name: 'product-list',
  owns: { Product: { schema: productSchema } },
});
const shop = defineBoundary('file:///s.ts', { name: 'shop', caches: { Product: keep(catalogue.owns.Product) } });

/** A client that names the table of each call instead of calling AWS. */
function recordingClient(): { readonly client: DynamoDBClient; readonly tables: string[] } {
  const client = new DynamoDBClient({ region: 'eu-west-1' });
  const tables: string[] = [];
  const input = (sent: { input: { TableName?: string } }) => sent.input.TableName ?? '';
  vi.spyOn(client, 'send').mockImplementation(async (sent: unknown) => {
    tables.push(input(sent as { input: { TableName?: string } }));
    return { Items: [] };
  });
  return { client, tables };
}

afterEach(() => vi.unstubAllEnvs());

describe('the environment of a function', () => {
  test('a name of a boundary becomes part of the names of the variables', () => {
    expect(environmentNames('product-list').ownerTable).toBe('FRESHET_OWNER_PRODUCT_LIST');
  });

  test('a reader reads the table that the grant named', async () => {
    vi.stubEnv('FRESHET_CACHE_SHOP', 'the-cache');
    const { client, tables } = recordingClient();
    await readerFromEnvironment({ boundary: shop, client }).get('Product', 'p1');
    expect(new Set(tables)).toEqual(new Set(['the-cache']));
  });

  test('an owner writes to the table that the grant named, and follows its flow control', async () => {
    vi.stubEnv('FRESHET_OWNER_PRODUCT_LIST', 'the-owner');
    vi.stubEnv('FRESHET_FLOW_PRODUCT_LIST', 'the-flow');
    const { client, tables } = recordingClient();
    const owner = ownerFromEnvironment({ boundary: catalogue, client });
    await owner.put('Product', 'p1', { name: 'Kettle', price: 1, tags: [] });
    expect(tables).toContain('the-owner');
    expect(tables).toContain('the-flow');
  });

  test('facts are committed to the table that the grant named', async () => {
    vi.stubEnv('FRESHET_FACTS_SALES', 'the-facts');
    const { client } = recordingClient();
    const facts = factsFromEnvironment({ boundary: sales, client });
    expect(facts.put('OrderPlaced', { orderId: 'o1', shoppingCartId: 'c1' }).Put?.TableName).toBe('the-facts');
  });

  test.each([
    ['a reader', () => readerFromEnvironment({ boundary: shop }), 'FRESHET_CACHE_SHOP', 'LocalCache.grantRead(fn)'],
    [
      'an owner',
      () => ownerFromEnvironment({ boundary: catalogue }),
      'FRESHET_FLOW_PRODUCT_LIST',
      'EntityOwner.grantWrite(fn)',
    ],
    ['facts', () => factsFromEnvironment({ boundary: sales }), 'FRESHET_FACTS_SALES', 'FactTopic.grantCommit(fn)'],
  ])('%s without a grant is refused with the variable and the grant that sets it', (_, open, variable, grant) => {
    expect(open).toThrow(variable);
    expect(open).toThrow(grant);
  });
});
