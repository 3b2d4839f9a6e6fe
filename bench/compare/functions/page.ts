import { dynamoDbClient } from '../../../adapters/aws/clients.ts';
import { createReader } from '../../../adapters/read/cache-table.ts';
import boundary from '../../../lambdas/boundary.ts';
import { required } from '../../../lambdas/environment.ts';
import { callOwner } from './call-owner.ts';
import { readCopy } from './copy.ts';

const cache = createReader({ boundary, tableName: required('CACHE_TABLE'), client: dynamoDbClient() });

/** One way each to learn what the owner has; all answer the version, 0 for one that isn't known. */
const WAYS = {
  call: async (type: string, id: string) => (await callOwner(type, id))?.version ?? 0,
  notify: async (type: string, id: string) => (await readCopy(type, id))?.version ?? 0,
  carry: async (type: string, id: string) => {
    const entity = await cache.get(type, id);
    return entity.status === 'unknown' ? 0 : entity.version;
  },
} as const;

/** A page that shows a product. Throws if it can't be had. */
export async function handler(event: { way: keyof typeof WAYS; type: string; id: string }): Promise<number> {
  return WAYS[event.way](event.type, event.id);
}
