import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type AttributeValue, type DynamoDBClient, paginateListTables, paginateScan } from '@aws-sdk/client-dynamodb';
import type { Owner } from '../../../adapters/own/owner.ts';
import { createOwner } from '../../../adapters/own/owner-table.ts';
import catalog from '../../../examples/shop/catalog/contracts.ts';
import customers from '../../../examples/shop/customers/contracts.ts';
import geography from '../../../examples/shop/geography/contracts.ts';
import { wholeShopApp } from '../../../examples/shop/whole/app.ts';
import { createShopClient, type ShopClient } from '../../../examples/shop/whole/client.ts';
import { fillShop } from '../../../examples/shop/whole/fill.ts';
import { createSwitches, type Switches } from '../../../examples/shop/whole/stand-still.ts';
import { type LocalCloud, startLocalCloud } from '../../../local/cloud.ts';
import { cloudClient, ownerIn } from '../../../local/deployed.ts';
import { copyAssembly, reportOften } from '../../support/copy-assembly.ts';

/** The whole shop in a local cloud, filled with its data. */
export interface WholeShop extends ShopClient, Switches {
  readonly cloud: LocalCloud;
  readonly client: DynamoDBClient;
  /** The log lines of all functions. */
  readonly lines: readonly string[];
  /** Returns the owner of an entity type. */
  ownerOf(type: string): Owner;
  /**
   * Returns all items of the tables whose name contains a text.
   *
   * @param but leaves out tables whose name contains this text
   */
  itemsOf(name: string, but?: string): Promise<readonly Item[]>;
  stop(): Promise<void>;
}

type Item = Record<string, AttributeValue>;

/** Starts the whole shop in a local cloud and fills it. */
export async function startWholeShop(): Promise<WholeShop> {
  const folder = mkdtempSync(join(tmpdir(), 'freshet-whole-shop-'));
  const lines: string[] = [];
  const synthesised = wholeShopApp({ outdir: join(folder, 'synthesised') }).synth().directory;
  const assembly = copyAssembly(synthesised, join(folder, 'assembly'), reportOften);
  const cloud = await startLocalCloud({ assembly, onLog: (_, line) => lines.push(line) });
  const client = cloudClient(cloud);
  const owners = [geography, catalog, customers].map((boundary) => ({
    boundary,
    owner: createOwner({ boundary, tableName: ownerIn(cloud, boundary).table, client }),
  }));
  const ownerOf = (type: string): Owner => {
    const found = owners.find(({ boundary }) => Object.hasOwn(boundary.owns, type));
    if (found === undefined) throw new Error(`nobody owns ${type}`);
    return found.owner;
  };
  await fillShop(ownerOf);
  await cloud.idle();
  return {
    ...createShopClient(cloud.outputs),
    ...createSwitches(cloud),
    cloud,
    client,
    lines,
    ownerOf,
    itemsOf: (name, but) => itemsOf(client, (table) => table.includes(name) && !(but && table.includes(but))),
    async stop() {
      client.destroy();
      await cloud.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function itemsOf(client: DynamoDBClient, isMeant: (table: string) => boolean): Promise<Item[]> {
  const items: Item[] = [];
  for await (const { TableNames = [] } of paginateListTables({ client }, {})) {
    for (const TableName of TableNames.filter(isMeant)) {
      for await (const { Items = [] } of paginateScan({ client }, { TableName })) items.push(...Items);
    }
  }
  return items;
}

/** Runs tasks, at most `width` at the same time, and returns their results. */
export async function sideBySide<T>(tasks: readonly (() => Promise<T>)[], width: number): Promise<T[]> {
  const results: T[] = [];
  let next = 0;
  const worker = async () => {
    for (let task = tasks[next++]; task !== undefined; task = tasks[next++]) results.push(await task());
  };
  await Promise.all(Array.from({ length: width }, worker));
  return results;
}
