import type { AttributeValue } from '@aws-sdk/client-dynamodb';
import * as z from 'zod/mini';
import { sha256 } from '../../core/entity.ts';

/*
 * What release 0.1 (commit 01371af) makes of events, items and messages: copies of its schemas and of its readings of
 * items. They never change, so that the tests of this folder show what a newer release does to a deployment of 0.1. A
 * bundle of 0.1 would show the same, but its source isn't in every clone, and building it takes a minute.
 */

type Item = Record<string, AttributeValue>;

const digest = z.string().check(z.regex(/^[A-Za-z0-9_-]{43}$/));

const eventEnvelope = z.object({
  specversion: z.literal('1.0'),
  id: z.string().check(z.minLength(1), z.maxLength(128)),
  source: z.string().check(z.regex(/^urn:freshet:[a-z][a-z0-9-]{0,29}$/)),
  type: z.string().check(z.minLength(1), z.maxLength(40)),
  subject: z.string().check(z.minLength(1), z.maxLength(1024)),
  time: z.iso.datetime(),
  datacontenttype: z.literal('application/json'),
  kind: z.enum(['state', 'delta', 'tombstone']),
  entityversion: z.string().check(z.regex(/^[1-9][0-9]{0,15}$/)),
  digest,
  basedigest: z.optional(digest),
  schemaversion: z.int().check(z.gte(1), z.lte(2 ** 31 - 1)),
  publishedat: z.iso.datetime(),
  traceparent: z.optional(z.unknown()),
  data: z.optional(z.unknown()),
});

/** The projector of 0.1: the event's data, or the attribute for which the event is parked as malformed. */
export function readEvent(body: string): { readonly data: unknown } | { readonly malformed: string } {
  const parsed = eventEnvelope.safeParse(JSON.parse(body));
  if (!parsed.success) return { malformed: parsed.error.issues[0]?.path.join('.') ?? 'envelope' };
  const { kind, data } = parsed.data;
  return (kind === 'tombstone') === (data === undefined) ? { data } : { malformed: 'data' };
}

/** The relay of 0.1: the state's text as it goes into the event, or the reason for which the record is diverted. */
export function relayed(item: Item): string | { readonly diverted: 'unreadable' } {
  const stateJson = item.state?.S;
  if (stateJson === undefined || sha256(stateJson) !== item.digest?.S) return { diverted: 'unreadable' };
  return stateJson;
}

/** A reader of 0.1. Throws for a text that isn't JSON. */
export function readCached(item: Item): { readonly status: 'deleted' | 'found'; readonly value?: unknown } {
  const json = item.data?.S;
  return json === undefined ? { status: 'deleted' } : { status: 'found', value: JSON.parse(json) };
}

/** `Owner.get` of 0.1. Throws for a text that isn't JSON. */
export function readOwned(item: Item): unknown {
  const stateJson = item.state?.S;
  return stateJson === undefined ? undefined : JSON.parse(stateJson);
}

/** Whether a delta of 0.1 is applied to the item. If it isn't, the cache asks for the whole state. */
export function isIntact(item: Item): boolean {
  const values = Object.keys(item)
    .filter((name) => name.startsWith('by_'))
    .sort()
    .map((name) => [name, item[name]?.S]);
  const content = [item.version?.N, item.digest?.S, item.data?.S, values];
  return item.checksum?.S === undefined || item.checksum.S === sha256(JSON.stringify(content)).slice(0, 16);
}

const rate = z.number().check(z.gte(0));

/** A report as the governor of 0.1 reads it. */
export const cacheReport = z.object({
  cache: z.string().check(z.minLength(1), z.maxLength(30)),
  atMs: z.int().check(z.gte(0)),
  backlog: z.int().check(z.gte(0)),
  productionRate: rate,
  consumptionRate: rate,
  oldestAgeSeconds: rate,
  drainSeconds: z.nullable(rate),
  share: z.number().check(z.gt(0), z.lte(1)),
});

/** Requests as the repair function of 0.1 reads them. */
export const resyncRequest = z.object({
  entity: z.object({ type: z.string(), id: z.string() }),
  wantedVersion: z.int(),
  cache: z.string(),
});
export const pageRequest = z.object({
  purpose: z.enum(['backfill', 'inventory']),
  type: z.string(),
  run: z.string(),
  index: z.int(),
  cursor: z.optional(z.string()),
  cache: z.string(),
});
