/**
 * `freshet-local` runs a synthesised CDK app on this machine for the app's tests. Its in-memory readers, facts and
 * sagas are for unit tests of code that reads a cache, publishes facts or decides on facts.
 *
 * @module freshet-local
 */

export type {
  Deployed,
  DeployedCache,
  DeployedFacts,
  DeployedOwner,
  DeployedPostgresOwner,
  DeployedSaga,
} from 'freshet-aws/internal/adapters/aws/stack-output';
export type { LocalCloud, LocalCloudOptions, ServiceEndpoints } from './cloud.ts';
export { startLocalCloud } from './cloud.ts';
export { cacheIn, cloudClient, factsIn, ownerIn, sagaIn } from './deployed.ts';
export type { InMemoryFacts } from './in-memory-facts.ts';
export { inMemoryFacts } from './in-memory-facts.ts';
export type { GivenEntity, GivenOf, InMemoryReaderOptions } from './in-memory-reader.ts';
export { inMemoryReader } from './in-memory-reader.ts';
export type { Arrival, InMemorySaga } from './in-memory-saga.ts';
export { inMemorySaga } from './in-memory-saga.ts';
export type { PublishedEvent } from './rehearse.ts';
export { publishEvent, recordFact } from './rehearse.ts';
export type {
  Reporter,
  Stage,
  Story,
  StoryCache,
  StoryDeployment,
  StoryOwner,
  StoryParkedEvents,
} from './story.ts';
export type { SynthesiseOptions } from './synthesise.ts';
export { synthesise } from './synthesise.ts';
