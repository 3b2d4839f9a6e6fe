import type { Boundary } from '../contract/contract.ts';
import { ownedContract } from '../contract/define-boundary.ts';
import { type EntityRef, entityRef, sha256 } from '../entity.ts';
import type { OwnedEntity } from '../own/own.ts';
import { batches, type PublishResult } from '../relay/batch.ts';
import { type OutgoingMessage, outgoingMessage, type Unpublishable } from '../relay/message.ts';
import {
  fittingEntries,
  namedUnsendable,
  type OwnerPage,
  PAGE_ENTITIES,
  type PageEntry,
  type PageRequest,
  pageMessage,
  type Unsendable,
} from './pages.ts';

/** A part of an owner's entities of one type. */
export interface ListedPage {
  /**
   * Deleted entities are included, heartbeats aren't. `stateJson` is left out if no states were asked for. An entity
   * that can't be sent is listed with its reason.
   */
  readonly entities: readonly (OwnedEntity | Unsendable)[];
  /** Where the next page begins; undefined if nothing follows. */
  readonly next: string | undefined;
}

/** The ports of an owner that answers its caches. Each throws only if infrastructure fails. */
export interface AnswerPorts {
  /** The entity as it is stored, or why it can't be sent; undefined if the owner has never had it. */
  get(entity: EntityRef): Promise<OwnedEntity | Unsendable | undefined>;
  /**
   * The entities of a type from a cursor on, in an order that never changes.
   *
   * @throws FreshetError `InvalidCursor`
   */
  list(
    type: string,
    cursor: string | undefined,
    options: { readonly limit: number; readonly withStates: boolean },
  ): Promise<ListedPage>;
  /** Returns the cursor after an entity. */
  cursorAfter(entity: EntityRef): string;
  /** Whether cursors are positions in a table of Freshet's, see `OwnerPage.isTableRange`. */
  readonly isTableRange: boolean;
  /** See `RelayPorts.publish`. */
  publish(messages: readonly OutgoingMessage[]): Promise<readonly PublishResult[]>;
  /** Waits until so many more messages may be published. */
  pace(messages: number): Promise<void>;
  nowMs(): number;
}

/** How a request ended. `unsendable`: the entity can't be published, with the reason. */
export type Answered =
  | { readonly kind: 'answered' }
  | { readonly kind: 'unknown' }
  | { readonly kind: 'unsendable'; readonly why: string };

/** The cache that asked. */
interface Addressee {
  /** The name of the cache's boundary. */
  readonly cache: string;
  /** Whether the cache reads compressed data. A cache of an earlier release doesn't say it. */
  readonly readsCompressed?: boolean | undefined;
}

/**
 * Publishes one entity's whole state to the cache that asked for it. The state is read from the owner and not from its
 * stream, so it may overtake events of the entity that are still in flight. The cache's conditions on versions make
 * that harmless.
 *
 * @param requestId the id of the request's message. A request that is delivered again gives the same messages.
 * @throws FreshetError if the boundary doesn't own the type or the id isn't valid
 * @throws Error if the message couldn't be published
 */
export async function answerEntity(
  boundary: Boundary,
  request: { readonly entity: EntityRef } & Addressee,
  requestId: string,
  ports: AnswerPorts,
): Promise<Answered> {
  const { type, id } = request.entity;
  ownedContract(boundary, type);
  const owned = await ports.get(entityRef(type, id));
  if (owned === undefined) return { kind: 'unknown' };
  if (!isSendable(owned)) return { kind: 'unsendable', why: owned.why };
  const message = addressed(boundary, owned, request, 'resync', requestId, ports);
  if ('reason' in message) return { kind: 'unsendable', why: `${message.reason}: ${message.message}` };
  const [refused] = await publishAll([message], ports);
  return refused === undefined ? { kind: 'answered' } : { kind: 'unsendable', why: refused.why };
}

/**
 * Publishes a page to the cache that asked for it: for a backfill the states, and then what was sent; for an inventory
 * the versions and digests.
 *
 * @param requestId see `answerEntity`
 * @throws FreshetError if the boundary doesn't own the type or the cursor isn't valid
 * @throws Error if a message couldn't be published
 */
export async function answerPage(
  boundary: Boundary,
  request: PageRequest,
  requestId: string,
  ports: AnswerPorts,
): Promise<Answered> {
  const { cache, readsCompressed, ...asked } = request;
  ownedContract(boundary, asked.type);
  const readAtMs = ports.nowMs();
  const limit = PAGE_ENTITIES[asked.purpose];
  const listed = await ports.list(asked.type, asked.cursor, { limit, withStates: asked.purpose === 'backfill' });
  const readUntilMs = ports.nowMs();
  const contents =
    asked.purpose === 'backfill'
      ? await sendStates(boundary, listed, { cache, readsCompressed }, requestId, ports)
      : entriesOf(listed, ports);
  const page: OwnerPage = {
    ...asked,
    owner: boundary.name,
    readAtMs,
    readUntilMs,
    isTableRange: ports.isTableRange,
    ...contents,
  };
  const message = pageMessage(cache, page, requestId);
  if ('reason' in message) return { kind: 'unsendable', why: message.message };
  const [refused] = await publishAll([message], ports);
  return refused === undefined ? { kind: 'answered' } : { kind: 'unsendable', why: refused.why };
}

type Contents = Pick<OwnerPage, 'next' | 'sent' | 'unsendable' | 'unsendableCount' | 'entries'>;

async function sendStates(
  boundary: Boundary,
  { entities, next }: ListedPage,
  to: Addressee,
  requestId: string,
  ports: AnswerPorts,
): Promise<Contents> {
  const unsendable: Unsendable[] = [];
  const messages: (OutgoingMessage & { readonly id: string })[] = [];
  for (const owned of entities) {
    if (!isSendable(owned)) {
      unsendable.push(owned);
      continue;
    }
    const message = addressed(boundary, owned, to, 'backfill', requestId, ports);
    const { id } = owned.entity;
    if ('reason' in message) unsendable.push({ id, why: `${message.reason}: ${message.message}` });
    else messages.push({ ...message, id });
  }
  const refused = await publishAll(messages, ports);
  unsendable.push(...refused.map(({ message: { id }, why }) => ({ id, why })));
  return { next, sent: messages.length - refused.length, entries: [], ...named(unsendable) };
}

function entriesOf({ entities, next }: ListedPage, ports: AnswerPorts): Contents {
  const owned = entities.filter(isSendable);
  const all = owned.map(({ entity, version, digest }): PageEntry => [entity.id, version, digest]);
  const entries = [...fittingEntries(all)];
  const last = owned[entries.length - 1];
  const isCut = entries.length < all.length && last !== undefined;
  const listed = isCut ? entities.slice(0, entities.indexOf(last) + 1) : entities;
  const unsendable = listed.flatMap((one) => (isSendable(one) ? [] : [one]));
  return { next: isCut ? ports.cursorAfter(last.entity) : next, sent: 0, entries, ...named(unsendable) };
}

/** Whether an entity of a list can be sent. */
export function isSendable(one: OwnedEntity | Unsendable): one is OwnedEntity {
  return !('why' in one);
}

function named(all: readonly Unsendable[]): Pick<Contents, 'unsendable' | 'unsendableCount'> {
  return { unsendable: [...namedUnsendable(all)], unsendableCount: all.length };
}

function addressed(
  boundary: Boundary,
  owned: OwnedEntity,
  { cache: to, readsCompressed }: Addressee,
  kind: 'resync' | 'backfill',
  requestId: string,
  { nowMs }: AnswerPorts,
): OutgoingMessage | Unpublishable {
  const publishedAt = new Date(nowMs()).toISOString();
  const again = { kind, token: sha256(requestId).slice(0, 20) };
  return outgoingMessage(boundary, owned, { publishedAt, again, to, readsCompressed });
}

/** Publishes messages of distinct groups. Returns those that the topic refuses for good; throws if others failed. */
async function publishAll<M extends OutgoingMessage>(
  messages: readonly M[],
  ports: AnswerPorts,
): Promise<{ readonly message: M; readonly why: string }[]> {
  const refused: { message: M; why: string }[] = [];
  for (const batch of batches(messages)) {
    await ports.pace(batch.length);
    const results = await ports.publish(batch);
    for (const [index, message] of batch.entries()) {
      const result = results[index] ?? { kind: 'failed', message: 'the topic returned no result' };
      if (result.kind === 'failed') throw new Error(`${message.groupId} was not published: ${result.message}`);
      if (result.kind === 'refused') refused.push({ message, why: `refused: ${result.message}` });
    }
  }
  return refused;
}
