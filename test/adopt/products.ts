import { DeleteItemCommand, type DynamoDBClient, PutItemCommand, UpdateItemCommand } from '@aws-sdk/client-dynamodb';
import type { Item } from '../../adapters/aws/items.ts';
import { TABLE } from './app.ts';

const keyOf = (sku: string, sk: string): Item => ({ pk: { S: `SKU#${sku}` }, sk: { S: sk } });

/** The attributes of a product's item. */
export const product = (sku: string, version: number, rest: Item = {}): Item => ({
  ...keyOf(sku, 'PRODUCT'),
  sku: { S: sku },
  version: { N: String(version) },
  name: { S: `${sku} ${version}` },
  price: { N: '1.50' },
  ...rest,
});

/** The attributes of an offer's item. */
export const offer = (sku: string, rest: Item = {}): Item => ({
  ...keyOf(sku, 'OFFER'),
  sku: { S: sku },
  version: { N: '1' },
  percent: { N: '5' },
  ...rest,
});

/** The code of the team that writes the existing table with the plain SDK. */
export function openProducts(client: DynamoDBClient) {
  const putItem = (Item: Item) => client.send(new PutItemCommand({ TableName: TABLE, Item }));
  return {
    putItem,
    put: (sku: string, version: number, rest?: Item) => putItem(product(sku, version, rest)),
    /** Changes a product without raising its version. */
    renameInHaste: (sku: string, name: string) =>
      client.send(
        new UpdateItemCommand({
          TableName: TABLE,
          Key: keyOf(sku, 'PRODUCT'),
          UpdateExpression: 'SET #name = :name',
          ExpressionAttributeNames: { '#name': 'name' },
          ExpressionAttributeValues: { ':name': { S: name } },
        }),
      ),
    remove: (sku: string, sk = 'PRODUCT') =>
      client.send(new DeleteItemCommand({ TableName: TABLE, Key: keyOf(sku, sk) })),
  };
}
