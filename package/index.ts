/**
 * `freshet-aws`: contracts, and what a service's functions do with them at run time. Loads neither the CDK nor the local cloud.
 */

export type { FoundEntity, KnownEntity, Reader } from '../adapters/cache-table.ts';
export { createReader } from '../adapters/cache-table.ts';
export type { ClientOptions } from '../adapters/clients.ts';
export { dynamoDbClient, snsClient } from '../adapters/clients.ts';
export type { EnterOptions, Flow } from '../adapters/flow.ts';
export { createFlow } from '../adapters/flow.ts';
export type { PageOptions } from '../adapters/list.ts';
export type { CommitOptions, Owner } from '../adapters/owner-table.ts';
export { createOwner } from '../adapters/owner-table.ts';
export type { Publisher, PublishOptions } from '../adapters/publisher.ts';
export { createStatePublisher } from '../adapters/publisher.ts';
export type { Readiness } from '../adapters/readiness.ts';
export { createPublisher } from '../adapters/topic.ts';
export type { Boundary, CachedType, EntityContract, EntityDeclaration } from '../core/contract.ts';
export { defineBoundary, keep } from '../core/contract.ts';
export type { EntityRef } from '../core/entity.ts';
export type { FreshetErrorCode, FreshetErrorDetails } from '../core/errors.ts';
export { FreshetError } from '../core/errors.ts';
export { BackpressureError } from '../core/govern/admit.ts';
export type { FlowState } from '../core/govern/decide.ts';
export type { FailurePolicy } from '../core/outcome.ts';
export type { CommitResult, OwnedEntity } from '../core/own.ts';
export type { CachedEntity, Page } from '../core/read.ts';
export type { Json, State } from '../core/state.ts';
export type { Upcasts } from '../core/upcast.ts';
