import { DeleteItemCommand, PutItemCommand, paginateScan } from '@aws-sdk/client-dynamodb';
import { snsClient } from 'freshet-aws/internal/adapters/aws/clients';
import { ATTRIBUTE, type Item } from 'freshet-aws/internal/adapters/aws/items';
import { createPublisher } from 'freshet-aws/internal/adapters/relay/topic';
import { serialiseFact } from 'freshet-aws/internal/core/facts/event';
import { LOCAL_CREDENTIALS, LOCAL_REGION } from 'freshet-local/internal/identity';
import type { Deployment } from '../../deployment/deployment.ts';
import { UsageError } from '../../errors.ts';
import { unique } from './actions.ts';
import { withTable } from './rehearsal.ts';

type FactTopic = ReturnType<typeof withTable>[number];

/** The newest fact of each type in a table of facts. @throws UsageError if the table has no fact */
export async function newestFacts({ clients }: Deployment, { table, boundary }: FactTopic): Promise<[Item, ...Item[]]> {
  const newest = new Map<string, Item>();
  for await (const { Items = [] } of paginateScan({ client: clients.tables }, { TableName: table })) {
    for (const item of Items) {
      const [type, at] = [item.type?.S, item.occurredAt?.S];
      if (item.kind?.S !== 'fact' || type === undefined || at === undefined) continue;
      if ((newest.get(type)?.occurredAt?.S ?? '') < at) newest.set(type, item);
    }
  }
  const [first, ...others] = newest.values();
  if (first !== undefined) return [first, ...others];
  throw new UsageError(
    `${boundary} has published no fact yet, and the rehearsal sends a fact again. Commit one first, for example an order.`,
  );
}

/**
 * Publishes the newest fact of each type again, with a deduplication id of its own. A handler that has processed the
 * fact recognises it by its id.
 */
export async function publishAgain(deployment: Deployment, endpoint: string): Promise<string[]> {
  const client = snsClient({ endpoint, region: LOCAL_REGION, credentials: LOCAL_CREDENTIALS });
  const published: string[] = [];
  const topics = withTable(deployment.factTopics);
  try {
    for (const topic of topics) {
      const facts = await newestFacts(deployment, topic).catch((error: unknown): Item[] => {
        if (error instanceof UsageError && topics.length > 1) return [];
        throw error;
      });
      const publish = createPublisher({ client, topicArn: topic.topicArn });
      for (const item of facts) {
        await publish([messageOf(item)]);
        published.push(item[ATTRIBUTE.id]?.S ?? '');
      }
    }
  } finally {
    client.destroy();
  }
  if (published.length > 0) return published;
  throw new UsageError('no fact was published yet, and the rehearsal sends one again. Commit one, such as an order.');
}

function messageOf(item: Item) {
  const text = (name: string) => item[name]?.S ?? '';
  const fact = { type: text('type'), id: text(ATTRIBUTE.id), owner: text('owner'), occurredAt: text('occurredAt') };
  const data = JSON.parse(text(ATTRIBUTE.data)) as Record<string, string>;
  const body = serialiseFact({ ...fact, data }, new Date().toISOString());
  return { body, groupId: text(ATTRIBUTE.partition), deduplicationId: unique(), type: fact.type, bytes: 0 };
}

/** Removes a fact from its table and puts it back, so that its stream has a new record with the fact. */
export async function commitAgain({ clients }: Deployment, { table }: FactTopic, item: Item): Promise<void> {
  const key = { [ATTRIBUTE.partition]: item[ATTRIBUTE.partition], [ATTRIBUTE.id]: item[ATTRIBUTE.id] } as Item;
  await clients.tables.send(new DeleteItemCommand({ TableName: table, Key: key }));
  await clients.tables.send(new PutItemCommand({ TableName: table, Item: item }));
}

/** Writes an item to a table and removes it, so that the table's stream has two records that nobody acts on. */
export async function touch({ clients }: Deployment, table: string): Promise<void> {
  const key = { [ATTRIBUTE.partition]: { S: 'Rehearsal#0' }, [ATTRIBUTE.id]: { S: unique() } };
  await clients.tables.send(new PutItemCommand({ TableName: table, Item: key }));
  await clients.tables.send(new DeleteItemCommand({ TableName: table, Key: key }));
}
