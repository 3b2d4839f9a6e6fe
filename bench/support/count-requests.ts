import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';

/** The requests of a client. */
export interface Requests {
  /** HTTP requests, retries included. */
  count: number;
  /** Write units that the engine reported for tables and indexes. It reports none for a refused write. */
  writeUnits: number;
}

interface Capacity {
  readonly CapacityUnits?: number;
}

/** Counts a client's HTTP requests and their write units from now on. Only for runs whose time isn't measured. */
export function countRequests(client: DynamoDBClient): Requests {
  const requests: Requests = { count: 0, writeUnits: 0 };
  client.middlewareStack.add(
    (next) => async (args) => {
      const result = await next({ ...args, input: { ...args.input, ReturnConsumedCapacity: 'INDEXES' } as never });
      const { ConsumedCapacity } = result.output as { ConsumedCapacity?: Capacity | readonly Capacity[] };
      for (const { CapacityUnits } of [ConsumedCapacity ?? []].flat()) requests.writeUnits += CapacityUnits ?? 0;
      return result;
    },
    { step: 'initialize', name: 'capacity' },
  );
  client.middlewareStack.add(
    (next) => (args) => {
      requests.count += 1;
      return next(args);
    },
    { step: 'finalizeRequest', priority: 'low', name: 'count' },
  );
  return requests;
}
