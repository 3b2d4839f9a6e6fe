import { type DynamoDBClient, GetItemCommand, PutItemCommand, QueryCommand } from '@aws-sdk/client-dynamodb';
import { type FlowDecision, parseFlowDecision } from '../../core/govern/decide.ts';
import type { GovernPorts } from '../../core/govern/govern.ts';
import { type CacheReport, parseCacheReport } from '../../core/govern/report.ts';
import { isTaken } from '../aws/condition.ts';
import { ATTRIBUTE, type Item } from '../aws/items.ts';

/** An owner's flow table: what its caches last reported, what follows for its writers, and their token bucket. */
export interface FlowTable {
  readonly client: DynamoDBClient;
  readonly tableName: string;
}

const FLOW = { [ATTRIBUTE.partition]: { S: 'flow' } };
const DECISION_KEY: Item = { ...FLOW, [ATTRIBUTE.id]: { S: 'decision' } };

/** Key of the writers' token bucket; its own partition key, since it alone is written often. */
export const BUCKET_KEY: Item = { [ATTRIBUTE.partition]: { S: 'bucket' }, [ATTRIBUTE.id]: { S: 'bucket' } };

const REPORT = 'report#';

/** By how much clocks differ at most: AWS keeps them to milliseconds. */
const CLOCKS_DIFFER_MS = 60_000;

/** The decision that stands; undefined before the first one. One eventually consistent read: half a read unit. */
export async function readDecision(
  { client, tableName }: FlowTable,
  abortSignal?: AbortSignal,
): Promise<FlowDecision | undefined> {
  const { Item } = await client.send(new GetItemCommand({ TableName: tableName, Key: DECISION_KEY }), {
    ...(abortSignal && { abortSignal }),
  });
  return parseFlowDecision(Item?.json?.S ?? 'null');
}

/** What the governor keeps. */
export function createFlowStore(table: FlowTable): Omit<GovernPorts, 'relayProgress'> {
  const { client, tableName } = table;
  /** Stores it unless something newer is there; what is further ahead than clocks differ is no newer one. */
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
  return {
    decision: () => readDecision(table),
    saveDecision: (decision) => store(DECISION_KEY, decision.decidedAtMs, decision),
    saveReport: (report) => store({ ...FLOW, [ATTRIBUTE.id]: { S: REPORT + report.cache } }, report.atMs, report),
    async reports(): Promise<CacheReport[]> {
      const { Items = [] } = await client.send(
        new QueryCommand({
          TableName: tableName,
          KeyConditionExpression: '#pk = :flow AND begins_with(#id, :report)',
          ExpressionAttributeNames: { '#pk': ATTRIBUTE.partition, '#id': ATTRIBUTE.id },
          ExpressionAttributeValues: { ':flow': { S: 'flow' }, ':report': { S: REPORT } },
          ConsistentRead: true,
        }),
      );
      return Items.flatMap((item) => parseCacheReport(item.json?.S ?? '') ?? []);
    },
  };
}
