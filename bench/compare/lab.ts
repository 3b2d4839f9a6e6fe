import { createOwner } from '../../adapters/own/owner-table.ts';
import { createReader } from '../../adapters/read/cache-table.ts';
import { dimensionsOf, METRIC_NAMESPACE, PROJECTOR_METRICS } from '../../core/metrics.ts';
import { type LocalCloud, startLocalCloud } from '../../local/cloud.ts';
import { cloudClient } from '../../local/deployed.ts';
import { createLedger, type Ledger } from '../../local/ledger/ledger.ts';
import { startTableProxy } from '../experiments/backlog/table-proxy.ts';
import { drawn } from '../experiments/ordering/events.ts';
import { setBenchCredentials } from '../support/account.ts';
import catalogue, { CONSUMERS_OF, PRODUCT_TYPES, type ProductType } from './catalogue.ts';
import { consumer } from './consumer.ts';
import { copyVersion } from './copy-version.ts';
import { namesIn } from './names.ts';
import { HANGING_MS, type OwnerState, type Plan, SLOW_MS, WAYS, type Way } from './plan.ts';
import { STACKS } from './stacks.ts';

/** The running app: one owner, and consumers that use all three ways. */
export interface CompareLab {
  readonly cloud: LocalCloud;
  readonly ledger: Ledger;
  readonly plan: Plan;
  /** Changes a product. Returns its new version and the time of the commit. */
  change(type: ProductType, id: string): Promise<{ version: number; atMs: number }>;
  /** Deletes a product. Returns the version of the deletion and the time of the commit. */
  remove(type: ProductType, id: string): Promise<{ version: number; atMs: number }>;
  /** Reads a product on a consumer's page. Returns its version, undefined if the page fails. @param number from 1 */
  read(number: number, way: Way, type: ProductType, id: string): Promise<number | undefined>;
  /** The version in the first consumer's copy, read from its table; 0 for none. */
  held(way: 'notify' | 'carry', type: ProductType, id: string): Promise<number>;
  /** How many states the first consumer has received: answers of the owner, or events that have ended. */
  received(way: 'notify' | 'carry'): number;
  /** Puts the owner into a state. */
  setOwner(state: OwnerState): void;
  /** Stops or starts the owner's API. Its changes still go out. */
  setApi(isRunning: boolean): void;
  /** Stops or starts all functions of the first consumer. */
  setConsumer(isRunning: boolean): void;
  /** How many notifications are in the first consumer's dead-letter queue. */
  stranded(): number;
  stop(): Promise<void>;
}

/** Starts the app, loads the products and warms up every function that is measured. */
export async function startCompareLab(assembly: string, plan: Plan): Promise<CompareLab> {
  setBenchCredentials();
  const proxy = await startTableProxy();
  const ledger = createLedger();
  let answered = 0;
  const cloud = await startLocalCloud({
    assembly,
    ledger,
    // A schedule's minute takes an hour here, which keeps per-minute requests out of the counts (see docs/cost.md).
    minuteMs: 3_600_000,
    functionEndpoints(services) {
      proxy.forwardTo(services.dynamodb);
      return { ...services, dynamodb: proxy.url };
    },
    onLog(name, line) {
      if (name.startsWith(`${STACKS.listener}1-`)) answered += Number(/^{"answered":(\d+)}$/.exec(line)?.[1] ?? 0);
    },
  });
  const names = namesIn(cloud);
  const client = cloudClient(cloud);
  const owner = createOwner({ boundary: catalogue, tableName: names.ownerTable, client });
  const cache = createReader({ boundary: consumer(1), tableName: names.cacheTable, client });
  const held = copyVersion({ client, tableName: names.copyTable });
  const deadLetters = cloud.messaging.queues.require(names.deadLettersUrl);
  const setRunning = (functions: readonly string[], isRunning: boolean): void => {
    for (const name of functions) cloud.functions.setReservedConcurrency(name, isRunning ? undefined : 0);
  };
  let price = 0;

  const lab: CompareLab = {
    cloud,
    ledger,
    plan,
    async change(type, id) {
      price += 1;
      const description = id.padEnd(plan.descriptionBytes, '.');
      const { version } = await owner.put(type, id, { name: `Product ${id}`, price, description });
      return { version, atMs: performance.now() };
    },
    async remove(type, id) {
      const { version } = await owner.delete(type, id);
      return { version, atMs: performance.now() };
    },
    async read(number, way, type, id) {
      const answer = await cloud.functions.invoke(names.page(number), { way, type, id });
      return answer.ok ? Number(answer.payload) : undefined;
    },
    async held(way, type, id) {
      if (way === 'notify') return held(type, id);
      const entity = await cache.get(type, id);
      return entity.status === 'unknown' ? 0 : entity.version;
    },
    received(way) {
      if (way === 'notify') return answered;
      const dimensions = dimensionsOf({ name: consumer(1).name, stack: `${STACKS.cache}1` });
      const metric = { namespace: METRIC_NAMESPACE, metric: PROJECTOR_METRICS.settled, dimensions };
      return cloud.metrics.query(metric)?.sum ?? 0;
    },
    setOwner(state) {
      proxy.slow(names.ownerTable, { up: 0, slow: SLOW_MS, hangs: HANGING_MS, down: 0 }[state], ['GetItem']);
      setRunning(names.ownersFunctions, state !== 'down');
    },
    setApi: (isRunning) => setRunning([names.api], isRunning),
    setConsumer: (isRunning) => setRunning(names.consumersFunctions, isRunning),
    stranded: () => deadLetters.counts().visible,
    async stop() {
      client.destroy();
      await cloud.stop();
      await proxy.stop();
    },
  };
  try {
    lab.setOwner('up');
    await warmUp(lab);
    return lab;
  } catch (error) {
    await lab.stop();
    throw error;
  }
}

async function warmUp(lab: CompareLab): Promise<void> {
  for (let number = 0; number < lab.plan.products; number += 1) {
    for (const type of PRODUCT_TYPES) await lab.change(type, productId(number));
    // Without this wait, the owner couldn't answer the callbacks of ten consumers in time.
    await lab.cloud.idle();
  }
  for (let number = 1; number <= CONSUMERS_OF.ForTen; number += 1) {
    for (const way of WAYS) {
      const version = await lab.read(number, way, 'ForTen', productId(0));
      if (version !== 1)
        throw new Error(`consumer ${number} read version ${version} by ${way}, but version 1 was committed`);
    }
  }
}

/** The id of a product. @param number from 0 */
export function productId(number: number): string {
  return `product-${number}`;
}

/** The id of a product that is drawn by the plan's seed. */
export function drawnProduct({ seed, products }: Plan, ...from: readonly (string | number)[]): string {
  return productId(Math.floor(drawn(seed, ...from) * products));
}
