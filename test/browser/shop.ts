import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { SendMessageCommand } from '@aws-sdk/client-sqs';
import { expect, vi } from 'vitest';
import { sqsClient } from '../../adapters/aws/clients.ts';
import { localFileOf, writeLocalFile } from '../../cli/deployment/local-file.ts';
import type { Boundary } from '../../core/contract/contract.ts';
import { type EntityRef, messageGroupId } from '../../core/entity.ts';
import { outgoingMessage } from '../../core/relay/message.ts';
import { canonicalState, type State } from '../../core/state.ts';
import catalog from '../../examples/shop/catalog/contracts.ts';
import customers from '../../examples/shop/customers/contracts.ts';
import ordering from '../../examples/shop/ordering/selling.ts';
import { TEST_CARDS } from '../../examples/shop/payment/fake-gateway.ts';
import warehouse from '../../examples/shop/warehouse/contracts.ts';
import { CHARGING } from '../../examples/shop/whole/stand-still.ts';
import type { LocalCloud } from '../../local/cloud.ts';
import { cacheIn } from '../../local/deployed.ts';
import { startWholeShop, type WholeShop } from '../examples/shop/whole-shop.ts';
import { type Running, root, startHere } from '../support/command-line.ts';
import { setTestCredentials } from '../support/credentials.ts';

/** A local cloud with a console. */
export interface Served {
  /** The address of the console. */
  readonly url: string;
  /** A folder in which commands find the cloud. */
  readonly folder: string;
  stop(): Promise<void>;
}

/** Serves the console of a local cloud whose app was synthesised in this repository, as `freshet console` does. */
export async function serveConsole(cloud: LocalCloud): Promise<Served> {
  const folder = await mkdtemp(join(tmpdir(), 'freshet-browser-'));
  const file = localFileOf(cloud);
  setTestCredentials();
  writeLocalFile(folder, { ...file, deployed: file.deployed.map(withAbsoluteContracts) });
  const running: Running = startHere(['console', '--json'], folder);
  // The page is built first, if its sources are newer than it.
  const isServed = vi.waitFor(() => expect(running.out()).toContain('"url"'), { timeout: 60_000 });
  await Promise.race([isServed, running.ended.then(({ err }) => expect.fail(err))]);
  const { url } = JSON.parse(running.out()) as { url: string };
  return {
    url,
    folder,
    async stop() {
      running.interrupt();
      await running.ended;
      await rm(folder, { recursive: true, force: true });
    },
  };
}

function withAbsoluteContracts(output: string): string {
  if (!output.startsWith('{')) return output;
  const one = JSON.parse(output) as { contracts?: string };
  return one.contracts === undefined ? output : JSON.stringify({ ...one, contracts: resolve(root, one.contracts) });
}

/** The whole shop with troubles, and its console. */
export interface TroubledShop extends Served {
  readonly shop: WholeShop;
}

/**
 * Starts the shop and breaks it:
 *
 * - ordering has parked a version of the product p-mug that it can't read
 * - ordering has stopped the customer c-sofja, and holds a later version
 * - the projector of warehouse is stopped, so its queue has a backlog
 * - the functions of the owner customers are stopped, so a change of c-konrad waits in its stream
 * - payment doesn't charge, so the saga shipping waits for an order's bill
 */
export async function startTroubledShop(): Promise<TroubledShop> {
  setTestCredentials();
  const shop = await startWholeShop();
  await shop.minutes();
  await sendUnreadable(shop, catalog, { type: 'Product', id: 'p-mug' }, { category: 7 });
  await sendUnreadable(shop, customers, { type: 'Customer', id: 'c-sofja' }, { tier: 'platinum' });
  await shop.cloud.idle();
  await change(shop, { type: 'Customer', id: 'c-sofja' }, { tier: 'gold' });
  shop.running(CHARGING, false);
  await shop.buy({ productId: 'p-tent', customerId: 'c-ada', card: TEST_CARDS.good });
  await shop.cloud.idle();
  shop.running([cacheIn(shop.cloud, warehouse).projector], false);
  for (const id of ['DE', 'GB', 'SE']) await change(shop, { type: 'Country', id }, { subregion: 'Changed' });
  shop.running(['Customers-'], false);
  await change(shop, { type: 'Customer', id: 'c-konrad' }, { tier: 'gold' });
  const served = await serveConsole(shop.cloud);
  return {
    ...served,
    shop,
    async stop() {
      await served.stop();
      await shop.stop();
    },
  };
}

async function change({ ownerOf }: WholeShop, { type, id }: EntityRef, fields: State): Promise<void> {
  await ownerOf(type).put(type, id, { ...(await ownerOf(type).get(type, id))?.state, ...fields });
}

/** Sends version 2 of an entity into the queue of ordering, with fields that its contract refuses. */
async function sendUnreadable(shop: WholeShop, boundary: Boundary, entity: EntityRef, wrong: State): Promise<void> {
  const { cloud, ownerOf } = shop;
  const { state } = (await ownerOf(entity.type).get(entity.type, entity.id)) ?? {};
  const { json, digest } = canonicalState(entity, { ...state, ...wrong });
  const changedAt = new Date().toISOString();
  const owned = { entity, version: 2, digest, schemaVersion: 1, changedAt, stateJson: json };
  const message = outgoingMessage(boundary, owned, { publishedAt: changedAt });
  if ('reason' in message) throw new Error(message.message);
  const queues = sqsClient({ endpoint: cloud.endpoints.sqs });
  await queues.send(
    new SendMessageCommand({
      QueueUrl: cacheIn(cloud, ordering).queueUrl,
      MessageBody: message.body,
      MessageGroupId: messageGroupId(entity),
      MessageDeduplicationId: 'unreadable',
    }),
  );
  queues.destroy();
}
