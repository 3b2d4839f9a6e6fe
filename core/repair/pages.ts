import * as z from 'zod/mini';
import { sha256 } from '../entity.ts';
import { later } from '../later.ts';
import { type OutgoingMessage, sized, type Unpublishable } from '../relay/message.ts';

/**
 * The attribute `type` of a message with a page. It isn't the name of an entity type, because those have no colon, so a
 * cache of a release without pages filters it out.
 */
export const PAGE_TYPE = 'freshet:page';

/** What a page is for: to fill a cache with the states of a type, or to compare the cache with its owner. */
export type PagePurpose = 'backfill' | 'inventory';

/** Maximum number of entities in a page. A page of an inventory has no states. */
export const PAGE_ENTITIES = { backfill: 250, inventory: 1000 } as const satisfies Record<PagePurpose, number>;

/** Maximum size of the entries of an inventory's page, in bytes: leaves room for the rest of a message of 256 KiB. */
const MAX_ENTRIES_BYTES = 200 * 1024;

/** Maximum number of unsendable entities that a page names. */
const MAX_UNSENDABLE_NAMED = 20;

const common = /* @__PURE__ */ later(() => ({
  purpose: z.enum(['backfill', 'inventory']),
  type: z.string().check(z.minLength(1), z.maxLength(40)),
  /** The run of a backfill or an inventory: a cache ignores pages of its earlier runs. */
  run: z.string().check(z.minLength(1), z.maxLength(40)),
  /** Number of the page within the run, from 0. */
  index: z.int().check(z.gte(0)),
  /** Where the page begins; undefined for the first page. */
  cursor: z.optional(z.string()),
}));

const pageRequest = /* @__PURE__ */ later(() =>
  z.object({
    ...common(),
    cache: z.string().check(z.regex(/^[a-z][a-z0-9-]{0,29}$/)),
    /** Whether the cache reads compressed data. Missing in a request of an earlier release, which doesn't. */
    readsCompressed: z.optional(z.boolean()),
  }),
);

/** A request of a cache to an owner, to publish a page of a type's entities to this cache alone. */
export type PageRequest = z.infer<ReturnType<typeof pageRequest>>;

/**
 * How long a request for a page is answered. A cache that gets no page asks again after five minutes, and a request is
 * delayed by a minute at most, so an older request has a successor. Without a limit, an owner that was down for days
 * would answer all of them at once.
 */
export const PAGE_REQUEST_LIFE_MS = 6 * 60_000;

const entry = /* @__PURE__ */ later(() => z.tuple([z.string(), z.int().check(z.gte(1)), z.string()]));

/** An entity of an inventory: its id, its version, and the digest of its state. */
export type PageEntry = z.infer<ReturnType<typeof entry>>;

const unsendable = /* @__PURE__ */ later(() => z.object({ id: z.string(), why: z.string() }));

/** An entity that the owner can't send, and why. */
export type Unsendable = z.infer<ReturnType<typeof unsendable>>;

const page = /* @__PURE__ */ later(() =>
  z.object({
    ...common(),
    owner: z.string().check(z.maxLength(30)),
    /** Where the next page begins; undefined for the last page. */
    next: z.optional(z.string()),
    /** When the owner began to read the page, epoch milliseconds. */
    readAtMs: z.int().check(z.gte(0)),
    /** When the owner had read the page, epoch milliseconds; undefined in a page of a release that didn't say it. */
    readUntilMs: z.optional(z.int().check(z.gte(0))),
    /** The number of states that were published before this message; 0 for an inventory. */
    sent: z.int().check(z.gte(0)),
    /** The number of entities that can't be sent, and the first of them. */
    unsendableCount: z.int().check(z.gte(0)),
    unsendable: z.array(unsendable()),
    /** The owner's entities, deleted ones included; empty for a backfill. */
    entries: z.array(entry()),
    /**
     * Whether the cursors are positions in a table of Freshet's. The entries are then all entities between two
     * positions, so an entity that only the cache has can be found.
     */
    isTableRange: z.boolean(),
  }),
);

/** An owner's answer to a request for a page. */
export type OwnerPage = z.infer<ReturnType<typeof page>>;

/** Reads a request for a page; undefined for anything else. */
export function parsePageRequest(body: string): PageRequest | undefined {
  return parsed(pageRequest(), body);
}

/** Reads a page; undefined for anything else. */
export function parsePage(body: string): OwnerPage | undefined {
  return parsed(page(), body);
}

function parsed<T>(schema: z.ZodMiniType<T>, body: string): T | undefined {
  try {
    return schema.safeParse(JSON.parse(body)).data;
  } catch {
    return undefined;
  }
}

/** Prefix of the message groups of pages. The group of an entity begins with its type, which has no colon. */
const PAGE_GROUP_PREFIX = `${PAGE_TYPE}/`;

/** Whether a message of a cache's queue carries a page, and no event. */
export function isPageGroup(groupId: string): boolean {
  return groupId.startsWith(PAGE_GROUP_PREFIX);
}

/**
 * Returns the message of a page. Pages of a cache are in one group, so they arrive in order.
 *
 * @param requestId the id of the request's message. A request that is delivered again gives the same message.
 */
export function pageMessage(cache: string, page: OwnerPage, requestId: string): OutgoingMessage | Unpublishable {
  const groupId = PAGE_GROUP_PREFIX + cache;
  const deduplicationId = `${groupId}/${sha256(requestId).slice(0, 40)}`;
  return sized({ groupId, deduplicationId, type: PAGE_TYPE, to: cache, body: JSON.stringify(page) });
}

/** Returns as many entries as fit into one page. */
export function fittingEntries(entries: readonly PageEntry[]): readonly PageEntry[] {
  let bytes = 0;
  const tooMany = entries.findIndex((one) => {
    bytes += Buffer.byteLength(JSON.stringify(one)) + 1;
    return bytes > MAX_ENTRIES_BYTES;
  });
  return tooMany === -1 ? entries : entries.slice(0, tooMany);
}

/** Returns the entities that a page names as unsendable. */
export function namedUnsendable(all: readonly Unsendable[]): readonly Unsendable[] {
  return all.slice(0, MAX_UNSENDABLE_NAMED).map(({ id, why }) => ({ id, why: why.slice(0, 200) }));
}
