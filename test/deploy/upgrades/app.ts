import { App, Stack } from 'aws-cdk-lib';
import type { Boundary } from '../../../core/contract/contract.ts';
import { EntityOwner } from '../../../lib/entity-owner.ts';
import { ImportedSource, type ImportedSourceProps } from '../../../lib/imported-source.ts';
import { LocalCache } from '../../../lib/local-cache.ts';
import { PipelineMonitoring } from '../../../lib/monitoring/pipeline-monitoring.ts';
import cache from './cache.ts';
import cacheWithIndex from './cache-with-index.ts';
import cacheWithType from './cache-with-type.ts';
import cacheWithVersion from './cache-with-version.ts';
import owner from './owner.ts';
import ownerWithField from './owner-with-field.ts';
import ownerWithType from './owner-with-type.ts';
import ownerWithVersion from './owner-with-version.ts';
import second from './second-cache.ts';

/** What the app contains at each step. A step changes one thing. */
interface Step {
  readonly owner: Boundary;
  readonly cache: Boundary;
  /** Whether the cache imports its owner by ARN instead of referring to it. */
  readonly imported?: boolean;
  /** Whether only the owner is watched. */
  readonly watchesLess?: boolean;
  /** Whether there is a second cache. */
  readonly hasSecond?: boolean;
}

const STEPS: Readonly<Record<string, Step>> = {
  first: { owner, cache },
  field: { owner: ownerWithField, cache },
  'version at the owner': { owner: ownerWithVersion, cache },
  'version at the cache': { owner: ownerWithVersion, cache: cacheWithVersion },
  // A step of its own would take a further deployment.
  'type and second cache': { owner: ownerWithType, cache: cacheWithType, hasSecond: true },
  index: { owner: ownerWithType, cache: cacheWithIndex, hasSecond: true },
  reference: { owner: ownerWithType, cache: cacheWithIndex, hasSecond: true, imported: true },
  monitoring: { owner: ownerWithType, cache: cacheWithIndex, hasSecond: true, imported: true, watchesLess: true },
};

const step = STEPS[process.env.UPGRADE_STEP ?? ''];
if (step === undefined) throw new Error(`UPGRADE_STEP: not a step. Allowed: ${Object.keys(STEPS).join(', ')}`);

const app = new App();
const owning = new EntityOwner(new Stack(app, 'UpgradesOwner'), 'Owner', {
  boundary: step.owner,
  stage: 'development',
});
const cacheStack = new Stack(app, 'UpgradesCache');
/** The output `Source` of the owner's stack, which a consumer in another app writes down. */
const arns = (): Omit<ImportedSourceProps, 'boundary'> => JSON.parse(process.env.UPGRADE_SOURCE ?? '{}');
const source = step.imported ? new ImportedSource(cacheStack, 'Source', { boundary: step.owner, ...arns() }) : owning;
const caching = new LocalCache(cacheStack, 'Cache', { boundary: step.cache, sources: [source], stage: 'development' });
if (step.hasSecond) {
  const stack = new Stack(app, 'UpgradesLater');
  new LocalCache(stack, 'Cache', { boundary: second, sources: [owning], stage: 'development' });
}
new PipelineMonitoring(new Stack(app, 'UpgradesMonitoring'), 'Pipeline', {
  owners: [owning],
  caches: step.watchesLess ? [] : [caching],
});
app.synth();
