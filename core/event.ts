import * as z from 'zod/mini';
import en from 'zod/v4/locales/en.js';
import type { Delta } from './delta.ts';
import {
  deduplicationId,
  type EntityRef,
  MAX_ID_BYTES,
  MAX_VERSION,
  type SentAgain,
  textProblem,
  utf8Bytes,
} from './entity.ts';
import { shortened } from './errors.ts';
import { TOMBSTONE_DIGEST } from './state.ts';
import { traceparentOf } from './trace.ts';

/** What was true of one entity at one version: the whole state, what changed since the version before, or that it was deleted. Never edited. */
export type VersionedEvent = EventAttributes &
  (
    | { readonly kind: 'state'; readonly data: unknown }
    | { readonly kind: 'delta'; readonly data: Delta /** Digest of the version before. */; readonly baseDigest: string }
    | { readonly kind: 'tombstone' }
  );

/** What every versioned event says beside its data. */
export interface EventAttributes {
  readonly entity: EntityRef;
  /** Integer from 1; grows by one with each committed change of the entity. */
  readonly version: number;
  /** Digest of the full state, of a delta the resulting one; every tombstone has the same. */
  readonly digest: string;
  /** The boundary that owns the entity. */
  readonly owner: string;
  /** The schema version that the state was committed under. */
  readonly schemaVersion: number;
  /** When the owner committed the version, ISO 8601. */
  readonly changedAt: string;
  /** When the event was published, ISO 8601; redrive keeps it, a resync or backfill is an event of its own. */
  readonly publishedAt: string;
  /** The trace in which the owner committed the version, as W3C's `traceparent`; undefined where it was committed outside of one. */
  readonly traceparent?: string | undefined;
}

/** A versioned event as it came. */
export type ReadEvent = VersionedEvent & {
  /** Whether it was sent once more by a repair: its lead time says nothing of the pipeline. */
  readonly sentAgain: boolean;
};

/** What precedes the owner in `source`. */
export const SOURCE_PREFIX = 'urn:freshet:';
const timestamp = z.iso.datetime();

/** zod/mini brings no messages of its own, and a global locale would be everyone's. */
const english = { error: en().localeError };

const digest = z.string().check(z.regex(/^[A-Za-z0-9_-]{43}$/));

/** CloudEvents 1.0, structured JSON; the attributes after `datacontenttype` are Freshet's extensions. */
const envelope = z.object({
  specversion: z.literal('1.0'),
  id: z.string().check(z.minLength(1), z.maxLength(128)),
  source: z.string().check(z.regex(/^urn:freshet:[a-z][a-z0-9-]{0,29}$/)),
  type: z.string().check(z.minLength(1), z.maxLength(40)),
  subject: z.string().check(z.minLength(1), z.maxLength(MAX_ID_BYTES)),
  time: timestamp,
  datacontenttype: z.literal('application/json'),
  kind: z.enum(['state', 'delta', 'tombstone']),
  // A text: CloudEvents integers end at 2^31 - 1, versions don't.
  entityversion: z.string().check(z.regex(/^[1-9][0-9]{0,15}$/)),
  digest,
  basedigest: z.optional(digest),
  schemaversion: z.int().check(z.gte(1), z.lte(2 ** 31 - 1)),
  publishedat: timestamp,
  traceparent: z.optional(z.unknown()),
  data: z.optional(z.unknown()),
});

/** Whether parsed JSON is a delta. By hand: a schema's record would drop a field named `__proto__`. */
function isDelta(data: unknown): data is Delta {
  if (typeof data !== 'object' || data === null) return false;
  const { changed, removed, ...rest } = data as Record<string, unknown>;
  const isObject = typeof changed === 'object' && changed !== null && !Array.isArray(changed);
  const areTexts = Array.isArray(removed) && removed.every((field) => typeof field === 'string');
  return isObject && areTexts && Object.keys(rest).length === 0;
}

/** What goes into an envelope beside its data. */
export interface Envelope extends EventAttributes {
  /** Why it is sent once more; default: it is sent for the first time. */
  readonly again?: SentAgain | undefined;
  readonly kind: VersionedEvent['kind'];
  /** Digest of the version before; only of a delta. */
  readonly baseDigest?: string;
}

/** Writes an event as CloudEvents JSON. `dataJson` is the data's text, so it isn't parsed only to be written again; a tombstone has none. */
export function serialiseEvent(event: Envelope, dataJson: string | undefined): string {
  const attributes = JSON.stringify({
    specversion: '1.0',
    id: deduplicationId(event.entity, event.version, event.again),
    source: SOURCE_PREFIX + event.owner,
    type: event.entity.type,
    subject: event.entity.id,
    time: event.changedAt,
    datacontenttype: 'application/json',
    kind: event.kind,
    entityversion: String(event.version),
    digest: event.digest,
    basedigest: event.baseDigest,
    schemaversion: event.schemaVersion,
    publishedat: event.publishedAt,
    traceparent: event.traceparent,
  });
  return dataJson === undefined ? attributes : `${attributes.slice(0, -1)},"data":${dataJson}}`;
}

/** Why an event can't be read. */
export interface Unreadable {
  readonly reason: 'malformed';
  readonly message: string;
}

/** Reads an event; anything that isn't exactly one is `malformed`, with the field and what is wrong with it. */
export function parseEvent(body: string): ReadEvent | Unreadable {
  let json: unknown;
  try {
    json = JSON.parse(body);
  } catch (error) {
    return malformed(`not JSON: ${error instanceof Error ? error.message.slice(0, 120) : 'unreadable'}`);
  }
  const parsed = envelope.safeParse(json, english);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    return malformed(`${issue?.path.join('.') || 'envelope'}: ${shortened(issue?.message ?? 'invalid', 200)}`);
  }
  const { data: attributes } = parsed;
  const version = Number(attributes.entityversion);
  if (version > MAX_VERSION) return malformed(`entityversion: above ${MAX_VERSION}`);
  if (textProblem(attributes.subject) !== undefined || utf8Bytes(attributes.subject) > MAX_ID_BYTES) {
    return malformed(`subject: not a well-formed text of at most ${MAX_ID_BYTES} bytes`);
  }
  const { kind, basedigest, data } = attributes;
  if ((kind === 'tombstone') !== (data === undefined)) {
    return malformed('data: a state or a delta has it, a tombstone has none');
  }
  if ((kind === 'tombstone') !== (attributes.digest === TOMBSTONE_DIGEST)) {
    return malformed("digest: every tombstone has the tombstone's, another event never has");
  }
  if ((kind === 'delta') !== (basedigest !== undefined)) {
    return malformed('basedigest: a delta has it, another event has none');
  }
  const entity = { type: attributes.type, id: attributes.subject };
  const firstId = deduplicationId(entity, version);
  if (attributes.id !== firstId && !attributes.id.startsWith(`${firstId}~`)) {
    return malformed('id: not that of the entity and version that it names');
  }
  const common = {
    entity,
    sentAgain: attributes.id !== firstId,
    version,
    digest: attributes.digest,
    owner: attributes.source.slice(SOURCE_PREFIX.length),
    schemaVersion: attributes.schemaversion,
    changedAt: attributes.time,
    publishedAt: attributes.publishedat,
    traceparent: traceparentOf(attributes.traceparent),
  };
  if (kind === 'tombstone') return { ...common, kind };
  if (kind === 'state') return { ...common, kind, data };
  if (!isDelta(data))
    return malformed('data: of a delta: an object "changed", an array of texts "removed", nothing else');
  return { ...common, kind, baseDigest: basedigest ?? '', data };
}

function malformed(message: string): Unreadable {
  return { reason: 'malformed', message };
}
