import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import type { createReader } from '../../adapters/read/cache-table.ts';
import type basket from '../adopt/contracts.ts';
import { openProducts } from '../adopt/products.ts';
import { random as randomOf } from '../simulation/random.ts';

const SKUS = Array.from({ length: 20 }, (_, n) => `sku-${n}`);

/** Share of the changes that delete an item. */
const DELETIONS = 0.15;

/** Reads a cache of the table. */
type Reader = ReturnType<typeof createReader<typeof basket>>;

/** The own code of an existing table: it changes, deletes and creates products. */
export interface Shelf {
  /** Changes each product once. */
  change(): Promise<void>;
  readonly writes: () => number;
  /** The products in which a cache differs from the table. */
  differing(reader: Reader): Promise<string[]>;
}

export function startShelf(client: DynamoDBClient, seed: number): Shelf {
  const products = openProducts(client);
  const random = randomOf(seed, 'shelf');
  /** The version of each product that exists. */
  const versions = new Map<string, number>();
  let writes = 0;
  const names = new Map<string, string>();
  const changeOne = async (sku: string): Promise<void> => {
    writes += 1;
    if (versions.has(sku) && random.chance(DELETIONS)) {
      versions.delete(sku);
      names.delete(sku);
      await products.remove(sku);
      return;
    }
    const version = (versions.get(sku) ?? 0) + 1;
    versions.set(sku, version);
    names.set(sku, `write ${writes}`);
    await products.put(sku, version, { name: { S: names.get(sku) ?? '' } });
  };
  return {
    async change() {
      await Promise.all(SKUS.map(changeOne));
    },
    writes: () => writes,
    async differing(reader) {
      const cached = await Promise.all(SKUS.map((sku) => reader.get('Product', sku)));
      return SKUS.filter((sku, index) => {
        const found = cached[index];
        const state = found?.status === 'found' ? found.value.name : undefined;
        return state !== names.get(sku);
      });
    },
  };
}
