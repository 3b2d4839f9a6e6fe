/**
 * `freshet-aws/testing`: the local cloud for a consumer's own tests, and a reader without any cloud.
 */

export type { Reporter } from '../cli/reporter.ts';
export type { Session } from '../cli/session.ts';
export type { Stage, Story } from '../cli/story.ts';
export type { SynthesiseOptions } from '../cli/synthesise.ts';
export { synthesise } from '../cli/synthesise.ts';
export type { Deployed, DeployedCache, DeployedOwner } from '../core/deployed.ts';
export { upcastProblems } from '../core/upcast.ts';
export type { LocalCloud, LocalCloudOptions, ServiceEndpoints } from '../local/cloud.ts';
export { startLocalCloud } from '../local/cloud.ts';
export { cacheIn, cloudClient, ownerIn } from '../local/deployed.ts';
export type { GivenEntity, InMemoryReaderOptions } from '../local/in-memory-reader.ts';
export { inMemoryReader } from '../local/in-memory-reader.ts';
