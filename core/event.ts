import * as z from 'zod/mini';
import en from 'zod/v4/locales/en.js';
import { deduplicationId, type EntityRef, MAX_ID_BYTES, MAX_VERSION, textProblem, utf8Bytes } from './entity.ts';
import { shortened } from './errors.ts';
import { TOMBSTONE_DIGEST } from './state.ts';

/** What was true of one entity at one version: the whole state, or that it was deleted. Never edited. */
export interface VersionedEvent {
  readonly kind: 'state' | 'tombstone';
  readonly entity: EntityRef;
  /** Integer from 1; grows by one with each committed change of the entity. */
  readonly version: number;
  /** Digest of the full state; every tombstone has the same. */
  readonly digest: string;
  /** The boundary that owns the entity. */
  readonly owner: string;
  readonly schemaVersion: number;
  /** When the owner committed the version, ISO 8601. */
  readonly changedAt: string;
  /** When the event was first published, ISO 8601; redrive and resending keep it. */
  readonly publishedAt: string;
  /** The full state; undefined for a tombstone. */
  readonly data: unknown;
}

const SOURCE_PREFIX = 'urn:freshet:';
const timestamp = z.iso.datetime();

/** zod/mini brings no messages of its own, and a global locale would be everyone's. */
const english = { error: en().localeError };

/** CloudEvents 1.0, structured JSON; the attributes after `datacontenttype` are Freshet's extensions. */
const envelope = z.object({
  specversion: z.literal('1.0'),
  id: z.string().check(z.minLength(1), z.maxLength(128)),
  source: z.string().check(z.regex(/^urn:freshet:[a-z][a-z0-9-]{0,29}$/)),
  type: z.string().check(z.minLength(1), z.maxLength(40)),
  subject: z.string().check(z.minLength(1), z.maxLength(MAX_ID_BYTES)),
  time: timestamp,
  datacontenttype: z.literal('application/json'),
  kind: z.enum(['state', 'tombstone']),
  // A text: CloudEvents integers end at 2^31 - 1, versions don't.
  entityversion: z.string().check(z.regex(/^[1-9][0-9]{0,15}$/)),
  digest: z.string().check(z.regex(/^[A-Za-z0-9_-]{43}$/)),
  schemaversion: z.int().check(z.gte(1), z.lte(2 ** 31 - 1)),
  publishedat: timestamp,
  data: z.optional(z.unknown()),
});

/** Writes an event as CloudEvents JSON. `stateJson` is the state's canonical text, so it isn't parsed only to be written again. */
export function serialiseEvent(event: Omit<VersionedEvent, 'data'>, stateJson: string | undefined): string {
  const attributes = JSON.stringify({
    specversion: '1.0',
    id: deduplicationId(event.entity, event.version),
    source: SOURCE_PREFIX + event.owner,
    type: event.entity.type,
    subject: event.entity.id,
    time: event.changedAt,
    datacontenttype: 'application/json',
    kind: event.kind,
    entityversion: String(event.version),
    digest: event.digest,
    schemaversion: event.schemaVersion,
    publishedat: event.publishedAt,
  });
  return stateJson === undefined ? attributes : `${attributes.slice(0, -1)},"data":${stateJson}}`;
}

/** Why an event can't be read. */
export interface Unreadable {
  readonly reason: 'malformed';
  readonly message: string;
}

/** Reads an event; anything that isn't exactly one is `malformed`, with the field and what is wrong with it. */
export function parseEvent(body: string): VersionedEvent | Unreadable {
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
  if ((attributes.kind === 'tombstone') !== (attributes.data === undefined)) {
    return malformed('data: a state event has it, a tombstone has none');
  }
  if ((attributes.kind === 'tombstone') !== (attributes.digest === TOMBSTONE_DIGEST)) {
    return malformed("digest: every tombstone has the tombstone's, a state event never has");
  }
  return {
    kind: attributes.kind,
    entity: { type: attributes.type, id: attributes.subject },
    version,
    digest: attributes.digest,
    owner: attributes.source.slice(SOURCE_PREFIX.length),
    schemaVersion: attributes.schemaversion,
    changedAt: attributes.time,
    publishedAt: attributes.publishedat,
    data: attributes.data,
  };
}

function malformed(message: string): Unreadable {
  return { reason: 'malformed', message };
}
