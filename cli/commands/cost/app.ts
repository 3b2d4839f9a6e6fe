import { App, Stack } from 'aws-cdk-lib';
import { Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda';
import { EntityOwner, LocalCache, PipelineMonitoring } from 'freshet-aws/cdk';
import { CACHE_NAME, cacheBoundary, cacheName } from './cache-contracts.ts';
import ownerBoundary from './owner-contracts.ts';

/**
 * Synthesises one owner, its caches and their monitoring, all with default props, and builds their bundles.
 *
 * @param outdir the folder of the cloud assembly
 */
export function synthesiseCostApp(caches: number, outdir: string): void {
  const app = new App({ outdir, analyticsReporting: false });
  const owner = new EntityOwner(new Stack(app, 'Owner'), 'Owner', { boundary: ownerBoundary });
  const all = Array.from({ length: caches }, (_, index) => {
    const name = cacheName(index + 1);
    const cache = new LocalCache(new Stack(app, `Cache${index + 1}`), 'Cache', {
      boundary: cacheBoundary(name),
      sources: [owner],
    });
    for (const one of [cache.projector, cache.repair, cache.report]) {
      if (one instanceof LambdaFunction) one.addEnvironment(CACHE_NAME, name);
    }
    return cache;
  });
  new PipelineMonitoring(new Stack(app, 'Monitoring'), 'Pipeline', { owners: [owner], caches: all });
  app.synth();
}
