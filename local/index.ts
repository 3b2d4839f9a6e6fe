/**
 * `freshet-local` runs a synthesised CDK app on this machine, for the tests of the app. Its in-memory reader is for
 * unit tests of code that reads a cache.
 *
 * @module freshet-local
 */

export type { Deployed, DeployedCache, DeployedOwner } from 'freshet-aws/internal/adapters/aws/stack-output';
export type { LocalCloud, LocalCloudOptions, ServiceEndpoints } from './cloud.ts';
export { startLocalCloud } from './cloud.ts';
export { cacheIn, cloudClient, ownerIn } from './deployed.ts';
export type { GivenEntity, InMemoryReaderOptions } from './in-memory-reader.ts';
export { inMemoryReader } from './in-memory-reader.ts';
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
