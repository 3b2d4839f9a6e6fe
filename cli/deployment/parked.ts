import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import {
  createParkedReader,
  type ParkedReader,
  removeParked,
} from 'freshet-aws/internal/adapters/repair/parked-events';
import type { ParkedEvent } from 'freshet-aws/internal/core/project/ports';
import type { ParkedKey } from 'freshet-aws/internal/core/repair/parked-key';

/** The parked and held events of an owner, a cache or a queue of facts. */
export interface ParkedEvents extends ParkedReader {
  /** Removes events. Events that aren't in the table count as removed. */
  remove(keys: readonly ParkedKey[]): Promise<void>;
}

/** Opens a parking table. */
export function openParkedEvents(client: DynamoDBClient, parkingTable: string): ParkedEvents {
  return {
    ...createParkedReader({ client, parkingTable }),
    remove: (keys) => removeParked(client, parkingTable, keys),
  };
}

/** All events of a parking table, page by page. */
export async function* parkedPages(parked: ParkedEvents): AsyncGenerator<readonly ParkedEvent[]> {
  let cursor: string | undefined;
  do {
    const page = await parked.list({ cursor, limit: 500 });
    yield page.items;
    cursor = page.cursor;
  } while (cursor !== undefined);
}
