import { type Boundary, checkedState, ownedContract } from '../../core/contract.ts';
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
import type { OwnedEntity } from '../../core/own/own.ts';
import type { PublishResult } from '../../core/relay/batch.ts';
import { type OutgoingMessage, outgoingMessage } from '../../core/relay/message.ts';
import { canonicalState, TOMBSTONE_DIGEST } from '../../core/state.ts';
import { currentTraceparent } from '../aws/trace.ts';
import type { EnterOptions, Flow } from '../govern/flow.ts';

/** How one version is published. */
export interface PublishOptions extends EnterOptions {
  /** When the owner committed the version, ISO 8601. Default: now. */
  readonly changedAt?: string;
  /** Exempt from flow control. Default false. */
  readonly priority?: boolean;
}

/**
 * For an owner whose database isn't DynamoDB: publishes states with the versions that the owner keeps, straight to the topic.
 *
 * There is no outbox here. Publish from the database's own one, after the commit and until it succeeded: a version that is never published
 * is missing in every cache until the next one. Sending a version twice does no harm.
 */
export interface Publisher {
  /**
   * Publishes an entity's full state as it is at a version.
   * @param version integer from 1 that grew with each committed change of the entity
   * @throws FreshetError `UnknownEntityType` | `InvalidEntityId` | `InvalidState` | `StateTooLarge` | `InvalidVersion` |
   * `InvalidMaxWait` | `Unpublishable`
   * @throws BackpressureError when a cache lags and it wasn't admitted within `maxWaitMs`
   * @throws Error when the topic can't be reached: publish it again
   */
  publish(type: string, id: string, version: number, state: unknown, options?: PublishOptions): Promise<void>;
  /** Publishes that an entity was deleted with a version. Errors as for `publish`. */
  publishDeletion(type: string, id: string, version: number, options?: PublishOptions): Promise<void>;
  /** Publishes a type's heartbeat; its version is the time in seconds. Never limited by flow control. */
  beat(type: string): Promise<void>;
}

/**
 * Opens the way to an owner's topic.
 *
 * @param options.send publishes one batch: `createPublisher` of adapters/relay/topic.ts
 * @param options.flow what publishing obeys, see `createFlow`; default: it is never slowed
 */
export function createStatePublisher(options: {
  readonly boundary: Boundary;
  readonly send: (messages: readonly OutgoingMessage[]) => Promise<readonly PublishResult[]>;
  readonly flow?: Flow;
  readonly now?: () => number;
}): Publisher {
  const { boundary, send, flow, now = Date.now } = options;

  const publish = async (
    entity: EntityRef,
    version: number,
    { json, digest }: { readonly json: string | undefined; readonly digest: string },
    { changedAt, priority = false, ...wait }: PublishOptions,
    schemaVersion: number = ownedContract(boundary, entity.type).schemaVersion,
  ): Promise<void> => {
    const publishedAt = new Date(now()).toISOString();
    const stamp = { version, digest, schemaVersion, changedAt: changedAt ?? publishedAt };
    const owned: OwnedEntity = { entity, ...stamp, stateJson: json, traceparent: currentTraceparent() };
    const message = outgoingMessage(boundary, owned, { publishedAt });
    if ('reason' in message) throw unpublishable(entity, version, message.message);
    if (flow !== undefined && !priority) await flow.enter(entity, wait);
    const [result] = await send([message]);
    if (result?.kind === 'refused') throw unpublishable(entity, version, result.message);
    if (result?.kind !== 'published') {
      throw new Error(`${entityName(entity)} version ${version} was not published: ${result?.message ?? 'no answer'}`);
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
      const canonical = canonicalState(entity, { at: new Date(atMs).toISOString() });
      const version = liftedVersion(Math.floor(atMs / 1000), boundary.epoch);
      // Of the first schema version, as `Owner.beat` does it.
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
