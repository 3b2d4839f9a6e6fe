import { App, Stack } from 'aws-cdk-lib';
import { CfnFunction } from 'aws-cdk-lib/aws-lambda';
import type { IConstruct } from 'constructs';
import { EntityOwner } from '../../../lib/entity-owner.ts';
import { LocalCache } from '../../../lib/local-cache.ts';
import { PipelineMonitoring } from '../../../lib/monitoring/pipeline-monitoring.ts';
import { HIGH_WATER, MINUTE_MS } from './scale.ts';
import shelf from './shelf.ts';
import workshop from './workshop.ts';

const stage = 'development';
const app = new App({ ...(process.env.CDK_OUTDIR !== undefined && { outdir: process.env.CDK_OUTDIR }) });
const maySlowOwner = process.env.GOVERNED === 'yes' ? { shelf: { highWater: HIGH_WATER } } : {};
const owner = new EntityOwner(new Stack(app, 'Workshop'), 'Owner', { boundary: workshop, stage, maySlowOwner });
const cache = new LocalCache(new Stack(app, 'Shelf'), 'Cache', { boundary: shelf, sources: [owner], stage });
new PipelineMonitoring(new Stack(app, 'Monitoring'), 'Monitoring', { owners: [owner], caches: [cache] });

// The experiment's minute is shorter, also for the functions that measure per minute.
const scaled: Readonly<Record<string, number>> = {
  INTERVAL_SECONDS: MINUTE_MS / 1000,
  REPORT_LIFE_SECONDS: (3 * MINUTE_MS) / 1000,
  DECISION_LIFE_SECONDS: (3 * MINUTE_MS) / 1000,
};
const scale = (construct: IConstruct): void => {
  for (const child of construct.node.findAll()) {
    if (!(child instanceof CfnFunction)) continue;
    const variables = Stack.of(child).resolve(child.environment)?.variables ?? {};
    for (const [name, seconds] of Object.entries(scaled)) {
      if (name in variables) child.addPropertyOverride(`Environment.Variables.${name}`, String(seconds));
    }
  }
};
scale(app);
app.synth();
