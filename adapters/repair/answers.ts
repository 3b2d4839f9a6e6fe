import type { Boundary } from '../../core/contract/contract.ts';
import { FreshetError } from '../../core/errors.ts';
import { type Answered, type AnswerPorts, answerEntity, answerPage } from '../../core/repair/answer.ts';
import { PAGE_REQUEST_LIFE_MS, parsePageRequest } from '../../core/repair/pages.ts';
import { parseResyncRequest } from './gaps.ts';

/** Why a request for a page is left without an answer after PAGE_REQUEST_LIFE_MS. */
export const TOO_OLD = 'too old: the cache asks again';

/** A request of a cache, as the owner's resync queue delivers it. */
export interface Request {
  readonly body: string;
  readonly messageId: string;
  readonly attributes?: { readonly SentTimestamp?: string };
}

/**
 * Creates a function that answers the requests of caches, which an owner's resync queue delivers: for an entity, or for
 * a page of a type. Returns why a request was left without an answer; undefined if it was answered. Throws if
 * infrastructure fails; the request is then delivered again.
 */
export function createAnswers(
  boundary: Boundary,
  ports: AnswerPorts,
): (request: Request) => Promise<string | undefined> {
  return async ({ body, messageId, attributes }) => {
    const page = parsePageRequest(body);
    const sentAtMs = Number(attributes?.SentTimestamp ?? ports.nowMs());
    if (page !== undefined && ports.nowMs() - sentAtMs > PAGE_REQUEST_LIFE_MS) return TOO_OLD;
    const entity = page === undefined ? parseResyncRequest(body) : undefined;
    try {
      if (page !== undefined) return unanswered(await answerPage(boundary, page, messageId, ports));
      if (entity !== undefined) return unanswered(await answerEntity(boundary, entity, messageId, ports));
      return 'not a request of a cache';
    } catch (error) {
      // The type isn't owned here, or the id or the cursor isn't valid. A retry would fail again.
      if (error instanceof FreshetError) return error.code;
      throw error;
    }
  };
}

function unanswered(answered: Answered): string | undefined {
  if (answered.kind === 'answered') return undefined;
  return answered.kind === 'unknown' ? 'the owner has no such entity' : answered.why;
}

/**
 * Creates a function that waits so that all its calls together let at most so many messages a second through.
 *
 * @param perSecond messages a second, from 1
 */
export function createPace(perSecond: number, now: () => number = Date.now): (messages: number) => Promise<void> {
  let freeAtMs = 0;
  return async (messages) => {
    const atMs = Math.max(now(), freeAtMs);
    freeAtMs = atMs + (messages * 1000) / perSecond;
    const waitMs = atMs - now();
    if (waitMs > 0) await new Promise((resolve) => setTimeout(resolve, waitMs));
  };
}
