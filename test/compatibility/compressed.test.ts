import { readFileSync } from 'node:fs';
import type { AttributeValue } from '@aws-sdk/client-dynamodb';
import { describe, expect, test } from 'vitest';
import { checksum, isIntact, jsonAttributes, ownedEntity, storedItem } from '../../adapters/aws/items.ts';
import { parkedEventOf } from '../../adapters/project/parked-items.ts';
import { parseResyncRequest } from '../../adapters/repair/gaps.ts';
import { compressed } from '../../core/compression.ts';
import { parseEvent } from '../../core/event.ts';
import { eventReader } from '../../core/govern/readers.ts';
import { parseCacheReport } from '../../core/govern/report.ts';
import { outgoingMessage } from '../../core/relay/message.ts';
import { parsePageRequest } from '../../core/repair/pages.ts';
import { catalogue } from '../support/boundaries.ts';
import { records } from '../support/compressible.ts';
import { owned, PUBLISHED_AT, product } from '../support/events.ts';
import * as earlier from './release-0.1.ts';

type Item = Record<string, AttributeValue>;

/** What release 0.1 wrote. */
const written = JSON.parse(readFileSync(new URL('release-0.1.json', import.meta.url), 'utf8')) as {
  readonly events: Readonly<Record<'state' | 'delta' | 'tombstone', string>>;
  readonly ownerItem: Item;
  readonly cacheItem: Item;
  readonly parkedItem: Item;
  readonly report: string;
  readonly resyncRequest: string;
  readonly pageRequest: string;
};
const state = { name: 'bolt', price: 1, records: records(120) };

describe('what release 0.1 wrote', () => {
  test('its events are read', () => {
    expect(parseEvent(written.events.state)).toMatchObject({ kind: 'state', version: 1, data: state });
    expect(parseEvent(written.events.delta)).toMatchObject({ kind: 'delta', data: { changed: { price: 2 } } });
    expect(parseEvent(written.events.tombstone)).toMatchObject({ kind: 'tombstone', version: 3 });
  });

  test('its items are read, above the threshold too, and are intact', () => {
    const one = ownedEntity(written.ownerItem);
    expect([JSON.parse(one.stateJson ?? ''), one.compressed]).toEqual([state, undefined]);
    expect(JSON.parse(storedItem(written.cacheItem).dataJson ?? '')).toEqual(state);
    expect(isIntact(written.cacheItem)).toBe(true);
  });

  test('its parked events are read, and can be tried again', () => {
    expect(parkedEventOf(written.parkedItem).message.body).toBe(written.events.state);
  });

  test('its reports and requests say nothing about compressed data, so its caches get JSON', () => {
    const report = parseCacheReport(written.report);
    expect(report && eventReader(report, 5)).toEqual({ cache: 'shop', readsCompressed: false, atMs: 1 });
    expect(parseResyncRequest(written.resyncRequest)).not.toHaveProperty('readsCompressed');
    expect(parsePageRequest(written.pageRequest)).not.toHaveProperty('readsCompressed');
  });
});

describe('a cache of release 0.1 with an owner of this release', () => {
  const large = { ...owned(product(), 1, state), compressed: compressed(owned(product(), 1, state).stateJson ?? '') };
  const sent = (readsCompressed?: boolean) => {
    const message = outgoingMessage(catalogue, large, { publishedAt: PUBLISHED_AT, readsCompressed });
    return 'reason' in message ? message : earlier.readEvent(message.body);
  };

  test('it reads the event of a state that the owner stores compressed', () => {
    expect(sent()).toEqual({ data: state });
  });

  test('it would park a compressed event, and never take it for another state or a deletion', () => {
    expect(sent(true)).toEqual({ malformed: 'datacontenttype' });
  });

  test('a governor and a repair function of release 0.1 read what a cache of this release sends', () => {
    const added = { readsCompressed: true };
    expect(earlier.cacheReport.parse({ ...JSON.parse(written.report), ...added })).toEqual(JSON.parse(written.report));
    expect(earlier.resyncRequest.parse({ ...JSON.parse(written.resyncRequest), ...added })).toBeDefined();
    expect(earlier.pageRequest.parse({ ...JSON.parse(written.pageRequest), ...added })).toBeDefined();
  });
});

describe('functions of release 0.1 on items of this release, in a deployment or after a rollback', () => {
  const { stateJson = '', digest } = owned(product(), 1, state);
  const stamp = { version: { N: '1' }, digest: { S: digest } };
  const compressedItem = (attribute: 'state' | 'data'): Item => {
    const item = { ...stamp, ...jsonAttributes(attribute, stateJson ?? '', compressed(stateJson ?? '')) };
    return { ...item, checksum: { S: checksum(item) } };
  };

  test('a reader and a writer fail on a compressed state, and never take it for a deletion', () => {
    expect(() => earlier.readCached(compressedItem('data'))).toThrow(/gzip: need/);
    expect(() => earlier.readOwned(compressedItem('state'))).toThrow(/gzip: need/);
  });

  test('a relay diverts the record with a reason', () => {
    expect(earlier.relayed(compressedItem('state'))).toEqual({ diverted: 'unreadable' });
  });

  test('a projector applies no delta to a compressed state, and asks for the whole state instead', () => {
    expect(earlier.isIntact(compressedItem('data'))).toBe(false);
  });

  test('small states are read as before', () => {
    const small = { ...stamp, ...jsonAttributes('data', '{"name":"bolt"}', undefined) };
    expect(earlier.readCached(small)).toEqual({ status: 'found', value: { name: 'bolt' } });
    expect(earlier.isIntact({ ...small, checksum: { S: checksum(small) } })).toBe(true);
  });
});
