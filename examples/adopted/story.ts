import { setTimeout as pause } from 'node:timers/promises';
import { type DynamoDBClient, paginateScan, ScanCommand } from '@aws-sdk/client-dynamodb';
import { adoptedItem, type Reader } from 'freshet-aws';
import { cloudClient, type Stage, type Story } from 'freshet-local';
import catalogue from './catalogue/contracts.ts';
import { openProducts } from './catalogue/products.ts';
import { openSuppliers } from './catalogue/suppliers.ts';

/** Items of the existing table. `.ci/run` sets a smaller number. */
const ITEMS = Number(process.env.ADOPTED_ITEMS ?? 10_000);
const SUPPLIERS = Math.floor(ITEMS / 10);
const PRODUCTS = ITEMS - SUPPLIERS;
const BATCH = 25;
/** How long the copy of the whole table may take. */
const PATIENCE_MS = 15 * 60_000;
/** How many invocations are killed while changes are on their way. */
const KILLS = 20;
const KILL_EVERY_MS = 300;

const sku = (n: number) => `sku-${n}`;
const supplier = (n: number) => `s-${n}`;

/** A table that has been there for years is cached by another service, while its own code goes on writing it. */
const story: Story = async (stage) => {
  const { cloud, report } = stage;
  const client = cloudClient(cloud);
  const table = cloud.outputs.Existing?.TableName ?? '';
  const products = openProducts(client, table);
  const suppliers = openSuppliers(client, table);
  try {
    report.heading(`A table of ${ITEMS} items, written by plain SDK code and by ElectroDB`);
    await fill(stage, products, suppliers);

    report.heading('The table is adopted: a stream, an owner of its types, and a cache in another service');
    const writing = { isOn: true, writes: 0 };
    const writer = keepWriting(writing, products, suppliers);
    const deployment = await stage.deploy({ adopted: true });
    report.step('deployed, while the own code goes on writing');
    const { deployed } = await deployment.ownerOf('Product');
    const cache = await deployment.cacheNamed('basket');
    const killer = keepKilling(cloud, [deployed.adopter ?? '', deployed.relay]);
    await equal(stage, client, table, cache.reader, 'while the own code writes', writing);
    const kills = await killer;
    writing.isOn = false;
    await writer;
    report.step(`${kills} invocations of the adopter and the relay were killed in the meantime`);
    await equal(stage, client, table, cache.reader, `after ${writing.writes} writes in the meantime`);

    report.heading('Deletions, and the same ids again');
    await Promise.all([products.remove(sku(0)), suppliers.remove(supplier(0))]);
    await cloud.idle();
    claim((await cache.reader.get('Product', sku(0))).status === 'deleted', 'the product is deleted in the cache');
    await products.create([{ sku: sku(0), name: 'again', price: '1' }]);
    await cloud.idle();
    const again = await cache.reader.get('Product', sku(0));
    claim(again.status === 'found' && again.version > 1, 'the product is in the cache again');
    report.step(`version 1 of the item is version ${again.version} in the cache, above the deletion`);

    report.heading('A change that forgets to raise the version');
    await products.renameInHaste(sku(1), 'forgotten');
    await cloud.idle();
    const kept = await cache.reader.get('Product', sku(1));
    claim(kept.status === 'found' && kept.value.name !== 'forgotten', 'the cache keeps the state of the version');
    const { Items = [] } = await client.send(new ScanCommand({ TableName: deployed.parkingTable }));
    const found = JSON.stringify(Items);
    claim(found.includes('version-not-raised') && found.includes(sku(1)), 'the change is set aside with its reason');
    report.step('set aside as version-not-raised: freshet parked list catalogue');
    await products.rename(sku(1), 'remembered');
    await equal(stage, client, table, cache.reader, 'after the next change, which raises it');
  } finally {
    client.destroy();
  }
};

export default story;

type Products = ReturnType<typeof openProducts>;
type Suppliers = ReturnType<typeof openSuppliers>;

/** Creates the items, and changes a tenth of them, so that they have a history. */
async function fill({ report }: Stage, products: Products, suppliers: Suppliers): Promise<void> {
  for (let from = 0; from < PRODUCTS; from += BATCH) {
    const numbers = range(from, Math.min(from + BATCH, PRODUCTS));
    await products.create(numbers.map((n) => ({ sku: sku(n), name: `Product ${n}`, price: `${n}.95` })));
    report.progress('products', from, PRODUCTS);
  }
  for (let from = 0; from < SUPPLIERS; from += BATCH) {
    const numbers = range(from, Math.min(from + BATCH, SUPPLIERS));
    await suppliers.create(numbers.map((n) => ({ supplierId: supplier(n), name: `Supplier ${n}`, city: 'Paris' })));
  }
  for (const n of range(0, PRODUCTS).filter((one) => one % 10 === 0)) await products.setPrice(sku(n), `${n}.50`);
  for (const n of range(0, SUPPLIERS).filter((one) => one % 10 === 0)) await suppliers.move(supplier(n), 'Lyon');
  report.step(`${PRODUCTS} products and ${SUPPLIERS} suppliers, and a second version of a tenth of them`);
}

/** Goes on changing products and suppliers, and deletes and creates some. */
async function keepWriting(
  writing: { readonly isOn: boolean; writes: number },
  products: Products,
  suppliers: Suppliers,
): Promise<void> {
  for (let n = 2; writing.isOn; n += 1) {
    await products.rename(sku(n % PRODUCTS || 2), `Renamed ${n}`);
    await suppliers.move(supplier(n % SUPPLIERS || 1), `City ${n}`);
    if (n % 10 === 0) {
      const id = `brief-${n}`;
      await products.create([{ sku: id, name: id, price: '1' }]);
      await products.remove(id);
      await products.create([{ sku: id, name: `${id} again`, price: '2' }]);
    }
    writing.writes += 2;
    await pause(20);
  }
}

/**
 * Kills invocations of functions until `KILLS` have been killed, as if their machines failed.
 *
 * @returns the number of killed invocations
 */
async function keepKilling({ functions }: Stage['cloud'], names: readonly string[]): Promise<number> {
  let kills = 0;
  while (kills < KILLS) {
    kills += names.reduce((sum, name) => sum + functions.kill(name), 0);
    await pause(KILL_EVERY_MS);
  }
  return kills;
}

/** Waits until the cache equals the table: every item, with its state. */
async function equal(
  { cloud, report }: Stage,
  client: DynamoDBClient,
  table: string,
  reader: Reader,
  when: string,
  writing?: object,
): Promise<void> {
  const endMs = Date.now() + PATIENCE_MS;
  let differences: readonly string[] = ['none was looked for'];
  do {
    await cloud.tick();
    await pause(1_000);
    differences = await differing(client, table, reader);
    report.progress('items in the cache', ITEMS - differences.length, ITEMS);
    // While the code writes, the newest changes are on their way.
  } while (differences.length > (writing === undefined ? 0 : 50) && Date.now() < endMs);
  claim(
    differences.length <= (writing === undefined ? 0 : 50),
    `the cache equals the table: ${differences.slice(0, 5)}`,
  );
  const count = differences.length === 0 ? 'equal to the table' : `all but the ${differences.length} that just changed`;
  report.step(`${when}: the cache is ${count}`);
}

/** The entities in which the cache and the table differ. */
async function differing(client: DynamoDBClient, table: string, reader: Reader): Promise<string[]> {
  const cached = new Map<string, string>();
  for (const type of Object.keys(catalogue.owns)) {
    for await (const { id, value } of reader.listAll(type)) cached.set(`${type}/${id}`, sorted(value));
  }
  const differences: string[] = [];
  for await (const { Items = [] } of paginateScan({ client }, { TableName: table, ConsistentRead: true })) {
    for (const item of Items) {
      for (const [type, { adopted }] of Object.entries(catalogue.owns)) {
        const read = adopted?.read(adoptedItem(item, adopted.exactNumbers));
        if (read === undefined) continue;
        const name = `${type}/${String(read.id)}`;
        if (cached.get(name) !== sorted(read.state)) differences.push(name);
        cached.delete(name);
      }
    }
  }
  return [...differences, ...cached.keys()];
}

function sorted(state: unknown): string {
  return JSON.stringify(
    Object.entries(state as object)
      .filter(([, value]) => value !== undefined)
      .sort(),
  );
}

function range(from: number, to: number): number[] {
  return Array.from({ length: to - from }, (_, n) => from + n);
}

/** Ends the story with an error if a claim doesn't hold. @param message what should hold */
function claim(holds: boolean, message: string): asserts holds {
  if (!holds) throw new Error(`the story's claim doesn't hold: ${message}`);
}
