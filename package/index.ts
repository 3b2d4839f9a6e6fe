/**
 * `freshet-aws`: contracts, and what a service's functions do with them at run time. Loads neither the CDK nor the local cloud.
 */

export type { FoundEntity, KnownEntity, ListOptions, Reader } from '../adapters/cache-table.ts';
export { createReader } from '../adapters/cache-table.ts';
export type { ClientOptions } from '../adapters/clients.ts';
export { dynamoDbClient, snsClient } from '../adapters/clients.ts';
export type { FactHandling, FactQueuePorts, FactReport } from '../adapters/fact-queue.ts';
export { createFactQueue, factBatch } from '../adapters/fact-queue.ts';
export type { FactOptions, Facts } from '../adapters/facts.ts';
export { createFacts } from '../adapters/facts.ts';
export type { EnterOptions, Flow } from '../adapters/flow.ts';
export { createFlow } from '../adapters/flow.ts';
export type { PageOptions } from '../adapters/list.ts';
export type { CommitOptions, Owner } from '../adapters/owner-table.ts';
export { createOwner } from '../adapters/owner-table.ts';
export type { Publisher, PublishOptions } from '../adapters/publisher.ts';
export { createStatePublisher } from '../adapters/publisher.ts';
export type { Readiness } from '../adapters/readiness.ts';
export type { EffectHandlers } from '../adapters/saga-batch.ts';
export { effectBatch } from '../adapters/saga-batch.ts';
export type { SagaEffect } from '../adapters/saga-items.ts';
export type { SagaReader } from '../adapters/saga-table.ts';
export { createSagaReader } from '../adapters/saga-table.ts';
export { createPublisher } from '../adapters/topic.ts';
export type { Boundary, CachedType, EntityContract, EntityDeclaration } from '../core/contract.ts';
export { defineBoundary, keep } from '../core/contract.ts';
export type { EntityRef } from '../core/entity.ts';
export type { FreshetErrorCode, FreshetErrorDetails } from '../core/errors.ts';
export { FreshetError } from '../core/errors.ts';
export type { Fact, FactContract, FactDeclaration, FactOf, FactsOf } from '../core/fact.ts';
export { fact } from '../core/fact.ts';
export { BackpressureError } from '../core/govern/admit.ts';
export type { FlowState } from '../core/govern/decide.ts';
export type { FailurePolicy } from '../core/outcome.ts';
export type { CommitResult, OwnedEntity } from '../core/own.ts';
export type { Classification, DataClass } from '../core/publishable.ts';
export type { CachedEntity, FreshnessOptions, GetOptions, Page, Staleness, StoredEntity } from '../core/read.ts';
export type { Effect, Saga, SagaDefinition } from '../core/saga/define.ts';
export { defineSaga } from '../core/saga/define.ts';
export type { SagaInstance } from '../core/saga/step.ts';
export type { Json, State } from '../core/state.ts';
export type { Upcasts } from '../core/upcast.ts';
