import {
  BatchWriteItemCommand,
  DeleteItemCommand,
  type DynamoDBClient,
  UpdateItemCommand,
} from '@aws-sdk/client-dynamodb';

/** A product as the catalogue's code knows it. */
export interface NewProduct {
  readonly sku: string;
  readonly name: string;
  readonly price: string;
}

const keyOf = (sku: string) => ({ pk: { S: `PRODUCT#${sku}` }, sk: { S: 'PRODUCT' } });

/** The catalogue's own code for products: plain SDK calls, which raise `version` with every change. */
export function openProducts(client: DynamoDBClient, tableName: string) {
  const set = (sku: string, attribute: 'name' | 'price', value: { S: string } | { N: string }, raise: string) =>
    client.send(
      new UpdateItemCommand({
        TableName: tableName,
        Key: keyOf(sku),
        UpdateExpression: `SET #attribute = :value${raise}`,
        ConditionExpression: 'attribute_exists(pk)',
        ExpressionAttributeNames: { '#attribute': attribute, ...(raise !== '' && { '#version': 'version' }) },
        ExpressionAttributeValues: { ':value': value, ...(raise !== '' && { ':one': { N: '1' } }) },
      }),
    );
  return {
    /** Creates up to 25 products. */
    async create(products: readonly NewProduct[]): Promise<void> {
      const puts = products.map(({ sku, name, price }) => ({
        PutRequest: {
          Item: {
            ...keyOf(sku),
            sku: { S: sku },
            version: { N: '1' },
            name: { S: name },
            price: { N: price },
            tags: { SS: ['new', 'shop'] },
            shelf: { N: '7' },
          },
        },
      }));
      await client.send(new BatchWriteItemCommand({ RequestItems: { [tableName]: puts } }));
    },
    setPrice: (sku: string, price: string) => set(sku, 'price', { N: price }, ', #version = #version + :one'),
    rename: (sku: string, name: string) => set(sku, 'name', { S: name }, ', #version = #version + :one'),
    /** A mistake of years ago: this code was never told to raise the version. */
    renameInHaste: (sku: string, name: string) => set(sku, 'name', { S: name }, ''),
    remove: (sku: string) => client.send(new DeleteItemCommand({ TableName: tableName, Key: keyOf(sku) })),
  };
}
