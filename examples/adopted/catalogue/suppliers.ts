import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { Entity } from 'electrodb';

/** The catalogue's own code for suppliers: an ElectroDB entity with a version. */
export function openSuppliers(client: DynamoDBClient, table: string) {
  const suppliers = new Entity(
    {
      model: { entity: 'supplier', version: '1', service: 'catalogue' },
      attributes: {
        supplierId: { type: 'string', required: true },
        version: { type: 'number', required: true, default: 1 },
        name: { type: 'string', required: true },
        city: { type: 'string', required: true },
      },
      indexes: {
        byId: {
          pk: { field: 'pk', composite: ['supplierId'] },
          sk: { field: 'sk', composite: [] },
        },
      },
    },
    { client, table },
  );
  return {
    /** Creates up to 25 suppliers. */
    async create(all: readonly { readonly supplierId: string; readonly name: string; readonly city: string }[]) {
      await suppliers.put([...all]).go();
    },
    move: (supplierId: string, city: string) => suppliers.patch({ supplierId }).set({ city }).add({ version: 1 }).go(),
    remove: (supplierId: string) => suppliers.delete({ supplierId }).go(),
  };
}
