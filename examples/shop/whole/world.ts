import { GetItemCommand, paginateScan } from '@aws-sdk/client-dynamodb';
import { createSagaReader, createSagaStore } from '../../../adapters/saga/table.ts';
import type { Stage } from '../../../cli/story.ts';
import { factEventId } from '../../../core/facts/fact.ts';
import { OVERDUE } from '../../../core/saga/define.ts';
import { handleFact } from '../../../core/saga/handle.ts';
import ordering from '../ordering/selling.ts';
import shipping from '../warehouse/shipping.ts';
import { createShopClient, type ShopClient } from './client.ts';
import { createSwitches, type Switches } from './stand-still.ts';

const LONG_AGO_MS = 3 * 86_400_000;

/** What the story's steps have at hand. */
export interface World extends Stage, Switches {
  readonly shop: ShopClient;
  /** Order ids of the labels that were printed, and whose parcels aren't called back. */
  labels(): Promise<readonly string[]>;
  /** How often the gateway has taken money for an order, how much, and how often it has given it back. */
  money(orderId: string): Promise<{ readonly charges: number; readonly amount: number; readonly refunds: number }>;
  /** Lets an order be one that was placed three days ago, and of which nothing else was heard. */
  placedLongAgo(orderId: string): Promise<void>;
  /** Alerts that were raised for orders whose facts didn't come in time. */
  alerts(): Promise<readonly string[]>;
}

export function createWorld(stage: Stage): World {
  const { session, cloud } = stage;
  const { tables } = session.watched.clients;
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
      const store = createSagaStore({
        client: tables,
        tableName: output('Shipping', 'SagaTable'),
        saga: shipping.name,
      });
      const occurredAt = new Date(Date.now() - LONG_AGO_MS).toISOString();
      const { type, owner } = ordering.publishes.OrderPlaced;
      const data = { orderId, shoppingCartId: `cart-of-${orderId}` };
      const fact = { type, id: factEventId(type, orderId), owner, occurredAt, data };
      await handleFact(shipping, store, fact, { nowMs: Date.parse(occurredAt), keepSeconds: 0 });
    },
    async alerts() {
      const { items } = await createSagaReader({ client: tables, tableName: output('Shipping', 'SagaTable') }).effects(
        OVERDUE,
      );
      return items.map(({ key, data }) => `${key}: ${JSON.stringify(data.missing)}`);
    },
  };
}

/** Ends the story with what should have been so. */
export function claim(held: boolean, message: string): asserts held {
  if (!held) throw new Error(`the story's claim didn't hold: ${message}`);
}
