import { ATTRIBUTE, checksum, type Item, indexAttribute, keyItem } from '../../adapters/aws/items.ts';
import type { OpenCache } from '../../cli/deployment/deployment.ts';
import { ownerTable } from '../../cli/deployment/names.ts';
import { indexValue, keptFields } from '../../core/project/fields.ts';
import { canonicalJson, canonicalState } from '../../core/state.ts';
import { createEngineClient, type EngineClient } from '../../local/engine/client.ts';
import type { WatchedCloud } from './cloud.ts';
import { countryId, countryState } from './events.ts';

/** The most items of one BatchWriteItem call (ddb/Constraints). */
const BATCH = 25;

/** A change of long ago would count as a delay of the relay, for which the governor refuses writes. */
const CHANGED_AT = new Date().toISOString();

/**
 * Fills the tables of the owner and of the caches with countries at version 1, without the pipeline. Meanwhile the
 * subscriptions let nothing through, so the relay publishes the owner's changes and no cache receives them.
 *
 * @param only the caches to fill; default: all
 */
export async function preload(
  { cloud, deployment }: WatchedCloud,
  from: number,
  to: number,
  only?: readonly string[],
): Promise<void> {
  const owner = await deployment.ownerOf('Country');
  const { deployed } = owner;
  const caches = (await deployment.cachesOf('Country')).filter(({ name }) => only?.includes(name) ?? true);
  const subscriptions = [...cloud.messaging.topics.require(deployed.topicArn).subscriptions.values()];
  const policies = subscriptions.map((subscription) => subscription.attributes().FilterPolicy ?? '');
  const engine = createEngineClient(cloud.endpoints.dynamodb);
  try {
    for (const subscription of subscriptions) subscription.setAttributes({ FilterPolicy: '{"type":["nothing"]}' });
    for (let start = from; start < to; start += BATCH) {
      const numbers = Array.from({ length: Math.min(BATCH, to - start) }, (_, index) => start + index);
      await Promise.all([
        put(engine, ownerTable(owner), numbers.map(ownedItem)),
        ...caches.map((cache) => {
          return put(
            engine,
            cache.deployed.table,
            numbers.map((number) => cachedItem(number, cache)),
          );
        }),
      ]);
    }
    await cloud.idle();
  } finally {
    for (const [index, subscription] of subscriptions.entries()) {
      subscription.setAttributes({ FilterPolicy: policies[index] ?? '' });
    }
    engine.close();
  }
}

async function put(engine: EngineClient, table: string, items: readonly Item[]): Promise<void> {
  const requests = items.map((Item) => ({ PutRequest: { Item } }));
  await engine.call('DynamoDB_20120810.BatchWriteItem', { RequestItems: { [table]: requests } });
}

function stamp(number: number): Item {
  const entity = { type: 'Country', id: countryId(number) };
  return {
    ...keyItem(entity),
    [ATTRIBUTE.version]: { N: '1' },
    [ATTRIBUTE.digest]: { S: canonicalState(entity, countryState(number, 0)).digest },
    [ATTRIBUTE.changedAt]: { S: CHANGED_AT },
    [ATTRIBUTE.schemaVersion]: { N: '1' },
  };
}

function ownedItem(number: number): Item {
  const entity = { type: 'Country', id: countryId(number) };
  return { ...stamp(number), [ATTRIBUTE.state]: { S: canonicalState(entity, countryState(number, 0)).json } };
}

function cachedItem(number: number, { boundary }: OpenCache): Item {
  const cached = boundary.caches.Country;
  if (cached === undefined) throw new Error(`${boundary.name} doesn't cache countries`);
  const entity = { type: 'Country', id: countryId(number) };
  const kept = keptFields(JSON.parse(canonicalJson(entity, countryState(number, 0))), cached);
  const indexed = Object.entries(cached.indexes).flatMap(([index, field]) => {
    const value = indexValue('Country', kept[field]);
    return value === undefined ? [] : [[indexAttribute(index), { S: value }] as const];
  });
  const item: Item = {
    ...stamp(number),
    [ATTRIBUTE.fieldsRevision]: { N: String(cached.fieldsRevision) },
    ...Object.fromEntries(indexed),
    [ATTRIBUTE.data]: { S: canonicalJson(entity, kept) },
  };
  return { ...item, [ATTRIBUTE.checksum]: { S: checksum(item) } };
}
