import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { type AsideReader, createAsideReader, removeAside } from '../adapters/aside.ts';
import type { SetAside } from '../core/project/ports.ts';
import type { SetAsideKey } from '../core/repair/redrive.ts';

/** What is set aside at an owner, a cache or a queue of facts. */
export interface Aside extends AsideReader {
  /** Forgets events; those that aren't there count as forgotten. */
  remove(keys: readonly SetAsideKey[]): Promise<void>;
}

/** Opens a parking table. */
export function openAside(client: DynamoDBClient, parkingTable: string): Aside {
  return {
    ...createAsideReader({ client, parkingTable }),
    remove: (keys) => removeAside(client, parkingTable, keys),
  };
}

/** Everything that is set aside, page by page. */
export async function* asidePages(aside: Aside): AsyncGenerator<readonly SetAside[]> {
  let cursor: string | undefined;
  do {
    const page = await aside.list({ cursor, limit: 500 });
    yield page.items;
    cursor = page.cursor;
  } while (cursor !== undefined);
}
