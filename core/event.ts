import { en } from 'zod/locales';
import * as z from 'zod/mini';
import { decompressed, NotDecompressed } from './compression.ts';
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
import { later } from './later.ts';
import { MAX_STATE_BYTES, TOMBSTONE_DIGEST } from './state.ts';
import { traceparentOf } from './trace.ts';

/**
 * An event about one entity at one version: its whole state, the changes since the previous version, or its deletion.
 * An event is never edited.
 */
export type VersionedEvent = EventAttributes &
  (
    | { readonly kind: 'state'; readonly data: unknown }
    | {
        readonly kind: 'delta';
        readonly data: Delta;
        /** Digest of the previous version's state. */
        readonly baseDigest: string;
      }
    | { readonly kind: 'tombstone' }
  );

/** The attributes of every versioned event. */
export interface EventAttributes {
  readonly entity: EntityRef;
  /** Integer from 1; grows by one with each committed change of the entity. */
  readonly version: number;
  /** Digest of the full state; for a delta, of the resulting state. All tombstones have the same digest. */
  readonly digest: string;
  /** The boundary that owns the entity. */
  readonly owner: string;
  /** The schema version with which the state was committed. */
  readonly schemaVersion: number;
  /** When the owner committed the version, ISO 8601. */
  readonly changedAt: string;
  /** When the event was published, ISO 8601. A redrive keeps this time; a resync or backfill publishes a new event. */
  readonly publishedAt: string;
  /** The trace in which the owner committed the version, as W3C `traceparent`; undefined if there was no trace. */
  readonly traceparent?: string | undefined;
}

/** A versioned event as a cache receives it. */
export type ReadEvent = VersionedEvent & {
  /** Whether a repair sent it again. Its lead time then says nothing about the pipeline. */
  readonly sentAgain: boolean;
  /** The data as the event carries it, if it carries compressed data. */
  readonly carried?: CompressedJson | undefined;
};

/** JSON with its compressed form. */
export interface CompressedJson {
  readonly json: string;
  readonly compressed: Uint8Array;
}

/** Prefix of the owner's name in `source`. */
export const SOURCE_PREFIX = 'urn:freshet:';

let locale: ReturnType<typeof en> | undefined;

/**
 * zod/mini has no messages of its own, and a global locale would change the messages of the whole process. The locale
 * is created for the first event that isn't valid.
 */
const english: Parameters<ReturnType<typeof eventEnvelope>['safeParse']>[1] = {
  error(issue) {
    locale ??= en();
    return locale.localeError(issue);
  },
};

/** Highest schema version: CloudEvents integers end at 2^31 - 1. */
const MAX_SCHEMA_VERSION = 2 ** 31 - 1;

/**
 * Maximum length of a parser's or a schema's message in an explanation, in characters: the message may quote the body.
 */
const MAX_EXPLANATION_LENGTH = { json: 120, schema: 200 } as const;

/** The media types of JSON, and of compressed JSON (RFC 6713), of which CloudEvents carries the bytes as base64. */
const PLAIN = 'application/json';
const COMPRESSED = 'application/gzip';

const digest = () => z.string().check(z.regex(/^[A-Za-z0-9_-]{43}$/));

/** CloudEvents 1.0 in structured JSON; the attributes after `datacontenttype` are Freshet's extensions. */
export const eventEnvelope = /* @__PURE__ */ later(() =>
  z.object({
    specversion: z.literal('1.0'),
    id: z.string().check(z.minLength(1), z.maxLength(128)),
    source: z.string().check(z.regex(/^urn:freshet:[a-z][a-z0-9-]{0,29}$/)),
    type: z.string().check(z.minLength(1), z.maxLength(40)),
    subject: z.string().check(z.minLength(1), z.maxLength(MAX_ID_BYTES)),
    time: z.iso.datetime(),
    datacontenttype: z.enum([PLAIN, COMPRESSED]),
    kind: z.enum(['state', 'delta', 'tombstone']),
    // A text, because CloudEvents integers end at 2^31 - 1 and versions don't.
    entityversion: z.string().check(z.regex(/^[1-9][0-9]{0,15}$/)),
    digest: digest(),
    basedigest: z.optional(digest()),
    schemaversion: z.int().check(z.gte(1), z.lte(MAX_SCHEMA_VERSION)),
    publishedat: z.iso.datetime(),
    traceparent: z.optional(z.unknown()),
    data: z.optional(z.unknown()),
    data_base64: z.optional(z.unknown()),
  }),
);

/** Whether parsed JSON is a delta. Not checked with a schema, because a zod record drops a field named `__proto__`. */
function isDelta(data: unknown): data is Delta {
  if (typeof data !== 'object' || data === null) return false;
  const { changed, removed, ...rest } = data as Record<string, unknown>;
  const isObject = typeof changed === 'object' && changed !== null && !Array.isArray(changed);
  const areTexts = Array.isArray(removed) && removed.every((field) => typeof field === 'string');
  return isObject && areTexts && Object.keys(rest).length === 0;
}

/** An event without its data. */
export interface Envelope extends EventAttributes {
  /** Why the event is sent again; default: it is sent for the first time. */
  readonly again?: SentAgain | undefined;
  readonly kind: VersionedEvent['kind'];
  /** Digest of the previous version's state; only for a delta. */
  readonly baseDigest?: string;
}

/**
 * Writes an event as CloudEvents JSON.
 *
 * @param data the data as JSON text or in its compressed form, so that the caller need not parse or decompress what is
 *   stored; undefined for a tombstone
 */
export function serialiseEvent(event: Envelope, data: string | Uint8Array | undefined): string {
  const attributes = JSON.stringify({
    specversion: '1.0',
    id: deduplicationId(event.entity, event.version, event.again),
    source: SOURCE_PREFIX + event.owner,
    type: event.entity.type,
    subject: event.entity.id,
    time: event.changedAt,
    datacontenttype: data instanceof Uint8Array ? COMPRESSED : PLAIN,
    kind: event.kind,
    entityversion: String(event.version),
    digest: event.digest,
    basedigest: event.baseDigest,
    schemaversion: event.schemaVersion,
    publishedat: event.publishedAt,
    traceparent: event.traceparent,
  });
  if (data === undefined) return attributes;
  const member = data instanceof Uint8Array ? `"data_base64":"${base64(data)}"` : `"data":${data}`;
  return `${attributes.slice(0, -1)},${member}}`;
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64');
}

/** Why an event can't be read. */
export interface Unreadable {
  readonly reason: 'malformed';
  readonly message: string;
}

/** Reads an event. Any other body is `malformed`; the message names the field and the problem. */
export function parseEvent(body: string): ReadEvent | Unreadable {
  let json: unknown;
  try {
    json = JSON.parse(body);
  } catch (error) {
    const message = error instanceof Error ? error.message.slice(0, MAX_EXPLANATION_LENGTH.json) : 'unreadable';
    return malformed(`not JSON: ${message}`);
  }
  const parsed = eventEnvelope().safeParse(json, english);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    const message = shortened(issue?.message ?? 'invalid', MAX_EXPLANATION_LENGTH.schema);
    return malformed(`${issue?.path.join('.') || 'envelope'}: ${message}`);
  }
  const { data: attributes } = parsed;
  const version = Number(attributes.entityversion);
  if (version > MAX_VERSION) return malformed(`entityversion: above ${MAX_VERSION}`);
  if (textProblem(attributes.subject) !== undefined || utf8Bytes(attributes.subject) > MAX_ID_BYTES) {
    return malformed(`subject: not a well-formed text of at most ${MAX_ID_BYTES} bytes`);
  }
  const { kind, basedigest } = attributes;
  const content = dataOf(attributes);
  if ('reason' in content) return content;
  const { data, carried } = content;
  if ((kind === 'tombstone') !== (data === undefined)) {
    return malformed('data: a state or delta event must have data, a tombstone must not');
  }
  if ((kind === 'tombstone') !== (attributes.digest === TOMBSTONE_DIGEST)) {
    return malformed('digest: a tombstone must have the digest of all tombstones, any other event must not');
  }
  if ((kind === 'delta') !== (basedigest !== undefined)) {
    return malformed('basedigest: a delta event must have it, any other event must not');
  }
  const entity = { type: attributes.type, id: attributes.subject };
  const firstId = deduplicationId(entity, version);
  if (attributes.id !== firstId && !attributes.id.startsWith(`${firstId}~`)) {
    return malformed("id: doesn't match the entity and version of the event");
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
    ...(carried && { carried }),
  };
  if (kind === 'tombstone') return { ...common, kind };
  if (kind === 'state') return { ...common, kind, data };
  if (!isDelta(data)) {
    return malformed('data: a delta must have an object "changed" and an array of texts "removed", and nothing else');
  }
  return { ...common, kind, baseDigest: basedigest ?? '', data };
}

/** Returns an event's data: plain, or decompressed together with its compressed form. */
function dataOf({
  datacontenttype,
  data,
  data_base64: encoded,
}: Pick<z.infer<ReturnType<typeof eventEnvelope>>, 'datacontenttype' | 'data' | 'data_base64'>):
  | { readonly data: unknown; readonly carried?: CompressedJson }
  | Unreadable {
  if (datacontenttype === PLAIN) {
    return encoded === undefined ? { data } : malformed(`data_base64: only with the content type ${COMPRESSED}`);
  }
  const compressed = typeof encoded === 'string' && data === undefined ? Buffer.from(encoded, 'base64') : undefined;
  // Node's decoder skips what isn't base64.
  if (compressed === undefined || compressed.toString('base64') !== encoded) {
    return malformed(`data_base64: with the content type ${COMPRESSED}, the data must be base64 in this member alone`);
  }
  try {
    const json = decompressed(compressed, MAX_STATE_BYTES);
    return { data: JSON.parse(json) as unknown, carried: { json, compressed } };
  } catch (error) {
    return malformed(`data_base64: ${error instanceof NotDecompressed ? error.message : 'not JSON when decompressed'}`);
  }
}

function malformed(message: string): Unreadable {
  return { reason: 'malformed', message };
}
