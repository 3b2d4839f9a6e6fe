import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { type AsideReader, createAsideReader, removeAside } from 'freshet-aws/internal/adapters/repair/parked-events';
import type { SetAside } from 'freshet-aws/internal/core/project/ports';
import type { SetAsideKey } from 'freshet-aws/internal/core/repair/redrive';

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
