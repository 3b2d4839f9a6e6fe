import { en } from 'zod/locales';
import * as z from 'zod/mini';
import { MAX_ID_BYTES } from '../entity.ts';
import { shortened } from '../errors.ts';
import { SOURCE_PREFIX, type Unreadable } from '../event.ts';
import type { Fact } from './fact.ts';

const english = { error: en().localeError };

/**
 * CloudEvents 1.0 in structured JSON. The attributes after `datacontenttype` are Freshet's extensions. A fact has no
 * version and no digest.
 */
export const factEnvelope = z.object({
  specversion: z.literal('1.0'),
  // Also the deduplication id, for which SNS and SQS allow 128 characters.
  id: z.string().check(z.regex(/^[!-~]{1,128}$/)),
  source: z.string().check(z.regex(/^urn:freshet:[a-z][a-z0-9-]{0,29}$/)),
  type: z.string().check(z.regex(/^[A-Za-z][A-Za-z0-9]{0,39}$/)),
  time: z.iso.datetime(),
  datacontenttype: z.literal('application/json'),
  kind: z.literal('fact'),
  publishedat: z.iso.datetime(),
  data: z.record(z.string().check(z.maxLength(40)), z.string().check(z.minLength(1), z.maxLength(MAX_ID_BYTES))),
});

/** A fact as it was received. */
export interface ReadFact extends Fact {
  /** When the relay published it, ISO 8601. */
  readonly publishedAt: string;
}

/** Writes a fact as CloudEvents JSON. @param publishedAt ISO 8601 */
export function serialiseFact(fact: Fact, publishedAt: string): string {
  return JSON.stringify({
    specversion: '1.0',
    id: fact.id,
    source: SOURCE_PREFIX + fact.owner,
    type: fact.type,
    time: fact.occurredAt,
    datacontenttype: 'application/json',
    kind: 'fact',
    publishedat: publishedAt,
    data: fact.data,
  });
}

/** Reads a fact. Any other text is `malformed`, with the field and the problem. */
export function parseFact(body: string): ReadFact | Unreadable {
  let json: unknown;
  try {
    json = JSON.parse(body);
  } catch (error) {
    return { reason: 'malformed', message: `not JSON: ${error instanceof Error ? error.message.slice(0, 120) : ''}` };
  }
  const parsed = factEnvelope.safeParse(json, english);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    const message = `${issue?.path.join('.') || 'envelope'}: ${shortened(issue?.message ?? 'invalid', 200)}`;
    return { reason: 'malformed', message };
  }
  const { type, id, source, time, publishedat, data } = parsed.data;
  const owner = source.slice(SOURCE_PREFIX.length);
  return { type, id, owner, occurredAt: time, publishedAt: publishedat, data };
}
