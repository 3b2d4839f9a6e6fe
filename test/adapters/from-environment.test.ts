import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { SNSClient } from '@aws-sdk/client-sns';
import { afterEach, describe, expect, test, vi } from 'vitest';
import {
  answerHandlerFromEnvironment,
  factsFromEnvironment,
  ownerFromEnvironment,
  publisherFromEnvironment,
  readerFromEnvironment,
} from '../../adapters/from-environment.ts';
import { defineBoundary, keep } from '../../core/contract/define-boundary.ts';
import { environmentNames } from '../../core/environment.ts';
import { productSchema } from '../support/boundaries.ts';
import { sales } from '../support/sagas.ts';
import { createSourceTable } from '../support/source-table.ts';

const catalogue = defineBoundary('file:///c.ts', {
  name: 'product-list',
  owns: { Product: { schema: productSchema } },
});
const shop = defineBoundary('file:///s.ts', { name: 'shop', caches: { Product: keep(catalogue.owns.Product) } });

/** A client that names the table of each call instead of calling AWS. */
function recordingClient(): { readonly client: DynamoDBClient; readonly tables: string[] } {
  const client = new DynamoDBClient({ region: 'eu-west-1' });
  const tables: string[] = [];
  const input = (sent: { input: { TableName?: string } }) => sent.input.TableName ?? '';
  vi.spyOn(client, 'send').mockImplementation(async (sent: unknown) => {
    tables.push(input(sent as { input: { TableName?: string } }));
    return { Items: [] };
  });
  return { client, tables };
}

/** A client that names the topic of each call instead of calling AWS. */
function recordingTopics(): { readonly topics: SNSClient; readonly arns: string[] } {
  const topics = new SNSClient({ region: 'eu-west-1' });
  const arns: string[] = [];
  vi.spyOn(topics, 'send').mockImplementation(async (sent: unknown) => {
    const { input } = sent as { input: { TopicArn: string; PublishBatchRequestEntries: { Id: string }[] } };
    arns.push(input.TopicArn);
    return { Successful: input.PublishBatchRequestEntries };
  });
  return { topics, arns };
}

afterEach(() => vi.unstubAllEnvs());

describe('the environment of a function', () => {
  test('a name of a boundary becomes part of the names of the variables', () => {
    expect(environmentNames('product-list').ownerTable).toBe('FRESHET_OWNER_PRODUCT_LIST');
  });

  test('a reader reads the table that the grant named', async () => {
    vi.stubEnv('FRESHET_CACHE_SHOP', 'the-cache');
    const { client, tables } = recordingClient();
    await readerFromEnvironment({ boundary: shop, client }).get('Product', 'p1');
    expect(new Set(tables)).toEqual(new Set(['the-cache']));
  });

  test('an owner writes to the table that the grant named, and follows its flow control', async () => {
    vi.stubEnv('FRESHET_OWNER_PRODUCT_LIST', 'the-owner');
    vi.stubEnv('FRESHET_FLOW_PRODUCT_LIST', 'the-flow');
    const { client, tables } = recordingClient();
    const owner = ownerFromEnvironment({ boundary: catalogue, client });
    await owner.put('Product', 'p1', { name: 'Kettle', price: 1, tags: [] });
    expect(tables).toContain('the-owner');
    expect(tables).toContain('the-flow');
  });

  test('facts are committed to the table that the grant named', async () => {
    vi.stubEnv('FRESHET_FACTS_SALES', 'the-facts');
    const { client } = recordingClient();
    const facts = factsFromEnvironment({ boundary: sales, client });
    expect(facts.put('OrderPlaced', { orderId: 'o1', shoppingCartId: 'c1' }).Put?.TableName).toBe('the-facts');
  });

  test('a publisher publishes to the topic that the grant named, and follows its flow control', async () => {
    vi.stubEnv('FRESHET_TOPIC_PRODUCT_LIST', 'the-topic');
    vi.stubEnv('FRESHET_FLOW_PRODUCT_LIST', 'the-flow');
    const { client, tables } = recordingClient();
    const { topics, arns } = recordingTopics();
    const publisher = publisherFromEnvironment({ boundary: catalogue, client, topics });
    await publisher.publish('Product', 'p1', 1, { name: 'Kettle', price: 1, tags: [] });
    expect(arns).toEqual(['the-topic']);
    expect(tables).toContain('the-flow');
  });

  test('answers are published to the topic that the grant named', async () => {
    vi.stubEnv('FRESHET_TOPIC_PRODUCT_LIST', 'the-topic');
    const table = createSourceTable();
    table.put('Product', 'p1', { name: 'Kettle', price: 1, tags: [] });
    const { topics, arns } = recordingTopics();
    const handler = answerHandlerFromEnvironment({ boundary: catalogue, source: table.source, topics });
    const body = JSON.stringify({ entity: { type: 'Product', id: 'p1' }, wantedVersion: 1, cache: 'shop' });
    expect(await handler({ Records: [{ messageId: 'm', body }] })).toEqual({ batchItemFailures: [] });
    expect(arns).toEqual(['the-topic']);
  });

  test.each([
    ['a reader', () => readerFromEnvironment({ boundary: shop }), 'FRESHET_CACHE_SHOP', 'LocalCache.grantRead(fn)'],
    [
      'an owner',
      () => ownerFromEnvironment({ boundary: catalogue }),
      'FRESHET_FLOW_PRODUCT_LIST',
      'EntityOwner.grantWrite(fn)',
    ],
    [
      'a publisher',
      () => publisherFromEnvironment({ boundary: catalogue }),
      'FRESHET_FLOW_PRODUCT_LIST',
      'ChangeTopic.grantPublish(fn)',
    ],
    [
      'a handler of answers',
      () => answerHandlerFromEnvironment({ boundary: catalogue, source: createSourceTable().source }),
      'FRESHET_TOPIC_PRODUCT_LIST',
      'ChangeTopic.answerWith(fn)',
    ],
    ['facts', () => factsFromEnvironment({ boundary: sales }), 'FRESHET_FACTS_SALES', 'FactTopic.grantCommit(fn)'],
  ])('%s without a grant is refused with the variable and the grant that sets it', (_, open, variable, grant) => {
    expect(open).toThrow(variable);
    expect(open).toThrow(grant);
  });
});
