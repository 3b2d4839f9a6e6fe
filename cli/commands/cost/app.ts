import { App, Stack } from 'aws-cdk-lib';
import { EntityOwner, LocalCache, PipelineMonitoring } from 'freshet-aws/cdk';
import { cacheBoundary, cacheName } from './cache-contracts.ts';
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
    const stack = new Stack(app, `Cache${index + 1}`);
    return new LocalCache(stack, 'Cache', { boundary: cacheBoundary(cacheName(index + 1)), sources: [owner] });
  });
  new PipelineMonitoring(new Stack(app, 'Monitoring'), 'Pipeline', { owners: [owner], caches: all });
  app.synth();
}
