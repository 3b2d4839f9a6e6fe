import * as z from 'zod/mini';

/**
 * Differences that the owner's state mends: the cache has nothing of the entity, or an older version, or an item that
 * the projector didn't write like this.
 */
export const HEALABLE = ['missing', 'behind', 'different'] as const;

/** See `HEALABLE`. */
export type Healable = (typeof HEALABLE)[number];

const suspect = z.object({
  id: z.string(),
  /** The owner's version when it read the page, and its digest. */
  version: z.int(),
  digest: z.string(),
  cause: z.enum(HEALABLE),
  /** How often the owner was asked for the entity. */
  asked: z.int(),
});

/** An entity in which a cache seems to differ from its owner. */
export type Suspect = z.infer<typeof suspect>;

const suspects = z.object({
  type: z.string(),
  run: z.string(),
  /** The page of the inventory. */
  index: z.int(),
  /** How often the entities of the page were looked at. */
  round: z.int(),
  /** When the owner began to read the page, and when it had read it. */
  readAtMs: z.int(),
  readUntilMs: z.int(),
  suspects: z.array(suspect),
});

/** The entities of one page that a cache looks at again. */
export type Suspects = z.infer<typeof suspects>;

/** Reads a message with entities to look at again; undefined for anything else. */
export function parseSuspects(body: string): Suspects | undefined {
  try {
    return suspects.safeParse(JSON.parse(body)).data;
  } catch {
    return undefined;
  }
}
