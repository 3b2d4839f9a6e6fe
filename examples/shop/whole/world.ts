import { GetItemCommand, paginateScan } from '@aws-sdk/client-dynamodb';
import { ownerOf } from '../../../cli/session.ts';
import type { Stage } from '../../../cli/story.ts';
import { createShopClient, type ShopClient } from './client.ts';

/** What the story's steps have at hand. */
export interface World extends Stage {
  readonly shop: ShopClient;
  /** Two minutes pass at once: heartbeats come through, and the report notes it. */
  minutes(): Promise<void>;
  /** Stops everything that an owner runs, or has it run again. */
  running(types: readonly string[], isRunning: boolean): void;
  /** Stops payment's function that charges, or has it run again. */
  charging(isRunning: boolean): void;
  /** Order ids of the labels that were printed. */
  labels(): Promise<readonly string[]>;
  /** How often the gateway has taken money for an order. */
  charges(orderId: string): Promise<number>;
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
    shop: createShopClient(cloud.outputs),
    async minutes() {
      for (let minute = 0; minute < 2; minute += 1) {
        await cloud.tick();
        await cloud.idle();
      }
    },
    running(types, isRunning) {
      for (const type of types) {
        const { relay, governor } = ownerOf(session, type).deployed;
        for (const name of [relay, governor]) {
          cloud.functions.setReservedConcurrency(name, isRunning ? undefined : 0);
        }
      }
    },
    charging(isRunning) {
      const charge = cloud.functions.functions().find(({ name }) => name.startsWith('Payment-Charge'));
      cloud.functions.setReservedConcurrency(charge?.name ?? '', isRunning ? undefined : 0);
    },
    async labels() {
      const orders: string[] = [];
      const TableName = output('Shipping', 'LabelsTable');
      for await (const { Items = [] } of paginateScan({ client: tables }, { TableName })) {
        orders.push(...Items.map(({ orderId }) => orderId?.S ?? ''));
      }
      return orders;
    },
    async charges(orderId) {
      const TableName = output('Payment', 'FakeGatewayTable');
      const { Item } = await tables.send(new GetItemCommand({ TableName, Key: { id: { S: orderId } } }));
      return Number(Item?.charges?.N ?? 0);
    },
  };
}

/** Ends the story with what should have been so. */
export function claim(held: boolean, message: string): asserts held {
  if (!held) throw new Error(`the story's claim didn't hold: ${message}`);
}
