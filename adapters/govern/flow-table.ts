import { type DynamoDBClient, GetItemCommand, PutItemCommand, QueryCommand } from '@aws-sdk/client-dynamodb';
import { type FlowDecision, parseFlowDecision } from '../../core/govern/decide.ts';
import type { GovernPorts } from '../../core/govern/govern.ts';
import { parseEventReader } from '../../core/govern/readers.ts';
import { type CacheReport, parseCacheReport } from '../../core/govern/report.ts';
import { isTaken } from '../aws/condition.ts';
import { ATTRIBUTE, type Item } from '../aws/items.ts';

/** An owner's flow table: the last reports of its caches, the governor's decision and the writers' token bucket. */
export interface FlowTable {
  readonly client: DynamoDBClient;
  readonly tableName: string;
}

const FLOW = { [ATTRIBUTE.partition]: { S: 'flow' } };
const DECISION_KEY: Item = { ...FLOW, [ATTRIBUTE.id]: { S: 'decision' } };

/** Key of the writers' token bucket. It has a partition key of its own, because only this item is written often. */
export const BUCKET_KEY: Item = { [ATTRIBUTE.partition]: { S: 'bucket' }, [ATTRIBUTE.id]: { S: 'bucket' } };

const REPORT = 'report#';
const READER = 'reader#';

/** How long a cache's word that it reads compressed data isn't stored again. */
const READER_STORED_MS = 86_400_000;

/** Maximum difference between clocks, with a large margin: AWS synchronises its clocks to milliseconds. */
const CLOCKS_DIFFER_MS = 60_000;

/**
 * Returns the stored decision; undefined before the first one. An eventually consistent read, which costs half a read
 * unit.
 */
export async function readDecision(
  { client, tableName }: FlowTable,
  abortSignal?: AbortSignal,
): Promise<FlowDecision | undefined> {
  const { Item } = await client.send(new GetItemCommand({ TableName: tableName, Key: DECISION_KEY }), {
    ...(abortSignal && { abortSignal }),
  });
  return parseFlowDecision(Item?.json?.S ?? 'null');
}

/** Creates the governor's ports to the flow table. */
export function createFlowStore(table: FlowTable): Omit<GovernPorts, 'relayProgress'> {
  const { client, tableName } = table;
  /**
   * Stores a value unless a newer one is stored. A stored time further ahead than clocks differ doesn't count as newer.
   */
  const store = async (key: Item, atMs: number, value: object): Promise<void> => {
    const put = new PutItemCommand({
      TableName: tableName,
      Item: { ...key, at: { N: String(atMs) }, json: { S: JSON.stringify(value) } },
      ConditionExpression: 'NOT (#at >= :at AND #at <= :ahead)',
      ExpressionAttributeNames: { '#at': 'at' },
      ExpressionAttributeValues: { ':at': { N: String(atMs) }, ':ahead': { N: String(atMs + CLOCKS_DIFFER_MS) } },
    });
    await isTaken(client.send(put));
  };
  const items = async (prefix: string): Promise<Item[]> => {
    const { Items = [] } = await client.send(
      new QueryCommand({
        TableName: tableName,
        KeyConditionExpression: '#pk = :flow AND begins_with(#id, :prefix)',
        ExpressionAttributeNames: { '#pk': ATTRIBUTE.partition, '#id': ATTRIBUTE.id },
        ExpressionAttributeValues: { ':flow': { S: 'flow' }, ':prefix': { S: prefix } },
        ConsistentRead: true,
      }),
    );
    return Items;
  };
  const storedAtMs = new Map<string, number>();
  return {
    decision: () => readDecision(table),
    saveDecision: (decision) => store(DECISION_KEY, decision.decidedAtMs, decision),
    saveReport: (report) => store({ ...FLOW, [ATTRIBUTE.id]: { S: REPORT + report.cache } }, report.atMs, report),
    async reports(): Promise<CacheReport[]> {
      return (await items(REPORT)).flatMap((item) => parseCacheReport(item.json?.S ?? '') ?? []);
    },
    async readers() {
      return (await items(READER)).flatMap((item) => parseEventReader(item.json?.S ?? '') ?? []);
    },
    async saveReader(reader) {
      const { cache, readsCompressed, atMs } = reader;
      // A cache that doesn't read compressed data is stored each time, in case another process stored otherwise.
      if (readsCompressed && atMs - (storedAtMs.get(cache) ?? 0) < READER_STORED_MS) return;
      await store({ ...FLOW, [ATTRIBUTE.id]: { S: READER + cache } }, atMs, reader);
      if (readsCompressed) storedAtMs.set(cache, atMs);
      else storedAtMs.delete(cache);
    },
  };
}
