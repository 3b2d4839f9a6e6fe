import { GetItemCommand, paginateScan } from '@aws-sdk/client-dynamodb';
import { createSagaReader, OVERDUE } from 'freshet-aws';
import { cloudClient, recordFact, type Stage } from 'freshet-local';
import ordering from '../ordering/selling.ts';
import shipping from '../warehouse/shipping.ts';
import { createShopClient, type ShopClient } from './client.ts';
import { createSwitches, type Switches } from './stand-still.ts';

const LONG_AGO_MS = 3 * 86_400_000;

/** What the steps of the story work with. */
export interface World extends Stage, Switches {
  readonly shop: ShopClient;
  /** Order ids of the printed labels whose parcels weren't called back. */
  labels(): Promise<readonly string[]>;
  /** How often the gateway has charged an order, the amount, and how often it has refunded it. */
  money(orderId: string): Promise<{ readonly charges: number; readonly amount: number; readonly refunds: number }>;
  /** Makes an order look as if it had been placed three days ago, with no other fact about it since. */
  placedLongAgo(orderId: string): Promise<void>;
  /** The alerts for orders whose facts didn't arrive in time. */
  alerts(): Promise<readonly string[]>;
  /** Closes the connections to the tables. */
  close(): void;
}

export function createWorld(stage: Stage): World {
  const { cloud } = stage;
  const tables = cloudClient(cloud);
  const output = (stack: string, name: string): string => {
    const value = cloud.outputs[stack]?.[name];
    if (value === undefined) throw new Error(`stack ${stack} has no output ${name}`);
    return value;
  };
  return {
    ...stage,
    ...createSwitches(cloud),
    shop: createShopClient(cloud.outputs),
    async labels() {
      const orders: string[] = [];
      const TableName = output('Shipping', 'LabelsTable');
      for await (const { Items = [] } of paginateScan({ client: tables }, { TableName })) {
        const valid = Items.filter(({ label, recalled }) => label !== undefined && recalled === undefined);
        orders.push(...valid.map(({ id }) => id?.S ?? ''));
      }
      return orders;
    },
    async money(orderId) {
      const TableName = output('Payment', 'FakeGatewayTable');
      const { Item } = await tables.send(new GetItemCommand({ TableName, Key: { id: { S: orderId } } }));
      const times = (counted: 'charges' | 'refunds') => Item?.[counted]?.SS?.length ?? 0;
      return { charges: times('charges'), amount: Number(Item?.amount?.N ?? 0), refunds: times('refunds') };
    },
    async placedLongAgo(orderId) {
      const ids = { orderId, shoppingCartId: `cart-of-${orderId}` };
      const placedAt = new Date(Date.now() - LONG_AGO_MS);
      await recordFact(cloud, shipping, ordering.publishes.OrderPlaced, ids, placedAt);
    },
    async alerts() {
      const reader = createSagaReader({ client: tables, tableName: output('Shipping', 'SagaTable') });
      const { items } = await reader.effects(OVERDUE);
      return items.map(({ key, data }) => `${key}: ${JSON.stringify(data.missing)}`);
    },
    close: () => tables.destroy(),
  };
}

/** Ends the story with an error if a claim doesn't hold. @param message what should hold */
export function claim(holds: boolean, message: string): asserts holds {
  if (!holds) throw new Error(`the story's claim doesn't hold: ${message}`);
}
