/**
 * `freshet-aws`: contracts, and the functions that a service calls at run time. It loads neither the CDK nor the local
 * cloud.
 *
 * @module freshet-aws
 */

export type { ClientOptions } from '../adapters/aws/clients.ts';
export { dynamoDbClient, snsClient } from '../adapters/aws/clients.ts';
export type { IterateOptions, PageOptions } from '../adapters/aws/list.ts';
export type { FactOptions, FactPut, Facts, PublishingBoundary } from '../adapters/facts/outbox.ts';
export { createFacts } from '../adapters/facts/outbox.ts';
export type { FactHandling, FactQueuePorts } from '../adapters/facts/queue.ts';
export { createFactQueue, factBatch } from '../adapters/facts/queue.ts';
export type { FactReport } from '../adapters/facts/report.ts';
export {
  answerHandlerFromEnvironment,
  type FromEnvironmentOptions,
  factsFromEnvironment,
  ownerFromEnvironment,
  publisherFromEnvironment,
  readerFromEnvironment,
} from '../adapters/from-environment.ts';
export type { EnterOptions, Flow } from '../adapters/govern/flow.ts';
export { createFlow } from '../adapters/govern/flow.ts';
export type { CommitOptions, Owner, OwnerOptions, OwningBoundary } from '../adapters/own/owner.ts';
export { createOwner } from '../adapters/own/owner-table.ts';
export type { Publisher, PublishOptions } from '../adapters/own/publisher.ts';
export { createStatePublisher } from '../adapters/own/publisher.ts';
export { createReader } from '../adapters/read/cache-table.ts';
export type {
  CachingBoundary,
  FoundEntity,
  KnownEntity,
  ListAllOptions,
  ListOptions,
  Reader,
} from '../adapters/read/reader.ts';
export type { Readiness } from '../adapters/read/readiness.ts';
export { createPublisher } from '../adapters/relay/topic.ts';
export type { AnswerHandler, AnswerOptions } from '../adapters/repair/answer-handler.ts';
export { createAnswerHandler } from '../adapters/repair/answer-handler.ts';
export type { EffectHandlers, EffectNamed } from '../adapters/saga/batch.ts';
export { effectBatch } from '../adapters/saga/batch.ts';
export { createEffectRetries } from '../adapters/saga/effect-retries.ts';
export type { SagaEffect } from '../adapters/saga/items.ts';
export type { SagaReader } from '../adapters/saga/table.ts';
export { createSagaReader } from '../adapters/saga/table.ts';
export { adoptedItem, type WireItem, type WireValue } from '../core/adopt/item.ts';
export type { AdoptedEntity, AdoptedItem, AdoptedKey, Adoption } from '../core/contract/adopted.ts';
export type {
  Boundary,
  CachedType,
  CachedTypes,
  Classification,
  DataClass,
  EntityContract,
  EntityDeclaration,
  OwnedTypes,
  PublishedFacts,
  StateSchema,
  Upcasts,
} from '../core/contract/contract.ts';
export { defineBoundary, keep } from '../core/contract/define-boundary.ts';
export type { Given, IndexedValue, IndexOf, InputOf, StateOf, TypeIn, ValueOf } from '../core/contract/types.ts';
export { upcastProblems } from '../core/contract/upcast.ts';
export { assertEntityId, type EntityRef } from '../core/entity.ts';
export type { FreshetErrorCode, FreshetErrorDetails } from '../core/errors.ts';
export { FreshetError } from '../core/errors.ts';
export type { Fact, FactContract, FactDeclaration, FactOf, FactsOf } from '../core/facts/fact.ts';
export { fact } from '../core/facts/fact.ts';
export { BackpressureError } from '../core/govern/admit.ts';
export type { FlowState } from '../core/govern/decide.ts';
export type { FailurePolicy } from '../core/outcome.ts';
export type { CommitResult, EntityWithState, OwnedEntity } from '../core/own/own.ts';
export type { CachedEntity, FreshnessOptions, GetOptions, Page, Staleness, StoredEntity } from '../core/read/read.ts';
export type { AnswerSource, SourceEntity, SourceListOptions, SourceVersion } from '../core/repair/answer-source.ts';
export type { Effect, EffectOf, Saga, SagaDefinition } from '../core/saga/define.ts';
export { defineSaga, OVERDUE } from '../core/saga/define.ts';
export type { SagaResult } from '../core/saga/handle.ts';
export type { SagaInstance, SagaOutcome } from '../core/saga/step.ts';
export type { Json, State } from '../core/state.ts';
