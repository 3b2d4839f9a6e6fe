import type { Readiness } from 'freshet-aws/internal/adapters/read/readiness';
import { entityName } from 'freshet-aws/internal/core/entity';
import type { OwnedEntity } from 'freshet-aws/internal/core/own/own';
import { batches } from 'freshet-aws/internal/core/relay/batch';
import { type OutgoingMessage, outgoingMessage } from 'freshet-aws/internal/core/relay/message';
import type { OpenCache, OpenOwner } from '../../deployment/deployment.ts';
import { pause } from '../../interrupt.ts';

/** A backfill that hasn't ended, as the readiness of the cache stores it. */
export type Filling = Extract<Readiness, { status: 'filling' }>;

/** The stored cursor after all entities were sent. No list returns this cursor. */
export const ALL_SENT = 'end';

/** What a backfill works on, and what it calls. */
export interface Fill {
  readonly source: OpenOwner;
  readonly cache: OpenCache;
  readonly type: string;
  /** Events per second. */
  readonly rate: number;
  readonly signal: AbortSignal;
  readonly onProgress: (sent: number) => void;
  /** Called for an entity that can't be sent, with the reason. */
  readonly onUnsendable: (entity: string, why: string) => void;
}

/** Returns where a backfill begins: where the last one was interrupted, or at the start. @param now ISO 8601 */
export function beginning(readiness: Readiness, restart: boolean, now: string): Filling {
  return readiness.status === 'filling' && !restart ? readiness : { status: 'filling', startedAt: now, sent: 0 };
}

/**
 * Sends the owner's entities of a type to the cache's queue, page by page, and stores the progress on the cache after
 * each page. An interrupted page is sent again with the same deduplication ids, so the worst result is that the cache
 * counts duplicates.
 */
export async function sendAll(fill: Fill, begin: Filling): Promise<Filling> {
  const { source, cache, type, rate, signal } = fill;
  let state = begin;
  const limit = Math.max(10, Math.min(100, rate));
  while (state.cursor !== ALL_SENT && !signal.aborted) {
    const page = await source.owner.list(type, { cursor: state.cursor, limit });
    const sent = await sendPage(fill, page.items, state);
    if (signal.aborted) break;
    state = { ...state, sent: state.sent + sent, cursor: page.cursor ?? ALL_SENT };
    await cache.repair.noteReadiness(type, state);
  }
  return state;
}

async function sendPage(fill: Fill, entities: readonly OwnedEntity[], { startedAt, sent }: Filling): Promise<number> {
  const { source, cache, rate, signal, onProgress, onUnsendable } = fill;
  const token = Date.parse(startedAt).toString(36);
  const publishedAt = new Date().toISOString();
  const messages: OutgoingMessage[] = [];
  for (const owned of entities) {
    const message = outgoingMessage(source.boundary, owned, { publishedAt, again: { kind: 'backfill', token } });
    if ('reason' in message) onUnsendable(entityName(owned.entity), `${message.reason}: ${message.message}`);
    else messages.push(message);
  }
  const begun = performance.now();
  let done = 0;
  for (const batch of batches(messages)) {
    if (signal.aborted) break;
    await cache.send(batch);
    done += batch.length;
    onProgress(sent + done);
    const aheadMs = (done * 1000) / rate - (performance.now() - begun);
    if (aheadMs > 0) await pause(aheadMs, signal);
  }
  return done;
}
