import type { Boundary, EntityContract, OwnedTypes } from '../contract/contract.ts';
import { ownedContract } from '../contract/define-boundary.ts';
import type { TypeIn } from '../contract/types.ts';
import { checkedState } from '../contract/validate.ts';
import { assertEntityId, assertNotHeartbeat, entityRef, isHeartbeat, isVersion, MAX_VERSION } from '../entity.ts';
import { FreshetError, quoted, shortened } from '../errors.ts';
import type { OwnedEntity } from '../own/own.ts';
import { type CanonicalState, canonicalState, TOMBSTONE_DIGEST } from '../state.ts';
import type { AnswerPorts } from './answer.ts';
import type { Unsendable } from './pages.ts';

/** The current version of an entity in the owner's own database, as it was published. */
export interface SourceVersion {
  /** The version that was published: an integer from 1 that grows with each committed change, the deletion included. */
  readonly version: number;
  /**
   * The full state that was published with this version; `undefined` if the entity is deleted. It is checked like a
   * state to publish: a JSON object that meets the type's schema.
   */
  readonly state: unknown;
  /** When the owner committed the version, ISO 8601 in UTC with milliseconds: `2026-11-23T12:00:00.000Z`. */
  readonly changedAt: string;
  /**
   * The schema version of the state: an integer from 1 to the contract's current one, which is the default. A state of
   * an earlier schema version is sent as it is, and the caches apply the upcasts.
   */
  readonly schemaVersion?: number | undefined;
}

/** An entity in a list of the owner's own database. */
export interface SourceEntity extends SourceVersion {
  /** Id of the entity, as it was published. */
  readonly id: string;
}

/** Where a list begins, and how long it is. */
export interface SourceListOptions {
  /**
   * The last id that an earlier call returned; undefined for the first call. It comes back in a message, so pass it to
   * the database as a parameter, never as a part of the query's text.
   */
  readonly afterId: string | undefined;
  /** Maximum number of entities, an integer from 1 to 250. */
  readonly limit: number;
}

/**
 * The current versions in an owner's own database, from which the owner answers its caches. You implement it with two
 * queries; see docs/own-database.md. `Owns` are the types that the boundary owns. Only these types are asked for.
 *
 * Read committed data from the primary, never from a replica that lags. If the database can't be reached, throw: the
 * request is then delivered again after six minutes.
 */
export interface AnswerSource<Owns extends OwnedTypes = OwnedTypes> {
  /**
   * Returns the current version of the entity with exactly this id, also if it is deleted. Returns undefined if the
   * entity never existed, or if the database can't hold such an id.
   *
   * @param id 1 to 1,024 bytes of UTF-8 text
   */
  get(type: TypeIn<Owns>, id: string): Promise<SourceVersion | undefined>;
  /**
   * Returns entities of a type in the order of their ids, each with its current version, deleted ones included. The
   * list begins after `afterId`. An empty list is the end; a list that is shorter than `limit` isn't. Return fewer
   * entities if their states are large: an invocation holds up to ten lists in memory.
   *
   * The order may be any total order of ids, as long as the database always uses the same one. The binary order of the
   * text is best (`COLLATE "C"` in PostgreSQL, `utf8mb4_0900_bin` in MySQL). With a collation in which two ids are
   * equal, or with pages by offset, entities would be left out.
   */
  list(type: TypeIn<Owns>, options: SourceListOptions): Promise<readonly SourceEntity[]>;
}

/** A source doesn't do what `AnswerSource` asks for. Its message is about the source, and quotes no state. */
export class InvalidSource extends Error {
  override readonly name = 'InvalidSource';
}

/** Maximum number of entities in a list of a source. The states of a list are in memory together. */
const MAX_LISTED = 250;

/**
 * Distinguishes a cursor from a position in a table of Freshet's. An owner that moves from `EntityOwner` to another
 * database may get requests with such a position.
 */
const CURSOR_PREFIX = 'after:';

/** The ports that a source stands for. The cursor is the last id. */
export type SourcePorts = Pick<AnswerPorts, 'get' | 'list' | 'cursorAfter' | 'isTableRange'>;

/** Returns the ports of an owner whose entities are in a database of its own. They throw what the source throws. */
export function sourcePorts(boundary: Boundary, source: AnswerSource): SourcePorts {
  return {
    // Only the source knows its order, so a cache can't tell which of its own entities lie between two cursors.
    isTableRange: false,
    cursorAfter: ({ id }) => CURSOR_PREFIX + id,
    async get(entity) {
      if (isHeartbeat(entity)) return undefined;
      const found = await source.get(entity.type, entity.id);
      return found && stored(ownedContract(boundary, entity.type), { ...found, id: entity.id });
    },
    async list(type, cursor, { limit, withStates }) {
      const contract = ownedContract(boundary, type);
      const entities: (OwnedEntity | Unsendable)[] = [];
      let afterId = idOfCursor(cursor);
      do {
        const listed = await source.list(type, { afterId, limit: Math.min(limit, MAX_LISTED) });
        afterId = lastId(listed, afterId);
        if (afterId === undefined) return { entities, next: undefined };
        for (const one of listed) {
          const owned = await stored(contract, one);
          entities.push(withStates || 'why' in owned ? owned : { ...owned, stateJson: undefined });
        }
        // States are sent list by list. A request can't begin after an id that isn't valid, so the list goes on.
      } while (!isEntityId(afterId) || (!withStates && entities.length < limit));
      return { entities, next: CURSOR_PREFIX + afterId };
    },
  };
}

/** Returns the last id of a list; undefined for an empty list. */
function lastId(listed: readonly SourceEntity[], afterId: string | undefined): string | undefined {
  const wrong = listed.find(({ id }) => typeof id !== 'string');
  if (wrong !== undefined) throw new InvalidSource(`list: an id isn't a text: ${quoted(wrong.id)}`);
  if (afterId !== undefined && listed.some(({ id }) => id === afterId)) {
    throw new InvalidSource(`list: contains the entity of afterId: ${quoted(afterId)}. Allowed: only what follows it`);
  }
  return listed.at(-1)?.id;
}

function idOfCursor(cursor: string | undefined): string | undefined {
  if (cursor === undefined) return undefined;
  const id = cursor.slice(CURSOR_PREFIX.length);
  if (cursor.startsWith(CURSOR_PREFIX) && isEntityId(id)) return id;
  throw new FreshetError(
    `cursor: not a valid cursor: ${quoted(cursor)}. Allowed: the cursor of a page of the same owner. ` +
      'Leave it out to start from the first page.',
    { code: 'InvalidCursor', field: 'cursor' },
  );
}

function isEntityId(id: string): boolean {
  try {
    assertEntityId(id);
    return true;
  } catch {
    return false;
  }
}

/** Returns an entity as it was published, or why it can't be sent. */
async function stored(contract: EntityContract, given: SourceEntity): Promise<OwnedEntity | Unsendable> {
  const { id, version, state, changedAt, schemaVersion = contract.schemaVersion } = given;
  const unsendable = (why: string): Unsendable => ({ id: shortened(id), why });
  if (!isVersion(version)) {
    return unsendable(`version: not a version: ${quoted(version)}. Allowed: an integer from 1 to ${MAX_VERSION}`);
  }
  if (!Number.isInteger(schemaVersion) || schemaVersion < 1 || schemaVersion > contract.schemaVersion) {
    const allowed = `an integer from 1 to ${contract.schemaVersion}`;
    return unsendable(`schemaVersion: not a schema version: ${quoted(schemaVersion)}. Allowed: ${allowed}`);
  }
  if (state === null) return unsendable('state: null. Allowed: a JSON object, or undefined for a deleted entity');
  try {
    const entity = entityRef(contract.type, id);
    assertNotHeartbeat(entity);
    const { json, digest } = await published(contract, entity, state, schemaVersion);
    return { entity, version, digest, schemaVersion, changedAt, stateJson: json };
  } catch (error) {
    if (!(error instanceof FreshetError)) throw error;
    // The message of the error may quote the state, and the reason is stored and logged.
    return unsendable(error.field === undefined ? error.code : `${error.code}: ${error.field}`);
  }
}

/** The form in which `Publisher.publish` sends a state, so that its digest is the published one. */
async function published(
  contract: EntityContract,
  entity: OwnedEntity['entity'],
  state: unknown,
  schemaVersion: number,
): Promise<Omit<CanonicalState, 'json'> & { readonly json: string | undefined }> {
  if (state === undefined) return { json: undefined, digest: TOMBSTONE_DIGEST };
  // The current schema can't check a state of an earlier schema version.
  const isCurrent = schemaVersion === contract.schemaVersion;
  return canonicalState(entity, isCurrent ? await checkedState(contract, entity, state) : state);
}
