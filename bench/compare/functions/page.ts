import { dynamoDbClient } from '../../../adapters/aws/clients.ts';
import { createReader } from '../../../adapters/read/cache-table.ts';
import boundary from '../../../lambdas/boundary.ts';
import { required } from '../../../lambdas/environment.ts';
import { callOwner } from './call-owner.ts';
import { readCopy } from './copy.ts';

const cache = createReader({ boundary, tableName: required('CACHE_TABLE'), client: dynamoDbClient() });

/** How each way reads an entity. All return its version, 0 for an unknown entity. */
const WAYS = {
  call: async (type: string, id: string) => (await callOwner(type, id))?.version ?? 0,
  notify: async (type: string, id: string) => (await readCopy(type, id))?.version ?? 0,
  carry: async (type: string, id: string) => {
    const entity = await cache.get(type, id);
    return entity.status === 'unknown' ? 0 : entity.version;
  },
} as const;

/** A page that shows a product. Throws if the product can't be read. */
export async function handler(event: { way: keyof typeof WAYS; type: string; id: string }): Promise<number> {
  return WAYS[event.way](event.type, event.id);
}
