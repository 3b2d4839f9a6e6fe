import type { Boundary, OwnedTypes } from '../../core/contract/contract.ts';
import { ownedContract } from '../../core/contract/define-boundary.ts';
import type { Given, TypeIn } from '../../core/contract/types.ts';
import { checkedState } from '../../core/contract/validate.ts';
import {
  assertNotHeartbeat,
  type EntityRef,
  entityName,
  entityRef,
  HEARTBEAT_ID,
  liftedVersion,
  MAX_VERSION,
} from '../../core/entity.ts';
import { FreshetError, quoted } from '../../core/errors.ts';
import { heartbeatState } from '../../core/own/heartbeat.ts';
import type { OwnedEntity } from '../../core/own/own.ts';
import type { PublishResult } from '../../core/relay/batch.ts';
import { type OutgoingMessage, outgoingMessage } from '../../core/relay/message.ts';
import { type CanonicalState, canonicalState, TOMBSTONE_DIGEST } from '../../core/state.ts';
import { currentTraceparent } from '../aws/trace.ts';
import type { EnterOptions, Flow } from '../govern/flow.ts';

/** Options for publishing one version. */
export interface PublishOptions extends EnterOptions {
  /**
   * When the owner committed the version, ISO 8601 in UTC with milliseconds: `2026-11-23T12:00:00.000Z`. Default: now.
   */
  readonly changedAt?: string;
  /** Whether the message bypasses flow control. Default false. */
  readonly priority?: boolean;
}

/**
 * Publishes states with versions that the owner keeps, directly to the topic. For an owner whose database isn't
 * DynamoDB. See `createStatePublisher`.
 *
 * The publisher has no outbox. Publish from an outbox in your database, after the commit, and repeat until it succeeds.
 * A version that is never published is missing in every cache until the next version. Publishing a version twice does
 * no harm.
 *
 * `Owns` are the types that the boundary owns, as in `Owner`.
 */
export interface Publisher<Owns extends OwnedTypes = OwnedTypes> {
  /**
   * Publishes an entity's full state at a version.
   *
   * @param type an entity type that the boundary owns
   * @param id 1 to 1,024 bytes of well-formed UTF-8 text in any script
   * @param version integer from 1 that grows with each committed change of the entity
   * @param state the full state: a JSON object that meets the type's schema. A value of type `unknown` compiles as well
   * @throws FreshetError `UnknownEntityType` | `InvalidEntityId` | `InvalidState` | `StateTooLarge` | `InvalidVersion`
   *   | `InvalidMaxWait` | `Unpublishable`
   * @throws BackpressureError if a cache lags and the message wasn't admitted within `maxWaitMs`
   * @throws Error if the topic can't be reached; publish the version again
   */
  publish<T extends TypeIn<Owns>, Passed>(
    type: T,
    id: string,
    version: number,
    state: Given<Owns[T], Passed>,
    options?: PublishOptions,
  ): Promise<void>;
  /** Publishes the deletion of an entity as a version. Throws the errors of `publish`. */
  publishDeletion(type: TypeIn<Owns>, id: string, version: number, options?: PublishOptions): Promise<void>;
  /** Publishes the heartbeat of a type, with the time as its version. Flow control doesn't apply to it. */
  beat(type: TypeIn<Owns>): Promise<void>;
}

/**
 * The unit of a heartbeat's version. It is short, because the topic delivers only one of two heartbeats with the same
 * version, and a subscription that is created between them gets none. A count of single milliseconds would be larger
 * than EPOCH_SIZE.
 */
const HEARTBEAT_VERSION_MS = 10;

/**
 * Creates a publisher to an owner's topic.
 *
 * @param options.boundary the boundary that owns the types, made by `defineBoundary`
 * @param options.send publishes one batch of messages; use `createPublisher`
 * @param options.flow flow control for publishing, see `createFlow`; default: publishing is never slowed
 * @param options.now returns the current time, epoch milliseconds; default: the system clock
 */
export function createStatePublisher<B extends Boundary>(options: {
  readonly boundary: B;
  readonly send: (messages: readonly OutgoingMessage[]) => Promise<readonly PublishResult[]>;
  readonly flow?: Flow;
  readonly now?: () => number;
}): Publisher<B['owns']> {
  const { boundary, send, flow, now = Date.now } = options;

  const publish = async (
    entity: EntityRef,
    version: number,
    { json, digest, compressed }: Omit<CanonicalState, 'json'> & { readonly json: string | undefined },
    { changedAt, priority = false, ...wait }: PublishOptions,
    schemaVersion: number = ownedContract(boundary, entity.type).schemaVersion,
  ): Promise<void> => {
    const publishedAt = new Date(now()).toISOString();
    const stamp = { version, digest, schemaVersion, changedAt: changedAt ?? publishedAt };
    const owned: OwnedEntity = { entity, ...stamp, stateJson: json, compressed, traceparent: currentTraceparent() };
    const message = outgoingMessage(boundary, owned, { publishedAt, readsCompressed: await flow?.readsCompressed() });
    if ('reason' in message) throw unpublishable(entity, version, message.message);
    if (flow !== undefined && !priority) await flow.enter(entity, wait);
    const [result] = await send([message]);
    if (result?.kind === 'refused') throw unpublishable(entity, version, result.message);
    if (result?.kind !== 'published') {
      const reason = result?.message ?? 'the topic returned no result';
      throw new Error(`${entityName(entity)} version ${version} was not published: ${reason}. Publish it again.`);
    }
  };

  return {
    async publish(type, id, version, state, publishOptions = {}) {
      const entity = owned(boundary, type, id, version);
      const canonical = canonicalState(entity, await checkedState(ownedContract(boundary, type), entity, state));
      await publish(entity, version, canonical, publishOptions);
    },
    async publishDeletion(type, id, version, publishOptions = {}) {
      const entity = owned(boundary, type, id, version);
      await publish(entity, version, { json: undefined, digest: TOMBSTONE_DIGEST }, publishOptions);
    },
    async beat(type) {
      ownedContract(boundary, type);
      const entity = entityRef(type, HEARTBEAT_ID);
      const atMs = now();
      const canonical = heartbeatState(entity, atMs);
      const version = liftedVersion(Math.floor(atMs / HEARTBEAT_VERSION_MS), boundary.epoch);
      // Schema version 1, as in `Owner.beat`.
      await publish(entity, version, canonical, { priority: true }, 1);
    },
  };
}

function owned(boundary: Boundary, type: string, id: string, version: number): EntityRef {
  ownedContract(boundary, type);
  const entity = entityRef(type, id);
  assertNotHeartbeat(entity);
  if (Number.isSafeInteger(version) && version >= 1) return entity;
  throw new FreshetError(`version: not a version: ${quoted(version)}. Allowed: an integer from 1 to ${MAX_VERSION}.`, {
    code: 'InvalidVersion',
    field: 'version',
    entity,
  });
}

function unpublishable(entity: EntityRef, version: number, why: string): FreshetError {
  return new FreshetError(`${entityName(entity)} version ${version} can't be published: ${why}.`, {
    code: 'Unpublishable',
    entity,
  });
}
